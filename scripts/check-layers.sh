#!/bin/bash
# check-layers.sh - every #include "x/y.h" of runner/ goes downwards, and no stage includes another; the
# bench of tests/ includes nothing of runner/ but base/.
#
# usage: check-layers.sh [FOLDER]           FOLDER: the sources (default: runner and tests/bench)
# Prints FILE:LINE and the rule for each violation; exit status 1 when there is one.
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

status=0
check "${1:-runner}" || status=1
[ $# -gt 0 ] || check tests bench || status=1
exit "$status"
