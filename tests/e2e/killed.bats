#!/usr/bin/env bats
# bats file_tags=engine
# A runner that is killed or interrupted at any moment leaves nothing that the next one does not remove.
load helpers

setup() {
	need_engine
	submission=$(archive s.tar run.sh $'#!/bin/sh\n(while :; do :; done) &\nfor i in 1 2 3; do sleep 1000 & done\nsleep 0.2\n')
	grade -i busybox "$submission" -- /bin/sh run.sh
	host_before
}

start() {
	"$MOULETTE" run -f json -i busybox "$submission" -- /bin/sh run.sh >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- &
	runner=$!
}

clean() {
	moulette gc
	host_same
	[ -z "$(ls -A "$MOULETTE_HOME/live")" ]
	grade -i busybox "$submission" -- /bin/sh run.sh
	[ "$status" = 0 ] || fail "the next run: $status"
	host_same
}

@test "SIGKILL at many moments" {
	local delay
	for delay in 0 0.002 0.005 0.01 0.015 0.02 0.025 0.03 0.035 0.04 0.05 0.06 0.08 0.1 0.15 0.2 0.25; do
		start
		sleep "$delay"
		kill -KILL "$runner" 2>/dev/null || true
		wait "$runner" || true
	done
	clean
}

@test "SIGTERM and SIGINT end the box and are told by the status" {
	local signal want got
	for signal in TERM:143 INT:130; do
		want=${signal#*:}
		for delay in 0.01 0.03 0.06 0.1 0.15; do
			# A shell starts background jobs with SIGINT ignored: python does not.
			got=0
			python3 -c '
import signal, subprocess, sys, time
p = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(float(sys.argv[2])); p.send_signal(getattr(signal, "SIG" + sys.argv[1])); sys.exit(p.wait(30) % 256)' \
				"${signal%:*}" "$delay" "$MOULETTE" run -f json -i busybox "$submission" -- /bin/sh run.sh || got=$?
			# Before the program watches for signals it simply ends by them.
			[ "$got" = "$want" ] || [ "$got" = $((256 - want + 128)) ] || fail "$signal after $delay: $got"
		done
	done
	host_same
	clean
}

@test "a box does not go on without its runner" {
	# A duration of its own tells this box from those of tests that run beside it.
	local short=$submission asleep="sleep 1000$BASHPID"
	submission=$(archive long.tar run.sh $'#!/bin/sh\n(while :; do :; done) &\n'"$asleep"$'\n')
	start
	until pgrep -fx "$asleep" >/dev/null; do
		kill -0 "$runner" || fail "the run ended: $(cat "$BATS_TEST_TMPDIR/err")"
		sleep 0.02
	done
	kill -KILL "$runner"
	wait "$runner" || true
	for _ in {1..600}; do
		pgrep -fx "$asleep" >/dev/null || break
		sleep 0.05
	done
	run pgrep -fx "$asleep"
	[ "$status" = 1 ] || fail "a process of the box lives on"
	submission=$short
	clean
}

@test "a killed engine is infrastructure, and nothing stays" {
	local engine=''
	for _ in {1..20}; do
		start
		while [ -z "$engine" ] && kill -0 "$runner" 2>/dev/null; do
			engine=$(pgrep -P "$runner" -f "$MOULETTE_ENGINE" || true)
		done
		[ -z "$engine" ] || break
	done
	[ -n "$engine" ]
	kill -KILL "$engine" || true
	wait "$runner" || true
	clean
}
