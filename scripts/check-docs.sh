#!/bin/bash
# check-docs.sh - manual pages, README and completions say what the program's tables say: that of
# options, and those of the keys of JSON objects.
#
# usage: check-docs.sh BUILD                 BUILD: the folder of the program, with completions/
# Prints each difference; exit status 1 when there is one. MANUAL, README and SOURCES (default: runner,
# with man/) name other texts, to try this script itself.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
manual=${MANUAL:-runner/man/moulette.1}
readme=${README:-README.md}
sources=${SOURCES:-runner}

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

# Keys of JSON objects: the rows of TABLE in SOURCE, but for those that are refused, are the keys that PAGE
# names below its HEADING. FORM says where: "It Em", "It Li": in the items of the outermost list, by that
# macro; "Em", "quoted": in the text of one ITEM, by that macro, or as "KEY":.
# languages.json is shipped, and no page lists its keys.
key_tables='
submission/assignment.c|assignment_keys|moulette-assignment.5|.Ss Keys of the assignment|It Em|
submission/files_load.c|file_keys|moulette-assignment.5|.Ss Keys of the assignment|quoted|Em files
submission/step_load.c|build_keys|moulette-assignment.5|.Ss Keys of the assignment|Em|Em build
submission/step_load.c|test_keys|moulette-assignment.5|.Ss Keys of a test|It Em|
model/limits.c|names|moulette-assignment.5|.Sh LIMITS|It Li|
model/network_load.c|network_keys|moulette-assignment.5|.Sh NETWORK|It Em|
submission/peers_load.c|peer_keys|moulette-assignment.5|.Sh PEERS|It Em|
model/places.c|conf_keys|moulette.1|.Sh FILES|Em|Pa /etc/moulette.conf
submission/language.c|language_keys|||none|'

keys_of_table() { # SOURCE TABLE
	awk -v begin="[ \t*]$2\\\\[.*\\\\] = \\\\{\$" '
	$0 ~ begin { inside = 1 }
	/^};/ { inside = 0 }
	inside && /\{ "/ && !/JSON_(LATER|REFUSED)/ { split($0, part, "\""); print part[2] }
	' "$sources/$1" | sort
}

keys_of_page() { # PAGE HEADING FORM ITEM
	awk -v heading="$2" -v form="$3" -v item="$4" '
	$0 == heading { inside = 1; depth = 0; next }
	/^\.Sh / || (/^\.Ss / && heading ~ /^\.Ss/) { inside = 0 }
	/^\.El/ { depth--; if (depth < 1) within = 0 }
	/^\.It / && depth == 1 {
		within = item != "" && index($0 " ", ".It " item " ") == 1
		if (item == "" && inside && $2 == substr(form, 4))
			if (form != "It Li" || $4 == "Ta")
				print $3
		if (within) { next }
	}
	/^\.Bl/ { depth++ }
	inside && within && form == "Em" && $1 == ".Em" { print $2 }
	inside && within && form == "quoted" {
		for (rest = $0; match(rest, /\\\(dq[a-z_]+\\\(dq:/); rest = substr(rest, RSTART + RLENGTH))
			print substr(rest, RSTART + 4, RLENGTH - 9)
	}
	' "$sources/man/$1" | sort -u
}

while IFS='|' read -r source table page heading form item; do
	[ -n "$page" ] || continue
	keys_of_table "$source" "$table" >"$work/keys-of-table"
	keys_of_page "$page" "$heading" "$form" "$item" >"$work/keys-of-page"
	[ -s "$work/keys-of-table" ] || complain "$source: there is no table '$table'"
	while read -r key; do complain "$page: '$key' of $table ($source) is not below '$heading'"; done \
		< <(comm -23 "$work/keys-of-table" "$work/keys-of-page")
	while read -r key; do complain "$page: '$key' below '$heading' is not in $table ($source)"; done \
		< <(comm -13 "$work/keys-of-table" "$work/keys-of-page")
done <<<"$key_tables"
while IFS=: read -r source table; do
	source=${source#"$sources"/} table=${table##* }
	grep -qF -- "$source|${table%%\[*}|" <<<"$key_tables" ||
		complain "$source: ${table%%\[*} is compared with no manual page; see check-docs.sh"
done < <(grep -ro --include='*.c' 'struct json_key [a-z_]*\[\]' "$sources")

for page in runner/man/*.[1-9]; do
	mandoc -T lint -W warning "$page" || bad=1
done
exit "$bad"
