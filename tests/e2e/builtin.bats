#!/usr/bin/env bats
# The built-in assignment: make and make check, run.sh, a lone source file.
load helpers

setup() {
	need_engine
}

@test "a Makefile with check: the point is the check's" {
	grade "$(archive s.tar Makefile $'all:\n\ttouch built\ncheck:\n\ttest -e built\n')"
	expect verdict passed score 1 max_score 1 steps.0.name build steps.0.points null steps.1.name check steps.1.points 1
	expect assignment.name built-in image.name host
}

@test "a check that fails" {
	grade "$(archive s.tar Makefile $'all:\n\ttrue\ncheck:\n\tfalse\n')"
	expect_verdict runtime_error student 1
	expect score 0 max_score 1
}

@test "without check the point is the build's" {
	grade "$(archive s.tar Makefile $'all:\n\ttrue\n')"
	expect verdict passed score 1 max_score 1 steps.0.points 1
	grade "$(archive s.tar Makefile $'all:\n\tfalse\n')"
	expect_verdict compile_error student 1
	expect score 0 max_score 1
}

@test "a file named check is not a target; the Makefile is queried in the box" {
	grade "$(archive s.tar Makefile $'all:\n\ttrue\n' check 'a file')"
	expect verdict passed steps.0.points 1
	grade "$(archive s.tar Makefile $'all:\n\ttrue\n.PHONY: check\ncheck: dep\ndep:\n\tfalse\n')"
	expect_verdict runtime_error student 1
	expect steps.1.name check
}

@test "querying the Makefile leaves no trace" {
	grade "$(archive s.tar Makefile $'X := $(shell echo asked >>asked)\nall:\n\ttrue\ncheck:\n\ttest "$$(wc -l <asked)" -eq 2\n')"
	expect verdict passed
}

@test "run.sh needs neither x bit nor #!" {
	grade "$(archive s.tar run.sh $'echo plain\n')"
	expect verdict passed steps.0.stdout.text plain
	grade "$(archive s.tar run.sh $'#!/usr/bin/env python3\nprint("py")\n')"
	expect verdict passed steps.0.stdout.text py
}

@test "the assignment of the current folder is taken" {
	local a
	a=$(assignment here '"image": "busybox", "build": [], "tests": [{"name": "one", "run": ["cat", "f"], "stdout": "out"}]' out x)
	cd "$a"
	grade "$(archive s.tar f x)"
	expect verdict passed assignment.name here
}
