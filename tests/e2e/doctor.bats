#!/usr/bin/env bats
# bats file_tags=engine
# moulette doctor: one line a fact, exit status 0 where boxes can run.
load helpers

setup() {
	own_home
}

# said KIND ABOUT TEXT - a line of the last output.
said() {
	grep -E "^$1 +$2: " <<<"$output" | grep -qF -- "$3" || {
		echo "no line '$1 $2: ...$3...' in:"
		echo "$output"
		return 1
	}
}

# fake_engine SHELL - a program that may say what an engine says.
fake_engine() {
	export MOULETTE_ENGINE=$BATS_TEST_TMPDIR/fake
	printf '#!/bin/sh\n%s\n' "$1" >"$MOULETTE_ENGINE"
	chmod 755 "$MOULETTE_ENGINE"
}

@test "a host that can run boxes is ok, and is not changed" {
	need_engine
	run -0 moulette doctor
	said ok root "called by root"
	said ok box "ran 'true' in it"
	said ok cgroups memory
	for fact in sockets links "equal pages" "huge pages" filters; do
		grep -qE "^(ok|warning) +$fact: " <<<"$output" || fail "nothing about $fact" || return 1
	done
	said ok engine "$("$MOULETTE_ENGINE" --version | awk 'NR == 1 { print $1, $3 }' | sed s/release-//)"
	said ok namespaces user
	said ok folders "(to be made)"
	# In the topmost group there is nothing to be said.
	if grep -qE '^([0-9]+:([a-z_,]*,)?memory|0:)(,[a-z_,]*)?:/.' /proc/self/cgroup; then said ok "base cgroup" "boxes are"; fi
	[[ $output != *problem* ]]
	[ ! -e "$MOULETTE_HOME" ]
	[ -z "$(find /sys/fs/cgroup -name 'doctor-*')" ]
	grade -i busybox "$(archive s.tar a x)" -- true
	expect_verdict passed none 0
	run -0 moulette doctor
	said ok folders "$MOULETTE_HOME"
}

@test "the mode of the engine, and why" {
	need_engine
	run -0 moulette doctor
	if [ "$MOULETTE_ENGINE" = crun ]; then
		said ok "engine mode" lean
		run -0 moulette doctor --engine-mode=plain
		said ok "engine mode" "plain, as requested"
		MOULETTE_ENGINE_MODE=plain run -0 moulette doctor
	fi
	said ok "engine mode" plain
	fake_engine '[ "$1" = --version ] && echo crun version 0.1'
	run -3 moulette doctor
	said ok engine "crun 0.1, $MOULETTE_ENGINE"
	said warning "engine mode" "does not know '--cgroup-manager=disabled'"
	said problem box "engine 'crun'"
}

@test "an engine version with known vulnerabilities is a warning" {
	need_engine
	fake_engine '[ "$1" = --version ] && echo runc version 1.1.11'
	run -3 moulette doctor
	said ok engine "runc 1.1.11"
	said warning engine "CVE-2024-21626"
	fake_engine '[ "$1" = --version ] && echo runc version 1.3.3'
	run -3 moulette doctor
	[[ $output != *CVE* ]]
}

@test "without an engine no box runs: status 3, and what to do" {
	MOULETTE_ENGINE=no-such-engine run -3 moulette doctor
	said problem engine "cannot find the engine 'no-such-engine'"
	fake_engine 'exit 1'
	run -3 moulette doctor
	said problem engine "is not an OCI runtime"
}

@test "a user other than root cannot start a box" {
	need_engine
	# From a place where others can execute it.
	chmod 755 "$BATS_TEST_TMPDIR"
	run -3 setpriv --reuid=65534 --regid=65534 --clear-groups "$MOULETTE" doctor
	said problem root "run it with sudo"
}

# As each command says it. Only what is read works.
ordinary=(setpriv --reuid=65534 --regid=65534 --clear-groups env "HOME=$BATS_TEST_TMPDIR")
# Ids 0 to 65535, as in a container with userns-remap.
mapped=(python3 -c '
import ctypes, os, sys
libc, ready, go = ctypes.CDLL(None), os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    if libc.unshare(0x10020000) != 0: # CLONE_NEWUSER, CLONE_NEWNS
        os._exit(70)
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    os.setgroups([])
    os.setgid(0)
    os.setuid(0)
    os.execvp(sys.argv[1], sys.argv[1:])
os.read(ready[0], 1)
for kind in "ug":
    open(f"/proc/{pid}/{kind}id_map", "w").write("0 200000 65536")
os.write(go[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))')

# one_sentence TEXT MOULETTE-ARG... - with "${as[@]}" before: status 3, one line, in which TEXT is.
one_sentence() {
	local text=$1
	shift
	run -3 --separate-stderr "${as[@]}" "$MOULETTE" "$@" </dev/null
	[[ $stderr = "moulette: "*"$text"* && $stderr != *$'\n'* ]] || { echo "$*: $stderr"; return 1; }
}

@test "an ordinary user: one sentence from each command, status 3; list works" {
	need_engine
	chmod 777 "$BATS_TEST_TMPDIR"
	unset MOULETTE_HOME XDG_STATE_HOME
	as=("${ordinary[@]}")
	local demo=$REPO/tests/data/demo
	one_sentence "must be root: boxes need" run -a "$demo/assignment" "$demo/correct"
	one_sentence "must be root: boxes need" batch -a "$demo/assignment" "$demo/correct" "$demo/wrong"
	one_sentence "must be root: only root can remove boxes" gc
	one_sentence "must be root: the files of an image" spec
	one_sentence "must be root: the files of a bundle" bundle -i busybox "$demo/correct" -o "$BATS_TEST_TMPDIR/b" -- true
	one_sentence "must be root: the files of an image" image build busybox
	one_sentence "must be root: boxes need" network up
	run -0 "${as[@]}" "$MOULETTE" list
	run -0 "${as[@]}" "$MOULETTE" image list
	run -3 "${as[@]}" "$MOULETTE" doctor
	said problem root "run it with sudo"
	[ "$(grep -c ^problem <<<"$output")" = 1 ]
	[[ $output != *"belongs to uid"* ]]
}

# Root of a user namespace: of one id, and of 65,536.
in_user_namespace() {
	local demo=$REPO/tests/data/demo text="root of a user namespace without the ids of boxes"
	mkdir "$MOULETTE_HOME"
	chmod 777 "$BATS_TEST_TMPDIR" "$MOULETTE_HOME"
	one_sentence "$text" run -a "$demo/assignment" "$demo/correct"
	one_sentence "$text" batch -a "$demo/assignment" "$demo/correct" "$demo/wrong"
	one_sentence "$text" gc
	one_sentence "$text" bundle -i busybox "$demo/correct" -o "$BATS_TEST_TMPDIR/b" -- true
	one_sentence "$text" network up
	run -0 "${as[@]}" "$MOULETTE" spec -i busybox
	run -0 "${as[@]}" "$MOULETTE" list
	run -3 "${as[@]}" "$MOULETTE" doctor
	said problem root "$text"
	[ "$(grep -c ^problem <<<"$output")" = 1 ]
}

@test "unshare -Urm: one sentence from each command, status 3; spec and list work" {
	need_engine
	as=(unshare -Urm)
	in_user_namespace
}

@test "a user namespace of 65,536 ids: one sentence from each command, status 3; spec and list work" {
	need_engine
	as=("${mapped[@]}")
	in_user_namespace
}

@test "a folder that others can write to is named" {
	need_engine
	mkdir "$MOULETTE_HOME"
	chmod 777 "$MOULETTE_HOME"
	run -0 moulette doctor
	said warning folders "chmod 0711 '$MOULETTE_HOME'"
}

@test "JSON: an array of status, about and text" {
	need_engine
	moulette doctor --json | python3 -c '
import json, sys
facts = json.load(sys.stdin)
assert all(set(f) == {"status", "about", "text"} for f in facts), facts
assert {"root", "cgroups", "engine", "engine mode", "ids"} <= {f["about"] for f in facts}
assert {f["status"] for f in facts} <= {"ok", "warning"}, facts'
}

@test "an unknown argument is a usage error" {
	run -2 moulette doctor now
	run -2 moulette doctor --engine-mode=fast
}
