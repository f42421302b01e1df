#!/usr/bin/env bats
# bats file_tags=engine
# A signal that reaches every process of a run, students' programs among them, ends it without a verdict.
load helpers
load batch

setup() {
	home_that_was_used
	submission=$(archive s.tar run.sh $'sleep 98765\n')
	assignment=$(assignment sleep '"image": "busybox", "tests": [{"name": "one", "run": ["/bin/sh", "run.sh"]}]')
	before=$(recorded)
	# The runner waits for its own signal for a time that grows with this.
	patient=$((MOULETTE_TIME_FACTOR * 25))
}

# ends_by_signal N WHOM SIGNAL STATUS COMMAND ARG... - at N moments, each in another order: the status is the
# signal's, nothing is recorded, nothing is left.
ends_by_signal() {
	local n=$1 whom=$2 signal=$3 want=$4 seed status
	shift 4
	for seed in $(seq "$n"); do
		status=0
		python3 "$REPO/tests/e2e/signal_tree.py" "$whom" "$signal" "$seed" "$MOULETTE" "$@" \
			>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/messages" 3>&- || status=$?
		messages=$BATS_TEST_TMPDIR/messages
		[ "$status" = "$want" ] || fail "seed $seed: status $status: $(cat "$BATS_TEST_TMPDIR/out")"
		[ ! -s "$BATS_TEST_TMPDIR/out" ] || fail "seed $seed: printed: $(cat "$BATS_TEST_TMPDIR/out")"
		[ "$(recorded)" = "$before" ] || fail "seed $seed: recorded: $(recorded)"
		[ -z "$(ls -A "$MOULETTE_HOME/live")" ] || fail "seed $seed: marks are left"
	done
	host_same
}

# The next one grades what none of them did.
graded_now() {
	rm -rf "$BATS_TEST_TMPDIR/handins"
	handin a.tar run.sh ''
	handin b.tar run.sh ''
	batch -a "$assignment" "$folder"
	expect_status 0
	expect_lines 'a (a.tar): passed, 1/1 point' 'b (b.tar): passed, 1/1 point'
	host_same
}

@test "SIGTERM to every process of a run, in twenty orders" {
	ends_by_signal 20 all TERM 143 run --time-factor "$MOULETTE_TIME_FACTOR" -a "$assignment" "$submission"
}

@test "SIGTERM to every process of a run, to the runner last" {
	ends_by_signal 6 last TERM 143 run --time-factor "$patient" -a "$assignment" "$submission"
}

@test "SIGTERM to every process of a batch, in twenty orders" {
	handin a.tar run.sh $'sleep 98765\n'
	handin b.tar run.sh $'sleep 98765\n'
	ends_by_signal 20 all TERM 143 batch --time-factor "$MOULETTE_TIME_FACTOR" -j 2 -a "$assignment" "$folder"
	graded_now
}

@test "SIGTERM to every process of a batch, to the runner last" {
	handin a.tar run.sh $'sleep 98765\n'
	ends_by_signal 6 last TERM 143 batch --time-factor "$patient" -j 1 -a "$assignment" "$folder"
}

@test "^C at a terminal: SIGINT to the process group of a run or batch" {
	handin a.tar run.sh $'sleep 98765\n'
	handin b.tar run.sh $'sleep 98765\n'
	ends_by_signal 6 group INT 130 run --time-factor "$MOULETTE_TIME_FACTOR" -a "$assignment" "$submission"
	ends_by_signal 6 group INT 130 batch --time-factor "$MOULETTE_TIME_FACTOR" -j 2 -a "$assignment" "$folder"
	graded_now
}
