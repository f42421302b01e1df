#!/bin/bash
# check-layers.sh - every #include "x/y.h" of runner/ goes downwards, and no stage includes another; the
# bench of tests/ includes nothing of runner/ but base/. In runner/ also:
#
#   circle  files of one folder do not include each other in a circle; x.c and x.h count as one file. A
#           header without a .c has no code that could need the file that includes it, so it ends a circle
#   extern  a .c file declares nothing extern: what files share is declared in a header
#   name    the name of a public function begins with the first word of its file's name (the part before
#           the first underscore), in the singular or as it is, with or without the folder's name before
#           it: in image/mounts_find.c mounts_, mount_, image_mounts_ or image_mount_
#
# Files that break one of these three are in the list `known` below, which may only become shorter: an
# entry without an offence is a violation too.
#
# usage: check-layers.sh [FOLDER]           FOLDER: the sources (default: runner and tests/bench); no file
#                                           of it is known
# Prints FILE:LINE (of a circle FILE without its end) and the rule for each violation; exit status 1 when there is one.
set -euo pipefail
[ $# -gt 0 ] || cd "$(dirname "$0")/.."

check() ( # ROOT [FOLDER-OF-IT]
root=$1
cd "$root"
# shellcheck disable=SC2016 # the dollars are awk's
find "${2:-.}" -name '*.[ch]' | sed 's|^\./||' | sort | xargs awk -v root="$root" '
BEGIN {
	split("submission unpack image bundle network container result store report", names, " ")
	for (i in names)
		level[names[i]] = 3
	level["base"] = 0
	level["child"] = level["model"] = 1
	level["archive"] = 2
	level["import"] = 4
	level["recipe"] = 5
	level["cell"] = 6
	level["pipeline"] = 7
	level["cmd"] = 8
	level["main"] = 9
}
function folder_of(path)
{
	return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "main"
}
function complain(rule)
{
	printf "%s/%s:%d: %s includes \"%s\": %s\n", root, FILENAME, FNR, from, path, rule
	bad = 1
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	path = $0
	sub(/^[^"]*"/, "", path)
	sub(/".*/, "", path)
	from = folder_of(FILENAME)
	to = folder_of(path)
	if (path !~ /\//) {
		# Made by the build (a list, an embedded file); a header of ours is named by its folder.
		if (path ~ /\.h$/)
			complain("write FOLDER/NAME.h, as from the top of runner/")
		next
	}
	if (from == to)
		next
	if (from == "init")
		complain("init/ is a program of its own and includes only init/")
	else if (to == "init") {
		if (from != "container" || path != "init/protocol.h")
			complain("only container/ shares something with init/, and that is protocol.h")
	} else if (from == "bench" || to == "bench") {
		if (from != "bench" || to != "base")
			complain("bench/ is a program of its own and includes only bench/ and base/")
	} else if (!(from in level))
		complain("folder " from "/ has no place in scripts/check-layers.sh")
	else if (!(to in level))
		complain("folder " to "/ has no place in scripts/check-layers.sh")
	else if (level[from] == 3 && level[to] == 3)
		complain("stages never include each other; what they exchange is in model/")
	else if ((to == "import" && from != "recipe" || to == "recipe") && from != "main")
		complain(to "/ is for moulette-image alone, which others start")
	else if (level[from] < level[to])
		complain(from "/ lies below " to "/")
}
END { exit bad }
'
)

# offences ROOT - a line "RULE FILE MESSAGE" for each offence against the three rules of one file.
offences() (
cd "$1"
# shellcheck disable=SC2016 # the dollars are awk's
find . -name '*.[ch]' | sed 's|^\./||' | LC_ALL=C sort | xargs awk '
function folder_of(path)
{
	return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "main"
}
function stem_of(path)
{
	sub(/\.[ch]$/, "", path)
	return path
}
# What is included from `at` on, within its folder.
function walk(at, start,   n, next_ones, i)
{
	if (!(at in has_code))
		return 0
	n = split(includes[at], next_ones, " ")
	for (i = 1; i <= n; i++) {
		if (next_ones[i] == start)
			return 1
		if (!(next_ones[i] in seen)) {
			seen[next_ones[i]] = 1
			if (walk(next_ones[i], start))
				return 1
		}
	}
	return 0
}
function begins_with(name, word)
{
	return name == word || index(name, word "_") == 1
}
function check_name(name,   word, one)
{
	word = file
	sub(/.*\//, "", word)
	sub(/_.*/, "", word)
	one = word
	sub(/s$/, "", one)
	if (name != "main" && !begins_with(name, word) && !begins_with(name, one) &&
	    !begins_with(name, folder "_" word) && !begins_with(name, folder "_" one))
		print "name", file, FILENAME ":" FNR ": name: " name "() does not begin with " word "_"
}
FNR == 1 {
	file = stem_of(FILENAME)
	folder = folder_of(FILENAME)
	files[file] = 1
	if (FILENAME ~ /\.c$/)
		has_code[file] = 1
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	path = $0
	sub(/^[^"]*"/, "", path)
	sub(/".*/, "", path)
	to = stem_of(path)
	if (path ~ /\.h$/ && folder_of(path) == folder && to != file)
		includes[file] = includes[file] " " to
}
/^[ \t]*extern[ \t]/ && FILENAME ~ /\.c$/ { print "extern", file, FILENAME ":" FNR ": extern: declare this in a header: " $0 }
# A definition begins in the first column, and names the function in its first line.
/^[a-z_][^=;]*\(/ && FILENAME ~ /\.c$/ && !/^(static|typedef|extern|struct [a-z_0-9]+ \{)/ && !/;[ \t]*$/ {
	line = $0
	gsub(/__attribute__\(\([^)]*(\([^)]*\))?[^)]*\)\)/, "", line)
	if (match(line, /[ *][a-z_][a-z0-9_]*\(/))
		check_name(substr(line, RSTART + 1, RLENGTH - 2))
}
END {
	for (f in files) {
		split("", seen)
		if (walk(f, f))
			print "circle", f, f ": circle: includes files of its folder that include it"
	}
}
' | LC_ALL=C sort
)

# RULE FILE, sorted; see the head of this script.
known='name base/err
name base/fd
name base/mem
name cell/cell
name cmd/find_run
name cmd/options
name container/area
name container/cgroup_box
name container/init_sched
name container/step
name container/step_clock
name container/step_counters
name container/step_facts
name container/step_input
name container/step_watch
name image/contents
name image/folder
name image/maker
name image/meta
name image/name
name image/store
name import/import
name import/pull
name model/assignment
name model/limits
name model/network_load
name model/result
name model/spec
name model/submission
name network/admission
name network/host
name network/second_line
name pipeline/attempt_again
name pipeline/listening
name recipe/recipe
name report/stream_text
name store/old
name store/put
name store/query
name store/store
name submission/language
name submission/plan
name submission/warnings
name unpack/start'

# compare FOUND KNOWN ROOT - what is found and not known, and what is known and not found.
compare() {
	local bad=0 rule file what entry
	while read -r rule file what; do
		[ -n "$rule" ] || continue
		grep -qxF "$rule $file" <<<"$2" && continue
		echo "$3/$what"
		bad=1
	done <<<"$1"
	while read -r entry; do
		[ -n "$entry" ] || continue
		grep -qF "$entry " <<<"$1" && continue
		echo "scripts/check-layers.sh: take '$entry' off the list: that file keeps the rule"
		bad=1
	done <<<"$2"
	[ "$(LC_ALL=C sort -u <<<"$2")" = "$2" ] || {
		echo "scripts/check-layers.sh: the list of known files is not sorted"
		bad=1
	}
	return "$bad"
}

status=0
check "${1:-runner}" || status=1
[ $# -eq 0 ] || known=
[ $# -gt 0 ] || check tests bench || status=1
compare "$(offences "${1:-runner}")" "$known" "${1:-runner}" || status=1
exit "$status"
