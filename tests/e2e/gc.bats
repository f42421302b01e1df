#!/usr/bin/env bats
# How long results are kept: by their age, and by the size of all.
load helpers

setup() {
	need_engine
	own_home
	submission=$(archive s.tar a x)
	grade -i busybox "$submission" -- echo young
	young=$(field id)
	local i
	for i in 1 2 3; do
		grade -i busybox "$submission" -- head -c 200000 /dev/zero
		old[i]=$(field id)
		# The first is the oldest: 40, 30 and 20 days.
		sqlite3 "$MOULETTE_HOME/results.db" "update results set started_ns = started_ns - (50 - 10 * $i) * 86400 * 1000000000 where id = '${old[i]}'"
	done
	host_before
}

# kept ID... - these results and no others are there, each with its log.
kept() {
	[ "$(sqlite3 "$MOULETTE_HOME/results.db" 'select id from results order by id' | tr '\n' ' ')" = "$(printf '%s\n' "$@" | sort | tr '\n' ' ')" ]
	[ "$(cd "$MOULETTE_HOME/logs" && printf '%s\n' * | tr '\n' ' ')" = "$(printf '%s.log\n' "$@" | sort | tr '\n' ' ')" ]
}

# with_limit SIZE COMMAND... - in a namespace of its own, with a moulette.conf of its own
with_limit() {
	local size=$1
	shift
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	echo "{\"store_max_size\": \"$size\"}" >"$BATS_TEST_TMPDIR/etc/moulette.conf"
	unshare -m --propagation private sh -c 'mount --bind "$0" /etc && exec "$@"' "$BATS_TEST_TMPDIR/etc" "$@"
}

@test "results go by their age" {
	run -0 "$MOULETTE" gc
	kept "$young" "${old[@]}"
	run -0 "$MOULETTE" gc --older-than 41d
	[[ $output == *"0 results removed"* ]]
	kept "$young" "${old[@]}"
	run -0 "$MOULETTE" gc -n --older-than 4w
	[[ $output == *"2 results would be removed"* ]]
	kept "$young" "${old[@]}"
	run -0 "$MOULETTE" gc --older-than 4w
	[[ $output == *"2 results removed"* ]]
	kept "$young" "${old[3]}"
	run -0 "$MOULETTE" gc --older-than 479h
	kept "$young"
	run -2 "$MOULETTE" state "${old[1]}"
	moulette logs "$young"
	host_same
}

@test "an invalid age is exit 2 and removes nothing" {
	local age
	for age in 30 0d d -1d 1.5d 30x '30 d' 30dd '' 99999999999999999999d; do
		run -2 "$MOULETTE" gc --older-than "$age"
		[[ $output == *30d* ]] || fail "$age: $output"
	done
	run -2 "$MOULETTE" gc 30d
	kept "$young" "${old[@]}"
}

@test "above the size limit the oldest results are removed, recent ones never" {
	run -0 with_limit 100M "$MOULETTE" gc
	[[ $output == *"0 results removed"* ]]
	kept "$young" "${old[@]}"
	run -0 with_limit 500K "$MOULETTE" gc --dry-run
	kept "$young" "${old[@]}"
	run -0 with_limit 500K "$MOULETTE" gc
	[[ $output == *" removed"* ]]
	[ ! -e "$MOULETTE_HOME/logs/${old[1]}.log" ]
	[ -e "$MOULETTE_HOME/logs/${old[3]}.log" ]
	run -0 with_limit 1K "$MOULETTE" gc
	[[ $output == *"none of them is older than an hour"* ]]
	kept "$young"
	host_same
}

@test "an invalid size is exit 2" {
	run -2 with_limit much "$MOULETTE" gc
	[[ $output == *store_max_size*much* ]]
	kept "$young" "${old[@]}"
}

@test "a live run and its log stay" {
	"$MOULETTE" run -f json -i busybox "$submission" -- sh -c 'trap "exit 0" USR1; echo ready; while :; do sleep 0.05; done' >"$BATS_TEST_TMPDIR/out" 2>/dev/null </dev/null 3>&- &
	local runner=$! id=
	for _ in $(seq 500); do
		id=$("$MOULETTE" list -q)
		[ -z "$id" ] || ! "$MOULETTE" logs "$id" 2>/dev/null | grep -q ready || break
		sleep 0.02
	done
	run -0 with_limit 1K "$MOULETTE" gc --older-than 1s
	[ "$(moulette list -q)" = "$id" ]
	[ "$(moulette logs "$id")" = ready ]
	moulette kill -s USR1 "$id"
	wait "$runner"
	[ "$(moulette logs "$id")" = ready ]
	host_same
}
