# batch.bash - what tests of `moulette batch` share: an assignment, hand-ins, a batch in the background and
# its workers; `load batch` comes after `load helpers`.

# sum_assignment - two tests of run.sh, which prints what is expected when it is the correct one.
sum_assignment() {
	assignment=$(assignment sum '"image": "busybox", "tests": [
		{"name": "one", "run": ["/bin/sh", "run.sh"], "stdin": "in", "stdout": "out"},
		{"name": "two", "run": ["/bin/sh", "run.sh"]}]' in "1 2" out $'3\n')
}

right=$'read a b; echo $((a + b))\n'

# handin NAME [FILE CONTENT]... - a submission below $folder; made like archive().
handin() {
	folder=$BATS_TEST_TMPDIR/handins
	mkdir -p "$folder"
	mv "$(archive "$@")" "$folder/"
}

# batch OPTION... - sets status; lines are in $printed, messages in $messages (both files).
batch() {
	printed=$BATS_TEST_TMPDIR/lines
	messages=$BATS_TEST_TMPDIR/messages
	status=0
	timeout 300 "$MOULETTE" batch --time-factor "$MOULETTE_TIME_FACTOR" "$@" >"$printed" 2>"$messages" </dev/null ||
		status=$?
}

expect_status() {
	[ "$status" = "$1" ] || { cat "$printed" "$messages" >&2; fail "exit status: expected $1, got $status"; }
}

# expect_lines TEXT... - what the lines are, in any order.
expect_lines() {
	diff <(printf '%s\n' "$@" | sort) <(sort "$printed") || { cat "$messages" >&2; return 1; }
}

# recorded - names and verdicts that the store has, sorted.
recorded() {
	moulette list --all --json | python3 -IS -c '
import json, sys
print(*sorted(r["submission"] + " " + r["status"] for r in json.load(sys.stdin)), sep="\n")'
}

# expect_recorded TEXT...
expect_recorded() {
	diff <(printf '%s\n' "$@" | sort) <(recorded)
}

# batch_behind OPTION... - batch() in the background; its pid is $batch. It is left by await_batch.
batch_behind() {
	printed=$BATS_TEST_TMPDIR/lines
	messages=$BATS_TEST_TMPDIR/messages
	"$MOULETTE" batch --time-factor "$MOULETTE_TIME_FACTOR" "$@" >"$printed" 2>"$messages" </dev/null 3>&- &
	batch=$!
}

# await_batch - sets status; fails when the batch does not end.
await_batch() {
	timeout 300 tail --pid="$batch" -s 0.1 -f /dev/null || { kill -KILL "$batch"; fail "the batch hangs"; return 1; }
	status=0
	wait "$batch" || status=$?
	batch=
}

# worker_of NAME - pid of the process of the batch that grades NAME in a running box: above its PID 1.
worker_of() {
	moulette list --json | python3 -IS -c '
import json, sys
def parent(pid):
    return int(open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[1])
for r in json.load(sys.stdin):
    if r["submission"] == sys.argv[1] and r["status"] == "running" and r["pid"]:
        try:
            pid = r["pid"]
            while pid > 1 and parent(pid) != int(sys.argv[2]):
                pid = parent(pid)
            print(pid) if pid > 1 else None
        except OSError:
            pass' "$1" "$batch"
}

# await_worker NAME [OTHER] - sets $worker; one that is not OTHER.
await_worker() {
	local tries=0
	while [ $((tries += 1)) -lt 600 ]; do
		worker=$(worker_of "$1")
		[ -z "$worker" ] || [ "$worker" = "${2:-}" ] || return 0
		sleep 0.1
	done
	fail "nothing grades $1"
}
