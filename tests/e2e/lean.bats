#!/usr/bin/env bats
# bats file_tags=engine,box
# --engine-mode: lean and plain give the same results, and what lean rests on is looked at each time.
load helpers

setup() {
	need_engine
	calls=$BATS_TEST_TMPDIR/calls
	: >"$calls"
	submission=$(archive s.tar a x)
}

# need_crun - where a test is about a way that only crun knows.
need_crun() {
	[ "$MOULETTE_ENGINE" = crun ] || skip "crun alone can leave cgroups to us"
}

# engine_that SHELL - the engine, through a program that notes its words and runs SHELL before it.
engine_that() {
	local engine=$BATS_TEST_TMPDIR/engine
	cat >"$engine" <<-END
		#!/bin/sh
		echo "\$*" >>"$calls"
		$1
		exec "$(command -v "$MOULETTE_ENGINE")" \$more "\$@"
	END
	chmod 755 "$engine"
	export MOULETTE_ENGINE=$engine
}

# Of such a program, when it runs a box: out of the group that was made for it.
leave='
case "$*" in *" run "*)
	for group in /sys/fs/cgroup/memory /sys/fs/cgroup/pids /sys/fs/cgroup; do
		[ ! -e $group/cgroup.procs ] || echo $$ >$group/cgroup.procs
	done ;;
esac'

# starts WORD - how many boxes were started with this word among the engine's.
starts() {
	grep ' run ' "$calls" | grep -c -e "$1" || true
}

# verdicts - of all steps, with the limits that were hit.
verdicts() {
	python3 -c '
import json, sys
for s in json.load(open(sys.argv[1]))["steps"]:
    print(s["name"], s["verdict"], s["limit_hit"], s["exit_code"], s["signal"], s["stdout"]["text"], s["limits"])' "$result"
}

@test "lean and plain: the same verdicts, outputs and limits" {
	local mode a
	a=$(assignment limits '"image": "busybox", "build": [{"run": ["/bin/sh", "-c", "echo made >made"]}], "limits": {"cpu": "2s"}, "tests": [
		{"name": "passes", "run": ["/bin/cat", "made"], "stdout": "made"},
		{"name": "wrong", "run": ["/bin/cat", "made"], "stdout": "other"},
		{"name": "status", "run": ["/bin/sh", "-c", "exit 3"]},
		{"name": "sees", "run": ["/bin/sh", "-c", "id; ls -A / /tmp /dev; ulimit -a; grep -E ^Cap /proc/self/status"]},
		{"name": "fork bomb", "run": ["/bin/sh", "-c", "for i in $(seq 150); do sleep 1000 & done; wait; exit 1"]},
		{"name": "memory", "run": ["/bin/sh", "-c", "exec dd if=/dev/zero of=/dev/null bs=200M count=1"], "limits": {"memory": "64M"}},
		{"name": "clock", "run": ["/bin/sh", "-c", "while :; do :; done"]}]' made made other other)
	for mode in lean plain; do
		grade --engine-mode="$mode" -a "$a" "$submission"
		[ "$status" = 1 ] || fail "$mode: exit status $status"
		verdicts >"$BATS_TEST_TMPDIR/$mode"
	done
	diff "$BATS_TEST_TMPDIR/lean" "$BATS_TEST_TMPDIR/plain"
	expect_text "$BATS_TEST_TMPDIR/lean" "passes passed" "wrong wrong_answer" "status runtime_error" \
		"fork bomb process_limit processes" "memory memory_limit memory" "clock time_limit cpu" \
		"'memory_bytes': 1073741824, 'processes': 100"
}

@test "both modes leave no cgroup, no mount and no process" {
	home_that_was_used
	local mode
	for mode in lean plain; do
		grade --engine-mode="$mode" -i busybox "$submission" -- sh -c 'sleep 60 & exit 0'
		expect_verdict passed none 0
		host_same
	done
}

@test "lean: crun makes no cgroup, and is told so in no other mode" {
	need_crun
	engine_that
	grade -i busybox "$submission" -- true
	expect_verdict passed none 0
	[ "$(starts --cgroup-manager=disabled)" = 1 ]
	MOULETTE_ENGINE_MODE=plain grade -i busybox "$submission" -- true
	grade --engine-mode=plain -i busybox "$submission" -- true
	[ "$(starts --cgroup-manager=disabled)" = 1 ]
	[ "$(starts .)" = 3 ]
	MOULETTE_ENGINE_MODE=plain grade --engine-mode=lean -i busybox "$submission" -- true
	[ "$(starts --cgroup-manager=disabled)" = 2 ]
}

@test "an engine that does not know the option is started the plain way" {
	engine_that 'case "$*" in *cgroup-manager*) exit 64 ;; esac'
	grade -i busybox "$submission" -- true
	expect_verdict passed none 0
	[ "$(starts --cgroup-manager=disabled)" = 0 ]
	[ "$(starts .)" = 1 ]
}

@test "an engine that only fails at a lean start gets a plain one" {
	need_crun
	engine_that 'case "$*" in *cgroup-manager*" run "*) echo no >&2; exit 1 ;; esac'
	grade -i busybox "$submission" -- true
	expect_verdict passed none 0
	[ "$(starts --cgroup-manager=disabled)" = 1 ]
	[ "$(starts .)" = 2 ]
}

@test "a box that is not in its cgroup runs nothing: the plain way is taken" {
	need_crun
	engine_that "$leave"
	grade -i busybox "$submission" -- true
	expect_verdict passed none 0
	[ "$(starts --cgroup-manager=disabled)" = 1 ]
	[ "$(starts .)" = 2 ]
}

@test "a box that is in its cgroup in neither way: internal_error, no score" {
	need_crun
	local a
	a=$(assignment one '"image": "busybox", "build": [], "tests": [{"name": "t", "run": ["/bin/true"]}]')
	engine_that "$leave
		more=--cgroup-manager=disabled"
	grade -a "$a" "$submission"
	expect_verdict internal_error infrastructure 3
	expect error.code box.unlimited score null steps '[]'
	expect_text "$result" "is not in its cgroup 'moulette/s"
	[ "$(starts .)" = 2 ]
}

@test "a box whose cgroup has another limit runs nothing" {
	need_crun
	engine_that 'case "$*" in *" run "*)
		own=$(sed -n "s/^[0-9]*:pids://p" /proc/self/cgroup)
		for file in "/sys/fs/cgroup/pids$own/pids.max" "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/pids.max"; do
			[ ! -e "$file" ] || [ "$own" = / ] || echo 17 >"$file"
		done ;;
	esac
	more=--cgroup-manager=disabled'
	grade -i busybox "$submission" -- true
	expect_verdict internal_error infrastructure 3
	expect error.code box.unlimited
	# The first time it is the limit, the second time the group.
	[ "$(starts .)" = 2 ]
}

@test "a profile that asks more of cgroups gets it from the engine" {
	need_crun
	files_into "$BATS_TEST_TMPDIR" more.json \
		'{"extends": "default", "config": {"linux": {"resources": {"cpu": {"cpus": "0"}}}}}'
	engine_that
	# Wherever the runner runs, which is where it looks for a free processor first.
	grade -p "$BATS_TEST_TMPDIR/more.json" -i busybox "$submission" -- nproc
	expect_verdict passed none 0
	expect steps.0.stdout.text 1 processors null
	[ "$(starts --cgroup-manager=disabled)" = 0 ]
	[ "$(starts .)" = 1 ]
}

@test "another mode is an error of usage" {
	run -2 moulette run --engine-mode=fast "$submission"
	[[ $output == *"--engine-mode 'fast': expected lean or plain"* ]]
	MOULETTE_ENGINE_MODE=fast run -2 moulette run "$submission"
}
