#!/usr/bin/env bats
# bats file_tags=tools
# Manual pages, README and completions against the program itself.
load helpers

setup_file() {
	cd "$REPO"
	export build=$BATS_FILE_TMPDIR/build
	mkdir -p "$build/completions"
	ln -s "$MOULETTE" "$build/moulette"
	local shell
	for shell in bash zsh fish; do
		scripts/completions.sh "$shell" "$MOULETTE" >"$build/completions/moulette.$shell"
	done
}

setup() {
	cd "$REPO"
}

teardown() {
	[ -z "${host:-}" ] || kill "$host" 2>/dev/null || true
}

# json_blocks PAGE - each literal block of a manual page that is a JSON object, one file each.
json_blocks() {
	awk -v stem="$BATS_TEST_TMPDIR/block" '
	/^\.Bd -literal/ { inside = 1; file = ""; next }
	/^\.Ed/ { inside = 0 }
	inside && file == "" { file = /^{/ ? stem (++count) ".json" : "-" }
	inside && file != "-" { print >file }
	END { exit !count }
	' "$1"
}

# `make check` has it as a suite of its own.
# bats test_tags=long
@test "manual, README and completions agree with the option table" {
	scripts/check-docs.sh "$build"
}

# bats test_tags=long
@test "an option that the manual lacks is noticed" {
	sed '/^\.It Fl n , Fl -name/d' runner/man/moulette.1 >"$BATS_TEST_TMPDIR/page.1"
	MANUAL=$BATS_TEST_TMPDIR/page.1 run scripts/check-docs.sh "$build"
	[ "$status" -eq 1 ]
	[[ $output == *"'run --name' of the table is not in its section"* ]]
}

# bats test_tags=long
@test "an option that the table lacks is noticed" {
	sed '/^\.It Fl n , Fl -name/i .It Fl -no-such-option' runner/man/moulette.1 >"$BATS_TEST_TMPDIR/page.1"
	MANUAL=$BATS_TEST_TMPDIR/page.1 run scripts/check-docs.sh "$build"
	[ "$status" -eq 1 ]
	[[ $output == *"'run --no-such-option' is not in the table"* ]]
}

# bats test_tags=long
@test "a command that the table lacks is noticed in the README" {
	{ cat README.md; printf '\n```\nmoulette frobnicate\n```\n'; } >"$BATS_TEST_TMPDIR/README.md"
	README=$BATS_TEST_TMPDIR/README.md run scripts/check-docs.sh "$build"
	[ "$status" -eq 1 ]
	[[ $output == *"there is no command 'moulette frobnicate'"* ]]
}

# bats test_tags=long
@test "a word that a completion lacks is noticed" {
	cp -r "$build" "$BATS_TEST_TMPDIR/build"
	sed -i 's/-l time-factor//' "$BATS_TEST_TMPDIR/build/completions/moulette.fish"
	run scripts/check-docs.sh "$BATS_TEST_TMPDIR/build"
	[ "$status" -eq 1 ]
	[[ $output == *"moulette.fish lacks run --time-factor"* ]]
}

# bats test_tags=long
@test "a key that the manual or the table lacks is noticed, in each form of list" {
	local file edit message
	# A row that no page names; then a key of a page that no table has; then a table that no page is for.
	while IFS='|' read -r file edit message; do
		rm -rf "$BATS_TEST_TMPDIR/runner"
		mkdir "$BATS_TEST_TMPDIR/runner"
		cp -r runner/{man,model,submission} "$BATS_TEST_TMPDIR/runner"
		sed -i "$edit" "$BATS_TEST_TMPDIR/runner/$file"
		SOURCES=$BATS_TEST_TMPDIR/runner run scripts/check-docs.sh "$build"
		[ "$status" -eq 1 ] && [ "$output" = "$message" ] || fail "$file, $edit: $output"
	done <<-'EOF'
		submission/assignment.c|s/{ "home",/{ "house",  JSON_STR },\n&/|moulette-assignment.5: 'house' of assignment_keys (submission/assignment.c) is not below '.Ss Keys of the assignment'
		submission/step_load.c|/build_keys/,/^}/s/{ "env",/{ "house", JSON_STR },\n&/|moulette-assignment.5: 'house' of build_keys (submission/step_load.c) is not below '.Ss Keys of the assignment'
		submission/files_load.c|s/{ "to",/{ "house", JSON_STR },\n&/|moulette-assignment.5: 'house' of file_keys (submission/files_load.c) is not below '.Ss Keys of the assignment'
		model/limits.c|s/{ "cpu",/{ "house", NULL },\n&/|moulette-assignment.5: 'house' of names (model/limits.c) is not below '.Sh LIMITS'
		model/places.c|s/{ "cpu_weight",/{ "house", JSON_STR },\n&/|moulette.1: 'house' of conf_keys (model/places.c) is not below '.Sh FILES'
		man/moulette-assignment.5|s/^.It Em exit /.It Em house No text\n&/|moulette-assignment.5: 'house' below '.Ss Keys of a test' is not in test_keys (submission/step_load.c)
		man/moulette-assignment.5|/^.It Em build /,/^.It Em tests/s/^.Em args/.Em house ,\n&/|moulette-assignment.5: 'house' below '.Ss Keys of the assignment' is not in build_keys (submission/step_load.c)
		man/moulette-assignment.5|s/^.Li {.(dqfrom.*/&\n.Li \\(dqhouse\\(dq: true/|moulette-assignment.5: 'house' below '.Ss Keys of the assignment' is not in file_keys (submission/files_load.c)
		man/moulette-assignment.5|s/^.It Li wall Ta/.It Li house Ta size Ta 1\n&/|moulette-assignment.5: 'house' below '.Sh LIMITS' is not in names (model/limits.c)
		man/moulette-assignment.5|s/^.It Em rate /.It Em house No text\n&/|moulette-assignment.5: 'house' below '.Sh NETWORK' is not in network_keys (model/network_load.c)
		man/moulette-assignment.5|s/^.It Em listen /.It Em house No text\n&/|moulette-assignment.5: 'house' below '.Sh PEERS' is not in peer_keys (submission/peers_load.c)
		man/moulette.1|/^.It Pa .etc.moulette.conf/,/^.It/s/^.Em cpu_weight/.Em house ,\n&/|moulette.1: 'house' below '.Sh FILES' is not in conf_keys (model/places.c)
		submission/names.c|1i static const struct json_key house[] = {|submission/names.c: house is compared with no manual page; see check-docs.sh
	EOF
}

@test "every command and option is in the help" {
	local kind command long rest help of_command='' last=''
	help=$("$MOULETTE" --help)
	# The options of a command follow one another.
	while IFS=$'\037' read -r kind command long rest; do
		[ "$kind" != option ] || [ "$command" = "$last" ] || of_command=$("$MOULETTE" "$command" --help) last=$command
		case $kind in
		command) grep -qw -- "$command" <<<"$help" || fail "moulette --help lacks '$command'" ;;
		option) grep -qw -e "$long" <<<"$of_command" || fail "moulette $command --help lacks '$long'" ;;
		esac
	done < <("$MOULETTE" help-table | tr '\t' '\037')
}

@test "the help fits 80 columns, and 'help COMMAND' is 'COMMAND --help'" {
	local command line
	"$MOULETTE" --help >"$BATS_TEST_TMPDIR/help"
	"$MOULETTE" help | cmp - "$BATS_TEST_TMPDIR/help"
	"$MOULETTE" help help | cmp - "$BATS_TEST_TMPDIR/help"
	for command in $("$MOULETTE" help-table | awk '$1 == "command" { print $2 }'); do
		"$MOULETTE" "$command" --help >"$BATS_TEST_TMPDIR/of-command"
		"$MOULETTE" help "$command" | cmp - "$BATS_TEST_TMPDIR/of-command"
		cat "$BATS_TEST_TMPDIR/of-command" >>"$BATS_TEST_TMPDIR/help"
	done
	while IFS= read -r line; do [ ${#line} -le 80 ] || fail "${#line} columns: $line"; done <"$BATS_TEST_TMPDIR/help"
	run -2 --separate-stderr "$MOULETTE" help frobnicate
	[ -z "$output" ]
	[ "$stderr" = "moulette: unknown command 'frobnicate'; 'moulette help' lists the commands" ]
	run -2 "$MOULETTE" help run batch
}

@test "bash completes commands, options and verbs" {
	# shellcheck disable=SC1090
	source "$build/completions/moulette.bash"
	COMP_WORDS=(moulette pro) COMP_CWORD=1
	_moulette
	[ "${COMPREPLY[*]}" = profile ]
	COMP_WORDS=(moulette run --time) COMP_CWORD=2
	_moulette
	[ "${COMPREPLY[*]}" = --time-factor ]
	COMP_WORDS=(moulette image bu) COMP_CWORD=2
	_moulette
	[ "${COMPREPLY[*]}" = build ]
	COMP_WORDS=(moulette help as) COMP_CWORD=2
	_moulette
	[ "${COMPREPLY[*]}" = assignment ]
	COMP_WORDS=(moulette run -p str) COMP_CWORD=3
	PATH=$build:$PATH _moulette
	[ "${COMPREPLY[*]}" = strict ]
}

@test "examples of moulette-assignment.5 are valid" {
	json_blocks runner/man/moulette-assignment.5
	local block folder name
	for block in "$BATS_TEST_TMPDIR"/block*.json; do
		folder=${block%.json}
		mkdir -p "$folder/harness" "$folder/data"
		cp "$block" "$folder/assignment.json"
		for name in 1.in 1.out 2.in 2.out reverse.out echo.out query.out server.py harness/harness.c; do : >"$folder/$name"; done
		moulette assignment check "$folder"
	done
}

@test "examples of moulette-profile.5 are valid" {
	json_blocks runner/man/moulette-profile.5
	local block
	for block in "$BATS_TEST_TMPDIR"/block*.json; do moulette profile check "$block"; done
}

@test "the result has the keys of moulette-result.5" {
	need_engine
	grade -i busybox "$(archive one.tar a x)" -- true
	python3 - "$result" runner/man/moulette-result.5 <<-'E'
	import json, re, sys
	result = json.load(open(sys.argv[1]))
	page = open(sys.argv[2]).read()
	words = {w for line in re.findall(r"(?m)^\.It Em (.*)$", page) for w in re.findall(r"[a-z0-9_]+", line)}
	inline = set(re.findall(r"(?m)^\.Em ([a-z0-9_]+)", page)) | words
	lacking = [k for k in list(result) + list(result["steps"][0]) if k not in words]
	lacking += [k for k in result["steps"][0]["stdout"] if k not in inline]
	sys.exit("not in the manual: " + ", ".join(lacking) if lacking else 0)
	E
}

# replay SECTION - make the files of a section of the README, whose blocks name them, in this folder,
# run its commands and compare what they print. Figures differ from run to run, and so do columns.
# ${typed_in[@]} may be a command that runs others elsewhere.
replay() {
	local line command file='' fence=0 count=0
	local text=$BATS_TEST_TMPDIR/text got=$BATS_TEST_TMPDIR/got want=$BATS_TEST_TMPDIR/want
	normal() {
		sed -E 's/^01[0-9A-Z]{24} +[0-9]+/ID PID/; s/[0-9][0-9.]* ?(ns|us|ms|s|B|KiB|MiB|GiB)\b/N/g
			s/sha256:[0-9a-f]{64}/DIGEST/; s/[ \t]+/ /g; s/ $//; /^$/d'
	}
	awk -v title="## $1" '/^## / { inside = $0 == title } inside' "$REPO/README.md" >"$text"
	while IFS= read -r line; do
		case $fence$line in
		0'```'*) # "```c sum.c": a file; "```" alone: typed
			fence=1 file=''
			[[ $line != *' '* ]] || file=${line##* }
			[ -z "$file" ] || { mkdir -p "$(dirname "$file")" && : >"$file"; }
			;;
		1'```') fence=0 ;;
		0*) ;;
		1'$ '*)
			[ -z "$file" ] || fail "'$line' in a file"
			command=${line#'$ '}
			count=$((count + 1))
			printf '%s\n' "$line" | tee -a "$want" >>"$got"
			"${typed_in[@]}" bash -c "$command" </dev/null >>"$got" 2>&1 || true
			;;
		*) printf '%s\n' "$line" >>"${file:-$want}" ;;
		esac
	done <"$text"
	[ "$count" -gt 0 ] || fail "no commands below '## $1'"
	diff -u <(normal <"$want") <(normal <"$got")
}

@test "the README's thirty seconds are what the program prints" {
	need_engine
	export PATH=$build:$PATH
	replay "Thirty seconds"
}

@test "the README's five minutes are what the program prints" {
	need_engine
	export PATH=$build:$PATH
	mkdir "$BATS_TEST_TMPDIR/typed"
	cd "$BATS_TEST_TMPDIR/typed"
	replay "Five minutes"
}

# save_alpine FILE - what `docker image save alpine` writes, of busybox instead.
save_alpine() {
	local oci=$BATS_TEST_TMPDIR/oci unpacked=$BATS_TEST_TMPDIR/unpacked name
	umoci init --layout "$oci"
	umoci new --image "$oci:a"
	umoci unpack --image "$oci:a" "$unpacked"
	mkdir -p "$unpacked"/rootfs/{bin,etc,home}
	cp "$(command -v busybox)" "$unpacked/rootfs/bin/busybox"
	for name in cat echo grep hostname nc sh sleep wget; do ln -s busybox "$unpacked/rootfs/bin/$name"; done
	umoci repack --image "$oci:a" "$unpacked"
	umoci config --image "$oci:a" --config.env PATH=/bin
	skopeo copy --insecure-policy "oci:$oci:a" "docker-archive:$1:alpine:latest"
}

@test "the way from runc to moulette is as the README has it" {
	need_engine
	save_alpine "$BATS_TEST_TMPDIR/saved.tar" >"$BATS_TEST_TMPDIR/made" 2>&1
	mkdir "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/typed"
	# Stands for the real one, which needs its daemon; what it prints is tested elsewhere.
	printf '#!/bin/sh\n[ "$*" = "image save alpine -o alpine.tar" ] && cp %s alpine.tar\n' \
		"$BATS_TEST_TMPDIR/saved.tar" >"$BATS_TEST_TMPDIR/bin/docker"
	chmod +x "$BATS_TEST_TMPDIR/bin/docker"
	export PATH=$build:$BATS_TEST_TMPDIR/bin:$PATH
	cd "$BATS_TEST_TMPDIR/typed"
	# The host's own network is not for tests.
	unshare -n sleep 600 3>&- &
	host=$!
	typed_in=(nsenter --net="/proc/$host/ns/net")
	until ! cmp -s <(readlink "/proc/$host/ns/net") <(readlink /proc/self/ns/net); do sleep 0.01; done
	replay "From runc to moulette"
}
