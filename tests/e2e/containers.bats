#!/usr/bin/env bats
# bats file_tags=host
# moulette in a container as docker makes it, the way of most CI jobs: boxes run and nothing is left.
# What a container may refuse is in refused.bats.
load helpers
load containers

setup() {
	need_engine
}

# What scripts/demo.sh grades, two at a time; then a network card; then what is left.
demo_script() {
	cp -r "$REPO/tests/data/demo" "$BATS_TEST_TMPDIR/demo"
	files_into "$BATS_TEST_TMPDIR/profiles" card.json \
		'{"extends": "network", "moulette": {"network": {"allow": ["host:8080"]}}}' index.html welcome
	script demo.sh <<-'END'
		cd demo
		moulette doctor >doctor.txt || cat doctor.txt
		moulette batch -a assignment -j 2 --time-factor "$MOULETTE_TIME_FACTOR" -f json -o r.jsonl \
			correct/. wrong/. crash/. loop/. memory/. forkbomb/. 2>messages || cat messages
		python3 - r.jsonl <<-'PYTHON'
			import json, sys
			for r in sorted(map(json.loads, open(sys.argv[1])), key=lambda r: r["submission"]["name"]):
			    print(r["submission"]["name"], r["verdict"])
		PYTHON
		moulette network up >/dev/null
		busybox httpd -p 10.213.0.1:8080 -h ../profiles
		moulette run -i busybox -p ../profiles/card.json --time-factor "$MOULETTE_TIME_FACTOR" correct -- \
			sh -c 'wget -qO - http://$MOULETTE_HOST:8080/' | tail -n 1
		moulette network down
		echo "links: $(ls /sys/class/net | grep -c moul)"
		moulette gc
	END
}

# six_verdicts OPTION... - in a container with these options.
six_verdicts() {
	local script
	script=$(demo_script)
	run in_container "$@" -- sh "$script"
	echo "$output"
	[ "$output" = "correct passed
crash runtime_error
forkbomb process_limit
loop time_limit
memory memory_limit
wrong wrong_answer
    | welcome
links: 0
moulette: 0 leftovers of killed runs removed" ]
}

# left_script - the commands of stdin with the status of each, then what is left of them; looked at before
# the container ends, whose own groups go with it.
left_script() {
	{
		sed 's/$/ \&\& echo "status $?"/'
		cat <<-'END'
			echo end
			find /sys/fs/cgroup -name 'moulette*'
			grep ' /run/moulette' /proc/self/mounts
			ls /var/lib/moulette/live
		END
	} | script left.sh
}

# readme_commands - what the jobs of the README's section run.
readme_commands() {
	awk '/^## / { inside = $0 == "## In a CI job" } inside' "$REPO/README.md" |
		sed -nE 's/^ +- (run: )?(moulette .*)/\2/p'
}

@test "privileged, by crun: what the README's jobs run, and no cgroup or mount is left" {
	need_containers crun
	cp -r "$REPO/tests/data/demo/assignment" "$BATS_TEST_TMPDIR/"
	cp -r "$REPO/tests/data/demo/correct" "$BATS_TEST_TMPDIR/submission"
	mkdir "$BATS_TEST_TMPDIR/handins"
	cp -r "$REPO/tests/data/demo/"{correct,wrong} "$BATS_TEST_TMPDIR/handins/"
	[ "$(readme_commands | wc -l)" = 4 ]
	run -0 in_container "${privileged[@]}" -- sh "$(readme_commands | left_script)"
	echo "$output"
	[ "$(grep ^status <<<"$output" | tr '\n' ' ')" = "status 0 status 0 status 0 status 0 " ]
	[ "$(sed 1,/^end/d <<<"$output")" = "" ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/marks.jsonl")" = 2 ]
	[ "$(field verdict "$BATS_TEST_TMPDIR/result.json")" = passed ]
}

@test "the README has the options that are tested" {
	need_containers runc
	local section option
	section=$(awk '/^## / { inside = $0 == "## In a CI job" } inside' "$REPO/README.md" | tr '\n' ' ')
	[[ $section = *"${privileged[*]}"* ]]
	[[ $section = *"${few_rights[*]}"* || $MOULETTE_ENGINE = *runc ]]
}

@test "few rights, by crun: verdicts, limits, a batch, a card, and nothing is left" {
	need_containers crun
	six_verdicts "${few_rights[@]}"
}

@test "few rights, by runc, as docker makes them: the same" {
	need_containers runc
	six_verdicts "${few_rights[@]}"
}
