#!/usr/bin/env bats
# bats file_tags=engine
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
