#!/usr/bin/env bats
# What steps printed: all of it, byte by byte, of live runs and of results.
load helpers

setup() {
	home_that_was_used
}

begin() {
	"$MOULETTE" run -f json -i busybox "$@" >"$BATS_TEST_TMPDIR/result.json" 2>"$BATS_TEST_TMPDIR/messages" </dev/null 3>&- &
	runner=$!
	result=$BATS_TEST_TMPDIR/result.json
	for _ in $(seq 500); do
		id=$("$MOULETTE" list -q)
		[ -z "$id" ] || ! "$MOULETTE" logs "$id" 2>/dev/null | grep -q ready || return 0
		sleep 0.02
	done
	fail "the run does not begin"
}

sha() {
	sha256sum | cut -d ' ' -f 1
}

# Bytes of all values and a frame's header, on both streams.
noise='head -c 3000000 /dev/urandom; printf "\1\0\0\0\2\0\0\0\4\0\0\0evil"; head -c 70000 /dev/urandom >&2; printf "\0\377\n"'

@test "binary output comes out as it went in" {
	grade -i busybox -l output=8M "$submission" -- sh -c "$noise"
	expect verdict passed
	id=$(field id)
	[ "$(moulette logs --stdout "$id" | sha)" = "$(field steps.0.stdout.sha256)" ]
	[ "$(moulette logs --stderr "$id" | sha)" = "$(field steps.0.stderr.sha256)" ]
	[ "$(moulette logs "$id" | wc -c)" = $((3000000 + 16 + 3 + 70000)) ]
	[ "$(moulette logs --stdout --stderr "$id" | sha)" = "$(moulette logs "$id" | sha)" ]
	[ "$(moulette logs -f --step command "$id" | sha)" = "$(moulette logs "$id" | sha)" ]
}

@test "a live run is followed exactly, until it ends" {
	# It goes on when it is told to, however fast it is.
	begin -l output=8M "$submission" -- sh -c "trap go=1 USR1; echo ready; while [ -z \$go ]; do sleep 0.05; done; i=0; while [ \$i -lt 200 ]; do i=\$((i+1)); printf 'line %d\\n' \$i; printf . >&2; done; $noise"
	moulette logs -f "$id" >"$BATS_TEST_TMPDIR/both" &
	local both=$!
	moulette logs -f --stdout "$id" >"$BATS_TEST_TMPDIR/stdout" &
	local out=$!
	moulette logs -f --step command --stderr "$id" >"$BATS_TEST_TMPDIR/stderr" &
	local errors=$!
	moulette kill -s USR1 "$id"
	wait "$both" "$out" "$errors" "$runner"
	[ "$(sha <"$BATS_TEST_TMPDIR/stdout")" = "$(field steps.0.stdout.sha256)" ]
	[ "$(sha <"$BATS_TEST_TMPDIR/stderr")" = "$(field steps.0.stderr.sha256)" ]
	cmp "$BATS_TEST_TMPDIR/both" <("$MOULETTE" logs "$id")
	host_same
}

@test "both streams come in the order in which they were written" {
	grade -i busybox "$submission" -- sh -c 'for i in 1 2 3; do echo out $i; sleep 0.05; echo err $i >&2; sleep 0.05; done'
	run -0 "$MOULETTE" logs "$(field id)"
	[ "$output" = $'out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3' ]
}

@test "without -f a live run's bytes so far are printed" {
	begin "$submission" -- sh -c 'trap "exit 0" USR1; echo ready; while :; do sleep 0.05; done'
	[ "$(moulette logs "$id")" = ready ]
	[ -z "$(moulette logs --stderr "$id")" ]
	run -2 "$MOULETTE" logs --step nothing "$id"
	[[ $output == *"'command'"* ]]
	moulette kill -s USR1 "$id"
	wait "$runner"
	host_same
}

@test "one step of several, live and afterwards" {
	local a
	a=$(assignment three '"build": [{"run": ["sh", "-c", "echo built"]}], "limits": {"wall": "60s"}, "tests": [
		{"name": "first", "run": ["sh", "-c", "echo one; echo warn >&2"]},
		{"name": "second", "run": ["sh", "-c", "trap \"exit 0\" USR1; echo ready; while :; do sleep 0.05; done"]},
		{"name": "third", "run": ["sh", "-c", "echo three"]}]')
	begin -a "$a" "$submission"
	moulette logs -f --step third "$id" >"$BATS_TEST_TMPDIR/third" &
	local follower=$!
	[ "$(moulette logs --step build "$id")" = built ]
	[ "$(moulette logs --step first "$id" | sort | tr '\n' ' ')" = "one warn " ]
	[ "$(moulette logs --step first --stderr "$id")" = warn ]
	[ "$(moulette logs --step second "$id")" = ready ]
	[ -z "$(moulette logs --step third "$id")" ]
	[ "$(moulette list --json | python3 -c 'import json, sys; r = json.load(sys.stdin)[0]; print(r["step"], r["steps_done"], r["steps_total"])')" = "second 2 4" ]
	moulette kill -s USR1 "$id"
	wait "$follower" "$runner"
	[ "$(cat "$BATS_TEST_TMPDIR/third")" = three ]
	[ "$(moulette logs --step first --stdout "$id")" = one ]
	[ "$(moulette logs --step third "$id")" = three ]
	run -2 "$MOULETTE" logs --step fourth "$id"
	[[ $output == *"'build', 'first', 'second', 'third'"* ]]
	host_same
}

@test "a follower ends when the runner dies, and says so" {
	begin "$submission" -- sh -c 'echo ready; sleep 1000'
	"$MOULETTE" logs -f "$id" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/note" &
	local follower=$!
	kill -KILL "$runner"
	wait "$runner" || true
	wait "$follower"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = ready ]
	grep -q died "$BATS_TEST_TMPDIR/note"
	moulette gc
	host_same
}

@test "a reader that closes the pipe ends the output without an error" {
	grade -i busybox -l output=8M "$submission" -- head -c 3000000 /dev/zero
	"$MOULETTE" logs "$(field id)" 2>"$BATS_TEST_TMPDIR/note" | head -c 1 >/dev/null
	[ "${PIPESTATUS[0]}" = 0 ]
	[ ! -s "$BATS_TEST_TMPDIR/note" ]
	begin "$submission" -- sh -c 'trap "exit 0" USR1; echo ready; while :; do sleep 0.05; done'
	timeout 30 "$MOULETTE" logs -f "$id" 2>"$BATS_TEST_TMPDIR/note" | head -c 1 >/dev/null
	[ ! -s "$BATS_TEST_TMPDIR/note" ]
	moulette kill -s USR1 "$id"
	wait "$runner"
}

@test "on a terminal output is escaped" {
	command -v script >/dev/null || skip "script is not installed"
	grade -i busybox "$submission" -- printf '\033[31mred\033[0m\nsecond\007\n'
	id=$(field id)
	script -qec "'$MOULETTE' logs $id" /dev/null </dev/null >"$BATS_TEST_TMPDIR/shown"
	expect_text "$BATS_TEST_TMPDIR/shown" '\x1b[31mred\x1b[0m' 'second\x07'
	! grep -q "$(printf '\033')" "$BATS_TEST_TMPDIR/shown" || fail "an escape character"
}

@test "a run without output, and unknown ids" {
	grade -i busybox "$submission" -- true
	run -0 "$MOULETTE" logs "$(field id)"
	[ -z "$output" ]
	run -0 "$MOULETTE" logs --step command "$(field id)"
	run -2 "$MOULETTE" logs
	run -2 "$MOULETTE" logs ZZZZZZ
	run -2 "$MOULETTE" logs "$(field id)" "$(field id)"
}

@test "a follower ends when the other end of its socket is gone" {
	begin "$submission" -- sh -c 'trap "exit 0" USR1; echo ready; while :; do sleep 0.05; done'
	timeout 30 python3 - "$MOULETTE" "$id" <<-'END'
		import socket, subprocess, sys
		ours, theirs = socket.socketpair()
		follower = subprocess.Popen([sys.argv[1], "logs", "-f", sys.argv[2]], stdout=theirs)
		theirs.close()
		assert ours.recv(6) == b"ready\n"
		ours.close()
		assert follower.wait() == 0
	END
	moulette kill -s USR1 "$id"
	wait "$runner"
}

@test "a truncated or overwritten log is reported after the rest was printed" {
	local log size
	grade -i busybox "$submission" -- sh -c 'echo first; echo second >&2'
	id=$(field id)
	log=$MOULETTE_HOME/logs/$id.log
	size=$(stat -c %s "$log")
	# At the end of a frame, within its bytes, within its header.
	for size in 18 $((size - 1)) 20; do
		cp "$log" "$BATS_TEST_TMPDIR/log"
		truncate -s "$size" "$log"
		run -3 --separate-stderr "$MOULETTE" logs "$id"
		[[ $output == first* ]]
		[[ $stderr == *"of run '$id' is damaged"* ]]
		cp "$BATS_TEST_TMPDIR/log" "$log"
	done
	[ "$(moulette logs "$id")" = $'first\nsecond' ]
	head -c 64 /dev/zero >"$log"
	run -3 "$MOULETTE" logs "$id"
	[[ $output == *"of run '$id' is damaged"* ]]
}
