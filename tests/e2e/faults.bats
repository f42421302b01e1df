#!/usr/bin/env bats
# bats file_tags=host
# Faults of the host, each put into one system call by strace: what was reported as something else once.
# `make faults` draws many more. The calls are those of moulette itself, whatever the engine: no tag.
load helpers

setup() {
	need_engine
	command -v strace >/dev/null || skip "strace is not installed"
	strace -o /dev/null true 2>"$BATS_TEST_TMPDIR/why" || skip "strace cannot trace here: $(tail -n 1 "$BATS_TEST_TMPDIR/why")"
	submission=$(archive good run.sh true)
	one=$(assignment one '"image": "busybox", "build": [], "tests": [{"name": "a", "run": ["true"]}]')
	grade -a "$one" "$submission"
	expect_verdict passed none 0
}

# with_fault PATH CALLS INJECTION ARG... - moulette, whose CALLS on the path fail so. Without a path
# ("-"), whatever they are called for. Sets status; fails when no call was reached.
with_fault() {
	local path=$1 calls=$2 injection=$3 words=() log=$BATS_TEST_TMPDIR/trace
	shift 3
	[ "$path" = - ] || words=(-P "$path")
	status=0
	messages=$BATS_TEST_TMPDIR/messages
	# A leak checker is a tracer of its own, and there can be only one.
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 timeout 60 strace -o "$log" "${words[@]}" -e trace="$calls" -e inject="$calls:$injection" \
		"$MOULETTE" "$@" >"$BATS_TEST_TMPDIR/printed" 2>"$messages" </dev/null || status=$?
	grep -q INJECTED "$log" || fail "nothing was disturbed"
}

# host_at_fault TEXT - exit status 3, and the text stands in a message or in the report.
host_at_fault() {
	[ "$status" = 3 ] || fail "exit status: expected 3, got $status"
	cat "$BATS_TEST_TMPDIR/printed" >>"$messages"
	expect_text "$messages" "$1"
}

@test "a batch goes on when an order to a worker or its answer is lost" {
	local call nth
	for call in recvmsg sendto; do
		for nth in 1 2 3; do
			with_fault - $call error=ENOMEM:when="$nth" batch -j 2 -a "$one" "$submission" "$submission" "$submission"
			[ "$status" = 0 ] || fail "$call $nth: exit status $status"
			[ "$(grep -c 'passed, 1/1 point' "$BATS_TEST_TMPDIR/printed")" = 3 ] || fail "$call $nth: the report"
		done
	done
}

@test "a submission of a batch that the host cannot look at is no usage error" {
	local call
	for call in openat:error=EIO newfstatat:error=EIO readlink:error=EACCES openat:error=EMFILE; do
		with_fault "$submission" "${call%%:*}" "${call#*:}:when=1" batch -a "$one" "$submission"
		host_at_fault "$submission"
	done
	run moulette batch -a "$one" "$submission-none"
	[ "$status" = 2 ]
}

@test "a profile that the host cannot look at is no usage error" {
	local file
	for file in base.json default.json base.seccomp.json; do
		with_fault "$REPO/profiles/$file" newfstatat,openat error=EIO run -a "$one" "$submission"
		host_at_fault "$REPO/profiles/$file"
	done
}

@test "an error while looking for the program's own files is reported" {
	local mark=$REPO/runner/init/protocol.h error
	for error in EACCES EIO; do
		with_fault "$mark" access error=$error run -a "$one" "$submission"
		host_at_fault "cannot look at '$mark'"
	done
}

@test "a mount point in an image that the host cannot look at is no usage error" {
	with_fault "$MOULETTE_HOME/images/busybox/rootfs" openat2 error=EIO run -a "$one" "$submission"
	host_at_fault "cannot read '/etc/passwd' of image 'busybox'"
	# The first one looks at /etc/passwd.
	with_fault "$MOULETTE_HOME/images/busybox/rootfs" openat2 error=EIO:when=2+ run -a "$one" "$submission"
	host_at_fault "image 'busybox': cannot examine the mount point"
}

@test "a runner that cannot leave the mounts of a box ends with a message" {
	local nth left=0
	for nth in {1..12}; do
		with_fault - setns error=ENOMEM:when="$nth" run -a "$one" "$submission" || break
		# Some are only for what a test left behind, which the box's end removes as well.
		[ "$status" = 0 ] || host_at_fault "Cannot allocate memory"
		left=$((left + $(grep -c "cannot return to the host's mount namespace" "$messages" || true)))
	done
	[ "$left" -gt 0 ]
	moulette gc
	[ -z "$(ls -A "$MOULETTE_HOME/live")" ]
}
