#!/usr/bin/env bats
# bats file_tags=engine
# Hand-ins and assignments as people make them: other systems' archives, odd names, modes and times,
# Makefiles of real life, and teachers' slips.
load helpers

setup() {
	need_engine
	hello_makefile=$'all: prog\nprog: prog.c\n\tcc -Wall -o prog prog.c\ncheck: prog\n\t./prog\n'
	hello_c=$'#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
}

# passes OPTION... SUBMISSION [-- COMMAND...] - graded, and all right.
passes() {
	grade "$@"
	expect_verdict passed none 0 || fail "of: ${*: -1}"
}

# zipped NAME SYSTEM [ENTRY CONTENT]... - a zip of exactly these names, in Python's escapes and
# latin-1, so that "\xfc" is that byte. SYSTEM is 0 for DOS, 3 for Unix without any mode.
zipped() {
	python3 - "$BATS_TEST_TMPDIR/$1" "${@:2}" <<-'END'
		import sys, zipfile
		path, system, *rest = sys.argv[1:]
		class Entry(zipfile.ZipInfo):
		    def _encodeFilenameFlags(self):
		        return self.raw, self.flag_bits
		with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
		    for name, text in zip(rest[::2], rest[1::2]):
		        entry = Entry("x")
		        entry.raw = name.encode().decode("unicode_escape").encode("latin-1")
		        entry.filename = entry.raw.decode("latin-1")
		        entry.create_system, entry.external_attr = int(system), 0
		        z.writestr(entry, text, zipfile.ZIP_DEFLATED)
	END
	echo "$BATS_TEST_TMPDIR/$1"
}

@test "archives of macOS: resource forks are no sources and no top folder" {
	local fork=$'\x05\x16\x07'
	passes "$(zipped mac.zip 3 hw/Makefile "$hello_makefile" hw/prog.c "$hello_c" hw/.DS_Store x \
		__MACOSX/._hw "$fork" __MACOSX/hw/._prog.c "$fork")"
	expect steps.1.name check
	passes "$(archive mac.tar ._hw "$fork" hw/._prog.c "$fork" hw/prog.c "$hello_c")"
	expect steps.1.stdout.text hello
}

@test "zips of Windows: backslashes, no modes, carriage returns in Makefile and source" {
	passes "$(zipped win.zip 0 "hw\\\\" '' 'hw\\Makefile' "${hello_makefile//$'\n'/$'\r\n'}" \
		'hw\\prog.c' "${hello_c//$'\n'/$'\r\n'}")"
	expect steps.1.name check
	passes "$(zipped unix.zip 3 hw/run.sh $'#!/bin/sh\necho ran\n')"
	expect steps.0.stdout.text ran
}

@test "names keep their bytes; what is no UTF-8 in a zip is code page 437" {
	local name names=('\x81bung' '\xfcbung' '\x93q\x94' '\xc3\xa9bung' 'u\xcc\x88bung') entries=()
	for name in "${names[@]}"; do entries+=("$name" x); done
	passes "$(zipped names.zip 0 prog.py x "${entries[@]}")" -- \
		python3 -c 'import os; print(sorted(os.listdir(b".")))'
	expect submission.entries 6 steps.0.stdout.text "$(python3 -c 'import sys
raw = [n.encode().decode("unicode_escape").encode("latin-1") for n in sys.argv[1:]]
def kept(n):
    try: n.decode(); return n
    except UnicodeDecodeError: return n.decode("cp437").encode()
print(sorted(map(kept, raw)))' prog.py "${names[@]}")"
}

@test "a Makefile has the names of its archive: of Explorer in cp437, of macOS in decomposed form" {
	local nfd=$'e\xcc\x81te' oem=$'\xc3\xa9t\xc3\xa9' make=$'check:\n\ttest "$$(cat %s.txt)" = x\n' tree
	passes "$(zipped oem.zip 0 Makefile "${make//%s/$oem}" '\x82t\x82.txt' x)"
	tree=$(archive tree Makefile "${make//%s/$nfd}" "$nfd.txt" x)
	passes "$tree"
	tar --format=pax -C "$tree" -cf "$BATS_TEST_TMPDIR/nfd.tar" .
	passes "$BATS_TEST_TMPDIR/nfd.tar"
	(cd "$tree" && python3 -m zipfile -c "$BATS_TEST_TMPDIR/nfd.zip" Makefile "$nfd.txt")
	passes "$BATS_TEST_TMPDIR/nfd.zip"
}

@test "bytes before a zip, as of a self-extractor or a web form" {
	local zip
	zip=$(zipped plain.zip 0 prog.py 'print(1)')
	{ printf '\r\n'; cat "$zip"; } >"$BATS_TEST_TMPDIR/form.zip"
	{ printf '#!/bin/sh\nexit 0\n'; cat "$zip"; } >"$BATS_TEST_TMPDIR/extractor.exe"
	passes "$BATS_TEST_TMPDIR/form.zip"
	passes "$BATS_TEST_TMPDIR/extractor.exe"
}

@test "each dialect of tar, with root's set-id files" {
	local tree format
	tree=$(archive tree Makefile "$hello_makefile" prog.c "$hello_c")
	chmod 6755 "$tree/prog.c"
	for format in gnu oldgnu pax ustar v7; do
		tar --format=$format --owner=0 --group=0 -C "$tree" -cf "$BATS_TEST_TMPDIR/$format.tar" .
		passes "$BATS_TEST_TMPDIR/$format.tar"
	done
	grade "$BATS_TEST_TMPDIR/gnu.tar" -- stat -c '%a %u' prog.c
	expect steps.0.stdout.text '755 1000'
}

@test "top folders with any name that people give them" {
	local top
	for top in 'My homework (final)' ' ü é ' -x "100% & a'b\"c" '*,$HOME'; do
		passes "$(archive top.tar "$top/Makefile" "$hello_makefile" "$top/prog.c" "$hello_c")"
		expect steps.1.name check
	done
}

@test "read-only files and folders are built in all the same" {
	local tree
	tree=$(archive tree Makefile $'all:\n\t$(MAKE) -C sub\ncheck:\n\tsub/prog\n' \
		sub/Makefile "$hello_makefile" sub/prog.c "$hello_c" sub/secret x)
	chmod 0444 "$tree/sub/Makefile"
	chmod 0 "$tree/sub/secret"
	chmod 0555 "$tree/sub" "$tree"
	tar -C "$tree" -cf "$BATS_TEST_TMPDIR/modes.tar" .
	passes "$BATS_TEST_TMPDIR/modes.tar"
	passes "$tree"
	chmod 0755 "$tree/sub" "$tree"
}

@test "files of the past and of the future are built" {
	local tree when
	tree=$(archive tree Makefile "$hello_makefile" prog.c "$hello_c")
	for when in '1970-01-01 UTC' '1969-06-01 UTC' '2040-01-01 UTC'; do
		touch -d "$when" "$tree/Makefile" "$tree/prog.c"
		tar --format=pax -C "$tree" -cf "$BATS_TEST_TMPDIR/times.tar" .
		passes "$BATS_TEST_TMPDIR/times.tar"
	done
}

@test "links that stay inside, loops and dangling ones among them" {
	local tree
	tree=$(archive tree hw/Makefile "$hello_makefile" hw/prog.c "$hello_c" hw/sub/x x)
	ln -s ../prog.c "$tree/hw/sub/link.c"
	ln -s . "$tree/hw/loop"
	ln -s nowhere "$tree/hw/dangling"
	ln "$tree/hw/prog.c" "$tree/hw/sub/hard.c"
	tar -C "$tree" -cf "$BATS_TEST_TMPDIR/links.tar" .
	passes "$BATS_TEST_TMPDIR/links.tar"
	passes "$BATS_TEST_TMPDIR/links.tar" -- sh -c 'cmp sub/link.c sub/hard.c && test loop/prog.c -ef sub/hard.c'
}

@test "fifteen thousand files" {
	python3 - "$BATS_TEST_TMPDIR/many.tar" <<-'END'
		import io, sys, tarfile
		with tarfile.open(sys.argv[1], "w") as t:
		    for i in range(15000):
		        t.addfile(tarfile.TarInfo(f"data/{i % 100}/{i}"))
		    run = tarfile.TarInfo("run.sh")
		    text = b"find . -type f | wc -l\n"
		    run.size = len(text)
		    t.addfile(run, io.BytesIO(text))
	END
	passes "$BATS_TEST_TMPDIR/many.tar"
	expect submission.entries 15001 steps.0.stdout.text 15001
}

@test "a Makefile of real life" {
	passes "$(archive real.tar.gz Makefile 'SHELL = /bin/bash
OBJ = $(patsubst src/%.c,build/%.o,$(wildcard src/*.c))
all: bin/app
	$(MAKE) -j4 -C "a sub"
build bin:
	mkdir -p $@
build/gen.h: gen.sh | build
	sh $< >$@
build/%.o: src/%.c build/gen.h | build
	cc -O2 -Wall -MMD -MP -Ibuild -c -o $@ $<
build/libx.a: build/x.o
	ar rcs $@ $^ && ranlib $@
bin/app: build/main.o build/libx.a | bin
	cc -o $@ $< -Lbuild -lx && strip $@
	install -D -m 755 $@ inst/bin/app && ln -sf bin/app app
	cp -a src inst/ && tar czf dist.tar.gz src && sed -i s/x/x/ gen.sh
	find . -name "*.c" | xargs -P 4 wc -l && cat <(echo substituted)
-include $(OBJ:.o=.d)
check: all
	./app && inst/bin/app
' gen.sh 'echo "#define ONE 1"' 'a sub/Makefile' $'all: 1 2 3 4 5 6 7 8\n%:\n\ttouch "$@"\n' \
		src/main.c $'#include "gen.h"\nint f(void);\nint main(void) { return f() - ONE; }\n' \
		src/x.c $'int f(void) { return 1; }\n')"
	expect steps.1.name check
}

@test "programs of a systems course find what they need" {
	passes "$(archive system.tar Makefile $'prog: prog.c\n\tcc -pthread -o prog prog.c\ncheck:\n\t./prog\n' \
		prog.c '#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define MUST(x) do { if (!(x)) { printf("line %d: %s\n", __LINE__, #x); exit(1); } } while (0)
static volatile sig_atomic_t rung;
static void ring(int s) { rung = s; }
static void *thread(void *p) { return p; }
static int deep(int n) { volatile char b[1024]; b[0] = 1; return n ? deep(n - 1) + b[0] : 0; }
int main(void) {
	pthread_t t[30];
	for (int i = 0; i < 30; i++)
		MUST(!pthread_create(&t[i], NULL, thread, NULL));
	for (int i = 0; i < 30; i++)
		MUST(!pthread_join(t[i], NULL));
	MUST(deep(55000) == 55000);
	MUST(getpwuid(getuid()) && getenv("HOME") && setlocale(LC_ALL, ""));
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	MUST(!strcmp(tzname[0], "CET"));
	MUST(tmpfile() && fopen("/proc/self/status", "r") && fopen("/dev/urandom", "r"));
	MUST(system("exit 3") >> 8 == 3);
	FILE *p = popen("wc -c", "w");
	MUST(p && fputs("abc", p) >= 0 && pclose(p) == 0);
	struct itimerval soon = { .it_value.tv_usec = 1000 };
	signal(SIGALRM, ring);
	MUST(!setitimer(ITIMER_REAL, &soon, NULL));
	while (!rung)
		usleep(100);
	int fd = shm_open("/a", O_CREAT | O_RDWR, 0600);
	MUST(fd >= 0 && !ftruncate(fd, 4096));
	MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	MUST(sem_open("/s", O_CREAT, 0600, 1) != SEM_FAILED);
	MUST(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) >= 0);
	struct addrinfo *ai;
	MUST(!getaddrinfo("localhost", "8080", NULL, &ai));
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(8080) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	MUST(s >= 0 && !bind(s, (void *)&a, sizeof a) && !listen(s, 5));
	if (fork() == 0) {
		int c = socket(AF_INET, SOCK_STREAM, 0);
		_exit(connect(c, (void *)&a, sizeof a) || write(c, "hello", 5) != 5);
	}
	char b[8];
	int c = accept(s, NULL, NULL), status;
	MUST(c >= 0 && read(c, b, sizeof b) == 5 && wait(&status) > 0 && status == 0);
	return 0;
}
')"
}

@test "a Python program of several files and processes" {
	passes "$(archive py.tar hw/main.py 'import multiprocessing, sqlite3, subprocess, tempfile, threading
from tools.double import double
if __name__ == "__main__":
    with multiprocessing.Pool(3) as pool:
        print(pool.map(double, [1, 2, 3]))
    print(subprocess.check_output(["echo", "child"], text=True), end="")
    sqlite3.connect("a.db").execute("create table t (n)")
    tempfile.TemporaryFile().write(b"x")
    print("ü 中")
' hw/tools/__init__.py '' hw/tools/double.py $'def double(n):\n    return 2 * n\n')"
	expect steps.1.stdout.text $'[2, 4, 6]\nchild\nü 中'
}

@test "sanitizers run, and their findings count" {
	local flags=(-g '-fsanitize=address,undefined')
	echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/try.c"
	cc "${flags[@]}" -o "$BATS_TEST_TMPDIR/try" "$BATS_TEST_TMPDIR/try.c" || skip "no sanitizers are installed"
	local makefile=$'prog: prog.c\n\tcc '"${flags[*]}"$' -o prog prog.c\ncheck: prog\n\t./prog\n'
	passes "$(archive good.tar Makefile "$makefile" prog.c \
		"$(c_program 'char *p = malloc(10); p[9] = 1; free(p); return 0;')")"
	grade "$(archive bad.tar Makefile "$makefile" prog.c \
		"$(c_program 'volatile int n = 10; char *p = malloc(10); p[n] = 1; return 0;')")"
	expect_verdict runtime_error student 1
	[[ $(field steps.1.stderr.text) == *heap-buffer-overflow* ]]
}

@test "arguments and inputs arrive as they are written" {
	local words='["a b", "\"q\"", "", "ü中", "$HOME", "`x`", "*", "\\n", "-n", "two\nlines", "\t", "a;b"]'
	local here
	here=$(assignment words '"build": [], "tests": [
		{"name": "words", "run": ["python3", "prog.py"], "args": '"$words"', "stdout": "words.out"},
		{"name": "returns", "run": ["python3", "prog.py"], "stdin": "returns.in", "stdout": "returns.out"},
		{"name": "no newline", "run": ["python3", "prog.py"], "stdin": "last.in", "stdout": "last.out"},
		{"name": "nothing", "run": ["python3", "prog.py"], "stdout": "nothing.out"}]' \
		words.out "$(python3 -c 'import json, sys; print(ascii(json.loads(sys.argv[1])), b"")' "$words")" \
		returns.in $'a\r\n\r\nb\r\n' returns.out "[] b'a\\r\\n\\r\\nb\\r\\n'" \
		last.in 'x' last.out "[] b'x'" nothing.out "[] b''")
	passes -a "$here" "$(archive words prog.py \
		'import sys; print(ascii(sys.argv[1:]), sys.stdin.buffer.read())')"
	expect score 4
}

@test "the message shows the difference in one line" {
	local here n=0 tests='' got want part outputs=()
	while IFS='|' read -r got want part; do
		n=$((n + 1))
		tests+=", {\"name\": \"$n\", \"run\": [\"python3\", \"prog.py\"], \"args\": [\"$got\"],
			\"compare\": \"exact\", \"stdout\": \"$n.out\"}"
		outputs+=("$n.out" "$(printf "%bx" "$want")")
		outputs[-1]=${outputs[-1]%x}
		parts[n]=$part
	done <<-'END'
		'a'*5000+'c\\n'|long\n|...aa
		'b'|b\n|newline at the end of the output is missing
		'b\\r\\n'|b\n|got "b\r"
		'b \\n'|b\n|trailing blanks
		'a\\tb\\n'|a b\n|got "a\tb"
		'1\\n2\\n'|1\n2\n3\n|line 3: expected "3", got the end of the output
		'1\\n2\\n'|1\n|line 2: expected the end of the output, got "2"
		b'\\xff\\0\\n'|x\n|got "\xff\x00"
		'\\x1b[31m'|x\n|got "\x1b[31m"
	END
	outputs[1]=$(printf 'a%.0s' {1..5000})b$'\n'
	here=$(assignment seen "\"build\": [], \"tests\": [${tests#, }]" "${outputs[@]}")
	grade -a "$here" "$(archive seen prog.py 'import sys
text = eval(sys.argv[1])
sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode())')"
	expect_verdict wrong_answer student 1
	for ((i = 1; i <= n; i++)); do
		got=$(field "steps.$((i - 1)).message")
		[[ $got == *"${parts[i]}"* && $got != *$'\n'* && ${#got} -lt 160 ]] || fail "$i: $got"
	done
}

@test "a mistake of the teacher is named with file, key and expected value" {
	local body says here
	while IFS='|' read -r body says; do
		here=$(assignment slip "$body" in.txt 1)
		grade -a "$here" "$(archive s.tar run.sh '#!/bin/sh')"
		[ "$status" = 2 ] && [ ! -s "$result" ] || fail "accepted: $body" || return 1
		expect_text "$messages" assignment.json "$says"
	done <<-'END'
		"tests": [{"name": "a", "run": "./a b"}]|tests[0].run: expected an array of words
		"tests": [{"name": "a", "run": ["a"], "args": [1]}]|tests[0].args: expected an array of strings
		"tests": [{"name": "a", "run": ["a"], "points": "3"}]|tests[0].points: expected a number
		"tests": [{"name": "a", "run": ["a"], "stdin": "1.in"}]|tests[0].stdin: cannot read '1.in'
		"tests": [{"name": "a", "run": ["a"], "expected": "in.txt"}]|tests[0]: unknown key 'expected'
		"tests": [{"name": "a", "run": ["a"], "compare": "fuzzy", "stdout": "in.txt"}]|known: exact, lines
		"tests": [{"name": "a", "run": ["a"]}, {"name": "a", "run": ["a"]}]|'a' is the name of an earlier one
		"tests": [{"name": "a", "run": ["a"]}], "limits": {"memory": "64MB"}|'64MB' is not a size
		"tests": [{"name": "a", "run": ["a"]}], "limits": {"mem": "64M"}|unknown key 'mem'
		"tests": [{"name": "a", "run": ["a"]}], "build": ["make"]|build[0]: expected an object
		"tests": [{"name": "a", "run": ["a"], "stdout": "in.txt"}], "files": [{"from": "./", "to": "/g"}]|would show
		"tests": [{"name": "a" "run": ["a"]}]|line 1
	END
}
