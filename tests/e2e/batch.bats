#!/usr/bin/env bats
# bats file_tags=engine
# moulette batch: many submissions, workers, what a line says, and what is left when one of them dies.
load helpers
load batch

setup() {
	need_engine
	host_before
}

teardown() {
	host_same
}

@test "a folder of hand-ins: a line for each, and the tally" {
	sum_assignment
	handin good.tar.gz run.sh "$right"
	handin bad.zip run.sh $'read a b; echo $((a - b))\n'
	handin fails run.sh $'read a b; echo $((a + b)); exit 4\n'
	files_into "$folder" broken.tar "no archive" .hidden "not looked at"
	batch -a "$assignment" "$folder"
	expect_status 0
	sed -i 's/ - submission .*(/ - (/' "$printed"
	expect_lines 'good (good.tar.gz): passed, 2/2 points' \
		'bad (bad.zip): wrong answer, 1/2 points - one: line 1: expected "3", got "-1"' \
		'fails: runtime error, 0/2 points - one: ended with status 4, expected 0' \
		'broken (broken.tar): refused, 0/2 points - (archive.truncated)'
	expect_text "$messages" "moulette: 4 of 4 submissions: 1 passed, 1 wrong answer, 1 runtime error, 1 refused"
}

@test "the line of a compile error has the compiler's first error" {
	local builds
	builds=$(assignment builds '"image": "busybox", "build": [{"run": ["sh", "build.sh"]}], "tests": [{"name": "one", "run": ["true"]}]')
	handin gcc build.sh $'echo "a.c:1:1: error: on stdout"; { echo "a.c:9:9: warning: w"; printf "a.c:4:9: \\033[1merror: \\033[mno \\007\\n"; } >&2; exit 1\n'
	handin out build.sh $'echo "A.java:1: error: \';\' expected"; echo 1 error >&2; exit 1\n'
	handin silent build.sh $'echo "no error here" >&2; exit 3\n'
	handin killed build.sh $'echo "a.c:4:9: error: x" >&2; kill -9 $$\n'
	batch -a "$builds" "$folder"
	expect_status 0
	expect_lines 'gcc: compile error, 0/1 point - build: sh: a.c:4:9: error: no ?' \
		"out: compile error, 0/1 point - build: sh: A.java:1: error: ';' expected" \
		'silent: compile error, 0/1 point - build: sh: ended with status 3, expected 0' \
		'killed: compile error, 0/1 point - build: sh: killed by SIGKILL (not because of a limit)'
}

@test "a link in a folder of hand-ins has a row and is never graded" {
	sum_assignment
	handin alice.tar run.sh "$right"
	mkdir -m 700 "$BATS_TEST_TMPDIR/secret"
	mv "$(archive model.tar run.sh "$right")" "$BATS_TEST_TMPDIR/secret/"
	files_into "$BATS_TEST_TMPDIR/secret/model" run.sh "$right"
	ln -s ../secret/model.tar "$folder/eve.tar"
	ln -s ../secret/model "$folder/mallory"
	ln -s /dev/zero "$folder/zero.tar"
	ln -s alice.tar "$folder/bob.tar"
	mkfifo "$folder/pipe.tar"
	batch -a "$assignment" "$folder"
	expect_status 0
	sed -i 's/ - submission .* is a symbolic link; .*(/ - link (/' "$printed"
	expect_lines 'alice (alice.tar): passed, 2/2 points' 'bob (bob.tar): refused, 0/2 points - link (submission.link)' \
		'eve (eve.tar): refused, 0/2 points - link (submission.link)' \
		'mallory: refused, 0/2 points - link (submission.link)' \
		'zero (zero.tar): refused, 0/2 points - link (submission.link)'
	# What is typed is meant.
	batch -a "$assignment" "$folder/bob.tar" "$folder/mallory"
	expect_lines 'alice (alice.tar): passed, 2/2 points' 'model: passed, 2/2 points'
	grade -a "$assignment" "$folder/eve.tar"
	expect verdict passed
}

@test "a hand-in that becomes a link, or whose folder does, is not followed" {
	sum_assignment
	handin a.tar run.sh 'sleep 60'
	handin eve.tar run.sh "$right"
	mkdir "$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/mallory"
	mv "$(archive mallory.tar run.sh "$right")" "$BATS_TEST_TMPDIR/mallory/"
	cp "$BATS_TEST_TMPDIR/mallory/mallory.tar" "$BATS_TEST_TMPDIR/secret/"
	batch_behind -a "$assignment" -l wall=600s -j 1 "$folder" "$BATS_TEST_TMPDIR/mallory/mallory.tar"
	await_worker a
	mv "$folder/eve.tar" "$BATS_TEST_TMPDIR/secret/"
	ln -s ../secret/eve.tar "$folder/eve.tar"
	mv "$BATS_TEST_TMPDIR/mallory" "$BATS_TEST_TMPDIR/away"
	ln -s secret "$BATS_TEST_TMPDIR/mallory"
	while moulette list -q | grep -q .; do moulette kill "$(moulette list -q)" 2>/dev/null || sleep 0.1; done
	await_batch
	expect_status 0
	grep -q '^eve (eve.tar): refused, .* is a symbolic link' "$printed"
	grep -q '^mallory (mallory.tar): refused, .* is a symbolic link' "$printed"
}

@test "submissions of the same name get different names, in any order" {
	sum_assignment
	own_home
	local other=$BATS_TEST_TMPDIR/other way words
	handin alice.tar run.sh "$right"
	handin alice.zip run.sh 'exit 1'
	handin alice run.sh "$right"
	handin bob.tar run.sh "$right"
	mkdir "$other"
	cp "$folder/bob.tar" "$other/"
	printf '%s\n' "$folder" "$other/bob.tar" >"$BATS_TEST_TMPDIR/one"
	printf '%s\n' "$other/bob.tar" "$folder"/{bob.tar,alice.zip,alice,alice.tar} >"$BATS_TEST_TMPDIR/two"
	for way in one two; do
		mapfile -t words <"$BATS_TEST_TMPDIR/$way"
		batch -a "$assignment" -j 2 "${words[@]}"
		expect_status 0
		expect_lines 'alice.tar: passed, 2/2 points' 'alice: passed, 2/2 points' \
			'alice.zip: runtime error, 0/2 points - one: ended with status 1, expected 0' \
			'handins/bob.tar (bob.tar): passed, 2/2 points' 'other/bob.tar (bob.tar): passed, 2/2 points'
	done
	rm -r "$MOULETTE_HOME"
	batch -a "$assignment" -f json "$folder"
	[ "$(python3 -c '
import json, sys
print(*sorted(json.loads(l)["submission"]["name"] for l in open(sys.argv[1])))' "$printed")" = "alice alice.tar alice.zip bob" ]
	expect_recorded 'alice passed' 'alice.tar passed' 'alice.zip runtime_error' 'bob passed'
	moulette list | grep -q ' alice\.zip '
}

@test "invisible characters in a name are escaped" {
	sum_assignment
	own_home
	handin alice.tar run.sh "$right"
	handin $'alice\u200b.tar' run.sh 'exit 1'
	batch -a "$assignment" "$folder"
	expect_lines 'alice (alice.tar): passed, 2/2 points' \
		'alice\u200b (alice\u200b.tar): runtime error, 0/2 points - one: ended with status 1, expected 0'
	moulette list | grep -qF ' alice\u200b '
	expect_recorded 'alice passed' $'alice\u200b runtime_error'
}

@test "JSON is the complete result, one a line" {
	sum_assignment
	handin good.tar run.sh "$right"
	handin bad.tar run.sh 'exit 1'
	batch -a "$assignment" -f json -o "$BATS_TEST_TMPDIR/marks.jsonl" "$folder"
	expect_status 0
	[ ! -s "$printed" ] || fail "lines on stdout"
	grade -a "$assignment" "$folder/bad.tar"
	python3 - "$result" "$BATS_TEST_TMPDIR/marks.jsonl" <<-'END'
		import json, sys
		alone = json.load(open(sys.argv[1]))
		lines = {r["submission"]["name"]: r for r in map(json.loads, open(sys.argv[2]))}
		assert sorted(lines) == ["bad", "good"], lines.keys()
		assert lines["good"]["verdict"] == "passed" and lines["good"]["score"] == 2
		def shape(v):
		    if isinstance(v, dict):
		        return {k: shape(x) for k, x in v.items()}
		    if isinstance(v, list):
		        return [shape(x) for x in v]
		    return None if isinstance(v, (int, float)) else v
		def steady(r):
		    r = shape(r)
		    for key in ("id", "started", "finished"):
		        r.pop(key, None)
		    return r
		a, b = steady(alone), steady(lines["bad"])
		assert a == b, json.dumps([a, b], indent=1)
	END
}

@test "a result of a batch is recorded as that of a run" {
	own_home
	sum_assignment
	handin good.tar run.sh "$right"
	handin bad.tar run.sh 'echo printed'
	batch -a "$assignment" "$folder"
	expect_status 0
	expect_recorded 'bad wrong_answer' 'good passed'
	id=$(moulette list --json | python3 -c '
import json, sys
print(*[r["id"] for r in json.load(sys.stdin) if r["submission"] == "bad"])')
	[ "$(moulette logs --step one "$id")" = printed ]
}

@test "batch gives the same verdicts as run" {
	sum_assignment
	handin time.tar run.sh 'while :; do :; done'
	handin memory.tar run.sh 'x=a; while :; do x=$x$x; done'
	handin output.tar run.sh 'yes'
	handin signal.tar run.sh 'kill -SEGV $$'
	handin none.tar other.txt 'no run.sh'
	handin disk.tar run.sh 'cat /dev/zero >big'
	batch -a "$assignment" -l cpu=1s -l wall=20s -l memory=32M -l disk=4M -l output=1M -f json "$folder"
	expect_status 0
	python3 -c '
import json, sys
for r in map(json.loads, open(sys.argv[1])):
    print(r["submission"]["file"], r["verdict"], r["fault"], *[s["verdict"] for s in r["steps"]])' "$printed" | sort >"$BATS_TEST_TMPDIR/together"
	for path in "$folder"/*; do
		grade -a "$assignment" -l cpu=1s -l wall=20s -l memory=32M -l disk=4M -l output=1M "$path"
		echo "$(field submission.file) $(field verdict) $(field fault) $(python3 -c '
import json, sys
print(*[s["verdict"] for s in json.load(open(sys.argv[1]))["steps"]])' "$result")"
	done | sort >"$BATS_TEST_TMPDIR/alone"
	diff "$BATS_TEST_TMPDIR/alone" "$BATS_TEST_TMPDIR/together"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/alone")" = 6 ]
}

@test "paths come from files, folders and a list on stdin" {
	sum_assignment
	handin a.tar run.sh "$right"
	handin b.tar run.sh "$right"
	mv "$folder" "$BATS_TEST_TMPDIR/first"
	handin c.tar run.sh "$right"
	mkdir "$BATS_TEST_TMPDIR/whole"
	files_into "$BATS_TEST_TMPDIR/whole" Makefile 'all:' run.sh "$right" more.txt 'x'
	printf '%s\n' "$BATS_TEST_TMPDIR/first" '' "$folder/c.tar" |
		"$MOULETTE" batch -a "$assignment" --time-factor "$MOULETTE_TIME_FACTOR" - "$BATS_TEST_TMPDIR/whole" \
			>"$BATS_TEST_TMPDIR/lines" 2>"$BATS_TEST_TMPDIR/messages"
	printed=$BATS_TEST_TMPDIR/lines messages=$BATS_TEST_TMPDIR/messages
	expect_lines 'a (a.tar): passed, 2/2 points' 'b (b.tar): passed, 2/2 points' \
		'c (c.tar): passed, 2/2 points' 'whole: passed, 2/2 points'
}

@test "a folder that is graded as one submission gives a message" {
	sum_assignment
	mkdir "$BATS_TEST_TMPDIR/whole"
	files_into "$BATS_TEST_TMPDIR/whole" run.sh "$right" other.sh "$right"
	batch -a "$assignment" "$BATS_TEST_TMPDIR/whole"
	expect_lines 'whole: passed, 2/2 points'
	expect_text "$messages" "holds source files, so it is one submission" "name them: "
	batch -a "$assignment" "$BATS_TEST_TMPDIR/whole" "$BATS_TEST_TMPDIR/whole"
	[ "$(grep -c "it is one submission" "$messages")" = 0 ]
}

@test "a folder of archives with a stray source is an error, and nothing is graded" {
	sum_assignment
	handin a.tar run.sh "$right"
	handin b.zip run.sh "$right"
	echo 'int main;' >"$folder/main.c"
	batch -a "$assignment" "$folder"
	[ "$status" = 2 ]
	[ ! -s "$printed" ]
	expect_text "$messages" main.c a.tar
}

@test "nothing is graded when a path is missing or an option is wrong" {
	own_home
	sum_assignment
	handin a.tar run.sh "$right"
	echo kept >"$BATS_TEST_TMPDIR/marks"
	mkdir "$BATS_TEST_TMPDIR/empty"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	for wrong in "$folder/none.tar" "$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR/empty" "-j 0" "-j x" "-j 2000" "-f xml" "-l cpu=x"; do
		# shellcheck disable=SC2086 # options and their values
		batch -a "$assignment" -o "$BATS_TEST_TMPDIR/marks" "$folder" $wrong
		expect_status 2
		[ -s "$messages" ] || fail "no message for $wrong"
		[ "$(cat "$BATS_TEST_TMPDIR/marks")" = kept ] || fail "$wrong emptied the file"
	done
	printf '%s\n' "$folder/a.tar" "$BATS_TEST_TMPDIR/none" | "$MOULETTE" batch -a "$assignment" - 2>"$messages" && fail "a list with a missing path"
	expect_text "$messages" "line 2 of the list" "/none'"
	batch
	expect_status 2
	[ "$(moulette list --all -q | wc -l)" = 0 ]
	[ "$(moulette list --all --json)" = "[]" ]
}

@test "a submission that is deleted during the batch is an internal error" {
	sum_assignment
	handin a.tar run.sh "sleep 2; $right"
	handin gone.tar run.sh "$right"
	handin z.tar run.sh "$right"
	batch_behind -a "$assignment" -j 1 "$folder"
	await_worker a
	rm "$folder/gone.tar"
	await_batch
	expect_status 3
	sed -i 's/ - .*//' "$printed"
	expect_lines 'a (a.tar): passed, 2/2 points' 'gone (gone.tar): internal error' 'z (z.tar): passed, 2/2 points'
}

@test "the top folder of an archive is the work folder, when there is one" {
	sum_assignment
	handin one.tar alice/run.sh "[ -e lib/x ] || exit 9; $right" alice/lib/x ''
	handin two.tar a/run.sh "$right" b/run.sh "$right"
	handin deep.tar "colon:name/run.sh" "$right"
	handin same.tar work/run.sh "$right"
	batch -a "$assignment" -f json "$folder"
	expect_status 0
	python3 - "$printed" >"$BATS_TEST_TMPDIR/together" <<-'END'
		import json, sys
		for r in sorted(map(json.loads, open(sys.argv[1])), key=lambda r: r["submission"]["name"]):
		    print(r["submission"]["name"], r["verdict"], r["score"])
	END
	for path in "$folder"/*; do
		grade -a "$assignment" "$path"
		echo "$(field submission.name) $(field verdict) $(field score)"
	done >"$BATS_TEST_TMPDIR/alone"
	diff "$BATS_TEST_TMPDIR/alone" "$BATS_TEST_TMPDIR/together"
	grep -x "one passed 2" "$BATS_TEST_TMPDIR/alone"
}

@test "every submission has a box of its own, and an engine start of its own" {
	cat >"$BATS_TEST_TMPDIR/engine" <<-END
		#!/bin/sh
		case "\$*" in *" run "*) echo run >>"$BATS_TEST_TMPDIR/runs" ;; esac
		exec "$(command -v "$MOULETTE_ENGINE")" "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/engine"
	export MOULETTE_ENGINE=$BATS_TEST_TMPDIR/engine
	assignment=$(assignment traces '"image": "busybox", "build": [{"run": ["/bin/sh", "build.sh"]}],
		"tests": [{"name": "one", "run": ["/bin/sh", "run.sh"]}]')
	for name in a b c d e; do
		# What one leaves, none of the others finds.
		handin $name.tar build.sh 'echo x >/tmp/x; echo x >/dev/shm/x; echo x >left' \
			run.sh "[ ! -e mine ] && for f in /tmp/* /dev/shm/* left; do echo \$f; done; echo $name >mine"
	done
	: >"$BATS_TEST_TMPDIR/runs"
	batch -a "$assignment" -j 2 -f json "$folder"
	expect_status 0
	[ "$(wc -l <"$BATS_TEST_TMPDIR/runs")" = 5 ] || fail "$(wc -l <"$BATS_TEST_TMPDIR/runs") containers"
	python3 - "$printed" <<-'END'
		import json, sys
		for r in map(json.loads, open(sys.argv[1])):
		    assert r["verdict"] == "passed", r
		    assert r["steps"][-1]["stdout"]["text"] == "/tmp/x\n/dev/shm/x\nleft\n", r["steps"][-1]
	END
}

@test "a worker that is killed costs one more try of one submission" {
	own_home
	sum_assignment
	handin slow.tar run.sh "sleep 3; $right"
	handin a.tar run.sh "$right"
	handin b.tar run.sh "$right"
	batch_behind -a "$assignment" -j 2 "$folder"
	await_worker slow
	kill -KILL "$worker"
	await_batch
	expect_status 0
	expect_lines 'a (a.tar): passed, 2/2 points' 'b (b.tar): passed, 2/2 points' \
		'slow (slow.tar): passed, 2/2 points'
	expect_recorded 'a passed' 'b passed' 'slow passed'
}

@test "a submission whose workers die twice could not be graded; the others are" {
	own_home
	sum_assignment
	handin slow.tar run.sh "sleep 100"
	handin a.tar run.sh "$right"
	handin b.tar run.sh "$right"
	batch_behind -a "$assignment" -l wall=200s -j 1 "$folder"
	await_worker slow
	first=$worker
	kill -KILL "$first"
	await_worker slow "$first"
	kill -KILL "$worker"
	await_batch
	expect_status 3
	expect_lines 'a (a.tar): passed, 2/2 points' 'b (b.tar): passed, 2/2 points' \
		'slow (slow.tar): internal error - two workers ended while grading it; the last one was killed by SIGKILL (worker.died)'
	expect_recorded 'a passed' 'b passed' 'slow internal_error'
}

@test "an interrupt ends every box; what was graded stays" {
	own_home
	sum_assignment
	handin a.tar run.sh "$right"
	handin slow.tar run.sh "sleep 100"
	handin z.tar run.sh "$right"
	for signal in INT TERM; do
		batch_behind -a "$assignment" -l wall=200s -j 1 "$folder"
		await_worker slow
		kill -"$signal" "$batch"
		await_batch
		expect_status $((128 + $(kill -l "$signal")))
		expect_lines 'a (a.tar): passed, 2/2 points'
		expect_text "$messages" "1 of 3 submissions: 1 passed; 2 not graded" "interrupted"
		[ -z "$(moulette list -q)" ] || fail "live boxes are left"
	done
	expect_recorded 'a passed' 'a passed'
}

@test "an interrupt that ends programs of students as well gives them no verdict" {
	own_home
	assignment=$(assignment one '"image": "busybox", "tests": [{"name": "one", "run": ["/bin/sh", "run.sh"]}]')
	handin slow.tar run.sh "sleep 100"
	batch_behind -a "$assignment" -l wall=200s -j 1 "$folder"
	await_worker slow
	local init
	init=$(moulette list --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
	until pgrep -P "$init" >/dev/null; do sleep 0.1; done
	# As systemd does it where KillMode= is not set: the runner first, then all processes of the service.
	# The runner sleeps meanwhile, so that it finds signal and result together.
	kill -STOP "$batch"
	kill -TERM "$batch"
	pkill -TERM -P "$init"
	sleep 1
	kill -CONT "$batch"
	await_batch
	expect_status 143
	[ ! -s "$printed" ] || fail "a line: $(cat "$printed")"
	expect_text "$messages" "0 of 1 submission: none graded" "interrupted"
	[ -z "$(recorded)" ] || fail "recorded: $(recorded)"
}

@test "a batch ends when results cannot be written, and counts what was not graded" {
	own_home
	sum_assignment
	handin a.tar run.sh "$right"
	handin slow.tar run.sh "sleep 100"
	handin z.tar run.sh "$right"
	batch -a "$assignment" -l wall=200s -j 1 -o /dev/full "$folder"
	expect_status 3
	expect_text "$messages" "1 of 3 submissions: 1 passed; 2 not graded" "cannot write the results"
	[ -z "$(moulette list -q)" ] || fail "live boxes are left"
	expect_recorded 'a passed'
}

@test "workers end with the batch that is killed, and leave nothing" {
	sum_assignment
	handin slow.tar run.sh "sleep 100"
	handin slower.tar run.sh "sleep 100"
	batch_behind -a "$assignment" -l wall=200s -j 2 "$folder"
	await_worker slow
	one=$worker
	await_worker slower
	kill -KILL "$batch"
	await_batch
	tries=0
	while [ -e "/proc/$one" ] || [ -e "/proc/$worker" ]; do
		[ $((tries += 1)) -lt 200 ] || fail "workers are left"
		sleep 0.05
	done
	moulette gc >/dev/null
}

@test "a terminal has a line of progress, a pipe has none" {
	sum_assignment
	handin a.tar run.sh "$right"
	handin b.tar run.sh "$right"
	batch -a "$assignment" "$folder"
	[ "$(cat "$messages")" = "moulette: 2 of 2 submissions: 2 passed" ]
	TERM=xterm timeout 300 script -qec "$MOULETTE batch -a $assignment -o $BATS_TEST_TMPDIR/lines $folder" \
		/dev/null >"$BATS_TEST_TMPDIR/shown" </dev/null
	expect_text "$BATS_TEST_TMPDIR/shown" "0/2" "/s  ETA" "1 passed" "moulette: 2 of 2 submissions: 2 passed"
	[ "$(grep -c ETA "$BATS_TEST_TMPDIR/lines")" = 0 ]
}
