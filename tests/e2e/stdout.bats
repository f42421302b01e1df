# stdout.bats - results that cannot be written: a full disk, a closed descriptor, a reader that is gone.

load helpers

setup() {
	need_engine
	submission=$(archive s a x)
	moulette run -i busybox "$submission" -- true >/dev/null
	printed=$BATS_TEST_TMPDIR/messages
}

# nowhere HOW ARG... - the program, its stdout being full, closed, or a pipe that nothing reads. Sets
# status; messages are in $printed.
nowhere() {
	local how=$1
	shift
	status=0
	case $how in
	full) moulette "$@" >/dev/full 2>"$printed" || status=$? ;;
	closed) moulette "$@" >&- 2>"$printed" || status=$? ;;
	pipe) python3 -c '
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.run(sys.argv[1:], stdout=w, stdin=subprocess.DEVNULL).returncode)' \
		"$MOULETTE" "$@" 2>"$printed" || status=$? ;;
	esac
}

@test "every command that prints says when it cannot" {
	local how command
	for how in full closed pipe; do
		for command in --help --version "run --help" "image list" "image show busybox" \
			"profile list" "profile show default" "spec -i busybox" doctor \
			"assignment check $REPO/tests/data/demo/assignment" "image verify busybox"; do
			# shellcheck disable=SC2086 # words
			nowhere $how $command
			[ "$status" = 3 ] || fail "$how: $command: status $status: $(cat "$printed")"
			[ "$command" = doctor ] || expect_text "$printed" "cannot write to stdout" ||
				fail "$how: $command"
		done
	done
}

@test "a reader of a list that has enough is no error" {
	nowhere pipe list
	[ "$status" = 0 ]
	nowhere full list
	[ "$status" = 3 ]
	nowhere closed list --json
	[ "$status" = 3 ]
}

@test "a report that cannot be written is an error, and its result is kept" {
	local how id
	for how in full pipe; do
		nowhere $how run -i busybox -n "lost-$how" "$submission" -- true
		[ "$status" = 3 ]
		expect_text "$printed" "cannot write the report to 'stdout': "
		id=$(sed -n "s/.*moulette state \([0-9A-Z]*\)'.*/\1/p" "$printed")
		[ "$(moulette state "$id" | field submission.name /dev/stdin)" = "lost-$how" ]
	done
	nowhere full run -i busybox "$submission" -- false
	[ "$status" = 3 ]
}

@test "nothing is graded where stdout is closed" {
	local before
	before=$(moulette list --all | wc -l)
	nowhere closed run -i busybox "$submission" -- true
	[ "$status" = 3 ]
	expect_text "$printed" "cannot write to stdout: Bad file descriptor"
	nowhere closed batch -i busybox "$submission"
	[ "$status" = 3 ]
	expect_text "$printed" "cannot write to stdout: Bad file descriptor"
	[ "$(moulette list --all | wc -l)" = "$before" ]
	moulette run -i busybox -o "$BATS_TEST_TMPDIR/report" "$submission" -- true >&-
	expect_text "$BATS_TEST_TMPDIR/report" passed
}

@test "a report into a file that cannot be written names it, and other reports are whole" {
	nowhere full run -i busybox -f text -f "json:$BATS_TEST_TMPDIR/r.json" "$submission" -- true
	[ "$status" = 3 ]
	[ "$(field verdict "$BATS_TEST_TMPDIR/r.json")" = passed ]
	status=0
	moulette run -i busybox -f json:/dev/full -f text "$submission" -- true \
		>"$BATS_TEST_TMPDIR/text" 2>"$printed" || status=$?
	[ "$status" = 3 ]
	expect_text "$printed" "cannot write the report to '/dev/full': No space left on device"
	expect_text "$BATS_TEST_TMPDIR/text" passed
}

@test "lines of a batch that cannot be written are an error that names where" {
	nowhere full batch -i busybox "$submission"
	[ "$status" = 3 ]
	expect_text "$printed" "cannot write the results to 'stdout': No space left on device"
	nowhere pipe batch -i busybox "$submission"
	[ "$status" = 3 ]
	expect_text "$printed" "cannot write the results to 'stdout': Broken pipe"
	status=0
	moulette batch -i busybox -o /dev/full "$submission" 2>"$printed" || status=$?
	[ "$status" = 3 ]
	expect_text "$printed" "cannot write the results to '/dev/full'"
}

@test "a list of submissions from a closed stdin is an error" {
	status=0
	"$MOULETTE" batch -i busybox - <&- >/dev/null 2>"$printed" || status=$?
	[ "$status" = 3 ] || fail "status $status: $(cat "$printed")"
	expect_text "$printed" "Bad file descriptor"
}

# bats test_tags=
@test "the status holds where messages cannot be written" {
	status=0
	moulette run -i busybox "$submission" -- false >/dev/null 2>&- || status=$?
	[ "$status" = 1 ]
	status=0
	moulette nothing 2>/dev/full || status=$?
	[ "$status" = 2 ]
}
