#!/bin/bash
# check-docs.sh - manual pages, README and completions say what the program's table of options says.
#
# usage: check-docs.sh BUILD                 BUILD: the folder of the program, with completions/
# Prints each difference; exit status 1 when there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
manual=${MANUAL:-runner/man/moulette.1}
readme=${README:-README.md}

work=$(mktemp -d "${TMPDIR:-/tmp}/moulette-docs.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$build/moulette" help-table >"$work/table"

# "COMMAND OPTION" for each long and short option, and "COMMAND" for each command.
awk -F '\t' '
$1 == "command" { print $2 }
$1 == "option" { print $2 " " $3; if ($4 != "") print $2 " " $4 }
' "$work/table" | sort -u >"$work/of-table"

# The same of the subsections of COMMANDS: every flag that is written in one belongs to it.
awk '
/^\.Sh / { inside = $2 == "COMMANDS"; command = "" }
/^\.Ss / && inside { command = $2; print command }
/^\.(It|Op|Fl|Oo|Pq|Ql|Ns|Xo|Ic|D1|Li) ?/ && command != "" {
	for (i = 1; i < NF; i++)
		if (($i == "Fl" || $i == ".Fl") && $(i + 1) != "-")
			print command " -" $(i + 1)
}
' "$manual" | sort -u >"$work/of-manual"

bad=0
complain() {
	echo "$1"
	bad=1
}

while read -r item; do complain "$manual: '$item' of the table is not in its section"; done \
	< <(comm -23 "$work/of-table" "$work/of-manual")
while read -r item; do complain "$manual: '$item' is not in the table"; done \
	< <(comm -13 "$work/of-table" "$work/of-manual")

# Completions: a word of the table is looked for as its shell writes it.
while IFS=$'\037' read -r kind command long short _; do
	case $kind in
	command) bash=$command zsh="'$command:" fish="-a $command" ;;
	option) bash=$long zsh="*$long\[" fish="-l ${long#--}" ;;
	*) complain "help-table: line that begins with '$kind'"; continue ;;
	esac
	grep -qE -- "[ '\"]${bash}[ '\"]" "$build/completions/moulette.bash" || complain "moulette.bash lacks $command $long"
	grep -q -- "$zsh" "$build/completions/moulette.zsh" || complain "moulette.zsh lacks $command $long"
	grep -qE -- "$fish( |\$)" "$build/completions/moulette.fish" || complain "moulette.fish lacks $command $long"
	if [ "$kind" = option ] && [ -n "$short" ]; then
		grep -q -- " ${short}[ ']" "$build/completions/moulette.bash" || complain "moulette.bash lacks $command $short"
	fi
done < <(tr '\t' '\037' <"$work/table") # tabs are blanks to read: empty fields would be lost
bash -n "$build/completions/moulette.bash" || complain "moulette.bash is not a script"

# Commands that README shows, in blocks and in the running text.
{
	awk '/^```/ { block = !block; next } block' "$readme" | grep -oE '(^|[$] |/)moulette [a-z][a-z-]*' || true
	grep -oE '`moulette [a-z][a-z-]*' "$readme" || true
} | sed 's/.*moulette //' | sort -u >"$work/of-readme"
while read -r name; do
	grep -qx -- "$name" "$work/of-table" || complain "$readme: there is no command 'moulette $name'"
done <"$work/of-readme"

for page in runner/man/*.[1-9]; do
	mandoc -T lint -W warning "$page" || bad=1
done
exit "$bad"
