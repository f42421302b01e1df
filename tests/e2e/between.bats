#!/usr/bin/env bats
# bats file_tags=engine,box
# What one test leaves is not there for the next; what the last build step left is.
load helpers

setup() {
	need_engine
}

# two_tests TEXT TEXT - a submission whose run.sh runs the first text in test "first" and the
# second in test "second"; both pass when they end with status 0.
two_tests() {
	local a
	a=$(assignment two '"build": [{"run": ["/bin/sh", "build.sh"]}], "tests": [
		{"name": "first", "run": ["/bin/sh", "first.sh"]},
		{"name": "second", "run": ["/bin/sh", "second.sh"]},
		{"name": "third", "run": ["/bin/sh", "second.sh"]}]')
	grade -a "$a" "$(archive s.tar build.sh "${3:-echo built >built; mkdir dir; echo x >dir/file}" first.sh "$1" second.sh "$2")"
}

@test "files of a test are gone, files of the build are whole" {
	two_tests 'echo spoilt >built; echo new >new; rm -r dir; mkdir -p deep/er; ln -s new link' \
		'test "$(cat built)" = built && test ! -e new && test "$(cat dir/file)" = x && test ! -e deep && test ! -L link'
	expect_verdict passed none 0
}

@test "/tmp and /dev/shm are fresh" {
	two_tests 'echo a >/tmp/a; echo b >/dev/shm/b; mkdir /tmp/d' \
		'test "$(ls -A /tmp)" = .home && test -z "$(ls -A /dev/shm)" && echo mine >/tmp/x'
	expect_verdict passed none 0
}

@test "files that the build left in /tmp exist in each test" {
	two_tests 'test "$(cat /tmp/built)" = tmp && echo spoilt >/tmp/built && rm /dev/shm/built' \
		'test "$(cat /tmp/built)" = tmp && test "$(cat /dev/shm/built)" = shm' \
		'echo tmp >/tmp/built; echo shm >/dev/shm/built'
	expect_verdict passed none 0
}

@test "mode and times of the work folder are reset between tests" {
	two_tests 'chmod 700 . ; touch -d @1 .' 'test "$(stat -c %a-%Y .)" = "$(cat stamp)"' \
		'touch stamp; touch -d @1000000 .; stat -c %a-%Y . >/tmp/s; cat /tmp/s >stamp; touch -d @1000000 .'
	expect_verdict passed none 0
}

@test "built folders can be renamed, hard links hold" {
	two_tests 'mv dir other && test "$(cat other/file)" = x && echo y >one && test "$(cat two)" = y' 'test -d dir' \
		'mkdir dir; echo x >dir/file; echo 1 >one; ln one two'
	expect_verdict passed none 0
}

@test "processes of a test are gone" {
	two_tests 'sleep 1000 & (setsid sleep 1000 &) ; exit 0' \
		'for p in /proc/[0-9]*; do case $p in /proc/1|/proc/$$) ;; *) tr "\0" " " <$p/cmdline | grep -q sleep && exit 1;; esac; done; exit 0'
	expect_verdict passed none 0
	expect steps.1.leftovers 2
}

@test "a server's port is free for the next test" {
	local python='
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 7777)); s.listen()
c = socket.create_connection(("127.0.0.1", 7777)); a, _ = s.accept()
a.close(); c.recv(1); c.close()'
	local a
	a=$(assignment port '"build": [], "tests": [{"name": "one", "run": ["python3", "s.py"]}, {"name": "two", "run": ["python3", "s.py"]}]')
	grade -a "$a" "$(archive s.tar s.py "$python")"
	expect_verdict passed none 0
}

@test "System V objects of a test are gone" {
	local a
	a=$(assignment sysv '"build": [{"run": ["cc", "-o", "p", "p.c"]}], "tests": [
		{"name": "one", "run": ["./p"]}, {"name": "two", "run": ["./p"]}]')
	grade -a "$a" "$(archive s.tar p.c '#include <sys/shm.h>
#include <sys/sem.h>
#include <sys/msg.h>
int main(void) { return shmget(42, 4096, IPC_CREAT | IPC_EXCL | 0600) < 0 || semget(42, 1, IPC_CREAT | IPC_EXCL | 0600) < 0 || msgget(42, IPC_CREAT | IPC_EXCL | 0600) < 0; }')"
	expect_verdict passed none 0
}

@test "a test cannot change how PID 1 is scheduled for the next" {
	local a
	a=$(assignment sched '"processors": 2, "build": [{"run": ["cc", "-o", "p", "p.c"]}], "tests": [
		{"name": "one", "run": ["./p"]}, {"name": "two", "run": ["./p"]}]')
	grade -a "$a" "$(archive s.tar p.c '#define _GNU_SOURCE
#include <sched.h>
#include <sys/resource.h>
int main(void) {
	cpu_set_t one, now; struct sched_param p = { 0 }; struct rlimit l = { 0, 0 };
	if (sched_getscheduler(0) != SCHED_OTHER || getpriority(PRIO_PROCESS, 0) != 0) return 1;
	sched_getaffinity(0, sizeof now, &now);
	if (CPU_COUNT(&now) == 1) return 2;
	CPU_ZERO(&one); CPU_SET(0, &one);
	sched_setaffinity(1, sizeof one, &one); sched_setscheduler(1, SCHED_IDLE, &p);
	if (setpriority(PRIO_PROCESS, 1, 10) == 0) return 3;
	if (prlimit(1, RLIMIT_NOFILE, &l, 0) == 0) return 4;
	return 0; }')"
	[ "$(nproc)" -gt 1 ] || skip "one processor: affinity cannot differ"
	expect_verdict passed none 0
}

@test "limits of one test are not those of the next" {
	local a
	a=$(assignment limits '"build": [], "tests": [
		{"name": "small", "run": ["python3", "-c", "x = bytearray(100 << 20)"], "limits": {"memory": "50M"}},
		{"name": "large", "run": ["python3", "-c", "x = bytearray(100 << 20)"], "limits": {"memory": "300M"}},
		{"name": "small again", "run": ["python3", "-c", "x = bytearray(100 << 20)"], "limits": {"memory": "50M"}}]')
	grade -a "$a" "$(archive s.tar a.txt x)"
	expect verdict memory_limit steps.0.verdict memory_limit steps.1.verdict passed steps.2.verdict memory_limit
}

@test "process ids and link times reveal nothing about the previous test" {
	local a
	a=$(assignment told '"image": "busybox", "build": [], "tests": [
		{"name": "one", "run": ["sh", "-c", "echo $$"]},
		{"name": "forks", "run": ["sh", "-c", "for i in 1 2 3; do sleep 0 & wait; done; echo $$"]},
		{"name": "reads", "run": ["sh", "-c", "sleep 2; readlink /proc/self /proc/thread-self /dev/stdin /dev/ptmx >/dev/null; echo $$"]},
		{"name": "last", "run": ["sh", "-c", "echo $$; for f in /proc/self /proc/thread-self /dev/stdin /dev/ptmx; do echo $(($(stat -c %X $f) - $(stat -c %Z $f) > 1)); done"]}]')
	grade -a "$a" "$(archive s.tar a.txt x)"
	expect_verdict passed none 0
	expect steps.0.stdout.text $'2' steps.1.stdout.text $'3' steps.2.stdout.text $'4' \
		steps.3.stdout.text $'5\n0\n0\n0\n0'
}

@test "POSIX message queues of a test are gone, where a profile allows them" {
	local a
	mkdir -p "$BATS_TEST_TMPDIR/p"
	echo '{"extends": "default", "config": {"process": {"rlimits": [{"type": "RLIMIT_MSGQUEUE", "soft": 819200, "hard": 819200},
		{"type": "RLIMIT_FSIZE", "soft": 268435456, "hard": 268435456}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
		{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 1024}]}}}' >"$BATS_TEST_TMPDIR/p/mq.json"
	a=$(assignment mq '"profile": "mq", "build": [{"run": ["cc", "-o", "p", "p.c"]}], "tests": [
		{"name": "one", "run": ["./p"]}, {"name": "two", "run": ["./p"]}]')
	MOULETTE_PROFILES=$BATS_TEST_TMPDIR/p grade -a "$a" "$(archive s.tar p.c '#include <fcntl.h>
#include <mqueue.h>
int main(void) { return mq_open("/q", O_CREAT | O_EXCL | O_RDWR, 0600, 0) < 0; }')"
	expect_verdict passed none 0
}

# What a step made is seen in the container after it: that one is the last of its box.
@test "a terminal that a test made is gone, and its number is free" {
	local a terminal='import os, pty; m, s = pty.openpty(); print(os.ttyname(s))'
	a=$(assignment pty '"build": [{"run": ["python3", "p.py"]}], "tests": [
		{"name": "one", "run": ["python3", "p.py"], "stdout": "out"}, {"name": "two", "run": ["python3", "p.py"], "stdout": "out"}]' out '/dev/pts/0
')
	grade -a "$a" "$(archive s.tar p.py "$terminal")"
	expect_verdict passed none 0
}
