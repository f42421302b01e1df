#!/usr/bin/env bats
# bats file_tags=alone
# A host whose processors others keep busy makes grading slow, never wrong.
load helpers
load fair

setup() {
	spinner
	loops=()
}

teardown() {
	# timeout hands the signal on to its loop.
	[ ${#loops[@]} -eq 0 ] || kill "${loops[@]}" 2>/dev/null || :
}

# busy N - one processor for moulette from now on, where all boxes together weigh as much as one ordinary
# group, and so many endless loops there, each with a session and so a weight of its own, for at most 5
# minutes.
busy() {
	local i
	command -v taskset >/dev/null || skip "no taskset"
	# The weight of the group of all boxes is that of the first runner.
	if [ -e /sys/fs/cgroup/cpu/moulette ] || [ -e /sys/fs/cgroup/moulette ]; then
		skip "another runner is at work"
	fi
	cpu=$(taskset -pc $$ | sed 's/.*: \([0-9]*\).*/\1/')
	echo '{"cpu_weight": 1}' >"$BATS_TEST_TMPDIR/moulette.conf"
	moulette() {
		unshare -m --propagation private "$REPO/tests/e2e/with_file.sh" /etc/moulette.conf \
			"$BATS_TEST_TMPDIR/moulette.conf" taskset -c "$cpu" "$MOULETTE" "$@" </dev/null
	}
	for ((i = 0; i < $1; i++)); do
		setsid taskset -c "$cpu" timeout 300 sh -c 'while :; do :; done' 3>&- &
		loops+=($!)
	done
}

@test "time that a step waits for a processor does not count against its wall limit" {
	busy 8
	grade -a "$(tests_of '{"cpu": "5s", "wall": "800ms"}' 'short 500')" "$spin"
	expect_verdict passed none 0
	number 's[0]["waited_ns"] > 0 and s[0]["wall_ns"] - s[0]["waited_ns"] <= s[0]["limits"]["wall_ns"]'
	[ "$(field host_pressure)" != null ]
}

@test "a host that is busy for too long is reported after a second try" {
	[ "$MOULETTE_TIME_FACTOR" = 1 ] || skip "limits are multiplied here"
	busy 40
	grade -a "$(tests_of '{"cpu": "5s", "wall": "100ms"}' 'long 90')" "$spin"
	expect_verdict internal_error infrastructure 3
	expect error.code host.overloaded score null
}

# A build is a storm of short processes; each waits for a processor once or twice.
@test "many short processes wait no less than a long one, and lose nothing" {
	local a
	a=$(assignment storm '"limits": {"cpu": "10s", "wall": "1500ms"}, "build": [],
		"tests": [{"name": "storm", "run": ["sh", "-c", "for i in $(seq 60); do ./spin 5; done"]}]')
	busy 8
	grade -a "$a" "$spin"
	expect_verdict passed none 0
	number 's[0]["waited_ns"] > 0'
}
