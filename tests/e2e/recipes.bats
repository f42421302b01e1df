#!/usr/bin/env bats
# Images of Debian's packages: each recipe is built and works in a box. The packages come from where
# the host's apt takes its own; where they cannot be had, tests are skipped.
load helpers

setup() {
	need_engine
	command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
	# One for the whole file: what one test has built, the next one uses.
	chmod 711 "$BATS_FILE_TMPDIR"
	export MOULETTE_HOME=$BATS_FILE_TMPDIR/home
}

# build NAME - and print the digest. Without a network there is nothing to test.
build() {
	local said=$BATS_TEST_TMPDIR/said
	moulette image build "$1" 2>"$said" >"$BATS_TEST_TMPDIR/digest" || {
		! grep -Eq 'Temporary failure resolving|Could not resolve|Could not connect|Unable to connect|Network is unreachable|Connection timed out|Connection refused|no source of this host' "$said" ||
			skip "packages cannot be had: $(tail -n 1 "$said")"
		cat "$said" >&2
		return 1
	}
	sed "s/^$1 //" "$BATS_TEST_TMPDIR/digest"
}

# has_what_a_box_needs NAME
has_what_a_box_needs() {
	moulette image show "$1" --json >"$BATS_TEST_TMPDIR/show.json"
	python3 - "$BATS_TEST_TMPDIR/show.json" <<-'END'
		import json, os, stat, sys
		image = json.load(open(sys.argv[1]))
		top = image["rootfs"]
		kind = lambda path: stat.filemode(os.lstat(top + path).st_mode)
		for path in "/work", "/dev", "/proc", "/sys", "/tmp", "/run", "/var/cache", "/var/log":
		    assert kind(path)[0] == "d" and os.listdir(top + path) == [], path
		assert kind("/tmp") == "drwxrwxrwt", kind("/tmp")
		assert "student:x:1000:1000:" in open(top + "/etc/passwd").read()
		assert open(top + "/etc/resolv.conf").read() == ""
		assert "LANG=C.UTF-8" in image["env"] and any(e.startswith("PATH=") for e in image["env"])
		assert image["dropped"]["devices"] == 0 and image["dropped"]["setid"] > 0
		assert any(p["name"] == "libc6" for p in image["packages"]), image["packages"][:3]
		for name in "shadow", "hostname", "machine-id", "apt":
		    assert not os.path.lexists(top + "/etc/" + name), name
		assert os.path.exists(top + "/usr/share/doc/libc6/copyright")
		for folder, names, files in os.walk(top):
		    for path in (os.path.join(folder, name) for name in names + files):
		        seen = os.lstat(path)
		        assert not seen.st_mode & 0o6000 or stat.S_ISLNK(seen.st_mode), path
		        # What was made while it was built tells nothing of the hour.
		        assert seen.st_mtime < os.stat(sys.argv[1]).st_mtime - 3600 * 24, path
	END
}

# bats test_tags=slow
@test "debian-c: a Makefile, tests with check, valgrind" {
	build debian-c >/dev/null
	has_what_a_box_needs debian-c
	local makefile='CFLAGS = -g -Wall $(shell pkg-config --cflags check)
LDLIBS = $(shell pkg-config --libs check)
test_sum: test_sum.o sum.o
check: test_sum
	./test_sum
	CK_FORK=no valgrind -q --error-exitcode=9 --leak-check=full ./test_sum
'
	local suite='#include <check.h>
int sum(const int *v, int n);
START_TEST(adds)
{
	int v[] = { 2, 3 };
	ck_assert_int_eq(sum(v, 2), 5);
}
END_TEST
int main(void)
{
	Suite *s = suite_create("sum");
	TCase *tc = tcase_create("sum");
	tcase_add_test(tc, adds);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
'
	grade -i debian-c "$(archive right.tar.gz Makefile "$makefile" test_sum.c "$suite" \
		sum.c 'int sum(const int *v, int n) { return n ? *v + sum(v + 1, n - 1) : 0; }')"
	expect verdict passed score 1 steps.1.name check
	# The same value, with a look beyond the array: only valgrind sees it.
	grade -i debian-c "$(archive beyond.tar.gz Makefile "$makefile" test_sum.c "$suite" sum.c '#include <stdlib.h>
int sum(const int *v, int n)
{
	int *copy = malloc(n * sizeof(int)), s = 0;
	for (int i = 0; i < n; i++)
		s += copy[i] = v[i];
	if (copy[n] == 123456789)
		s = 0;
	free(copy);
	return s;
}')"
	expect verdict runtime_error steps.0.verdict passed
	grade -i debian-c "$(archive cpp.tar main.cpp '#include <iostream>
#include <vector>
int main() { std::vector<int> v{1, 2}; std::cout << v.size() << std::endl; }')"
	expect verdict passed steps.1.stdout.text 2
}

# bats test_tags=slow,long
@test "debian-python: a script, pytest, and the same digest twice" {
	local first second
	first=$(build debian-python)
	[[ $first == sha256:* ]] || skip "packages cannot be had"
	has_what_a_box_needs debian-python
	grade -i debian-python "$(archive s.tar main.py 'import getpass, sqlite3, ssl, sys
print(getpass.getuser(), sys.stdout.encoding, "\u00e9")')"
	expect verdict passed steps.1.stdout.text 'student utf-8 é'
	local test=$'def test_one():\n    assert 1 + 1 == 2\n'
	grade -i debian-python "$(archive t.tar test_one.py "$test")" -- python3 -m pytest -q -p no:cacheprovider
	expect verdict passed
	grade -i debian-python "$(archive t.tar test_one.py "${test/2/3}")" -- python3 -m pytest -q -p no:cacheprovider
	expect verdict runtime_error
	# Whoever builds it, and wherever.
	export MOULETTE_HOME=$BATS_TEST_TMPDIR/other
	chmod 711 "$BATS_TEST_TMPDIR"
	second=$(umask 077 && cd / && TZ=Asia/Tokyo LC_ALL=C SOURCE_DATE_EPOCH=86400 PYTHONDONTWRITEBYTECODE=1 build debian-python)
	[ "$first" = "$second" ] || {
		diff <(tr '\0' '\n' <"$BATS_FILE_TMPDIR/home/images/debian-python/list") \
			<(tr '\0' '\n' <"$MOULETTE_HOME/images/debian-python/list") | head -n 20 >&2
		fail "first $first, then $second"
	}
}

# bats test_tags=slow,long
@test "debian-java: a class with threads" {
	build debian-java >/dev/null
	has_what_a_box_needs debian-java
	grade -i debian-java "$(archive j.tar Main.java 'import java.util.concurrent.*;
public class Main {
    public static void main(String[] words) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        CompletionService<Integer> all = new ExecutorCompletionService<>(pool);
        for (int i = 0; i < 100; i++) { int n = i; all.submit(() -> n); }
        int sum = 0;
        for (int i = 0; i < 100; i++) sum += all.take().get();
        pool.shutdown();
        System.out.println(sum);
    }
}')" -- sh -c 'javac Main.java && java -Xshare:on Main'
	expect verdict passed steps.0.stdout.text 4950 steps.0.stderr.text ''
	# Its JVMs know the limit of the step, and print nothing about it; options of others win.
	local flags='-XX:+PrintFlagsFinal -version 2>&1 | grep -E " MaxHeapSize|Picked" | grep -Eo "= [0-9]+|Picked"'
	grade -i debian-java -l memory=256M "$(archive n.tar a x)" -- sh -c "java $flags; java -Xmx20m $flags
		JDK_JAVA_OPTIONS=-XX:MaxRAM=100m java $flags; javac -J${flags/-version/-J-version}; echo \$JAVA_TOOL_OPTIONS"
	expect verdict passed steps.0.stdout.text $'= 201326592\n= 20971520\nPicked\n= 52428800\n= 201326592'
	grade -i debian-java -l memory=256M "$(archive n.tar a x)" -- sh -c \
		'echo "System.out.println(Runtime.getRuntime().maxMemory())" | jshell -s -'
	expect verdict passed
	# The serial collector, which a JVM takes on one processor, leaves one of its two survivor spaces out.
	local most
	most=$(field steps.0.stdout.text)
	[ "$most" -gt 180000000 ] && [ "$most" -le 201326592 ]
}

@test "a build that is ended leaves nothing" {
	own_home
	moulette image build busybox
	host_before
	local signal pid
	for signal in TERM KILL; do
		"$MOULETTE" image build debian-python >/dev/null 2>&1 </dev/null 3>&- &
		pid=$!
		for _ in $(seq 100); do
			[ ! -d "$(echo "$MOULETTE_HOME"/images/.new-*/debian/var)" ] || break
			kill -0 $pid 2>/dev/null || skip "packages cannot be had"
			sleep 0.1
		done
		kill -$signal $pid
		wait $pid || true
		for _ in $(seq 50); do
			moulette gc 2>/dev/null
			[ "$(ls -A "$MOULETTE_HOME/images")" != busybox ] || break
			sleep 0.1
		done
		[ "$(ls -A "$MOULETTE_HOME/images")" = busybox ] || fail "$signal: $(ls -A "$MOULETTE_HOME/images")"
		host_same
	done
}

@test "a build says what it does and how far it is, unless it is to be quiet" {
	own_home
	mkdir "$BATS_TEST_TMPDIR/bin"
	# Stands for the real one, in its words; it fails before there is a tree.
	cat >"$BATS_TEST_TMPDIR/bin/mmdebstrap" <<-'END'
		#!/bin/sh
		exec >&2
		echo "I: running apt-get update..."
		echo "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded."
		echo "Need to get 29.7 MB of archives."
		echo "Get:1 http://deb.example/debian a/main amd64 libc6 amd64 2.36 [2759 kB]"
		echo "Get:2 http://deb.example/debian a/main amd64 dash amd64 0.5 [97 kB]"
		echo "Unpacking libc6:amd64 (2.36) ..."
		echo "E: that was all"
		exit 9
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/mmdebstrap"
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	local shown="moulette: building image 'debian-python':"
	run ! "$MOULETTE" image build debian-python
	[[ $output == *"$shown fetching the lists of packages"$'\n'"$shown downloading packages, 1 of 2 (29.7 MB)"$'\n'"$shown unpacking and setting up packages, 1 of 2"* ]] ||
		fail "$output"
	[[ $output == *"mmdebstrap: E: that was all"* ]]
	# So it is when a run needs it first.
	run ! "$MOULETTE" run -i debian-python "$(archive s.tar a.sh true)" -- true
	[[ $output == *"$shown downloading packages"* ]]
	run ! "$MOULETTE" image build --quiet debian-python
	[[ $output != *"$shown"* && $output == *"mmdebstrap: E: that was all"* ]]
	MOULETTE_QUIET=1 run ! "$MOULETTE" image build debian-python
	[[ $output != *"$shown"* ]]
	run -2 "$MOULETTE" image list --quiet
}

@test "without mmdebstrap its package is named" {
	own_home
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$(command -v apt-get)" "$(command -v apt-config)" "$BATS_TEST_TMPDIR/bin"
	PATH=$BATS_TEST_TMPDIR/bin run -2 "$MOULETTE" image build debian-python
	[[ $output == *"apt-get install mmdebstrap"* ]]
	[ -z "$(ls -A "$MOULETTE_HOME/images")" ]
}
