#!/usr/bin/env bats
# bats file_tags=host
# cgroup v2 where moulette's own group has processes: a container as docker makes it, a group that an
# administrator made. The processes move into a leaf, boxes lie beside it, and all is put back.
#
# `make check` runs this file in the virtual machine, without what is slow there.
load helpers
load containers

setup() {
	need_engine
	[ -e /sys/fs/cgroup/cgroup.controllers ] || skip "cgroup v2 is not what this host has"
	submission=$(archive s.tar a x)
}

# groups - all groups below this process's view, and which controllers each hands down.
tree='find /sys/fs/cgroup -type d | sort | while read -r g; do echo "$g [$(cat "$g/cgroup.subtree_control")]"; done'

# wait_for_box - until a box of the container runs its step.
wait_for_box='until ls -d /sys/fs/cgroup/moulette/s*/b0 >/dev/null 2>&1; do sleep 1; done'

@test "a privileged container: its processes are in the root of its cgroup namespace" {
	local runtime
	for runtime in runc crun; do
		need_containers $runtime
		run in_container "${privileged[@]}" -- sh "$(script "$runtime.sh" <<-END
			cat /proc/self/cgroup
			$tree >/tmp/before
			moulette run --time-factor $MOULETTE_TIME_FACTOR -i busybox $submission -- sh -c 'exit 0' >/tmp/report || { cat /tmp/report; exit 9; }
			$tree >/tmp/after
			cat /proc/self/cgroup
			diff /tmp/before /tmp/after && echo the same
		END
		)"
		[ "$output" = "0::/
0::/
the same" ] || fail "$runtime: $output"
	done
}

@test "docker exec into a container while boxes run, and the next run after kill -9" {
	need_containers runc
	local box name=moulette-bats-$$
	box=$(script box.sh <<-END
		$tree >/tmp/before
		moulette run --time-factor $MOULETTE_TIME_FACTOR -i busybox $submission -- sleep 1000 >/tmp/out 2>&1 &
		runner=\$!
		$wait_for_box
		touch $BATS_TEST_TMPDIR/ready
		until [ -e $BATS_TEST_TMPDIR/seen ]; do sleep 1; done
		kill -9 \$runner
		wait \$runner 2>/dev/null
		cat /proc/self/cgroup
		moulette run --time-factor $MOULETTE_TIME_FACTOR -i busybox $submission -- true >/tmp/report || { cat /tmp/report; exit 9; }
		$tree >/tmp/after
		diff /tmp/before /tmp/after && echo the same
		cat /proc/self/cgroup
	END
	)
	in_container "${privileged[@]}" --name "$name" -- sh "$box" >"$BATS_TEST_TMPDIR/out" 2>&1 &
	local container=$!
	for _ in $(seq 300); do
		[ ! -e "$BATS_TEST_TMPDIR/ready" ] || break
		kill -0 $container || fail "the container ended: $(<"$BATS_TEST_TMPDIR/out")"
		sleep 1
	done
	run into_container "$name" cat /proc/self/cgroup
	touch "$BATS_TEST_TMPDIR/seen"
	wait $container || fail "status $?: $(<"$BATS_TEST_TMPDIR/out")"
	[ "$status" = 0 ] || fail "exec: $output"
	[ "$output" = 0::/moulette-leaf ] || fail "exec: $output"
	[ "$(<"$BATS_TEST_TMPDIR/out")" = "0::/moulette-leaf
the same
0::/" ] || fail "$(<"$BATS_TEST_TMPDIR/out")"
}

# bats test_tags=slow
@test "two runners at once: the last one puts the processes back" {
	need_containers runc
	run in_container "${privileged[@]}" -- sh "$(script two.sh <<-END
		$tree >/tmp/before
		moulette run --time-factor $MOULETTE_TIME_FACTOR -i busybox $submission -- true >/tmp/report 2>&1 || { cat /tmp/report; exit 9; }
		moulette run --time-factor $MOULETTE_TIME_FACTOR -i busybox $submission -- sleep 1 >/dev/null &
		first=\$!
		moulette batch --time-factor $MOULETTE_TIME_FACTOR -i busybox -j 2 -f json $submission $submission $submission >/tmp/json 2>/tmp/words || exit 8
		wait \$first || exit 7
		$tree >/tmp/after
		diff /tmp/before /tmp/after && echo the same
		cat /proc/self/cgroup
	END
	)"
	[ "$output" = "the same
0::/" ] || fail "$output"
}

# bats test_tags=slow
@test "a group that others use keeps its controllers, and the leaf stays" {
	need_containers runc
	run in_container "${privileged[@]}" -- sh "$(script used.sh <<-END
		moulette run --time-factor $MOULETTE_TIME_FACTOR -i busybox $submission -- sleep 1000 >/tmp/out 2>&1 &
		runner=\$!
		$wait_for_box
		mkdir /sys/fs/cgroup/other
		echo 100000000 >/sys/fs/cgroup/other/memory.max
		kill \$runner
		wait \$runner 2>/dev/null
		cat /sys/fs/cgroup/other/memory.max /proc/self/cgroup
		rmdir /sys/fs/cgroup/other
		moulette gc
		cat /proc/self/cgroup
		ls -d /sys/fs/cgroup/*/ 2>&1
	END
	)"
	[[ $output == "99999744
0::/moulette-leaf
"*"1 leftover of killed runs removed
0::/
"*"No such file"* ]] || fail "$output"
}

@test "limits of the group around a run hold for its boxes" {
	local group=/sys/fs/cgroup/grading-$$
	mkdir "$group"
	echo 150000000 >"$group/memory.max"
	(
		echo 0 >"$group/cgroup.procs"
		grade -i busybox "$submission" -- sh -c 'cat /proc/1/cgroup; exec dd if=/dev/zero of=/dev/null bs=400M count=1'
		echo 0 >/sys/fs/cgroup/session/cgroup.procs
		expect_verdict internal_error infrastructure 3
		expect error.code host.memory
	)
	[ "$(cat "$group/cgroup.procs" "$group/cgroup.subtree_control")" = "" ]
	echo max >"$group/memory.max"
	echo 40 >"$group/pids.max"
	(
		echo 0 >"$group/cgroup.procs"
		grade -i busybox "$submission" -- sh -c 'for i in $(seq 60); do sleep 1000 & done; exit 1'
		echo 0 >/sys/fs/cgroup/session/cgroup.procs
		expect_verdict internal_error infrastructure 3
		expect error.code host.processes
	)
	rmdir "$group"
}

# bats test_tags=slow
@test "demo: six verdicts in a privileged container" {
	need_containers runc
	local demo=$REPO/tests/data/demo
	run in_container "${privileged[@]}" -- sh "$(script demo.sh <<-END
		for s in correct wrong crash loop memory forkbomb; do
			moulette run -a $demo/assignment --time-factor $MOULETTE_TIME_FACTOR -f json:/tmp/r $demo/\$s
			echo "\$s: \$?, \$(grep -o '"verdict": *"[a-z_]*"' /tmp/r | head -n 1 | cut -d '"' -f 4)"
		done
	END
	)"
	[ "$output" = "correct: 0, passed
wrong: 1, wrong_answer
crash: 1, runtime_error
loop: 1, time_limit
memory: 1, memory_limit
forkbomb: 1, process_limit" ] || fail "$output"
}
