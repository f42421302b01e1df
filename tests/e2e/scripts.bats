#!/usr/bin/env bats
# bats file_tags=tools
# The scripts that other tests rest upon: each is tried with something that it must notice.
load helpers

setup() {
	cd "$REPO"
}

@test "layers: the sources keep to them" {
	scripts/check-layers.sh
}

@test "layers: each kind of violation is named with file and line" {
	local top=$BATS_TEST_TMPDIR/sources file text why
	while IFS='|' read -r file text why; do
		rm -rf "$top"
		files_into "$top" base/fine.c $'#include "base/other.h"\n' "$file" $'\n'"$text"$'\n'
		run scripts/check-layers.sh "$top"
		[ "$status" -eq 1 ] || fail "$file with $text was not noticed"
		[[ $output == "$top/$file:2: "*"$why"* ]] || fail "$file with $text: $output"
	done <<-'E'
	base/a.c|#include "model/result.h"|base/ lies below model/
	model/a.h|#include "store/store.h"|model/ lies below store/
	store/a.c|# include "image/store.h"|stages never include each other
	report/a.c|#include "pipeline/grade.h"|report/ lies below pipeline/
	pipeline/a.c|#include "cmd/command.h"|pipeline/ lies below cmd/
	init/a.c|#include "base/err.h"|init/ is a program of its own
	bench/a.c|#include "model/limits.h"|bench/ is a program of its own
	cmd/a.c|#include "bench/stats.h"|bench/ is a program of its own
	unpack/a.c|#include "init/protocol.h"|only container/
	container/a.c|#include "init/init.h"|only container/
	cmd/a.c|#include "command.h"|write FOLDER/NAME.h
	other/a.c|#include "base/err.h"|folder other/ has no place
	E
}

@test "layers: what may be included is not complained about" {
	local top=$BATS_TEST_TMPDIR/sources
	files_into "$top" main.c $'#include "cmd/command.h"\n' cmd/a.c $'#include "pipeline/grade.h"\n#include "store/store.h"\n' \
		pipeline/a.c $'#include "image/store.h"\n#include "base/err.h"\n' \
		container/a.c $'#include "init/protocol.h"\n#include "container/box.h"\n#include <stdio.h>\n' \
		store/a.c $'#include "schema.inc"\n#include "model/result.h"\n'
	scripts/check-layers.sh "$top"
}

@test "count-tap: what never came has failed" {
	local stream want
	while IFS='|' read -r stream want; do
		run bash -c "printf '$stream' | scripts/count-tap.sh"
		[ "$output" = "$want" ] || fail "'$stream': expected $want, got $output"
	done <<-'E'
	1..2\nok 1 a\nok 2 b # skip no engine\n|1 0 1
	1..3\nok 1 a\n|1 2 0
	ok 1 a\nnot ok 2 b\n1..2\n|1 1 0
	ok 1 a\n|1 1 0
	|0 1 0
	# stream: x\n1..1\nok 1\n# stream: y\n1..1\nnot ok 1\n|1 1 0
	# stream: x\n# stream: y\n1..0\n|0 1 0
	E
}

@test "install-deps: nothing is called when nothing is missing" {
	local bin=$BATS_TEST_TMPDIR/bin
	files_into "$bin" apt-get $'#!/bin/sh\necho "apt-get was called" >&2\nexit 1\n' \
		dpkg-query $'#!/bin/sh\necho installed\n'
	PATH=$bin:$PATH run scripts/install-deps.sh build run test vm
	[ "$status" -eq 0 ] && [ -z "$output" ]
}

@test "install-deps: a system without dpkg is told what it needs" {
	local bin=$BATS_TEST_TMPDIR/bin name
	mkdir -p "$bin"
	for name in bash sh id sed cut head sort xargs echo dirname; do ln -s "$(type -P "$name")" "$bin/$name"; done
	PATH=$bin run bash scripts/install-deps.sh run
	[ "$status" -eq 1 ]
	[[ $output == *"neither Debian nor Ubuntu"*"crun busybox-static"* ]]
}

@test "install-deps: an unknown purpose is refused" {
	run scripts/install-deps.sh lunch
	[ "$status" -eq 1 ]
	[[ $output == *"'lunch' is not one of build, run, test, vm"* ]]
}

@test "compile-commands: quotes and backslashes survive" {
	scripts/compile-commands.sh >"$BATS_TEST_TMPDIR/all.json" <<-'E'
	mkdir -p build
	gcc -DV='"1.0"' -DB='a\b' -c -o build/a.o runner/a.c
	gcc -o build/moulette build/a.o
	E
	[ "$(field 0.command "$BATS_TEST_TMPDIR/all.json")" = "gcc -DV='\"1.0\"' -DB='a\\b' -c -o build/a.o runner/a.c" ]
	[ "$(field 0.file "$BATS_TEST_TMPDIR/all.json")" = runner/a.c ]
	python3 -c 'import json, sys; sys.exit(len(json.load(open(sys.argv[1]))) != 1)' "$BATS_TEST_TMPDIR/all.json"
}
