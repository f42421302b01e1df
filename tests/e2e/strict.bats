#!/usr/bin/env bats
# bats file_tags=engine
# --isolation=strict: each test in a container of its own, over the same built folder.
load helpers

setup() {
	need_engine
	host_before
}

teardown() {
	host_same
}

# three_tests TEXT [MEMBERS] - run.sh, the same in three tests; MEMBERS are more of the assignment.
three_tests() {
	assignment three '"build": [{"run": ["/bin/sh", "build.sh"]}], '"${2-}"'"tests": [
		{"name": "one", "run": ["/bin/sh", "run.sh"]},
		{"name": "two", "run": ["/bin/sh", "run.sh"]},
		{"name": "three", "run": ["/bin/sh", "run.sh"]}]' >/dev/null
	submission=$(archive s.tar build.sh "echo built >built; echo tmp >/tmp/built" run.sh "$1")
	assignment=$BATS_TEST_TMPDIR/assignments/three
}

# namespaces STEP - the numbers that it printed, one a line.
namespaces() {
	field "steps.$1.stdout" | grep -oE '(cgroup|ipc|mnt|net|pid|user|uts):\[[0-9]+\]'
}

show_namespaces='readlink /proc/self/ns/cgroup /proc/self/ns/ipc /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/pid /proc/self/ns/uts; exit 1'

# agree STEP STEP - the namespaces of two steps that they have in common, counted.
agree() {
	comm -12 <(namespaces "$1" | sort) <(namespaces "$2" | sort) | wc -l
}

@test "all tests of a box are in the same namespaces" {
	three_tests "$show_namespaces"
	grade -a "$assignment" "$submission"
	[ "$(namespaces 1 | wc -l)" = 6 ]
	[ "$(agree 1 2)" = 6 ]
	[ "$(agree 2 3)" = 6 ]
}

@test "strict: each test is in other ones" {
	three_tests "$show_namespaces"
	grade --isolation=strict -a "$assignment" "$submission"
	[ "$(namespaces 3 | wc -l)" = 6 ]
	[ "$(agree 1 2)" = 0 ]
	[ "$(agree 2 3)" = 0 ]
	[ "$(agree 1 3)" = 0 ]
}

@test "strict: what was built is there for each test, what a test left is not" {
	three_tests 'test "$(cat built)" = built && test "$(cat /tmp/built)" = tmp || exit 1
		test ! -e new && test ! -e /tmp/new && test ! -e /dev/shm/new || exit 2
		ipcmk -M 64 >/dev/null; test "$(ipcs -m | grep -c 0x)" = 1 || exit 3
		echo spoilt >built; rm /tmp/built; echo x >new; echo x >/tmp/new; echo x >/dev/shm/new
		sleep 1000 &
		chmod 700 .'
	grade --isolation=strict -a "$assignment" "$submission"
	expect_verdict passed none 0
	expect steps.1.leftovers 1 steps.2.leftovers 1 steps.3.leftovers 1
}

@test "a profile says strict, the option says otherwise" {
	files_into "$BATS_TEST_TMPDIR/profiles" apart.json \
		'{"extends": "default", "moulette": {"isolation": "strict"}}'
	three_tests "$show_namespaces"
	grade -p "$BATS_TEST_TMPDIR/profiles/apart.json" -a "$assignment" "$submission"
	[ "$(agree 1 2)" = 0 ]
	grade -p "$BATS_TEST_TMPDIR/profiles/apart.json" --isolation=box -a "$assignment" "$submission"
	[ "$(agree 1 2)" = 6 ]
}

@test "strict: the same results" {
	three_tests 'cat built; echo "$$" >&2; exit 0'
	grade -a "$assignment" "$submission"
	fields='import json, sys
r = json.load(open(sys.argv[1]))
print([(s["name"], s["verdict"], s["stdout"], s["exit_code"], s["points"]) for s in r["steps"]])'
	python3 -c "$fields" "$result" >"$BATS_TEST_TMPDIR/box"
	grade --isolation=strict -a "$assignment" "$submission"
	python3 -c "$fields" "$result" | diff "$BATS_TEST_TMPDIR/box" -
}

@test "a word that is none is said before anything runs" {
	three_tests 'exit 0'
	grade --isolation=strong -a "$assignment" "$submission"
	[ "$status" = 2 ]
	grep -q "run: isolation: 'strong': expected 'box' (all tests of a submission in one container) or 'strict'" "$messages"
}
