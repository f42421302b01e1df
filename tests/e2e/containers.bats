#!/usr/bin/env bats
# bats file_tags=engine
# moulette in a container as docker makes it, the way of most CI jobs: boxes run and nothing is left.
load helpers
load containers

# The verdicts that scripts/demo.sh expects, then what is left in the container's control groups.
demo_script() {
	script demo.sh <<-'END'
		cd "$REPO/tests/data/demo"
		for submission in correct wrong crash loop memory forkbomb; do
			moulette run -a assignment --time-factor "$MOULETTE_TIME_FACTOR" -f json:/tmp/r "$submission"
			echo "$submission: status $?, $(grep -o '"verdict": *"[a-z_]*"' /tmp/r | head -n 1 | cut -d '"' -f 4)"
		done
		echo "left: $(find /sys/fs/cgroup -name 'moulette*')"
	END
}

# six_verdicts OPTION... - in a container with these options.
six_verdicts() {
	run -0 in_container "$@" -- sh "$(demo_script)"
	echo "$output"
	[ "$output" = "correct: status 0, passed
wrong: status 1, wrong_answer
crash: status 1, runtime_error
loop: status 1, time_limit
memory: status 1, memory_limit
forkbomb: status 1, process_limit
left: " ]
}

@test "privileged, by runc: six verdicts" {
	need_engine
	need_containers runc
	six_verdicts "${privileged[@]}"
}

@test "privileged, by crun: six verdicts" {
	need_engine
	need_containers crun
	six_verdicts "${privileged[@]}"
}
