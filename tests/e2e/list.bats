#!/usr/bin/env bats
# Live boxes and results as `list` and `state` show them, while runs go on and after they died.
load helpers

setup() {
	home_that_was_used
}

# start COMMAND - run it in the background; sets runner, and id when its step runs.
start() {
	"$MOULETTE" run -f json -i busybox "$submission" -- sh -c "$1" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null 3>&- &
	runner=$!
	until_running
}

until_running() {
	for _ in $(seq 500); do
		id=$("$MOULETTE" list -q)
		[ -z "$id" ] || ! grep -q '^step ' "$MOULETTE_HOME/live/$id" || return 0
		sleep 0.02
	done
	fail "the run does not begin"
}

# row FIELD - of the live run, in the JSON of list
row() {
	moulette list --json >"$BATS_TEST_TMPDIR/list.json"
	field "0.$1" "$BATS_TEST_TMPDIR/list.json"
}

@test "a home in which nothing ran has an empty list, and stays empty" {
	MOULETTE_HOME=$BATS_TEST_TMPDIR/none run -0 "$MOULETTE" list
	[ "${#lines[@]}" = 1 ]
	[[ $output == "ID "*PID*STATUS*SUBMISSION* ]]
	COLUMNS=200 MOULETTE_HOME=$BATS_TEST_TMPDIR/none run -0 "$MOULETTE" list
	[[ $output == "ID "*PID*STATUS*BUNDLE*CREATED*OWNER*SUBMISSION*ASSIGNMENT*STEP*ELAPSED ]]
	MOULETTE_HOME=$BATS_TEST_TMPDIR/none run -0 "$MOULETTE" list --json
	[ "$output" = "[]" ]
	MOULETTE_HOME=$BATS_TEST_TMPDIR/none run -0 "$MOULETTE" list -q
	[ -z "$output" ]
	MOULETTE_HOME=$BATS_TEST_TMPDIR/none run -2 "$MOULETTE" state 01JD
	[ ! -e "$BATS_TEST_TMPDIR/none" ]
	run -2 "$MOULETTE" list x
}

@test "a live run is listed with its box and its step, then as its result" {
	start 'trap "exit 0" USR1; while :; do sleep 0.05; done'
	local pid bundle
	pid=$(row pid)
	bundle=$(row bundle)
	[ "$(row status)" = running ]
	[ "$(row id)" = "$id" ]
	[ "$(row owner)" = "$(id -un)" ]
	[ "$(row submission)" = s ]
	[ "$(row step)" = command ]
	[ "$(row steps_total)" = 1 ]
	[ "$(row score)" = null ]
	[ "$(row elapsed_ns)" -gt 0 ]
	# It is PID 1 of a pid namespace, and its bundle is where it is said to be.
	[ "$(awk '/^NSpid:/ { print $NF }' "/proc/$pid/status")" = 1 ]
	[ -s "$bundle/config.json" ]
	COLUMNS=250 run -0 "$MOULETTE" list
	[[ ${lines[1]} == "$id"*"$pid"*running*"$bundle"*"command (1/1)"* ]]
	moulette kill -s USR1 "$id"
	wait "$runner"
	[ "$(row status)" = passed ]
	[ "$(row pid)" = null ]
	[ "$(row id)" = "$id" ]
	[ -z "$(moulette list -q)" ]
	host_same
}

@test "state of a live run has the keys of the OCI state" {
	start 'trap "exit 0" USR1; while :; do sleep 0.05; done'
	moulette state "$id" >"$BATS_TEST_TMPDIR/state"
	python3 - "$BATS_TEST_TMPDIR/state" "$id" <<-'E'
	import json, re, sys
	state, id = json.load(open(sys.argv[1])), sys.argv[2]
	assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+.*", state["ociVersion"]), state
	assert state["id"] == id and state["status"] == "running", state
	assert isinstance(state["pid"], int) and state["pid"] > 1, state
	assert isinstance(state["bundle"], str) and state["bundle"], state
	notes = state["annotations"]
	assert all(isinstance(v, str) for v in notes.values()), notes
	assert notes["org.moulette.submission"] == "s", notes
	assert notes["org.moulette.step"] == "command" and notes["org.moulette.steps.total"] == "1", notes
	E
	moulette kill -s USR1 "$id"
	wait "$runner"
	# Of the result it is what the run printed, byte by byte.
	moulette state "$id" | cmp - "$BATS_TEST_TMPDIR/out"
	host_same
}

@test "the begin of an id serves, an ambiguous one lists what it may be" {
	start 'trap "exit 0" USR1; while :; do sleep 0.05; done'
	local lower=${id,,} i
	moulette state "${lower:0:25}" | grep -q '"running"'
	# Of a live box any begin, where no other run begins so.
	moulette state "${id:0:1}" | grep -q '"running"'
	moulette kill -s USR1 "$id"
	wait "$runner"
	run -2 "$MOULETTE" state "${id:0:3}"
	[[ $output == *"4 characters"* ]]
	for i in 1 2 3 4 5 6; do
		sqlite3 "$MOULETTE_HOME/results.db" "insert into results (id, verdict, fault, version) values ('ZZZZ000000000000000000000$i', 'passed', 'none', '0')"
	done
	run -2 "$MOULETTE" state zzzz
	[[ $output == *ambiguous*ZZZZ0000000000000000000001*ZZZZ0000000000000000000005,\ ...* ]]
	[[ $output != *ZZZZ0000000000000000000006* ]]
	run -2 "$MOULETTE" state zzzz9
	run -2 "$MOULETTE" state ''
	run -2 "$MOULETTE" state
}

@test "a killed runner is listed as died until it is swept" {
	start 'echo some output; sleep 1000'
	kill -KILL "$runner"
	wait "$runner" || true
	[ "$(row status)" = died ]
	[ "$(row pid)" = null ]
	[ -z "$(moulette list -q)" ]
	moulette state "$id" >"$BATS_TEST_TMPDIR/state"
	[ "$(field status "$BATS_TEST_TMPDIR/state")" = stopped ]
	grep -q '"org.moulette.status": "died"' "$BATS_TEST_TMPDIR/state"
	run -2 "$MOULETTE" kill "$id"
	[[ $output == *died* ]]
	# Looking changes nothing.
	[ "$(row status)" = died ]
	run -0 "$MOULETTE" gc --dry-run
	[[ $output == *"leftovers of 1 killed run"* ]]
	[ "$(row status)" = died ]
	moulette gc
	[ "$(row status)" = passed ]
	[ -z "$(ls -A "$MOULETTE_HOME/live")" ]
	run -2 "$MOULETTE" state "$id"
	host_same
}

@test "list fits 80 columns, whatever the names" {
	local long line
	long=$(printf '%0100d' 7)
	grade -i busybox -n "$long" "$submission" -- true
	start 'trap "exit 0" USR1; while :; do sleep 0.05; done'
	run -0 "$MOULETTE" list
	moulette kill -s USR1 "$id"
	wait "$runner"
	[ "${#lines[@]}" = 4 ]
	for line in "${lines[@]}"; do [ ${#line} -le 80 ] || fail "${#line} columns: $line"; done
	[[ $output == *" 00000"* ]]
}

@test "names are shown escaped" {
	local odd=$'\e[31mred\nline\xff'
	grade -i busybox -n "$odd" "$submission" -- true
	COLUMNS=100 run -0 "$MOULETTE" list
	[ "${#lines[@]}" = 3 ]
	[[ $output == *'\x1b[31mred\nline\xff'* ]]
}

@test "with a thousand results the latest 20 are shown, and all on demand" {
	sqlite3 "$MOULETTE_HOME/results.db" "with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
		insert into results (id, submission_name, verdict, fault, version, score, max_score, started_ns, duration_ns)
		select printf('01AAAAAAAAAAAAAAAAAAAA%04d', i), 'n' || i, 'passed', 'none', '0', 1, 1, i * 1000000000, 5 from n"
	COLUMNS=120 "$MOULETTE" list >"$BATS_TEST_TMPDIR/table"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/table")" = 21 ]
	# The one of today, then the newest of those of 1970.
	[[ $(sed -n 3p "$BATS_TEST_TMPDIR/table") == 01AAAAAAAAAAAAAAAAAAAA1000*"passed 1/1"*1970-01-01T00:16:40*n1000* ]]
	[ "$(moulette list --all | wc -l)" = 1002 ]
	moulette list --all --json | python3 -c 'import json, sys; assert len(json.load(sys.stdin)) == 1001'
	# What is shown is found by an index.
	sqlite3 "$MOULETTE_HOME/results.db" "explain query plan select id from results order by started_ns desc, id desc limit 20" |
		grep -q 'INDEX results_started'
}

@test "it is read while a run writes" {
	local i
	for i in 1 2 3; do
		moulette run -f json -i busybox "$submission" -- true >/dev/null &
	done
	for i in $(seq 20); do moulette list >/dev/null; done
	wait
	[ "$(moulette list | wc -l)" = 5 ]
	host_same
}

@test "a file in live/ that is not a run record is ignored" {
	local junk
	id=$(field id)
	mkdir "$MOULETTE_HOME/live/FOLDER"
	mkfifo "$MOULETTE_HOME/live/FIFO"
	ln -s /etc/passwd "$MOULETTE_HOME/live/LINK"
	run -0 "$MOULETTE" list -q
	[ -z "$output" ]
	[ "$(moulette list --json | grep -c '"id"')" = 1 ]
	moulette state "$id" | cmp - "$result"
	run -0 "$MOULETTE" gc -n
	for junk in FOLDER FIFO LINK; do rm -rf "$MOULETTE_HOME/live/$junk"; done
}

# looks BEFORE - list, state and logs in mounts of their own, after BEFORE.
looks() {
	unshare -m sh -ec "$1
		'$MOULETTE' list --json >'$BATS_TEST_TMPDIR/list.json'
		'$MOULETTE' state $id >'$BATS_TEST_TMPDIR/state.json'
		'$MOULETTE' logs $id >'$BATS_TEST_TMPDIR/log'"
	[ "$(field 0.id "$BATS_TEST_TMPDIR/list.json")" = "$id" ]
	cmp "$result" "$BATS_TEST_TMPDIR/state.json"
	[ "$(cat "$BATS_TEST_TMPDIR/log")" = kept ]
}

@test "a home that cannot be written is read, and what would write says why" {
	grade -i busybox "$submission" -- echo kept
	id=$(field id)
	looks "mount --bind '$MOULETTE_HOME' '$MOULETTE_HOME'; mount -o remount,bind,ro '$MOULETTE_HOME'"
	run -3 unshare -m sh -c "mount --bind '$MOULETTE_HOME' '$MOULETTE_HOME'
		mount -o remount,bind,ro '$MOULETTE_HOME'
		'$MOULETTE' gc"
	[[ $output == *"cannot open results database '$MOULETTE_HOME/results.db': Read-only file system"* ]]
	# A name that means something in a URI.
	mkdir "$BATS_TEST_TMPDIR/a b?c#d%41"
	cp -r "$MOULETTE_HOME/." "$BATS_TEST_TMPDIR/a b?c#d%41"
	MOULETTE_HOME="$BATS_TEST_TMPDIR/a b?c#d%41"
	looks "mount --bind '$MOULETTE_HOME' '$MOULETTE_HOME'; mount -o remount,bind,ro '$MOULETTE_HOME'"
}

@test "a home on a full disk is read, and what would write says so" {
	local full="mount -t tmpfs -o size=1M none /mnt; mkdir /mnt/live; cp '$MOULETTE_HOME/results.db' /mnt
		cp -r '$MOULETTE_HOME/logs' /mnt; cat /dev/zero >/mnt/fill 2>/dev/null || true
		export MOULETTE_HOME=/mnt"
	grade -i busybox "$submission" -- echo kept
	id=$(field id)
	looks "$full"
	run -3 unshare -m sh -ec "$full; '$MOULETTE' gc"
	[[ $output == *"is full; make room"* ]]
}

@test "a reader that closes the pipe ends the list without an error" {
	for _ in 1 2 3; do
		"$MOULETTE" list --all 2>>"$BATS_TEST_TMPDIR/note" | :
		[ "${PIPESTATUS[0]}" = 0 ]
		"$MOULETTE" list --json 2>>"$BATS_TEST_TMPDIR/note" | :
		[ "${PIPESTATUS[0]}" = 0 ]
	done
	[ ! -s "$BATS_TEST_TMPDIR/note" ]
	run -3 sh -c "'$MOULETTE' list >/dev/full"
	[[ $output == *"cannot write to stdout: No space left"* ]]
}
