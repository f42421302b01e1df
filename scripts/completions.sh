#!/bin/bash
# completions.sh - a shell's completion file, made from the program's own table of options.
#
# usage: completions.sh bash|zsh|fish PROGRAM
# Words behind a command (`image import`) come from its synopsis; names of images, profiles and
# results are asked of the program while completing.
set -euo pipefail

shell=$1
program=$2
table=$("$program" help-table)
commands=$(awk -F '\t' '$1 == "command" { print $2 }' <<<"$table")

# options of a command, long and short, with dashes
options_of() {
	awk -F '\t' -v name="$1" '
	$1 == "option" && $2 == name {
		printf " %s", $3
		if ($4 != "")
			printf " %s", $4
	}' <<<"$table"
}

# "usage: moulette image import NAME FILE", "   or: moulette image list": the words after the command
verbs_of() {
	"$program" "$1" --help | sed -n "s/^ *\(usage\|or\): moulette $1 \([a-z][a-z-]*\).*/\2/p" |
		awk '{ printf " %s", $1 }'
}

summary_of() {
	awk -F '\t' -v name="$1" '$1 == "command" && $2 == name { print $3 }' <<<"$table"
}

bash_completion() {
	local name
	cat <<'E'
# bash completion for moulette, made from its table of options
_moulette_names() { moulette "$1" list 2>/dev/null | awk 'NR > 1 { print $1 }'; }
_moulette()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= options= verbs= i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[ "${COMP_WORDS[i]}" != -- ] || return
		[ -n "$command" ] || case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]} ;; esac
	done
	case $command in
E
	printf "\t'') COMPREPLY=(\$(compgen -W '%s help --help --version' -- \"\$cur\")); return ;;\n" "${commands//$'\n'/ }"
	printf "\thelp) COMPREPLY=(\$(compgen -W '%s' -- \"\$cur\")); return ;;\n" "${commands//$'\n'/ }"
	for name in $commands; do
		printf "\t%s) options='--help%s' verbs='%s' ;;\n" "$name" "$(options_of "$name")" \
			"$(verbs_of "$name" | sed 's/^ //')"
	done
	cat <<'E'
	*) return ;;
	esac
	case $prev in
	-i | --image) COMPREPLY=($(compgen -W "$(_moulette_names image)" -- "$cur")); return ;;
	-p | --profile) COMPREPLY=($(compgen -W "$(_moulette_names profile)" -- "$cur")); return ;;
	-a | --assignment) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	esac
	case $cur in
	-*) COMPREPLY=($(compgen -W "$options" -- "$cur")); return ;;
	esac
	if [ -n "$verbs" ] && [ "$prev" = "$command" ]; then
		COMPREPLY=($(compgen -W "$verbs" -- "$cur"))
	else
		COMPREPLY=($(compgen -f -- "$cur"))
	fi
}
complete -o filenames -F _moulette moulette
E
}

zsh_completion() {
	local name
	cat <<'E'
#compdef moulette
# zsh completion for moulette, made from its table of options
_moulette_names() { moulette $1 list 2>/dev/null | awk 'NR > 1 { print $1 }' }
_moulette_images() { compadd -- ${(f)"$(_moulette_names image)"} }
_moulette_profiles() { compadd -- ${(f)"$(_moulette_names profile)"} }
_moulette() {
	local state
	local -a commands
	commands=(
E
	for name in $commands; do
		printf "\t\t'%s:%s'\n" "$name" "$(summary_of "$name" | sed "s/'/'\\\\''/g; s/:/\\\\:/g")"
	done
	cat <<'E'
	)
	_arguments -C '1:command:->command' '*::argument:->argument'
	case $state in
	command) _describe command commands ;;
	argument)
		case $words[1] in
E
	for name in $commands; do
		printf "\t\t%s) _arguments" "$name"
		awk -F '\t' -v name="$name" '
		function quoted(text)
		{
			gsub(/\047/, "\047\\\047\047", text)
			gsub(/\[/, "(", text)
			gsub(/\]/, ")", text)
			gsub(/:/, "\\:", text)
			return text
		}
		$1 == "option" && $2 == name {
			action = "_files"
			if ($3 == "--image")
				action = "_moulette_images"
			else if ($3 == "--profile")
				action = "_moulette_profiles"
			else if ($3 == "--assignment")
				action = "_files -/"
			else if ($5 !~ /FILE|DIR|SRC/)
				action = " "
			tail = $5 == "" ? "" : ":" quoted($5) ":" action
			printf " \\\n\t\t\t\047*%s[%s]%s\047", $3, quoted($6), tail
			if ($4 != "")
				printf " \\\n\t\t\t\047*%s[%s]%s\047", $4, quoted($6), tail
		}' <<<"$table"
		local verbs
		verbs=$(verbs_of "$name")
		[ -z "$verbs" ] || printf " \\\\\n\t\t\t'1:verb:(%s)'" "${verbs# }"
		printf " \\\\\n\t\t\t'--help[show the usage]' '*:file:_files' ;;\n"
	done
	cat <<'E'
		esac ;;
	esac
}
_moulette "$@"
E
}

fish_completion() {
	local name verb
	cat <<'E'
# fish completion for moulette, made from its table of options
function __moulette_names
	moulette $argv[1] list 2>/dev/null | awk 'NR > 1 { print $1 }'
end
E
	for name in $commands; do
		printf "complete -c moulette -f -n __fish_use_subcommand -a %s -d '%s'\n" "$name" \
			"$(summary_of "$name" | sed "s/'/\\\\'/g")"
		for verb in $(verbs_of "$name"); do
			printf "complete -c moulette -n '__fish_seen_subcommand_from %s' -a %s\n" "$name" "$verb"
		done
		awk -F '\t' -v name="$name" '
		$1 == "option" && $2 == name {
			gsub(/\047/, "\\\047", $6)
			printf "complete -c moulette -n \047__fish_seen_subcommand_from %s\047 -l %s", name, substr($3, 3)
			if ($4 != "")
				printf " -s %s", substr($4, 2)
			if ($5 != "")
				printf " -r"
			if ($3 == "--image")
				printf " -f -a \047(__moulette_names image)\047"
			else if ($3 == "--profile")
				printf " -f -a \047(__moulette_names profile)\047"
			printf " -d \047%s\047\n", $6
		}' <<<"$table"
	done
}

case $shell in
bash | zsh | fish) "${shell}_completion" ;;
*) echo "completions: '$shell' is not one of bash, zsh, fish" >&2; exit 2 ;;
esac
