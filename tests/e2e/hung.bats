#!/usr/bin/env bats
# bats file_tags=slow
# moulette batch: a worker that is stopped or hangs, which takes half a minute to be seen; a batch that is
# stopped itself. The waiting is the crew's, whatever the engine: no tag.
load helpers
load batch

setup() {
	need_engine
	own_home
	stopped=()
	host_before
}

# What a test that failed left would be there for ever.
teardown() {
	kill -KILL ${batch:+"$batch"} "${stopped[@]}" 2>/dev/null || true
	host_same
}

# stop PID...
stop() {
	kill -STOP "$@"
	stopped+=("$@")
}

# engine_script TEXT - an engine that does TEXT, where `engine` is the true one.
engine_script() {
	printf '%s\n' '#!/bin/sh' "cd '$BATS_TEST_TMPDIR'" "engine='$(command -v "$MOULETTE_ENGINE")'" "$1" \
		>"$BATS_TEST_TMPDIR/engine"
	chmod 755 "$BATS_TEST_TMPDIR/engine"
	export MOULETTE_ENGINE=$BATS_TEST_TMPDIR/engine
}

nothing_is_left() {
	[ -z "$(ls -A "$MOULETTE_HOME/live")" ] || fail "marks are left: $(ls "$MOULETTE_HOME/live")"
	host_same
}

@test "a worker that is stopped costs one more try; the second time its submission could not be graded" {
	local first once
	sum_assignment
	handin once.tar run.sh "sleep 3; $right"
	handin twice.tar run.sh "sleep 100"
	handin other.tar run.sh "$right"
	batch_behind --time-factor 1 -a "$assignment" -l wall=200s -j 2 "$folder"
	await_worker once
	once=$worker
	await_worker twice
	first=$worker
	stop "$once" "$first"
	await_worker twice "$first"
	stop "$worker"
	await_batch
	expect_status 3
	expect_lines 'once (once.tar): passed, 2/2 points' 'other (other.tar): passed, 2/2 points' \
		'twice (twice.tar): internal error - two workers ended while grading it; the last one did not respond for 30 s and was killed (worker.hung)'
	expect_recorded 'once passed' 'other passed' 'twice internal_error'
	nothing_is_left
}

# bats test_tags=long
@test "a worker that is stopped while it starts a box or ends one does not keep the batch" {
	engine_script 'case "$*" in *" run "*) ;; *) exec "$engine" "$@" ;; esac
		mkdir before 2>/dev/null && kill -STOP $PPID
		"$engine" "$@" 2>&1
		status=$?
		mkdir after 2>/dev/null && kill -STOP $PPID
		exit $status'
	sum_assignment
	handin a.tar run.sh "$right"
	batch_behind --time-factor 1 -a "$assignment" "$folder"
	await_batch
	expect_status 0
	expect_lines 'a (a.tar): passed, 2/2 points'
	[ -d "$BATS_TEST_TMPDIR/before" ]
	[ -d "$BATS_TEST_TMPDIR/after" ]
	nothing_is_left
}

# bats test_tags=long
@test "a batch that was stopped, as by a suspended machine, has patience with its workers" {
	engine_script 'case "$*" in *" run "*) echo run >>runs ;; esac; exec "$engine" "$@"'
	sum_assignment
	handin slow.tar run.sh "sleep 3; $right"
	batch_behind --time-factor 1 -a "$assignment" -l wall=200s "$folder"
	await_worker slow
	stop "$batch" "$worker"
	sleep 40
	kill -CONT "$batch"
	sleep 3
	kill -CONT "$worker"
	await_batch
	expect_status 0
	expect_lines 'slow (slow.tar): passed, 2/2 points'
	[ "$(wc -l <"$BATS_TEST_TMPDIR/runs")" = 1 ] || fail "it was tried again"
	nothing_is_left
}
