#!/usr/bin/env bats
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

@test "a comparison gives a table and bench.json" {
	command -v umoci >/dev/null || skip "umoci is not installed"
	"$bench" --rounds 2 --only image-import --size 4M --out "$d" >"$d/table" 2>"$d/words"
	expect_text "$d/table" "image-import: " "4 layers" CONTENDER MEDIAN RATIO "50 % interval" \
		"moulette: " "umoci: "
	expect_text "$d/words" "round 2 of 2"
	! grep -q "not measured" "$d/table" || fail "umoci was not measured: $(cat "$d/table")"
	python3 - "$d/bench.json" <<-'E'
	import json, sys
	b = json.load(open(sys.argv[1]))
	assert b["schema"] == "moulette.bench/1" and b["rounds"] == 2 and b["machine"]["processors"] >= 1
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
	[ -z "$(ls "$TMPDIR")" ] || fail "left: $(ls "$TMPDIR")"
}

@test "a network card is measured by the box" {
	need_engine
	"$bench" --rounds 1 --only card --out "$d" >"$d/table" 2>"$d/words"
	expect_text "$d/table" "card: boxes without and with a network card" "no card: a network namespace" " ms cpu a box, "
	[ "$(field comparisons.0.units "$d/bench.json")" = 200 ]
	[ "$(field comparisons.0.unit "$d/bench.json")" = box ]
	[ -z "$(ls "$TMPDIR")" ] || fail "left: $(ls "$TMPDIR")"
}

@test "what is not there is not measured, and said" {
	# The folder of umoci is not in PATH; moulette is found beside the program.
	PATH=/nowhere "$bench" --rounds 1 --size 1M --only image-import --out "$d" >"$d/table"
	expect_text "$d/table" "umoci: not measured: umoci is not installed"
	[ "$(field comparisons.0.contenders.1.wall_ns "$d/bench.json")" = null ]
}

@test "usage errors are exit 2" {
	run -2 "$bench" --rounds 0
	run -2 "$bench" --rounds 10x
	run -2 "$bench" --size 1
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
	for ((i = 0; i < 600; i++)); do
		! grep -q 'round 2 ' "$d/words" || break
		sleep 0.1
	done
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" = 143 ]
	[ -z "$(ls "$TMPDIR")" ] || fail "left: $(ls "$TMPDIR")"
	[ ! -e "$d/bench.json" ]
}
