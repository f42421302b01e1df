#!/usr/bin/env bats
# bats file_tags=engine,box
# What else the host does is never the student's fault: waiting for a processor, neighbours, the weight of
# boxes. `make check` runs this file under cgroup v2, too.
load helpers
load fair

setup() {
	spinner
}

@test "a step above its limit by less than a tenth is run twice, and the result keeps both times" {
	grade -a "$(tests_of '{"cpu": "500ms"}' 'near 525' 'far 250')" "$spin"
	[ "$MOULETTE_TIME_FACTOR" = 1 ] || skip "limits are multiplied here"
	expect_verdict time_limit student 1
	number 'len(s[0]["reruns"]) == 2 and s[0]["near_limit"] and s[0]["limit_hit"] == "cpu"'
	number 's[0]["cpu_ns"] == min(r["cpu_ns"] for r in s[0]["reruns"])'
	number 's[1]["verdict"] == "passed" and s[1]["reruns"] is None'
	[[ $(field steps.0.message) == *"run twice, the second time alone"* ]]
}

@test "an endless loop is ended at 1.1 times its limit" {
	grade -a "$(tests_of '{"cpu": "500ms"}' 'loop 1e9')" "$spin"
	expect_verdict time_limit student 1
	number 's[0]["cpu_ns"] >= 1.1 * s[0]["limits"]["cpu_ns"] and s[0]["limit_hit"] == "cpu"'
}

# One ends above its limit beside the other: alone it is run once more, and may pass.
@test "submissions that loop beside each other are run again alone" {
	local a folder=$BATS_TEST_TMPDIR/class
	a=$(tests_of '{"cpu": "500ms"}' 'loop 1e9')
	mkdir "$folder"
	cp "$spin" "$folder/a.tar"
	cp "$spin" "$folder/b.tar"
	moulette batch -j 2 -a "$a" -f json -o "$BATS_TEST_TMPDIR/out" "$folder"
	python3 - "$BATS_TEST_TMPDIR/out" <<-'END'
		import json, sys
		steps = [json.loads(line)["steps"][0] for line in open(sys.argv[1])]
		assert len(steps) == 2, steps
		for s in steps:
		    assert s["verdict"] == "time_limit" and s["fault"] == "student", s
		# One may have begun when the other was over.
		assert any(s["reruns"] for s in steps), steps
		for s in steps:
		    assert not s["reruns"] or s["reruns"][0]["beside"] >= 1, s
	END
}

@test "at most five steps of a submission are run twice" {
	[ "$MOULETTE_TIME_FACTOR" = 1 ] || skip "limits are multiplied here"
	grade -a "$(tests_of '{"cpu": "300ms"}' 'a 312' 'b 312' 'c 312' 'd 312' 'e 312' 'f 312' 'g 312')" "$spin"
	number 'sum(1 for x in s if x["reruns"]) == 5 and all(x["verdict"] == "time_limit" for x in s)'
}

@test "a build above its limit is run once more in a new box, and nothing is graded twice" {
	local a
	[ "$MOULETTE_TIME_FACTOR" = 1 ] || skip "limits are multiplied here"
	a=$(assignment build '"build": [{"name": "first", "run": ["true"]}, {"name": "work", "run": ["sh", "-c", "test ! -e mark && : >mark && ./spin 525"], "limits": {"cpu": "500ms"}}],
		"tests": [{"name": "t", "run": ["true"]}]')
	grade -a "$a" "$spin"
	expect_verdict time_limit student 1
	number '[x["name"] for x in s] == ["first", "work", "t"] and len(s[1]["reruns"]) == 2'
	number 's[2]["verdict"] == "skipped" and s[1]["exit_code"] == 0'
}

@test "sleeping and waiting for another thread do not count as waiting for a processor" {
	local a
	a=$(assignment wait '"build": [], "tests": [{"name": "sleep", "run": ["sleep", "1"]},
		{"name": "many", "run": ["sh", "-c", "for i in 1 2 3 4; do ./spin 300 & done; wait"], "limits": {"wall": "60s"}}]')
	grade -a "$a" "$spin"
	expect_verdict passed none 0
	number 's[0]["waited_ns"] < 0.5 * s[0]["wall_ns"]'
	# Four that take turns on one processor are ready to run three quarters of the time.
	number 's[1]["waited_ns"] < 0.5 * s[1]["wall_ns"]'
}

# The boxes sleep until all of them are there: on a busy machine one might end before the last begins.
@test "boxes at the same time have processors of their own, and more boxes share" {
	local a folder=$BATS_TEST_TMPDIR/class n pid asleep
	n=$(nproc)
	asleep="sleep 7$BASHPID"
	a=$(assignment cpus "\"image\": \"busybox\", \"build\": [], \"tests\": [{\"name\": \"t\", \"run\": [\"sh\", \"-c\", \"nproc; $asleep; true\"],
		\"limits\": {\"wall\": \"10m\"}}]")
	mkdir "$folder"
	for ((i = 0; i <= n; i++)); do cp "$spin" "$folder/$i.tar"; done
	"$MOULETTE" batch -j $((n + 1)) -a "$a" -f json -o "$BATS_TEST_TMPDIR/out" "$folder" 3>&- &
	pid=$!
	until [ "$(pgrep -cfx "$asleep")" = $((n + 1)) ]; do
		kill -0 $pid
		sleep 0.1
	done
	pkill -fx "$asleep"
	wait $pid
	python3 - "$BATS_TEST_TMPDIR/out" "$n" <<-'END'
		import json, sys
		results, n = [json.loads(line) for line in open(sys.argv[1])], int(sys.argv[2])
		bound = [r["processors"] for r in results if r["processors"]]
		assert len(results) == n + 1 and len(bound) == n, results
		assert sorted(p for b in bound for p in b) == sorted(set(p for b in bound for p in b)), bound
		for r in results:
		    assert r["verdict"] == "passed", r
		    assert r["steps"][0]["stdout"]["text"] == ("1\n" if r["processors"] else f"{n}\n"), r
	END
}

@test "a step cannot move to another processor" {
	command -v taskset >/dev/null || skip "no taskset"
	[ "$(nproc)" -gt 1 ] || skip "one processor"
	grade "$spin" -- sh -c 'taskset -pc 0-1023 $$ >/dev/null; nproc'
	expect steps.0.stdout.text 1
}

@test "an assignment may give a box several processors" {
	local a
	[ "$(nproc)" -gt 1 ] || skip "one processor"
	a=$(assignment several '"image": "busybox", "processors": 2, "build": [], "tests": [{"name": "t", "run": ["nproc"]}]')
	grade -a "$a" "$spin"
	expect verdict passed steps.0.stdout.text 2
	[ "$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["processors"]))' "$result")" = 2 ]
	a=$(assignment wrong '"processors": 0')
	grade -a "$a" "$spin"
	[ "$status" = 2 ]
	expect_text "$messages" assignment.processors
}

@test "runners have a group of their own beside all boxes, and it goes with the last one" {
	local pid group
	moulette run -i busybox "$spin" -- true >/dev/null
	host_before
	"$MOULETTE" run -i busybox "$spin" -- sleep 3 >/dev/null </dev/null 3>&- &
	pid=$!
	until moulette list | grep -q running; do
		kill -0 $pid
		sleep 0.05
	done
	group=$(sed -n 's/^[0-9]*:cpu[^:]*:\(.*\)/\1/p; s/^0::\(.*\)/\1/p' /proc/$pid/cgroup | grep moulette)
	[[ $group == */moulette/run ]] || fail "the runner is in '$group'"
	wait $pid
	host_same
}

# Two boxes that spin on all processors: the runner ends them in time, and a shell outside answers.
@test "hand-ins that spin starve neither their runner nor a shell" {
	local a folder=$BATS_TEST_TMPDIR/class i pid answers=0
	a=$(tests_of '{"cpu": "100s", "wall": "2s"}' 'loop 1e9')
	mkdir "$folder"
	for ((i = 0; i < $(nproc); i++)); do cp "$spin" "$folder/$i.tar"; done
	"$MOULETTE" batch -j "$(nproc)" -a "$a" -f json -o "$BATS_TEST_TMPDIR/out" "$folder" </dev/null 3>&- &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		/bin/true
		answers=$((answers + 1))
		sleep 0.1
	done
	wait $pid
	[ "$answers" -ge 2 ]
	python3 - "$BATS_TEST_TMPDIR/out" <<-'END'
		import json, sys
		for r in map(json.loads, open(sys.argv[1])):
		    s = r["steps"][0]
		    assert s["verdict"] == "time_limit" and s["limit_hit"] == "wall", s
		    # Late by at most a second, waiting for a processor apart.
		    assert s["wall_ns"] - s["waited_ns"] <= s["limits"]["wall_ns"] + 1e9, s
	END
}

# without_unified COMMAND... - on a hybrid host as on one whose cgroups are all of version 1.
without_unified() {
	grep -q ' /sys/fs/cgroup/unified cgroup2 ' /proc/self/mounts || skip "no hybrid host"
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c 'umount /sys/fs/cgroup/unified && exec "$@"' sh "$@" </dev/null
}

@test "waiting is counted without a cgroup2 mount" {
	moulette() { without_unified "$MOULETTE" "$@"; }
	grade "$spin" -- ./spin 100
	expect verdict passed
	number 'isinstance(s[0]["waited_ns"], int)'
	run ! grep -q moulette /proc/self/mounts
}

# The first two calls look for the mount; later ones make overlays.
@test "where the kernel does not count waiting, a sleeper at its wall limit is run twice" {
	command -v strace >/dev/null || skip "no strace"
	local a
	moulette() {
		without_unified strace -qq -o /dev/null -e trace=fsopen -e inject=fsopen:error=ENOSYS:when=1..2 "$MOULETTE" "$@"
	}
	a=$(assignment sleepers '"limits": {"wall": "500ms"}, "build": [], "tests": [
		{"name": "several", "run": ["sh", "-c", "sleep 60 & wait"]}, {"name": "busy", "run": ["./spin", "300"]}]')
	grade -a "$a" "$spin"
	expect_verdict time_limit student 1
	number 's[0]["waited_ns"] is None and len(s[0]["reruns"]) == 2 and s[0]["limit_hit"] == "wall"'
	number 's[1]["verdict"] == "passed" and s[1]["reruns"] is None'
}
