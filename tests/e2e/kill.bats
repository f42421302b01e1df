#!/usr/bin/env bats
# bats file_tags=engine
# Signals for the step that runs, and the end of a whole run, from another shell.
load helpers

setup() {
	home_that_was_used
}

# start COMMAND - run it in the background; sets runner, and id when the word "ready" was printed.
start() {
	"$MOULETTE" run -f json -l cpu=200s -i busybox "$submission" -- sh -c "$1" >"$BATS_TEST_TMPDIR/result.json" 2>"$BATS_TEST_TMPDIR/messages" </dev/null 3>&- &
	runner=$!
	result=$BATS_TEST_TMPDIR/result.json
	messages=$BATS_TEST_TMPDIR/messages
	for _ in $(seq 500); do
		id=$("$MOULETTE" list -q)
		[ -z "$id" ] || ! "$MOULETTE" logs "$id" 2>/dev/null | grep -q ready || return 0
		sleep 0.02
	done
	fail "the run does not begin"
}

# ended - wait for the runner; sets status.
ended() {
	status=0
	wait "$runner" || status=$?
}

@test "a step gets the signal, by name or number" {
	local signal
	for signal in USR1 SIGUSR1 usr1 10; do
		start 'trap "echo caught; exit 7" USR1; echo ready; while :; do sleep 0.05; done'
		moulette kill -s "$signal" "$id"
		ended
		expect_verdict runtime_error student 1
		expect steps.0.exit_code 7 steps.0.stdout.text $'ready\ncaught'
	done
	host_same
}

@test "TERM is the default, and the verdict is that of the signal" {
	start 'echo ready; exec sleep 1000'
	moulette kill "$id"
	ended
	expect_verdict runtime_error student 1
	expect steps.0.signal SIGTERM steps.0.limit_hit null
	host_same
}

@test "PID 1 of the box and processes of other steps are not hit" {
	local a
	a=$(assignment two '"build": [], "limits": {"wall": "60s"}, "tests": [
		{"name": "first", "run": ["sh", "-c", "echo ready; exec sleep 1000"], "exit": 0},
		{"name": "second", "run": ["sh", "-c", "echo fine"], "stdout": "fine"}]' fine $'fine\n')
	"$MOULETTE" run -f json -i busybox -a "$a" "$submission" >"$BATS_TEST_TMPDIR/result.json" 2>"$BATS_TEST_TMPDIR/messages" </dev/null 3>&- &
	runner=$! result=$BATS_TEST_TMPDIR/result.json messages=$BATS_TEST_TMPDIR/messages
	for _ in $(seq 500); do
		id=$("$MOULETTE" list -q)
		[ -z "$id" ] || ! "$MOULETTE" logs --step first "$id" 2>/dev/null | grep -q ready || break
		sleep 0.02
	done
	moulette kill -s KILL "$id"
	ended
	expect steps.0.verdict runtime_error steps.0.signal SIGKILL steps.1.verdict passed
	[ "$status" = 1 ]
	host_same
}

@test "an impossible request is exit 2, and the run goes on" {
	start 'trap "exit 0" USR1; echo ready; while :; do sleep 0.05; done'
	run -2 "$MOULETTE" kill
	run -2 "$MOULETTE" kill -s FROB "$id"
	[[ $output == *FROB* ]]
	run -2 "$MOULETTE" kill -s 0 "$id"
	run -2 "$MOULETTE" kill -s 65 "$id"
	run -2 "$MOULETTE" kill -s TERM --box "$id"
	run -2 "$MOULETTE" kill ZZZZZZ
	[ "$(moulette list -q)" = "$id" ]
	# Each of several is tried.
	run -2 "$MOULETTE" kill -s USR1 ZZZZZZ "$id"
	[[ $output == *ZZZZZZ* ]]
	ended
	expect_verdict passed none 0
	run -2 "$MOULETTE" kill "$id"
	[[ $output == *"has ended"* ]]
	run -2 "$MOULETTE" kill --box "$id"
	host_same
}

@test "the end of a run is a result that says interrupted" {
	start '(while :; do :; done) & echo ready; sleep 1000'
	moulette kill --box "$id"
	# When it returns, the run is gone.
	[ -z "$(ls -A "$MOULETTE_HOME/live")" ]
	ended
	expect_verdict internal_error infrastructure 3
	expect error.code interrupted score null
	[ "$(sqlite3 "$MOULETTE_HOME/results.db" "select error_code from results where id = '$id'")" = interrupted ]
	moulette state "$id" | cmp - "$result"
	[ "$(moulette logs "$id")" = ready ]
	host_same
}

@test "several runs at once are ended, others go on" {
	local first=
	start 'echo ready; sleep 1000'
	first=$id
	local first_runner=$runner
	"$MOULETTE" run -f json -i busybox "$submission" -- sh -c 'echo ready; sleep 1000' >"$BATS_TEST_TMPDIR/second.json" 2>/dev/null </dev/null 3>&- &
	local second_runner=$! second=
	for _ in $(seq 500); do
		second=$("$MOULETTE" list -q | grep -v "$first" || true)
		[ -z "$second" ] || break
		sleep 0.02
	done
	moulette kill --box "$second"
	[ "$(moulette list -q)" = "$first" ]
	status=0
	wait "$second_runner" || status=$?
	[ "$status" = 3 ]
	moulette kill --box "$first"
	status=0
	wait "$first_runner" || status=$?
	[ "$status" = 3 ]
	host_same
}

@test "a run can be ended before it runs a step" {
	# A large archive takes a while.
	local big n=0
	big=$BATS_TEST_TMPDIR/big.tar.xz
	mkdir "$BATS_TEST_TMPDIR/big"
	head -c 100M /dev/zero >"$BATS_TEST_TMPDIR/big/zero"
	tar -C "$BATS_TEST_TMPDIR/big" -cf - . | xz -0 >"$big"
	"$MOULETTE" run -f json -i busybox "$big" -- sleep 1000 >"$BATS_TEST_TMPDIR/result.json" 2>"$BATS_TEST_TMPDIR/messages" </dev/null 3>&- &
	runner=$! result=$BATS_TEST_TMPDIR/result.json messages=$BATS_TEST_TMPDIR/messages
	while id=$("$MOULETTE" list -q) && [ -z "$id" ] && [ $n -lt 1000 ]; do n=$((n + 1)); done
	moulette kill --box "$id"
	ended
	expect_verdict internal_error infrastructure 3
	expect error.code interrupted
	host_same
}

@test "kill --box removes the leftovers of a run that died" {
	start 'echo ready; sleep 1000'
	kill -KILL "$runner"
	ended
	run -0 "$MOULETTE" kill --box "$id"
	[[ $output == *died*removed* ]]
	[ -z "$(ls -A "$MOULETTE_HOME/live")" ]
	[ ! -e "$MOULETTE_HOME/logs/$id.log" ]
	host_same
}

@test "an interrupted run leaves no result, as before" {
	start 'echo ready; sleep 1000'
	kill -TERM "$runner"
	ended
	[ "$status" = 143 ]
	run -2 "$MOULETTE" state "$id"
	host_same
}

@test "a runner that is stopped is told, not waited for" {
	start 'echo ready; exec sleep 1000'
	kill -STOP "$runner"
	until [[ $(ps -o stat= -p "$runner") == T* ]]; do sleep 0.02; done
	run -2 timeout 30 "$MOULETTE" kill "$id"
	[[ $output == *"$id"*stopped*"kill -CONT $runner"* ]]
	run -2 timeout 30 "$MOULETTE" kill --box "$id"
	kill -CONT "$runner"
	until [[ $(ps -o stat= -p "$runner") != T* ]]; do sleep 0.02; done
	# Nothing of the requests was kept.
	[ "$(moulette list -q)" = "$id" ]
	moulette kill --box "$id"
	ended
	expect error.code interrupted
	host_same
}

@test "a hundred signals at once disturb neither the step nor the run" {
	local pids=() p
	start 'n=0; trap "n=1" USR1; echo ready; while [ $n = 0 ]; do sleep 0.02; done; sleep 1; echo over'
	for _ in $(seq 100); do
		"$MOULETTE" kill -s USR1 "$id" 2>/dev/null 3>&- &
		pids+=($!)
	done
	for p in "${pids[@]}"; do wait "$p" || [ $? = 2 ]; done
	ended
	expect_verdict passed none 0
	expect steps.0.stdout.text $'ready\nover'
	host_same
}
