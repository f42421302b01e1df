#!/usr/bin/env bats
# An engine that hands no descriptors on: a container for each step, the same words outside.
load helpers

setup() {
	MOULETTE_ENGINE=runsc
	need_engine
	s=$(archive s.tar f x)
}

@test "status, output, input and environment" {
	local a
	a=$(assignment one '"image": "busybox", "build": [], "tests": [
		{"name": "cat", "run": ["cat"], "stdin": "in", "stdout": "in"},
		{"name": "env", "run": ["sh", "-c", "echo $A; exit 3"], "env": {"A": "b"}, "exit": 3, "stdout": "b", "compare": "lines"},
		{"name": "id", "run": ["sh", "-c", "id -u; grep -c ^Cap.*0000000000000000 /proc/self/status; grep Seccomp: /proc/self/status"], "stdout": "id"}]' \
		in $'some\ninput\n' b b id $'1000\n4\nSeccomp:\t2\n')
	grade -a "$a" "$s"
	expect verdict passed engine.name runsc steps.0.processes_peak null
}

@test "a wrong answer, a signal, a missing program" {
	grade -i busybox "$s" -- sh -c 'kill -SEGV $$'
	expect verdict runtime_error steps.0.signal SIGSEGV
	grade -i busybox "$s" -- ./nowhere
	expect verdict runtime_error fault student
	[[ $(field steps.0.message) == *nowhere* ]]
}

@test "clocks, memory, output" {
	grade -i busybox --limit wall=2s "$s" -- sleep 1000
	expect verdict time_limit steps.0.limit_hit wall
	grade -i busybox --limit cpu=1s "$s" -- sh -c 'while :; do :; done'
	expect verdict time_limit steps.0.limit_hit cpu
	grade -i busybox --limit memory=64M --limit cpu=60s "$s" -- dd if=/dev/zero of=/dev/null bs=600M count=1
	expect verdict memory_limit
	grade -i busybox --limit output=64K "$s" -- yes
	expect verdict output_limit
}

@test "a build with make, and tests that find what it left" {
	local a
	a=$(assignment build '"tests": [{"name": "one", "run": ["sh", "-c", "cat built; echo x >built; echo y >/tmp/y"], "stdout": "out"},
		{"name": "two", "run": ["sh", "-c", "cat built; test ! -e /tmp/y"], "stdout": "out"}], "build": [{"run": ["make"]}]' out fine)
	grade -a "$a" "$(archive m.tar Makefile $'built:\n\techo fine >built\n')"
	expect verdict passed
}

@test "nothing stays on the host" {
	host_before
	grade -i busybox "$s" -- sh -c 'sleep 1000 & true'
	expect verdict passed
	"$MOULETTE" run -i busybox "$s" -- sleep 1000 >/dev/null 2>&1 </dev/null 3>&- &
	local runner=$!
	sleep 0.5
	kill -KILL "$runner"
	wait "$runner" || true
	moulette gc
	host_same
}
