#!/usr/bin/env bats
# bats file_tags=host
# caller.bats - what a program inherits from its caller: limits, signals, descriptors, folders.

load helpers

setup() {
	need_engine
	submission=$(archive s a x)
	moulette run -i busybox "$submission" -- true >/dev/null # the image is there
}

# limited OPTION VALUE [COMMAND...] - run a command, else grade, under a limit of the shell. Sets status;
# the messages and the result are in $out. Where the limit of the test itself is lower, it stays.
limited() {
	local option=$1 value=$2
	shift 2
	[ $# -gt 0 ] || set -- run -i busybox "$submission" -- true
	out=$BATS_TEST_TMPDIR/out
	status=0
	bash -c 'ulimit "$1" "$2" && shift 2 && exec "$@"' limited "$option" "$value" "$MOULETTE" "$@" \
		</dev/null >"$out" 2>&1 || status=$?
}

# Root with CAP_SYS_RESOURCE raises a hard limit, others are told which one to raise.
raised_or_named() {
	if [ "$status" = 0 ]; then
		setpriv --bounding-set -sys_resource --inh-caps -all true 2>/dev/null || return 0
	fi
	[ "$status" = 0 ] || { [ "$status" = 3 ] && expect_text "$out" "(ulimit $1)" "$2"; } ||
		fail "ulimit $1: status $status: $(cat "$out")"
}

@test "a hard limit of the caller that affects boxes is raised, or named with a remedy" {
	limited -f 8
	raised_or_named -f "file size"
	limited -n 64
	raised_or_named -n "open files"
	limited -v 400000
	raised_or_named -v "virtual memory"
	limited -d 2000
	raised_or_named -d "data size"
	limited -t 5
	raised_or_named -t "CPU time"
	limited -s 1024
	raised_or_named -s "stack size"
	limited -l 0
	raised_or_named -l "locked memory"
}

@test "a soft limit of the caller is raised as far as its hard limit" {
	local option
	for option in "-Sf 8" "-Sn 64" "-Sv 400000" "-Sd 2000" "-St 1" "-Su 1" "-Sl 0" "-Ss 1024" "-Sc 0"; do
		# shellcheck disable=SC2086 # an option and its value
		limited $option
		[ "$status" = 0 ] || fail "ulimit $option: status $status: $(cat "$out")"
	done
}

@test "a file above the caller's limit is an error with words, not a death by SIGXFSZ" {
	own_home
	limited -f 8 image build busybox
	[ "$status" = 0 ] || [ "$status" = 3 ] || fail "status $status: $(cat "$out")"
	[ "$status" = 0 ] || expect_text "$out" "ulimit -f"
}

@test "running out of descriptors is not reported as damage" {
	local n
	for n in 4 5 6 7 8 9 10 12 14; do
		limited -n "$n" image show busybox
		[ "$status" = 0 ] || { [ "$status" = 3 ] && ! grep -q damaged "$out"; } ||
			[ "$status" = 127 ] || fail "ulimit -n $n: status $status: $(cat "$out")"
	done
}

@test "ignored and blocked signals of the caller change nothing" {
	python3 - "$MOULETTE" "$submission" <<-'END' >"$BATS_TEST_TMPDIR/out" 2>&1
		import ctypes, os, signal, sys
		for ignored in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT, signal.SIGQUIT):
		    signal.signal(ignored, signal.SIG_IGN)
		# Those that the C library keeps to itself; SIG_IGN is 1, rt_sigaction(2) is 13.
		if os.uname().machine == "x86_64":
		    for kept in (32, 33):
		        ctypes.CDLL(None).syscall(13, kept, (ctypes.c_ulong * 4)(1), None, 8)
		signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
		os.execv(sys.argv[1], [sys.argv[1], "run", "-i", "busybox", sys.argv[2], "--", "sh", "-c",
		                       "grep -E 'SigBlk|SigIgn' /proc/self/status; (exit 3); echo child $?"])
	END
	expect_text "$BATS_TEST_TMPDIR/out" "child 3" passed
	[ "$(grep -c 0000000000000000 "$BATS_TEST_TMPDIR/out")" = 2 ] || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "a run under nohup does not end by SIGHUP" {
	local pid
	nohup "$MOULETTE" run -i busybox "$submission" -- sh -c 'echo begun; sleep 2' \
		>"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- &
	pid=$!
	until moulette list | grep -q running; do
		kill -0 $pid
		sleep 0.05
	done
	kill -HUP $pid
	wait $pid
	expect_text "$BATS_TEST_TMPDIR/out" passed
}

@test "the umask of the caller does not affect files that boxes read" {
	own_home
	(umask 0777 && moulette run -i busybox "$submission" -- cat a) >"$BATS_TEST_TMPDIR/out"
	expect_text "$BATS_TEST_TMPDIR/out" passed
	(umask 0 && moulette run -i busybox "$submission" -- true) >/dev/null
	[ -z "$(find "$MOULETTE_HOME" -perm /022 ! -type l ! -path '*/rootfs/*')" ]
}

@test "a removed current folder is an error only for relative paths" {
	mkdir "$BATS_TEST_TMPDIR/gone"
	(cd "$BATS_TEST_TMPDIR/gone" && rmdir "$BATS_TEST_TMPDIR/gone" &&
		moulette run -i busybox "$submission" -- true)
	mkdir "$BATS_TEST_TMPDIR/gone"
	run -3 --separate-stderr sh -c 'cd "$1" && rmdir "$1" && MOULETTE_HOME=state "$2" list' sh \
		"$BATS_TEST_TMPDIR/gone" "$MOULETTE"
	[[ "$stderr" == *"'state'"*"current folder"* ]]
}

@test "an environment without any variable is enough, and a home that cannot be found is named" {
	env -i MOULETTE_HOME="$MOULETTE_HOME" MOULETTE_ENGINE="$MOULETTE_ENGINE" "$MOULETTE" run -i busybox \
		"$submission" -- true
	setpriv --reuid 65534 --clear-groups "$MOULETTE" --version >/dev/null 2>&1 ||
		skip "an ordinary user cannot reach the program here"
	run -2 --separate-stderr setpriv --reuid 65534 --clear-groups env -i "$MOULETTE" list
	[[ "$stderr" == *MOULETTE_HOME* ]]
}

@test "a command line of a megabyte is refused with words" {
	local words
	words=$(printf '%0100d ' {1..8000})
	status=0
	# shellcheck disable=SC2086 # eight thousand arguments
	moulette run -i busybox "$submission" -- true $words >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ "$status" = 3 ] || fail "status $status: $(head -c 400 "$BATS_TEST_TMPDIR/out")"
	expect_text "$BATS_TEST_TMPDIR/out" "longer than"
}
