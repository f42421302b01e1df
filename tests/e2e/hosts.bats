#!/usr/bin/env bats
# bats file_tags=host
# Hosts whose control groups are shared with others, limited by an administrator, or mounted twice.
load helpers

setup() {
	need_engine
	own_home
	submission=$(archive s.tar a x)
	version1=
	[ -e /sys/fs/cgroup/cgroup.controllers ] || version1=yes
}

# apart COMMAND... - with a /run of its own, as in a container, and the host's control groups.
apart() {
	unshare -m sh -c 'mount -t tmpfs none /run && exec "$@"' apart "$@"
}

# batches N - that many at once, each with another /run and another home; their verdicts, counted.
batches() {
	local i pids=() archives=() dir=$BATS_TEST_TMPDIR
	archives+=("$(archive right.tar run.sh $'#!/bin/sh\nexit 0\n')")
	archives+=("$(archive wrong.tar run.sh $'#!/bin/sh\nexit 1\n')")
	archives+=("$(archive hog.tar run.sh $'#!/bin/sh\nexec dd if=/dev/zero of=/dev/null bs=100M count=1\n')")
	moulette run -i busybox --limit memory=32M -f "json:$dir/first" "${archives[0]}" || return
	for i in $(seq "$1"); do
		cp -r "$MOULETTE_HOME" "$dir/home$i"
		MOULETTE_HOME=$dir/home$i apart "$MOULETTE" batch -i busybox --limit memory=32M -j 2 \
			--time-factor "$MOULETTE_TIME_FACTOR" -f json -o "$dir/batch$i" "${archives[@]}" 2>"$dir/words$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || echo "a batch ended with status $?"; done
	cat "$dir"/batch* | python3 -c '
import collections, json, sys
results = [json.loads(line) for line in sys.stdin]
count = collections.Counter((r["submission"]["name"], r["verdict"]) for r in results)
for r in results:
    if r["verdict"] == "internal_error":
        print(r["error"], [s["message"] for s in r["steps"]])
print(*("%s %s %d" % (*k, n) for k, n in sorted(count.items())), sep="\n")'
}

@test "batches with a /run each share control groups: every verdict is right" {
	home_that_was_used
	run -0 batches 5
	[ "$output" = "hog memory_limit 5
right passed 5
wrong runtime_error 5" ] || { echo "$output"; return 1; }
	host_same
}

@test "a limit that an administrator set on the parent group stays" {
	local parent=/sys/fs/cgroup/${version1:+pids/}moulette
	grade -i busybox "$submission" -- true
	mkdir -p "$parent"
	echo 100000 >"$parent/pids.max"
	grade -i busybox "$submission" -- true
	expect_verdict passed none 0
	[ "$(<"$parent/pids.max")" = 100000 ]
	echo max >"$parent/pids.max"
	rmdir "$parent" 2>/dev/null || true
}

@test "of control groups mounted over one another the topmost counts" {
	[ -n "$version1" ] || skip "a host with version 2 alone has one mount"
	unshare -m sh -c "mount -t tmpfs none /sys/fs/cgroup/memory
		$MOULETTE run -i busybox $submission -- true" >"$BATS_TEST_TMPDIR/out" 2>&1 && fail "it ran"
	expect_text "$BATS_TEST_TMPDIR/out" "no cgroup hierarchy with the controller 'memory'"
	run -0 unshare -m sh -c "mount -t tmpfs none /sys/fs/cgroup/memory
		mount -t cgroup -o memory none /sys/fs/cgroup/memory
		$MOULETTE run -i busybox $submission -- true"
}
