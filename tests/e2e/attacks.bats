#!/usr/bin/env bats
# bats file_tags=engine,box
# The attacks of tests/attacks, each with the verdict that it must get.
#
# A folder holds what is handed in (as a tar) and beside it:
#   story            what it tries, who had this bug, what stops it
#   expect.json      "verdict", "fault", "score"; "step": fields of steps, as {"0.limit_hit": "cpu"};
#                    "options" of `moulette run`; "status", where it is not 0 for passed, else 1
#   assignment.json  else: attack.c is built by cc in the image host and run, or run.sh is run in busybox
#   given/           what the assignment puts into the box
# No attack may lead to internal_error or leave anything on the host.
load helpers

setup() {
	need_engine
	attacks=$REPO/tests/attacks
}

c_assignment='{"name": "attack", "image": "host",
	"limits": {"cpu": "2s", "wall": "5s", "memory": "64M", "processes": 20, "output": "256K", "disk": "8M"},
	"build": [{"run": ["cc", "-O1", "-pthread", "-o", "attack", "attack.c"],
		"limits": {"cpu": "30s", "wall": "60s", "memory": "512M", "processes": 50}}],
	"tests": [{"name": "attack", "run": ["./attack"]}]}'
sh_assignment='{"name": "attack", "image": "busybox",
	"limits": {"cpu": "2s", "wall": "5s", "memory": "64M", "processes": 20, "output": "256K", "disk": "8M"},
	"build": [], "tests": [{"name": "attack", "run": ["/bin/sh", "run.sh"]}]}'

# lay_out NAME - the assignment and the submission of an attack, in $asked and $handed_in.
lay_out() {
	local from=$attacks/$1
	asked=$BATS_TEST_TMPDIR/$1.asked
	handed_in=$BATS_TEST_TMPDIR/$1.tar
	mkdir "$asked"
	if [ -e "$from/assignment.json" ]; then
		cp "$from/assignment.json" "$asked/"
	elif [ -e "$from/attack.c" ]; then
		printf '%s' "$c_assignment" >"$asked/assignment.json"
	else
		printf '%s' "$sh_assignment" >"$asked/assignment.json"
	fi
	[ ! -e "$from/given" ] || cp -r "$from/given/." "$asked/"
	tar --numeric-owner --owner=0 --group=0 --exclude=./story --exclude=./expect.json \
		--exclude=./assignment.json --exclude=./given -C "$from" -cf "$handed_in" .
}

# options NAME - of `moulette run`, one a line.
options() {
	python3 -IS -c '
import json, sys
for word in json.load(open(sys.argv[1])).get("options", []): print(word)' "$attacks/$1/expect.json"
}

# as_expected NAME - compare the result and the exit status with what expect.json says.
as_expected() {
	python3 -IS -c '
import json, sys
want, got = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
status = want.get("status", 0 if want["verdict"] == "passed" else 1)
pairs = [(k, want[k], got[k]) for k in ("verdict", "fault", "score") if k in want]
for path, value in want.get("step", {}).items():
    there = got["steps"]
    for word in path.split("."):
        there = there[int(word)] if isinstance(there, list) else there[word]
    pairs.append((path, value, there))
pairs.append(("exit status", status, int(sys.argv[3])))
wrong = ["%s: expected %r, got %r" % p for p in pairs if p[1] != p[2]]
sys.exit("\n".join(wrong) if wrong else 0)' "$attacks/$1/expect.json" "$result" "$status"
}

# one NAME - grade an attack and compare.
one() {
	local asked handed_in options
	lay_out "$1"
	mapfile -t options < <(options "$1")
	grade -a "$asked" "${options[@]}" "$handed_in"
	[ -s "$result" ] || fail "attack $1: no result" || return 1
	as_expected "$1" || fail "attack $1"
}

# all PREFIX - every attack of that prefix; those that went wrong are named.
all() {
	local path wrong=
	grade -i busybox "$(archive warm.tar x x)" -- true
	grade -i host "$(archive warm.tar x x)" -- true
	host_before
	for path in "$attacks/$1"_*/; do
		path=$(basename "$path")
		one "$path" || wrong="$wrong $path"
	done
	host_same
	[ -z "$wrong" ] || { echo "wrong:$wrong" >&2; return 1; }
}

@test "escapes from the box" {
	all esc
}

@test "a test cannot pass data to the next one" {
	all cov
}

@test "no limit can be exceeded" {
	all lim
}

@test "a submission cannot change or prevent its result" {
	all int
}

@test "a network card reaches only allowed destinations" {
	all net
}

@test "top folders with names that paths and lists cannot take" {
	local name tree sub a
	a=$(assignment names '"image": "busybox", "build": [], "tests": [
		{"name": "one", "run": ["/bin/sh", "run.sh"]}, {"name": "two", "run": ["/bin/sh", "run.sh"]}]')
	for name in 'a:b' 'a,b' $'caf\xe9' 'a b' '%s$x`' '"q"' "'q'" '-rf' 'lowerdir=x,upperdir=y' '#!' "$(printf 'x%.0s' {1..250})"; do
		tree=$(mktemp -d "$BATS_TEST_TMPDIR/tree.XXXXXX")
		mkdir "$tree/$name"
		echo 'test "$(ls)" = run.sh' >"$tree/$name/run.sh"
		sub=$BATS_TEST_TMPDIR/names.tar
		tar -C "$tree" -cf "$sub" "./$name"
		grade -a "$a" "$sub"
		expect_verdict passed none 0 || fail "top folder '$name'" || return 1
	done
}
