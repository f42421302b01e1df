#!/usr/bin/env bats
# bats file_tags=tools
# make bench in small: that it measures, what it says, and that it leaves nothing.
load helpers

setup() {
	[ "$(id -u)" = 0 ] || skip "image import is measured as root"
	bench=$(dirname "$MOULETTE")/bench
	[ -x "$bench" ] || fail "'$bench' is not there: make e2e builds it"
	export TMPDIR=$BATS_TEST_TMPDIR/scratch
	mkdir "$TMPDIR"
	chmod 711 "$TMPDIR"
	d=$BATS_TEST_TMPDIR/out
	mkdir "$d"
}

# measure OPTION... - what it prints is in $d/table, what it says meanwhile in $d/words.
measure() {
	(
		echo "$BASHPID" >"$BATS_TEST_TMPDIR/pid"
		exec "$bench" --out "$d" "$@"
	) >"$d/table" 2>"$d/words"
}

# Others may measure at the same time.
nothing_left() {
	[ -z "$(ls "$TMPDIR")" ] || fail "left: $(ls "$TMPDIR")"
	[ -z "$(find /run/ /sys/fs/cgroup/ -name "bench-moulette-$(<"$BATS_TEST_TMPDIR/pid")*")" ] ||
		fail "left in /run or cgroups"
}

@test "a comparison gives a table and bench.json" {
	command -v umoci >/dev/null || skip "umoci is not installed"
	measure --rounds 2 --only image-import --size 4M
	expect_text "$d/table" "image-import: " "4 layers" CONTENDER MEDIAN RATIO "50 % interval" \
		"moulette: " "umoci: "
	expect_text "$d/words" "round 2 of 2"
	! grep -q "not measured" "$d/table" || fail "umoci was not measured: $(cat "$d/table")"
	python3 - "$d/bench.json" <<-'E'
	import json, sys
	b = json.load(open(sys.argv[1]))
	assert b["schema"] == "moulette.bench/1" and b["rounds"] == 2 and b["machine"]["processors"] >= 1
	assert b["machine"]["kernel"] and b["machine"]["load"] and b["load_after"]
	[c] = b["comparisons"]
	assert c["name"] == "image-import"
	moulette, umoci = c["contenders"]
	for row in moulette, umoci:
	    assert row["not_measured"] is None and row["protects"]
	    for key in "wall_ns", "cpu_ns", "peak_bytes":
	        values = row[key]
	        assert len(values["values"]) == 2 and values["min"] == min(values["values"]) > 0
	assert moulette["ratio_to_first"] is None
	low, middle, high = (umoci["ratio_to_first"]["wall"][k] for k in ("low", "median", "high"))
	assert 0 < low <= middle <= high
	E
	nothing_left
}

@test "contenders prove their work, or are named with a reason" {
	need_engine
	measure --rounds 2 --budget 1 --tests 1,3 --only grade
	expect_text "$d/table" "grade: a submission" "grade: 1 test, back to back" \
		"grade: 3 tests, 60 ms of pause before each run" "bare exec: nothing: vfork" " ms cpu a test"
	python3 - "$d/bench.json" "$d/table" <<-'E'
	import json, shutil, sys
	comparisons = json.load(open(sys.argv[1]))["comparisons"]
	table = open(sys.argv[2]).read()
	assert [(c["units"], c["pause_ms"]) for c in comparisons] == [(1, 0), (3, 0), (1, 60), (3, 60)]
	programs = {"bwrap": "bwrap", "isolate": "isolate", "nsjail": "nsjail", "crun": "crun", "runc": "runc",
	            "crun, static": "crun-static", "podman": "podman", "docker": "docker", "runsc": "runsc",
	            "go-judge": "go-judge"}
	for c in comparisons:
	    rows = {row["name"]: row for row in c["contenders"]}
	    assert set(programs) < set(rows), rows.keys()
	    assert rows["moulette"]["not_measured"] is None and rows["bare exec"]["not_measured"] is None
	    assert rows["moulette"]["version"].startswith("moulette ")
	    for name, program in programs.items():
	        row = rows[name]
	        if not shutil.which(program):
	            assert row["not_measured"] == program + " is not installed", row
	            assert name + ": not measured: " + program + " is not installed\n" in table
	        if row["not_measured"]:
	            assert row["cpu_ns"] is None and row["ratio_to_first"] is None
	            continue
	        assert 1 <= len(row["cpu_ns"]["values"]) == len(row["wall_ns"]["values"]) <= 2
	        assert row["cpu_ns"]["min"] <= row["cpu_ns"]["p10"] <= row["cpu_ns"]["median"] <= row["cpu_ns"]["p90"]
	    # The floor: no sandbox costs less.
	    assert rows["bare exec"]["cpu_ns"]["median"] < rows["moulette"]["cpu_ns"]["median"]
	E
	nothing_left
}

@test "the plot is XML with a line for each contender" {
	need_engine
	# Nothing but moulette and the floor: none of the others is in PATH.
	PATH=/nowhere measure --rounds 1 --tests 1,3 --only grade
	python3 - "$d/bench.svg" <<-'E'
	import sys, xml.etree.ElementTree as tree
	root = tree.parse(sys.argv[1]).getroot()
	svg = "{http://www.w3.org/2000/svg}"
	assert root.tag == svg + "svg"
	texts = [t.text for t in root.iter(svg + "text")]
	assert "moulette" in texts and "bare exec" in texts and "crun" not in texts, texts
	assert len(list(root.iter(svg + "circle"))) == 4
	E
}

# ours THAT - a contender of that name in a folder of its own, to be found by --peers.
ours() {
	mkdir -p "$BATS_TEST_TMPDIR/peers"
	printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/peers/$1"
	chmod 755 "$BATS_TEST_TMPDIR/peers/$1"
}

@test "a contender that does not do the work is not measured" {
	need_engine
	ours bwrap 'echo no'
	ours nsjail 'exit 3'
	ours isolate 'case "$*" in *--run*) echo proven ;; esac'
	ours go-judge 'echo no server; exit 1'
	# The third time that it is called is a round: two are its proof.
	ours runc "echo x >>$BATS_TEST_TMPDIR/calls; echo proven; case \"\$*\" in *failing*) exit 7 ;; esac
		[ \$(wc -l <$BATS_TEST_TMPDIR/calls) -lt 4 ] || { echo enough >&2; exit 9; }"
	ours runsc 'echo proven; echo "$*" | grep -q failing && exit 7; exit 0'
	PATH=/usr/bin:/bin measure --rounds 1 --tests 1 --only grade --peers "$BATS_TEST_TMPDIR/peers"
	expect_text "$d/table" "bwrap: not measured: printed 'no" \
		"nsjail: not measured: ended with status 3" \
		"isolate: not measured: expected status 1: ended with status 0" \
		"go-judge: not measured: its server does not listen: ended with status 1: no server" \
		"runc: not measured: failed in round 1: ended with status 9: proven" \
		"runsc: a kernel of its own" "machine: Linux "
}

@test "latency: from an open archive with a ready box" {
	need_engine
	measure --rounds 1 --only latency
	expect_text "$d/table" "latency: archive in hand" "moulette, box ready: " "moulette run: " "tar x + bwrap: " \
		" ms wall and "
	python3 - "$d/bench.json" <<-'E'
	import json, sys
	[c] = json.load(open(sys.argv[1]))["comparisons"]
	ready, cold, _ = c["contenders"]
	assert c["units"] == 20 and c["unit"] == "submission"
	assert 0 < ready["wall_ns"]["median"] < cold["wall_ns"]["median"]
	E
}

@test "long runs are reported in tenths" {
	need_engine
	measure --only growth --only batch --growth 200 --submissions 20
	expect_text "$d/table" "growth: 200 tests in one box" "growth: 20 submissions in one batch" "TENTH" " cgroups before and "
	python3 - "$d/bench.json" <<-'E'
	import json, sys
	tests, submissions = json.load(open(sys.argv[1]))["growth"]
	assert (tests["items"], tests["unit"], submissions["items"]) == (200, "test", 20)
	for g in tests, submissions:
	    assert len(g["tenths"]) == 10
	    assert all(t["memory_bytes"] > 0 and t["fds"] > 3 and t["wall_ns"] > 0 for t in g["tenths"]), g
	    assert sum(t["cpu_ns"] for t in g["tenths"]) > 0
	    assert set(g["mounts"]) == set(g["cgroups"]) == {"before", "after"}
	E
	nothing_left
}

@test "two workers beside one" {
	need_engine
	measure --rounds 1 --only workers
	expect_text "$d/table" "workers: a batch" "one worker: " "two workers: " " ms cpu a submission"
}

@test "a network card is measured by the box" {
	need_engine
	measure --rounds 1 --only card
	expect_text "$d/table" "card: boxes without and with a network card" "no card: a network namespace" " ms cpu a box, "
	[ "$(field comparisons.0.units "$d/bench.json")" = 200 ]
	[ "$(field comparisons.0.unit "$d/bench.json")" = box ]
	nothing_left
}

@test "a missing contender is reported as not measured" {
	# The folder of umoci is not in PATH; moulette is found beside the program.
	PATH=/nowhere "$bench" --rounds 1 --size 1M --only image-import --out "$d" >"$d/table"
	expect_text "$d/table" "umoci: not measured: umoci is not installed"
	[ "$(field comparisons.0.contenders.1.wall_ns "$d/bench.json")" = null ]
}

@test "usage errors are exit 2" {
	run -2 "$bench" --rounds 0
	run -2 "$bench" --rounds 10x
	run -2 "$bench" --size 1
	run -2 "$bench" --tests 1,x
	run -2 "$bench" --growth 105
	run -2 "$bench" --peers "$d/nowhere"
	run -2 "$bench" --only no-such-comparison
	[[ $output == *no-such-comparison* ]]
	run -2 "$bench" --out "$d/nowhere"
	run -2 "$bench" more
	run -0 "$bench" --help
	[[ $output == *image-import* ]]
}

@test "an interrupt leaves nothing" {
	"$bench" --rounds 1000 --size 4M --out "$d" >/dev/null 2>"$d/words" &
	local pid=$! status=0 i
	echo "$pid" >"$BATS_TEST_TMPDIR/pid"
	for ((i = 0; i < 600; i++)); do
		! grep -q 'round 2 ' "$d/words" || break
		sleep 0.1
	done
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" = 143 ]
	nothing_left
	[ ! -e "$d/bench.json" ]
}
