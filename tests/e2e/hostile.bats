#!/usr/bin/env bats
# bats file_tags=engine,box
# Programs that reach for what is not theirs.
load helpers

setup() {
	need_engine
}

# in_box SCRIPT - run by sh of the host image; its output is field steps.0.stdout.text.
in_box() {
	grade -i host "$(archive s.tar run.sh "$1")" -- /bin/sh run.sh
	text=$(field steps.0.stdout.text)
}

@test "ids, capabilities and descriptors of a program" {
	in_box 'id -u; id -g; grep -E "^(CapEff|CapBnd|CapPrm|CapInh|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status | tr -d "\t "; ls -l /proc/self/fd | wc -l; echo $$'
	expect verdict passed
	[ "$(sed -n 1,2p <<<"$text")" = $'1000\n1000' ]
	for c in CapInh CapPrm CapEff CapBnd CapAmb; do grep -qx "$c:0000000000000000" <<<"$text"; done
	grep -qx NoNewPrivs:1 <<<"$text"
	grep -qx Seccomp:2 <<<"$text"
	# stdin, stdout, stderr and the folder that ls reads, after the line "total".
	[ "$(tail -n 2 <<<"$text" | head -n 1)" -eq 5 ]
	[ "$(tail -n 1 <<<"$text")" -gt 1 ]
}

@test "the host's files are not there, the image is not writable" {
	in_box 'cat /etc/shadow; ls /root /home /var/lib /run 2>&1; touch /usr/x /etc/x /x 2>&1; ls /sys; cat /proc/kcore /proc/meminfo 2>&1 | head -c 200; true'
	[[ $text != *root:* ]]
	[ ! -e /usr/x ] && [ ! -e /x ]
	[[ $text != *MemTotal* ]]
}

@test "no devices but the harmless ones, no terminal" {
	in_box 'ls /dev | tr "\n" " "; test -t 0 && echo terminal; (echo x >/dev/tty) 2>/dev/null && echo tty; mknod n c 1 3 2>/dev/null && echo node; true'
	[[ $text != *terminal* && $text != *node* && $text != *sd* && $text != *kmsg* ]]
	[ "$(grep -cx tty <<<"$text")" = 0 ]
}

@test "the host's device nodes stay as they are" {
	local before after
	before=$(stat -c '%n %u %g %a %t %T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty)
	in_box 'for f in 0 1 2; do chmod 600 /proc/self/fd/$f; done; chmod 600 /dev/null /dev/zero; true'
	after=$(stat -c '%n %u %g %a %t %T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty)
	[ "$before" = "$after" ]
}

# A watch on a node that the host uses tells of the host, and of every other box.
@test "device nodes of a box are not the host's" {
	local node one host
	[ "$MOULETTE_ENGINE" != runsc ] || skip "runsc makes its own"
	mknod "$BATS_TEST_TMPDIR/node" c 1 3 2>/dev/null || skip "no device nodes can be made here"
	host=$(stat -c '%n %d:%i' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty)
	in_box 'for n in null zero full random urandom tty; do stat -c "%n %d:%i" /dev/$n; done
		echo x >/dev/null && head -c 3 /dev/zero | wc -c && head -c 3 /dev/urandom | wc -c; echo x >/dev/full'
	one=$text
	[[ $one == *$'\n3\n3' ]] || fail "$one"
	for node in null zero full random urandom tty; do
		! grep -qFx "$(grep "^/dev/$node " <<<"$host")" <<<"$one" || fail "the host's $node" || return 1
	done
}

@test "no network but lo" {
	in_box 'python3 -c "
import socket
print([l.split(chr(58))[0].strip() for l in open(\"/proc/self/net/dev\")][2:])
s = socket.socket(); s.settimeout(2)
try: s.connect((\"192.0.2.1\", 80)); print(\"connected\")
except OSError as e: print(\"refused\")
for family, protocol in [(17, 0), (38, 0), (40, 0)] + [(16, p) for p in range(1, 32)]:
    try: socket.socket(family, 3, protocol); print(\"family\", family, protocol)
    except OSError: pass
"'
	[ "$text" = $'[\'lo\']\nrefused' ] || fail "$text"
}

@test "PID 1 cannot be killed, traced or read" {
	in_box 'kill -9 1; kill -TERM 1; cat /proc/1/environ /proc/1/maps 2>&1 | head -c 300; ls /proc/1/fd 2>&1; echo alive'
	expect verdict passed
	[[ $text == *alive* ]]
}

@test "/proc is read-only: a thread names itself, and a score of the OOM killer stays" {
	local s
	s=$(archive s.tar p.c '#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
static sem_t named, over;
static void *work(void *arg) {
	char name[16] = "";
	pthread_setname_np(pthread_self(), "mine");
	pthread_getname_np(pthread_self(), name, sizeof name);
	printf("%s ", name);
	sem_post(&named);
	sem_wait(&over);
	return arg;
}
int main(void) {
	pthread_t t;
	sem_init(&named, 0, 0);
	sem_init(&over, 0, 0);
	pthread_create(&t, NULL, work, NULL);
	sem_wait(&named);
	printf("%d %d ", pthread_setname_np(t, "other") == EROFS, open("/proc/self/oom_score_adj", O_WRONLY) < 0);
	sem_post(&over);
	return pthread_join(t, NULL);
}')
	grade -i host "$s" -- sh -c 'cc -pthread -o /tmp/p p.c && /tmp/p'
	expect steps.0.stdout.text "mine 1 1 "
	grade -i host -p debug "$s" -- sh -c 'cc -pthread -o /tmp/p p.c && /tmp/p'
	expect steps.0.stdout.text "mine 0 0 "
}

@test "filling memory by files does not kill PID 1" {
	local a
	a=$(assignment shm '"limits": {"memory": "32M", "disk": "128M"}, "build": [], "tests": [
		{"name": "fill", "run": ["/bin/sh", "fill.sh"]}, {"name": "after", "run": ["/bin/sh", "-c", "echo fine"]}]')
	grade -a "$a" "$(archive s.tar fill.sh 'cat /dev/zero >/tmp/a; cat /dev/zero >/dev/shm/b; cat /dev/zero >c')"
	expect verdict memory_limit steps.0.fault student steps.1.verdict passed
}

@test "input cannot be changed for the next run" {
	local a
	a=$(assignment input '"build": [], "tests": [
		{"name": "one", "run": ["/bin/sh", "-c", "echo spoilt >/proc/self/fd/0; cat"], "stdin": "in", "stdout": "in"},
		{"name": "two", "run": ["cat"], "stdin": "in", "stdout": "in"}]' in "original")
	chmod 666 "$a/in"
	grade -a "$a" "$(archive s.tar x x)"
	[ "$(cat "$a/in")" = original ]
	expect steps.1.verdict passed
}

@test "output of a program is data: escapes, NUL, invalid UTF-8" {
	grade -i busybox "$(archive s.tar x x)" -- /bin/sh -c 'printf "\033[31mred\n"; printf "a\000b\377" >&2'
	expect steps.0.stdout.encoding utf-8 steps.0.stderr.encoding base64
	[ "$(field steps.0.stderr.text | base64 -d | od -An -tx1 | tr -d ' \n')" = 610062ff ]
	moulette run -i busybox "$(archive s.tar x x)" -- /bin/sh -c 'printf "\033[31mred\n"' >"$BATS_TEST_TMPDIR/text"
	[ "$(grep -c $'\033' "$BATS_TEST_TMPDIR/text")" = 0 ]
}

@test "the runner stays small whatever is printed" {
	"$MOULETTE" run -f json -i busybox --limit output=64M "$(archive s.tar x x)" -- /bin/sh -c 'head -c 60000000 /dev/zero; sleep 1' >/dev/null 3>&- &
	local runner=$! most=0 now
	for _ in $(seq 60); do
		now=$(awk '/^RssAnon|^RssShmem/ { n += $2 } END { print n + 0 }' /proc/$runner/status 2>/dev/null) || break
		[ -z "$now" ] || [ "$now" -le "$most" ] || most=$now
		sleep 0.02
	done
	wait "$runner"
	[ "$most" -gt 0 ]
	[ "$(nm "$MOULETTE" 2>/dev/null | grep -c __asan_init)" = 0 ] || skip "a sanitizer needs memory of its own"
	[ "$most" -lt 16384 ] || fail "$most KiB"
}

@test "a build that fills the work folder does not prevent the copy of the teacher's files" {
	local a
	a=$(assignment full '"image": "busybox", "limits": {"disk": "4M", "cpu": "60s"}, "files": [{"from": "h", "to": "h"}],
		"build": [{"run": ["sh", "fill.sh"]}], "tests": [{"name": "one", "run": ["cat", "h"], "stdout": "out"}]' h "$(seq 5000)" out "$(seq 5000)")
	grade -a "$a" "$(archive s.tar fill.sh 'rm -f h; cat /dev/zero >x; cat /dev/zero >y; i=0; while touch f$i; do i=$((i + 1)); done; true' )"
	expect verdict passed
}

@test "a set-id program in /tmp gives nothing, and none can be run from /dev/shm" {
	in_box 'cp /usr/bin/id /tmp/id && chmod 6755 /tmp/id && /tmp/id -u && /tmp/id -g
		grep -oE " /tmp [a-z,]*" /proc/self/mountinfo
		cp /usr/bin/id /dev/shm/id && /dev/shm/id 2>/dev/null; echo $?'
	[ "$text" = $'1000\n1000\n /tmp rw,nosuid,nodev,noatime\n126' ] || fail "$text"
}
