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

@test "a host where boxes run is fit, and nothing is made of it" {
	need_engine
	run -0 moulette doctor
	said ok root "called by root"
	said ok cgroups memory
	said ok engine "$("$MOULETTE_ENGINE" --version | awk 'NR == 1 { print $1, $3 }' | sed s/release-//)"
	said ok namespaces user
	said ok folders "(to be made)"
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
		said ok "engine mode" "plain: it was asked for"
		MOULETTE_ENGINE_MODE=plain run -0 moulette doctor
	fi
	said ok "engine mode" plain
	fake_engine '[ "$1" = --version ] && echo crun version 0.1'
	run -0 moulette doctor
	said ok engine "crun 0.1, $MOULETTE_ENGINE"
	said warning "engine mode" "does not know '--cgroup-manager=disabled'"
}

@test "without an engine no box runs: status 3, and what to do" {
	MOULETTE_ENGINE=no-such-engine run -3 moulette doctor
	said problem engine "cannot find the engine 'no-such-engine'"
	fake_engine 'exit 1'
	run -3 moulette doctor
	said problem engine "is no OCI runtime"
}

@test "who is not root starts no box" {
	need_engine
	# From a place where others can execute it.
	chmod 755 "$BATS_TEST_TMPDIR"
	run -3 setpriv --reuid=65534 --regid=65534 --clear-groups "$MOULETTE" doctor
	said problem root "run it with sudo"
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

@test "what it does not take is an error of usage" {
	run -2 moulette doctor now
	run -2 moulette doctor --engine-mode=fast
}
