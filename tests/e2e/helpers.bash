# helpers.bash - what the end-to-end tests share; `load helpers` is the first line of each file.
#
# setup_suite.bash sets, for every test: REPO, MOULETTE (the program), MOULETTE_ENGINE,
# MOULETTE_HOME (one for the whole run of bats) and MOULETTE_TIME_FACTOR (30 in the virtual machine).
#
# A file whose tests start boxes says `# bats file_tags=engine` in its head: it is run with each
# engine and in the virtual machine. Other files are run once. Those with `file_tags=tools` are about
# other programs than moulette, and are not run once more with the sanitizers; nor are tests with
# `slow` in their tags, where others' programs work for long or half a minute is waited for, and files
# with `file_tags=host`, where the host refuses something or is traced, which a sanitizer does not stand.
# Tests with `long` wait for minutes; `make e2e` runs them, `make check` does not.

bats_require_minimum_version 1.5.0

# need_engine - skip where no box can be started, and say why.
need_engine() {
	[ "$(id -u)" = 0 ] || skip "boxes are started by root"
	command -v "$MOULETTE_ENGINE" >/dev/null || skip "$MOULETTE_ENGINE is not installed"
}

# own_home - a state folder for this test alone (its images are made anew).
own_home() {
	export MOULETTE_HOME=$BATS_TEST_TMPDIR/home
}

# files_into FOLDER [NAME CONTENT]... - write files; one that begins with #! becomes executable.
files_into() {
	local folder=$1
	shift
	mkdir -p "$folder"
	while [ $# -gt 1 ]; do
		mkdir -p "$(dirname "$folder/$1")"
		printf '%s' "$2" >"$folder/$1"
		case $2 in '#!'*) chmod 755 "$folder/$1" ;; esac
		shift 2
	done
}

# archive NAME [FILE CONTENT]... - make a submission and print its path. The name says which kind:
# .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst, .zip, else a folder.
archive() {
	local name=$1 path=$BATS_TEST_TMPDIR/$1 folder
	shift
	folder=$(mktemp -d "$BATS_TEST_TMPDIR/tree.XXXXXX")
	files_into "$folder" "$@"
	rm -rf "$path"
	case $name in
	*.tar | *.tar.*) tar --auto-compress --numeric-owner --owner=0 --group=0 -C "$folder" -cf "$path" . ;;
	*.zip) (cd "$folder" && zip -qr "$path" .) ;;
	*) mv "$folder" "$path" ;;
	esac
	echo "$path"
}

# assignment NAME JSON [FILE CONTENT]... - make an assignment folder and print its path. JSON is
# what follows the name: assignment sum '"tests": [{"name": "one"}]'.
assignment() {
	local name=$1 rest=$2
	shift 2
	files_into "$BATS_TEST_TMPDIR/assignments/$name" assignment.json "{\"name\": \"$name\", $rest}" "$@"
	echo "$BATS_TEST_TMPDIR/assignments/$name"
}

# moulette ARG... - the program; its stdin is the host's /dev/null on purpose, which no box may get.
moulette() {
	"$MOULETTE" "$@" </dev/null
}

# grade OPTION... SUBMISSION [-- COMMAND...] - `moulette run -f json`. Sets status; the result is in
# $result, messages are in $messages (both are files).
grade() {
	result=$BATS_TEST_TMPDIR/result.json
	messages=$BATS_TEST_TMPDIR/messages
	status=0
	moulette run -f json --time-factor "$MOULETTE_TIME_FACTOR" "$@" >"$result" 2>"$messages" || status=$?
}

# python3 -IS: without the folders of its packages it starts in half of the time.
# What follows "." in a path is a key or, in a list, a number. Texts are themselves, all else is JSON.
fields_py='
import json, sys
def find(value, path):
    for word in filter(None, path.split(".")):
        value = value[int(word)] if isinstance(value, list) else value[word]
    return value if isinstance(value, str) else json.dumps(value)
'

# field PATH [FILE] - a value of the result: "steps.-1.stdout.text". A path that leads nowhere is an error.
field() {
	python3 -IS -c "$fields_py"'
print(find(json.load(open(sys.argv[2])), sys.argv[1]))' "$1" "${2:-$result}"
}

# fail MESSAGE - end the test, with what is known about the last graded submission.
fail() {
	{
		echo "$1"
		[ ! -s "${messages:-}" ] || { echo "messages:"; cat "$messages"; }
		[ ! -s "${result:-}" ] || { echo "result:"; cut -c 1-3000 "$result"; }
	} >&2
	return 1
}

# expect PATH VALUE [PATH VALUE]... - compare fields of the result; a newline at the end does not count.
expect() {
	local said
	said=$(python3 -IS -c "$fields_py"'
try:
    result = json.load(open(sys.argv[1]))
except (OSError, ValueError) as why:
    sys.exit(print(f"there is no result: {why}") or 1)
for path, wanted in zip(sys.argv[2::2], sys.argv[3::2]):
    try:
        got = find(result, path).rstrip("\n")
    except (KeyError, IndexError, ValueError, TypeError):
        sys.exit(print(f"there is no {path!r} in the result") or 1)
    if got != wanted:
        sys.exit(print(f"{path}: expected {wanted!r}, got {got!r}") or 1)' "$result" "$@") || fail "$said"
}

# expect_verdict VERDICT FAULT STATUS - of the last graded submission.
expect_verdict() {
	expect verdict "$1" fault "$2" || return 1
	[ "$status" = "$3" ] || fail "exit status: expected $3, got $status"
}

# expect_text FILE TEXT... - each text stands somewhere in the file.
expect_text() {
	local file=$1 text
	shift
	for text; do
		grep -qF -- "$text" "$file" || { echo "'$text' is not in:" >&2; cat "$file" >&2; return 1; }
	done
}

# host_before, host_same - what a run may not change on the host: mounts, cgroups, processes, names
# in temporary folders, System V objects, owner and mode of device nodes. Run something once before
# host_before, so that what stays for good (slots, images) is there.
host_before() {
	python3 -IS "$REPO/tests/e2e/host_state.py" >"$BATS_TEST_TMPDIR/host.json"
}
host_same() {
	python3 -IS "$REPO/tests/e2e/host_state.py" "$BATS_TEST_TMPDIR/host.json"
}

# run_bundle DIR - by the plain engine, as a user would.
run_bundle() {
	local id=moulette-bats-$$
	if [ "$MOULETTE_ENGINE" = crun ]; then
		# crun refuses a hybrid host while it sees the cgroup2 mount; covered, so that what it
		# writes there is gone with the namespace. Its stdio is a pipe: it would give /dev/null
		# to the box's user.
		unshare -m sh -c "[ ! -d /sys/fs/cgroup/unified ] || mount -t tmpfs none /sys/fs/cgroup/unified; echo | crun run --bundle $1 $id 2>&1 | cat"
	else
		echo | "$MOULETTE_ENGINE" run --bundle "$1" "$id" 2>&1 | cat
	fi
}

# A Makefile and a C program around the body of main, as arguments for archive.
c_makefile=$'prog: prog.c\n\tcc -O1 -o prog prog.c\n'
c_program() {
	printf '%s\n' '#include <signal.h>' '#include <stdio.h>' '#include <stdlib.h>' '#include <string.h>' \
		'#include <unistd.h>' 'int main(void) {' "$1" '}'
}

# home_that_was_used - a home of its own, and $submission: image and slot are there before the host is
# looked at.
home_that_was_used() {
	need_engine
	own_home
	submission=$(archive s.tar a x)
	grade -i busybox "$submission" -- true
	host_before
}
