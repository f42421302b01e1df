#!/usr/bin/env bats
# Assignments: what they may say, and what is an error before any box starts.
load helpers

setup() {
	need_engine
}

# bad JSON WORD... - an error that names these words.
bad() {
	local a json=$1
	shift
	a=$(assignment bad "$json" in x)
	grade -a "$a" "$(archive s.tar x x)"
	[ "$status" = 2 ] || fail "$json: $status"
	expect_text "$messages" assignment.json "$@"
	[ ! -s "$result" ]
}

@test "an invalid assignment is exit 2 and the error is named" {
	bad '"tests": [{"name": "a", "run": ["true"]}], "colour": 1' colour
	bad '"tests": [{"name": "a", "run": ["true"], "pionts": 1}]' pionts 'tests[0]'
	bad '"tests": [{"name": "a", "run": "true"}]' run
	bad '"tests": [{"name": "a", "run": ["true"], "stdin": "nowhere"}]' nowhere
	bad '"tests": [{"name": "a", "run": ["true"], "stdin": "../x"}]' ../x
	bad '"tests": [{"name": "a", "run": ["true"]}, {"name": "a", "run": ["true"]}]' a
	bad '"tests": [{"name": "a", "run": ["true"], "limits": {"memory": "lots"}}]' memory lots
	bad '"tests": [{"name": "a", "run": ["true"], "points": -1}]' points
	bad '"tests": [{"name": "a", "run": ["true"], "hidden": true}]' hidden
	bad '"tests": [{"name": "a", "run": ["true"], "stdout": "in"}], "files": [{"from": "in", "to": "/grader/in"}]' in
	bad '"tests": []' tests
}

@test "files: absolute ones are read-only, relative ones win and are laid again" {
	local a
	a=$(assignment files '"image": "busybox", "files": [{"from": "grader/", "to": "/grader"}, {"from": "harness.sh", "to": "harness.sh"}],
		"build": [{"run": ["sh", "-c", "echo spoilt >harness.sh; rm -rf harness.sh; mkdir harness.sh"]}],
		"tests": [{"name": "one", "run": ["sh", "harness.sh"], "stdout": "out"},
			{"name": "two", "run": ["sh", "-c", "echo x >/grader/data || echo x >/grader/new"], "exit": 1}]' \
		grader/data secret harness.sh 'cat /grader/data' out secret)
	chmod 600 "$a/grader/data"
	grade -a "$a" "$(archive s.tar harness.sh 'echo mine')"
	expect verdict passed steps.1.verdict passed steps.2.verdict passed
}

@test "env, args, exit, compare, points" {
	local a
	a=$(assignment keys '"image": "busybox", "env": {"A": "1"}, "build": [], "tests": [
		{"name": "args", "run": ["sh", "-c", "echo $0 $1 $A $B"], "args": ["x", "y z"], "env": {"B": "2"}, "stdout": "args.out"},
		{"name": "exit", "run": ["sh", "-c", "exit 7"], "exit": 7, "points": 2.5},
		{"name": "lines", "run": ["printf", "a  \\nb\\n\\n\\n"], "stdout": "ab"},
		{"name": "exact", "run": ["printf", "a  \\nb\\n"], "stdout": "ab", "compare": "exact"},
		{"name": "none", "run": ["printf", "c"], "stdout": "ab", "compare": "none"}]' args.out $'x y z 1 2\n' ab $'a\nb\n')
	grade -a "$a" "$(archive s.tar x x)"
	expect verdict wrong_answer score 5.5 max_score 6.5
	expect steps.0.verdict passed steps.1.verdict passed steps.2.verdict passed steps.3.verdict wrong_answer steps.4.verdict passed
}

@test "one assignment takes every language of the table" {
	local a f
	a=$(assignment sum '"tests": [{"name": "sum", "stdin": "in", "stdout": "out"}], "limits": {"memory": "64M", "processes": 5}' in $'2 3\n' out $'5\n')
	files_into "$BATS_TEST_TMPDIR" s.c $'#include <stdio.h>\nint main(void) { int a, b; scanf("%d%d", &a, &b); printf("%d\\n", a + b); }' \
		s.cpp $'#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b << std::endl; }' \
		s.py 'print(sum(map(int, input().split())))' s.sh $'read a b; echo $((a + b))'
	for f in s.c s.cpp s.py s.sh; do
		grade -a "$a" "$BATS_TEST_TMPDIR/$f"
		expect verdict passed
	done
}

@test "a syntax error of Python is a compile error, whatever lies beside the main file" {
	local a
	a=$(assignment py '"tests": [{"name": "one", "stdout": "out"}, {"name": "two"}]' out $'1\n')
	grade -a "$a" "$(archive wrong.tar main.py $'print(1)\nif 1:\nprint(2)\n' x.py 'y = 2')"
	expect_verdict compile_error student 1
	expect steps.0.verdict compile_error steps.1.verdict skipped steps.2.verdict skipped
	[[ $(field steps.0.message) == *"IndentationError: "*"main.py, line 3"* ]] || fail "$(field steps.0.message)"
	# What its modules have, or a module named as one of Python's, shows when it is imported.
	grade -a "$a" "$(archive right.tar main.py 'print(1)' x.py 'y = (' ast.py 'raise OSError' sys.py 'raise OSError')"
	expect verdict passed steps.0.kind build
}

# compiler NAME TEXT - a folder with a script of that name for c++.
compiler() {
	mkdir -p "$BATS_TEST_TMPDIR/$1"
	printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/$1/c++"
	chmod 755 "$BATS_TEST_TMPDIR/$1" "$BATS_TEST_TMPDIR/$1/c++"
}

@test "a compiler that lacks gnu++20 is called without it, and one that fails on any program is the image's fault" {
	local a right wrong
	a=$(assignment cpp '"tests": [{"name": "one"}]')
	right=$(archive right.tar a.cpp 'int main() { return 0; }')
	wrong=$(archive wrong.tar a.cpp 'int main() { return x; }')
	compiler old 'for word; do [ "$word" != -std=gnu++20 ] || { echo "unrecognized option $word" >&2; exit 1; }; done; exec /usr/bin/c++ "$@"'
	compiler broken 'echo "cannot execute cc1plus" >&2; exit 1'
	grade -v "$BATS_TEST_TMPDIR/old:/opt" -e PATH=/opt:/usr/bin:/bin -a "$a" "$right"
	expect verdict passed
	grade -v "$BATS_TEST_TMPDIR/old:/opt" -e PATH=/opt:/usr/bin:/bin -a "$a" "$wrong"
	expect_verdict compile_error student 1
	grade -v "$BATS_TEST_TMPDIR/broken:/opt" -e PATH=/opt:/usr/bin:/bin -a "$a" "$right"
	expect_verdict internal_error infrastructure 3
	expect error.code image.compiler
	[[ $(field steps.0.message) == *"image 'host'"*"cannot execute cc1plus"* ]] || fail "$(field steps.0.message)"
	# The teacher's own command is not changed, but doubted as well.
	a=$(assignment own '"build": [{"run": ["c++", "-std=gnu++20", "a.cpp"]}], "tests": [{"name": "one", "run": ["./a.out"]}]')
	grade -v "$BATS_TEST_TMPDIR/old:/opt" -e PATH=/opt:/usr/bin:/bin -a "$a" "$right"
	expect_verdict compile_error student 1
	grade -v "$BATS_TEST_TMPDIR/broken:/opt" -e PATH=/opt:/usr/bin:/bin -a "$a" "$right"
	expect error.code image.compiler
	grade -v "$BATS_TEST_TMPDIR/old:/opt" -e PATH=/opt:/usr/bin:/bin -a "$a" "$(archive 17.tar a.cpp 'int main() { return __cplusplus < 202000; }')"
	expect_verdict compile_error student 1
}

@test "C++20 compiles with the table of languages" {
	grade "$(archive s.tar a.cpp $'#include <version>\n#ifndef __cpp_concepts\n#error old\n#endif\nint main() { return __cplusplus < 202000; }')"
	expect verdict passed
}

@test "a long input is passed on, even if the program does not read it" {
	local a
	a=$(assignment long '"image": "busybox", "build": [], "tests": [
		{"name": "count", "run": ["wc", "-c"], "stdin": "long", "stdout": "out"}, {"name": "ignore", "run": ["true"], "stdin": "long"},
		{"name": "copy", "run": ["cat"], "stdin": "long", "stdout": "long"}], "limits": {"output": "8M"}' out 5000000)
	head -c 5000000 /dev/urandom | base64 -w 100 | head -c 5000000 >"$a/long"
	grade -a "$a" "$(archive s.tar x x)"
	expect verdict passed
}

@test "assignment check" {
	local a
	a=$(assignment ok '"tests": [{"name": "a", "run": ["true"], "points": 2}, {"name": "b", "run": ["true"]}]')
	run -0 "$MOULETTE" assignment check "$a"
	[[ $output == *"2 tests, 3 points"* ]]
	a=$(assignment bad '"tests": [{"run": ["true"]}]')
	run -2 "$MOULETTE" assignment check "$a"
	[[ $output == *name* ]]
	a=$(assignment long '"limits": {"output": "1K"}, "tests": [{"name": "a", "run": ["true"], "stdout": "out"}]' out "$(seq 1000)")
	run -2 "$MOULETTE" assignment check "$a"
	[[ $output == *limits.output* ]]
}

# refused JSON WORD... - by `assignment check`, with these words.
refused() {
	local a
	a=$(assignment refused "$1" "${@:3}")
	run -2 "$MOULETTE" assignment check "$a"
	[[ $output == *"$2"* ]] || fail "$1: $output"
}

@test "assignment check: a bad image, profile, key or expected output is an error" {
	local a tests='"tests": [{"name": "a", "run": ["true"]}]'
	refused "\"image\": \"nowhere\", $tests" "no image 'nowhere'; there is "
	refused "\"image\": \"a b\", $tests" "a b"
	refused "\"profile\": \"nowhere\", $tests" "nowhere"
	refused '"tests": [{"name": "a", "run": ["true"], "peers": [{"name": "p", "run": ["x"], "profile": "nowhere"}]}], "network": {}' nowhere
	refused "\"limits\": {\"cpu\": 1, \"cpu\": 2}, $tests" '"cpu": the key is given twice'
	refused "$tests, $tests" 'line 1: "tests": the key is given twice'
	refused '"tests": [{"name": "a", "run": ["true"], "compare": "exact"}]' "nothing to compare with"
	# Nothing is built for it, and what a recipe would make is there.
	a=$(assignment known "\"image\": \"debian-java\", \"profile\": \"strict\", $tests")
	run -0 "$MOULETTE" assignment check "$a"
	run -0 "$MOULETTE" image list
	[[ $output != *debian-java* ]]
}

@test "assignment check warns of programs that the submission can configure" {
	local a
	a=$(assignment programs '"files": [{"from": "harness.py", "to": "./"}], "build": [{"run": ["make"]}], "tests": [
		{"name": "own", "run": ["python3", "main.py"]}, {"name": "safe", "run": ["python3", "-I", "harness.py"]},
		{"name": "open", "run": ["python3", "harness.py"]}, {"name": "leaks", "run": ["valgrind", "./a.out"]},
		{"name": "make", "run": ["make", "check"]}]' harness.py x)
	run -0 --separate-stderr "$MOULETTE" assignment check "$a"
	[ "$(grep -c 'TEST PROGRAMS in moulette-assignment(5)$' <<<"$stderr")" = 3 ] || fail "$stderr"
	[[ $stderr == *"test 'open': python "*"test 'leaks': valgrind "*"test 'make': make "* ]] || fail "$stderr"
}

@test "assignment check warns of byte order marks and UTF-16" {
	local a
	a=$(assignment mark '"tests": [{"name": "a", "run": ["true"], "stdout": "out"}, {"name": "b", "run": ["true"], "stdin": "in"}]' \
		out $'\xef\xbb\xbf4\n' in $'4\n')
	run -0 --separate-stderr "$MOULETTE" assignment check "$a"
	[[ $output == "mark: valid: 2 tests, 2 points" ]]
	[[ $stderr == "moulette: warning: test 'a': the expected output '$a/out' begins with a byte order mark"* ]]
	[ "$(wc -l <<<"$stderr")" = 1 ]
	iconv -f utf-8 -t utf-16 <<<4 >"$a/out"
	run -0 --separate-stderr "$MOULETTE" assignment check "$a"
	[[ $stderr == *"is in UTF-16"* ]]
}
