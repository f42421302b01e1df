#!/usr/bin/env bats
# Options, formats and exit statuses of run.
load helpers

setup() {
	need_engine
	s=$(archive s.tar x x)
}

@test "usage errors are exit 2 and say what to do" {
	run -2 "$MOULETTE"
	run -2 "$MOULETTE" frobnicate
	[[ $output == *frobnicate* ]]
	run -2 "$MOULETTE" run
	run -2 "$MOULETTE" run --no-such-option "$s"
	[[ $output == *--no-such-option* ]]
	run -2 "$MOULETTE" run -i busybox -f yaml "$s" -- true
	[[ $output == *yaml*json* ]]
	run -2 "$MOULETTE" run -i no-such-image "$s" -- true
	[[ $output == *no-such-image* ]]
	run -2 "$MOULETTE" run -p no-such-profile "$s" -- true
	[[ $output == *no-such-profile*default* ]]
	run -2 "$MOULETTE" run -a "$BATS_TEST_TMPDIR/nowhere" "$s"
	[[ $output == *nowhere* ]]
	run -2 "$MOULETTE" run -i busybox --limit speed=1 "$s" -- true
	run -2 "$MOULETTE" run -i busybox --time-factor nan "$s" -- true
	run -2 "$MOULETTE" run -i busybox -e 1X=2 "$s" -- true
	run -2 "$MOULETTE" run -i busybox -v /nowhere:/x "$s" -- true
	run -2 "$MOULETTE" run -i busybox "$s" --
	run -2 "$MOULETTE" run -i busybox -f json -f text -o x "$s" -- true
	run -2 "$MOULETTE" batch -i busybox -f json:x.jsonl "$s"
	[[ $output == *"give the file with -o: -f json -o x.jsonl"* ]]
	run -2 "$MOULETTE" assignment chek add
	[[ $output == *"unknown action 'chek'; expected check DIR"* ]]
}

@test "without root there is a message and no result" {
	run -3 setpriv --reuid=65534 --regid=65534 --clear-groups "$MOULETTE" run -i busybox "$s" -- true
	[[ $output == *root* ]]
}

@test "several formats, each with its file" {
	local d=$BATS_TEST_TMPDIR
	moulette run -i busybox -f text -f json:"$d/r.json" "$s" -- true >"$d/r.txt"
	[ "$(field verdict "$d/r.json")" = passed ]
	grep -q passed "$d/r.txt"
	moulette run -i busybox -f json -o "$d/o.json" "$s" -- true >"$d/empty"
	[ "$(field verdict "$d/o.json")" = passed ]
	[ ! -s "$d/empty" ]
}

@test "JSON agrees with its schema" {
	local schema=$REPO/profiles/result.schema.json
	for command in true false 'sleep 0' 'echo hi; echo ho >&2'; do
		grade -i busybox "$s" -- sh -c "$command"
		/usr/bin/python3 -c 'import json, sys, jsonschema; jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))' "$schema" "$result"
	done
	grade "$(archive n.tar notes.txt x)"
	/usr/bin/python3 -c 'import json, sys, jsonschema; jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))' "$schema" "$result"
}

@test "a command: empty input, no points, shown output" {
	grade -i busybox "$s" -- sh -c 'cat; echo out'
	expect verdict passed score null max_score null steps.0.points null steps.0.kind command steps.0.stdout.text out
	run -0 "$MOULETTE" run -i busybox "$s" -- echo shown
	[[ $output == *"| shown"* ]]
}

@test "name, environment, volumes, limits" {
	mkdir "$BATS_TEST_TMPDIR/data"
	echo bound >"$BATS_TEST_TMPDIR/data/f"
	chmod 755 "$BATS_TEST_TMPDIR/data"
	cd "$BATS_TEST_TMPDIR"
	grade -i busybox -n alice -e A=1 -e B=two -v data:/data --limit memory=32M --limit processes=7 "$s" -- \
		sh -c 'echo $A $B; cat /data/f; touch /data/x 2>/dev/null || echo ro'
	expect submission.name alice steps.0.stdout.text $'1 two\nbound\nro'
	expect steps.0.limits.memory_bytes 33554432 steps.0.limits.processes 7
	mkdir rw; chmod 777 rw
	grade -i busybox -v "$PWD/rw:/data:rw" "$s" -- touch /data/x
	expect verdict passed
	[ -e rw/x ]
}

@test "a time factor multiplies both clocks" {
	status=0
	moulette run -f json -i busybox --time-factor 2 --limit cpu=3s "$s" -- true >"$BATS_TEST_TMPDIR/r"
	[ "$(field steps.0.limits.cpu_ns "$BATS_TEST_TMPDIR/r")" = 6000000000 ]
	[ "$(field steps.0.limits.wall_ns "$BATS_TEST_TMPDIR/r")" = 28000000000 ]
}

@test "the result is in the store, the output in its log" {
	grade -i busybox "$s" -- echo kept
	local id
	id=$(field id)
	[ "$(sqlite3 "$MOULETTE_HOME/results.db" "select verdict from results where id = '$id'")" = passed ]
	grep -q kept "$MOULETTE_HOME/logs/$id.log"
	[ "$(stat -c %a "$MOULETTE_HOME/results.db" "$MOULETTE_HOME/logs" "$MOULETTE_HOME/live" | tr '\n' ' ')" = "600 700 700 " ]
}

@test "a full output file is trouble of the host" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -3 "$MOULETTE" run -i busybox -f json -o /dev/full "$s" -- true
}

@test "two runs side by side" {
	local i
	for i in 1 2 3 4; do
		moulette run -f json -i busybox -n "n$i" "$s" -- sh -c "sleep 0.3; echo $i" >"$BATS_TEST_TMPDIR/$i.json" &
	done
	wait
	for i in 1 2 3 4; do
		[ "$(field steps.0.stdout.text "$BATS_TEST_TMPDIR/$i.json")" = "$i" ]
	done
}

@test "standard streams can be opened by name" {
	grade -i busybox "$s" -- sh -c 'echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin'
	expect verdict passed steps.0.stdout.text out steps.0.stderr.text err
}

@test "every shipped profile runs" {
	grade -i busybox -p strict "$s" -- /bin/busybox echo one
	expect verdict passed steps.0.stdout.text one steps.0.limits.processes 1
	grade -i busybox -p strict "$s" -- sh -c 'echo a; (exit 0) || exit 1; exit 1'
	expect verdict process_limit
	grade -i busybox -p debug "$s" -- true
	expect verdict passed
	grade -i busybox -p compile "$s" -- true
	expect verdict passed
}

@test "a limit that is too low for any program is a usage error" {
	run -2 "$MOULETTE" run -i busybox --limit memory=64 "$s" -- true
	[[ $output == *1M* ]]
	grade -i busybox --limit processes=2000000000 "$s" -- true
	expect verdict passed
}

@test "a step that ends in time is in time" {
	local i
	for i in 1 2 3 4 5; do
		grade -i busybox --limit wall=0.001ms "$s" -- sleep 45
		expect verdict time_limit steps.0.limit_hit wall
	done
}

@test "the caller's limits and niceness are not the box's" {
	ulimit -S -t 500
	nice -n 5 "$MOULETTE" run -f json -i busybox "$s" -- sh -c 'ulimit -t' >"$BATS_TEST_TMPDIR/r"
	[ "$(field steps.0.stdout.text "$BATS_TEST_TMPDIR/r")" = unlimited ]
}

@test "a volume below a folder that tests start with clean is a usage error" {
	local a
	a=$(assignment one '"image": "busybox", "build": [], "tests": [{"name": "one", "run": ["true"]}]')
	run -2 "$MOULETTE" run -a "$a" -v /usr/share:/work/data "$s"
	[[ $output == */work* ]]
}

@test "expected output beyond the output limit is a usage error" {
	local a
	a=$(assignment big '"image": "busybox", "limits": {"output": "1K"}, "build": [], "tests": [{"name": "one", "run": ["true"], "stdout": "out"}]' out "$(seq 1000)")
	run -2 "$MOULETTE" run -a "$a" "$s"
	[[ $output == *one*output* ]]
}

# What lies beneath the cgroup2 mount of a hybrid host, where nobody looks.
beneath() {
	unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null && find /sys/fs/cgroup/unified | sort'
}

@test "the engine writes nothing beneath a hidden mount" {
	[ -d /sys/fs/cgroup/unified ] || skip "no hybrid host: nothing is hidden"
	local before
	before=$(beneath)
	moulette run -i busybox "$s" -- true >/dev/null
	[ "$(beneath)" = "$before" ]
}

@test "nothing stays on the host" {
	moulette run -i busybox "$s" -- true >/dev/null
	host_before
	moulette run -i busybox "$s" -- sh -c 'sleep 1000 & echo x >/tmp/y' >/dev/null
	moulette run "$(archive m.tar Makefile $'all:\n\ttrue\ncheck:\n\ttrue\n')" >/dev/null
	host_same
}
