#!/usr/bin/env bats
# bats file_tags=engine,box
# --isolation=strict: each test in a container of its own, over the same built folder.
load helpers

setup() {
	need_engine
	host_before
}

teardown() {
	host_same
}

# three_tests TEXT - run.sh, the same in three tests.
three_tests() {
	assignment three '"build": [{"run": ["/bin/sh", "build.sh"]}], "tests": [
		{"name": "one", "run": ["/bin/sh", "run.sh"]},
		{"name": "two", "run": ["/bin/sh", "run.sh"]},
		{"name": "three", "run": ["/bin/sh", "run.sh"]}]' >/dev/null
	submission=$(archive s.tar build.sh "echo built >built; echo tmp >/tmp/built" run.sh "$1")
	assignment=$BATS_TEST_TMPDIR/assignments/three
}

# counted_engine - the engine, through a program that notes each container that it runs. What a test
# sees from inside tells less: numbers of namespaces and processes may come again.
counted_engine() {
	local engine=$BATS_TEST_TMPDIR/engine
	cat >"$engine" <<-END
		#!/bin/sh
		case "\$*" in *" run "*) echo run >>"$BATS_TEST_TMPDIR/runs" ;; esac
		exec "$(command -v "$MOULETTE_ENGINE")" "\$@"
	END
	chmod 755 "$engine"
	export MOULETTE_ENGINE=$engine
	: >"$BATS_TEST_TMPDIR/runs"
}

# expect_containers N - since counted_engine.
expect_containers() {
	local got
	got=$(wc -l <"$BATS_TEST_TMPDIR/runs")
	[ "$got" = "$1" ] || fail "expected $1 containers, got $got"
}

@test "all tests of a submission are in one container" {
	counted_engine
	three_tests 'exit 0'
	grade -a "$assignment" "$submission"
	expect_verdict passed none 0
	expect_containers 1
}

@test "strict: each test is in a new one" {
	counted_engine
	three_tests 'exit 0'
	grade --isolation=strict -a "$assignment" "$submission"
	expect_verdict passed none 0
	expect_containers 4 # the first has the build
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
	three_tests 'exit 0'
	counted_engine
	grade -p "$BATS_TEST_TMPDIR/profiles/apart.json" -a "$assignment" "$submission"
	expect_containers 4
	grade -p "$BATS_TEST_TMPDIR/profiles/apart.json" --isolation=box -a "$assignment" "$submission"
	expect_containers 5
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

@test "an unknown isolation is an error before anything runs" {
	three_tests 'exit 0'
	grade --isolation=strong -a "$assignment" "$submission"
	[ "$status" = 2 ]
	grep -q "run: isolation: 'strong': expected 'box' (all tests of a submission in one container) or 'strict'" "$messages"
}
