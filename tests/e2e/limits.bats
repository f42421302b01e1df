#!/usr/bin/env bats
# bats file_tags=engine,box
# Limits and counts of tests that share a group, or have one each: `make check` runs this file under
# cgroup v2, too.
load helpers

setup() {
	need_engine
}

# forks N - a shell that has N processes at once.
forks() {
	printf '"run": ["sh", "-c", "for i in $(seq %s); do sleep 1000 & done; kill $(jobs -p)"]' "$1"
}

@test "the same limits hold in every test, whatever the one before was" {
	local a
	host_before
	a=$(assignment same '"image": "busybox", "build": [], "limits": {"processes": 20, "memory": "64M"}, "tests": [
		{"name": "first", '"$(forks 30)"'}, {"name": "second", '"$(forks 30)"'},
		{"name": "few", '"$(forks 3)"'}, {"name": "fourth", '"$(forks 30)"'},
		{"name": "much", "run": ["dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1"]},
		{"name": "much again", "run": ["dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1"]},
		{"name": "last", '"$(forks 30)"'}]')
	grade -a "$a" "$(archive s.tar a.txt x)"
	expect steps.0.verdict process_limit steps.1.verdict process_limit steps.2.verdict passed \
		steps.3.verdict process_limit steps.4.verdict memory_limit steps.5.verdict memory_limit \
		steps.6.verdict process_limit
	# Nor are the counts those of the one before.
	[ "$(field steps.2.processes_peak)" -le 5 ]
	[ "$(field steps.6.memory_peak_bytes)" -lt 33554432 ]
	host_same
}

# squeeze once|always - while a step runs, the group around its own gets less memory than the step may
# have.
squeeze() {
	local step around
	until [ -e "$BATS_TEST_TMPDIR/over" ]; do
		sleep 0.05
		# In the virtual machine boxes lie below the group of the tests.
		step=$(grep -l . /sys/fs/cgroup/memory/moulette/s*/t/tasks /sys/fs/cgroup/{,session/}moulette/s*/t/cgroup.procs 2>/dev/null) ||
			[ -n "$step" ] || continue
		around=${step%/t/*}
		echo 20M 2>/dev/null >"$around/memory.limit_in_bytes" || echo 20M >"$around/memory.max" || continue
		[ "$1" = always ] || break
	done
}

# at_a_squeeze once|always - grades a program that is within its limit.
at_a_squeeze() {
	local a
	rm -f "$BATS_TEST_TMPDIR/over"
	a=$(assignment squeezed '"image": "busybox", "build": [], "limits": {"memory": "64M"}, "tests": [
		{"name": "fits", "run": ["sh", "-c", "sleep 2; exec dd if=/dev/zero of=/dev/null bs=40M count=1"]}]')
	squeeze "$1" 2>/dev/null &
	grade -a "$a" "$(archive s.tar a.txt x)"
	: >"$BATS_TEST_TMPDIR/over"
	wait
}

@test "memory that the host lacks is not the student's: once it is tried again, then it is told" {
	host_before
	at_a_squeeze once
	expect_verdict passed none 0
	at_a_squeeze always
	expect_verdict internal_error infrastructure 3
	expect steps.0.points null error.code host.memory
	[[ $(field error.message) == *"ran out of memory"*"'fits'"* ]]
	host_same
}

# used_of PID - CPU time of a process, in ticks.
used_of() {
	awk '{print $14 + $15}' "/proc/$1/stat"
}

@test "signals to PID 1 cost next to no CPU time, which no step would be charged with" {
	local a pid init step_used init_used mark=1234.$$
	a=$(assignment flood '"image": "host", "build": [{"run": ["cc", "-o", "flood", "flood.c"]}],
		"limits": {"cpu": "60s", "wall": "1000s"}, "tests": [{"name": "flood", "run": ["./flood", "'$mark'"]}]')
	grade -a "$a" "$(archive s.tar flood.c '
		#define _GNU_SOURCE
		#include <fcntl.h>
		#include <signal.h>
		#include <time.h>
		#include <unistd.h>
		static double used(void) { return (double)clock() / CLOCKS_PER_SEC; }
		int main(int argc, char **argv)
		{
			int fds[2];
			char c;
			while (used() < 0.5)
				kill(1, SIGIO);
			if (argc < 2 || pipe(fds) < 0 || fcntl(fds[0], F_SETOWN, 1) < 0 || fcntl(fds[0], F_SETFL, O_ASYNC) < 0)
				return 1;
			while (used() < 1)
				if (write(fds[1], "x", 1) != 1 || read(fds[0], &c, 1) != 1)
					return 2;
			return execlp("sleep", "sleep", argv[1], (char *)0);
		}')" &
	until pid=$(pgrep -fx "sleep $mark"); do
		kill -0 $! || fail "no flood: $(cat "$BATS_TEST_TMPDIR/result.json")"
		sleep 0.05
	done
	init=$(ps -o ppid= -p "$pid" | tr -d ' ')
	step_used=$(used_of "$pid") init_used=$(used_of "$init")
	kill "$pid"
	wait
	# Without a rest it is more than the step itself uses.
	[ "$init_used" -lt $((step_used / 4)) ] || fail "PID 1 used $init_used of $step_used ticks"
}
