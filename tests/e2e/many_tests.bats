#!/usr/bin/env bats
# bats file_tags=engine,box
# Many tests in one box: what is reused from one to the next, and that nothing is told by it.
load helpers

setup() {
	need_engine
}

# tests N RUN - the tests of an assignment, each with the same command: RUN is a JSON array.
tests() {
	python3 -c '
import json, sys
print(json.dumps([{"name": "t%d" % i, "run": json.loads(sys.argv[2])} for i in range(int(sys.argv[1]))]))' "$1" "$2"
}

@test "one box serves all tests of a submission" {
	local a i
	a=$(assignment many "\"image\": \"busybox\", \"build\": [], \"tests\": $(tests 130 '["readlink", "/proc/self/ns/ipc"]')")
	grade -a "$a" "$(archive s.tar a x)"
	expect_verdict passed none 0
	[ "$(python3 -c '
import json, sys
print(len({s["stdout"]["text"] for s in json.load(open(sys.argv[1]))["steps"]}))' "$result")" = 1 ] ||
		fail "the tests ran in more than one box"
}

@test "identifiers of System V objects are those of a first test, whichever kind was made before" {
	local a i kinds='"none" "shm" "shm" "sem" "sem" "msg" "msg" "none"'
	a=$(assignment kinds "\"build\": [{\"run\": [\"cc\", \"-o\", \"p\", \"p.c\"]}], \"tests\": [$(
		i=0; for k in $kinds; do echo "{\"name\": \"t$((i += 1))\", \"run\": [\"./p\", $k]},"; done | sed '$s/,$//')]")
	grade -a "$a" "$(archive s.tar p.c '#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/sem.h>
#include <sys/msg.h>
int main(int argc, char **argv) {
	int id;
	for (int i = 0; i < 3 && argc > 1; i++) {
		if (strcmp(argv[1], "shm") == 0) shmctl(id = shmget(IPC_PRIVATE, 1, 0600), IPC_RMID, NULL);
		else if (strcmp(argv[1], "sem") == 0) semctl(id = semget(IPC_PRIVATE, 1, 0600), 0, IPC_RMID);
		else if (strcmp(argv[1], "msg") == 0) msgctl(id = msgget(IPC_PRIVATE, 0600), IPC_RMID, NULL);
		else return 0;
		printf("%d\n", id);
		if (i == 0 && id != 0) return 1;
	}
	return 0;
}')"
	expect_verdict passed none 0
	for i in 2 4 6; do
		expect steps.$((i + 1)).stdout.text "$(field steps.$i.stdout.text)" || return 1
	done
}

@test "what protocols count upwards is hidden from a box, what cards count is not" {
	grade -i busybox "$(archive s.tar a x)" -- sh -c 'cd /proc/self/net || exit 1
		for f in snmp snmp6 netstat dev_snmp6/lo fib_triestat stat/rt_cache; do
			cat $f 2>/dev/null && exit 2
			chmod 777 $f 2>/dev/null && exit 3
		done
		grep -q "lo:  *0 " dev'
	expect_verdict passed none 0
}

@test "what a test does to its streams is not there in the next" {
	local a
	a=$(assignment streams '"build": [{"run": ["cc", "-o", "p", "p.c"]}], "tests": [
		{"name": "one", "run": ["./p"]}, {"name": "two", "run": ["./p"]}, {"name": "three", "run": ["./p"], "stdin": "in"},
		{"name": "four", "run": ["./p"], "stdin": "in"}]' in "a line
")
	grade -a "$a" "$(archive s.tar p.c '#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
	const struct timespec times[2] = { { 7777, 1 }, { 7777, 2 } };
	struct f_owner_ex owner = { 0 };
	signal(40, SIG_IGN);
	for (int fd = 0; fd < 3; fd++) {
		char path[] = "/proc/self/fd/0", c;
		struct stat st;
		int size = fcntl(fd, F_GETPIPE_SZ), other;
		path[14] = (char)(path[14] + fd);
		if (fstat(fd, &st) < 0 || st.st_mtim.tv_sec == 7777 || st.st_atim.tv_sec == 7777) return 10 + fd;
		if (S_ISFIFO(st.st_mode) ? (st.st_mode & 0777) != 0600 || size != 65536 : fd > 0) return 20 + fd;
		if (fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND | O_ASYNC | O_DIRECT)) return 30 + fd;
		if (fcntl(fd, F_GETSIG) != 0 || fcntl(fd, F_GETOWN_EX, &owner) < 0 || owner.pid != 0) return 40 + fd;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0 || ((other = open(path, O_RDONLY | O_NONBLOCK)) >= 0 &&
		    flock(other, LOCK_EX | LOCK_NB) == 0)) return 50 + fd;
		if (fd > 0 && other >= 0 && read(other, &c, 1) != -1) return 60 + fd;
		if (fd > 0 && other < 0) return 70 + fd;
		/* What it leaves. */
		fcntl(fd, F_SETPIPE_SZ, 4096 << fd);
		fchmod(fd, 0640);
		futimens(fd, times);
		fcntl(fd, F_SETSIG, 40);
		fcntl(fd, F_SETOWN, getpid());
		fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND | O_ASYNC);
		if ((other = open(path, O_WRONLY | O_NONBLOCK)) >= 0 && fd == 0) (void)!write(other, "left", 4);
	}
	(void)!write(1, "said\n", 5);
	return 0;
}')"
	expect_verdict passed none 0
	expect steps.2.stdout.text $'said' steps.4.stdout.text $'said'
}
