#!/usr/bin/env bats
# bats file_tags=engine,verdicts
# Every verdict and fault, by a small program that earns it.
load helpers

setup() {
	need_engine
	sum=$(assignment sum '"image": "host",
		"limits": {"cpu": "1s", "wall": "5s", "memory": "64M", "processes": 20, "output": "64K", "disk": "8M"},
		"build": [{"run": ["make"], "limits": {"cpu": "20s", "wall": "60s", "memory": "512M", "processes": 50}}],
		"tests": [{"name": "sum", "run": ["./prog"], "stdin": "1.in", "stdout": "1.out", "points": 4}]' \
		1.in $'2 3\n' 1.out $'5\n')
}

# judge BODY VERDICT FAULT STATUS - a C program whose main has this body.
judge() {
	grade -a "$sum" "$(archive s.tar Makefile "$c_makefile" prog.c "$(c_program "$1")")"
	expect_verdict "$2" "$3" "$4"
}

@test "a right answer passes with all its points and figures" {
	judge 'int a, b; scanf("%d%d", &a, &b); printf("%d\n", a + b); return 0;' passed none 0
	expect score 4 max_score 4 steps.0.kind build steps.1.points 4 steps.1.exit_code 0 \
		steps.1.stdout.text $'5' steps.1.limit_hit null steps.1.leftovers 0 engine.name "$MOULETTE_ENGINE"
	[ "$(field steps.1.cpu_ns)" -gt 0 ]
	[ "$(field steps.1.memory_peak_bytes)" -gt 4096 ]
	[ "$(field steps.1.processes_peak)" -eq 1 ]
}

@test "a wrong answer shows the difference" {
	judge 'puts("6"); return 0;' wrong_answer student 1
	expect score 0 steps.1.points 0
	[[ $(field steps.1.message) == *5*6* ]]
}

@test "a status that was not expected is a runtime error" {
	judge 'puts("5"); return 3;' runtime_error student 1
	expect steps.1.exit_code 3 steps.1.signal null
}

@test "exit status 137 is not taken for a signal" {
	judge 'puts("5"); return 137;' runtime_error student 1
	expect steps.1.exit_code 137 steps.1.signal null steps.1.limit_hit null
}

@test "signals are named" {
	judge 'raise(SIGSEGV); return 0;' runtime_error student 1
	expect steps.1.signal SIGSEGV steps.1.exit_code null
	judge 'abort();' runtime_error student 1
	expect steps.1.signal SIGABRT
	judge 'kill(getpid(), SIGKILL); return 0;' runtime_error student 1
	expect steps.1.signal SIGKILL steps.1.limit_hit null
}

@test "an endless loop hits the cpu limit" {
	judge 'for (;;);' time_limit student 1
	expect steps.1.limit_hit cpu
}

@test "a sleeper hits the wall limit" {
	judge 'sleep(1000); return 0;' time_limit student 1
	expect steps.1.limit_hit wall
}

@test "memory beyond the limit" {
	judge 'for (;;) { char *p = malloc(1 << 20); if (!p) return 1; memset(p, 1, 1 << 20); }' memory_limit student 1
	expect steps.1.limit_hit memory
	[ "$(field steps.1.oom_kills)" -gt 0 ]
}

@test "a child that is killed for memory is a memory limit, whatever the parent says" {
	judge 'if (fork() == 0) for (;;) { char *p = malloc(1 << 20); memset(p, 1, 1 << 20); }
		sleep(2); puts("5"); return 0;' memory_limit student 1
}

@test "a fork bomb hits the process limit" {
	judge 'for (;;) fork();' process_limit student 1
	expect steps.1.limit_hit processes steps.1.processes_peak 20
}

@test "processes denied to a right program are no fault" {
	judge 'int n = 0; while (n < 30) { int p = fork(); if (p == 0) { pause(); } if (p < 0) break; n++; }
		puts("5"); return 0;' passed none 0
	[ "$(field steps.1.leftovers)" -gt 10 ]
}

@test "a flood of output ends the step" {
	judge 'for (;;) puts("yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");' output_limit student 1
	expect steps.1.limit_hit output steps.1.stdout.bytes 65536 steps.1.stdout.truncated true
	judge 'for (;;) fputs("e", stderr);' output_limit student 1
	expect steps.1.stderr.bytes 65536
}

@test "output of exactly the limit is allowed" {
	judge 'for (int i = 0; i < 65536; i++) putchar(10); return 0;' wrong_answer student 1
}

@test "a full disk" {
	judge 'static char b[65536]; FILE *f = fopen("big", "w"); setvbuf(f, NULL, _IONBF, 0);
		for (int i = 0; i < 1000; i++) if (fwrite(b, 1, 65536, f) != 65536) { perror("big"); return 1; }
		return 0;' disk_limit student 1
	expect steps.1.limit_hit disk
	judge 'static char b[65536]; char n[9]; for (int i = 0;; i++) { sprintf(n, "f%d", i);
		FILE *f = fopen(n, "w"); if (!f || fwrite(b, 1, 65536, f) != 65536 || fclose(f)) return 1; }' disk_limit student 1
	judge 'char n[9]; for (int i = 0;; i++) { sprintf(n, "f%d", i);
		FILE *f = fopen(n, "w"); if (!f) return 1; fclose(f); }' disk_limit student 1
}

# fills FORMAT - a program that writes files with such names until it cannot.
fills() {
	echo 'static char b[65536]; char n[30]; for (int i = 0;; i++) { sprintf(n, "'"$1"'", i);
		FILE *f = fopen(n, "w"); if (!f || fwrite(b, 1, 65536, f) != 65536 || fclose(f)) return 1; }'
}

@test "a full place is named with its size" {
	judge "$(fills /dev/shm/f%d)" disk_limit student 1
	expect steps.1.message "filled /dev/shm, which holds 8 MiB; ended with status 1, expected 0"
	judge "$(fills /tmp/f%d)" disk_limit student 1
	expect steps.1.message "filled /tmp, which holds 8 MiB; ended with status 1, expected 0"
	judge "$(fills f%d)" disk_limit student 1
	expect steps.1.message "filled the work folder, which holds 8 MiB; ended with status 1, expected 0"
	judge 'char n[30]; for (int i = 0;; i++) { sprintf(n, "/dev/shm/f%d", i);
		FILE *f = fopen(n, "w"); if (!f) return 1; fclose(f); }' disk_limit student 1
	expect steps.1.message "filled /dev/shm with as many files as it can hold; ended with status 1, expected 0"
	# The profile gives less than the limit of the step.
	grade -i busybox "$(archive s.tar a x)" -- dd if=/dev/zero of=/dev/shm/x bs=64k
	expect steps.0.message "filled /dev/shm, which holds 16 MiB; ended with status 1, expected 0"
}

@test "a file that is too large for a compiler is the limit of disk" {
	local a big='char a[40 << 20] = {1}; int main(void) { return a[5]; }'
	a=$(assignment big '"build": [{"run": ["make"], "limits": {"disk": "16M", "cpu": "20s"}}], "tests": [{"name": "t", "run": ["./a"]}]')
	grade -a "$a" "$(archive s.tar Makefile $'a: a.c\n\tcc -o a a.c\n' a.c "$big")"
	expect steps.0.verdict disk_limit steps.0.limit_hit disk
	expect_text "$result" 'wrote a file of more than 16 MiB; ended with status 2, expected 0'
	grade -i busybox "$(archive s.tar a x)" -- sh -c 'echo File size limit exceeded >&2; exit 1'
	expect verdict runtime_error
}

@test "a stack that may have overflowed is named with its limit" {
	judge 'volatile int *p = 0; return *p;' runtime_error student 1
	expect steps.1.message "killed by SIGSEGV (invalid memory access)"
	grade -i host "$(archive s.tar deep.c 'int f(int n) { volatile int b[20]; b[n % 20] = 1; return n + f(n + 1) + b[0]; } int main(void) { return f(0); }')" \
		-- sh -c 'cc -O0 -o deep deep.c && exec ./deep'
	expect steps.0.verdict runtime_error \
		steps.0.message "killed by SIGSEGV (invalid memory access); its stack may have overflowed; the limit is 64 MiB"
}

@test "a program that does not compile" {
	grade -a "$sum" "$(archive s.tar Makefile "$c_makefile" prog.c 'this is not C')"
	expect_verdict compile_error student 1
	expect steps.1.verdict skipped steps.0.fault student
	[[ $(field steps.0.stderr.text) == *prog.c* ]]
}

@test "a build by its limits" {
	grade -a "$sum" --limit cpu=1s "$(archive s.tar Makefile $'all:\n\twhile :; do :; done\n')"
	expect_verdict time_limit student 1
	expect steps.0.limit_hit cpu steps.1.verdict skipped
}

@test "a program that was not built is the student's fault, one of the image is not" {
	grade -a "$sum" "$(archive s.tar Makefile $'all:\n\ttrue\n')"
	expect_verdict runtime_error student 1
	[[ $(field steps.1.message) == *./prog* ]]
	local missing
	missing=$(assignment missing '"tests": [{"name": "one", "run": ["no-such-program"]}], "build": []')
	grade -a "$missing" "$(archive s.tar a.txt x)"
	expect_verdict internal_error assignment 3
	expect score null
	[[ $(field error.message) == *no-such-program* ]]
}

@test "a program that the assignment laid is the assignment's" {
	local a
	a=$(assignment laid '"image": "busybox", "build": [], "files": [{"from": "grader", "to": "./grader.sh"}],
		"tests": [{"name": "one", "run": ["./grader.sh"]}]' grader $'#!/bin/no-such-shell\n')
	grade -a "$a" "$(archive s.tar x x)"
	expect_verdict internal_error assignment 3
}

@test "a script with Windows line endings is named" {
	local script
	script=$(assignment script '"tests": [{"name": "one", "run": ["./run.sh"]}], "build": []')
	grade -a "$script" "$(archive s.tar run.sh $'#!/bin/sh\r\necho hi\r\n')"
	expect_verdict runtime_error student 1
	[[ $(field steps.0.message) == *"carriage return"* ]]
	grade -a "$script" "$(archive e.tar run.sh $'#!/usr/bin/env bash\r\necho hi\r\n')"
	expect_verdict runtime_error student 1
	[[ $(field steps.0.message) == *127*"carriage return"* ]]
}

@test "time that the limit does not allow is a time limit, even with the right answer" {
	judge 'int a, b; scanf("%d%d", &a, &b); printf("%d\n", a + b); fflush(stdout);
		for (volatile long i = 0; i < 4000000000000; i++); return 0;' time_limit student 1
}

@test "a broken engine gives no points and no verdict on the student" {
	local s
	s=$(archive s.tar Makefile "$c_makefile" prog.c "$(c_program 'return 0;')")
	MOULETTE_ENGINE=/bin/false grade -a "$sum" "$s"
	expect_verdict internal_error infrastructure 3
	expect score null
	[ -n "$(field error.message)" ]
	files_into "$BATS_TEST_TMPDIR" engine $'#!/bin/sh\n[ "$1" = --version ] && echo crun version 9.9 && exit\necho out of order >&2\nexit 1\n'
	MOULETTE_ENGINE=$BATS_TEST_TMPDIR/engine grade -a "$sum" "$s"
	expect_verdict internal_error infrastructure 3
	[[ $(field error.message) == *"out of order"* ]]
}

@test "the message names the profile that has a missing file of /proc" {
	local hint='it reads a file of /proc that a box does not have; the profile os-course has all of them'
	grade -i busybox "$(archive s.tar a x)" -- cat /proc/meminfo
	expect steps.0.message "ended with status 1, expected 0; $hint"
	grade -i busybox "$(archive s.tar a x)" -- cat /proc/4242/status
	expect steps.0.message "ended with status 1, expected 0"
	grade -i busybox -p os-course "$(archive s.tar a x)" -- cat /proc/no-such-file
	expect steps.0.message "ended with status 1, expected 0"
	# What passes is not explained, what compares otherwise is.
	grade -i busybox "$(archive s.tar a x)" -- sh -c 'cat /proc/meminfo; true'
	expect steps.0.message null
	local a
	a=$(assignment proc '"image": "busybox", "build": [], "tests": [{"name": "t", "run": ["sh", "run.sh"], "stdout": "out"}]' out '1
')
	grade -a "$a" "$(archive s.tar run.sh 'grep -c MemTotal /proc/meminfo; true')"
	expect verdict wrong_answer
	expect_text "$result" "; $hint\""
}

@test "a program built with LeakSanitizer: the result says that it is off, and what turns it on" {
	local a kind hint='memory leaks were not checked: LeakSanitizer needs the profile debug'
	printf 'int main(void) { return 0; }' | cc -fsanitize=leak,address -x c -o /dev/null - 2>/dev/null || skip "cc has no sanitizer"
	for kind in address leak; do
		a=$(assignment leak '"build": [{"run": ["cc", "-fsanitize='$kind'", "-o", "p", "p.c"]}, {"run": ["cc", "-o", "q", "p.c"]}], "tests": [
			{"name": "one", "run": ["./p"]}, {"name": "two", "run": ["./p"], "exit": 3}, {"name": "plain", "run": ["./q"]},
			{"name": "on", "run": ["./p"], "env": {"ASAN_OPTIONS": "detect_leaks=1", "LSAN_OPTIONS": "detect_leaks=1"}}]')
		grade -a "$a" "$(archive s.tar p.c 'int main(void) { return 0; }')"
		expect steps.2.verdict passed steps.2.message "$hint" steps.3.message "ended with status 0, expected 3; $hint" \
			steps.4.message null steps.5.verdict runtime_error
		expect_text "$result" 'expected 0; LeakSanitizer needs ptrace, which the profile debug allows"'
		moulette run -a "$a" "$(archive s.tar p.c 'int main(void) { return 0; }')" >"$BATS_TEST_TMPDIR/report" || true
		[ "$(grep -c "    $hint" "$BATS_TEST_TMPDIR/report")" = 1 ]
		grade -p debug -a "$a" "$(archive s.tar p.c 'int main(void) { return 0; }')"
		expect steps.2.verdict passed steps.2.message null steps.5.verdict passed
	done
}
