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
	archive/a.c|#include "image/store.h"|archive/ lies below image/
	pipeline/a.c|#include "import/import.h"|import/ is for moulette-image alone
	image/a.c|#include "recipe/recipe_debian.h"|recipe/ is for moulette-image alone
	cmd/a.c|#include "command.h"|write FOLDER/NAME.h
	other/a.c|#include "base/err.h"|folder other/ has no place
	E
}

@test "layers: circles, extern and names of functions are noticed" {
	local top=$BATS_TEST_TMPDIR/sources
	files_into "$top" store/a.h $'#include "store/b.h"\n' store/a.c $'#include "store/a.h"\n' \
		store/b.c $'#include "store/c.h"\n' store/c.c $'#include "store/a.h"\n' \
		base/low.c $'extern char **environ;\n' \
		image/mounts_find.c $'int mounts_a(void)\n{\n}\nint *mount_b(int x,\n\t  int y)\n{\n}\nint image_mounts_c(void)\n{\n}\nstatic int d(void)\n{\n}\nvoid find_e(void)\n{\n}\nint mountsf(void)\n{\n}\n'
	run scripts/check-layers.sh "$top"
	[ "$status" -eq 1 ]
	diff - <(echo "$output") <<-E
	$top/store/a: circle: includes files of its folder that include it
	$top/store/b: circle: includes files of its folder that include it
	$top/store/c: circle: includes files of its folder that include it
	$top/base/low.c:1: extern: declare this in a header: extern char **environ;
	$top/image/mounts_find.c:14: name: find_e() does not begin with mounts_
	$top/image/mounts_find.c:17: name: mountsf() does not begin with mounts_
	E
}

@test "layers: the list of known files may only become shorter" {
	local copy=$BATS_TEST_TMPDIR/scripts/check-layers.sh
	files_into "$BATS_TEST_TMPDIR" runner/base/err.c $'int err_a(void)\n{\n}\n' tests/bench/a.c ''
	mkdir -p "$BATS_TEST_TMPDIR/scripts"
	sed "/^known='/,/'\$/c known='name base/err'" scripts/check-layers.sh >"$copy"
	run bash "$copy"
	[ "$status" -eq 1 ]
	[[ $output == *"take 'name base/err' off the list"* ]] || fail "$output"
	echo $'int other(void)\n{\n}' >>"$BATS_TEST_TMPDIR/runner/base/err.c"
	bash "$copy"
}

@test "layers: what may be included is not complained about" {
	local top=$BATS_TEST_TMPDIR/sources
	files_into "$top" main.c $'#include "cmd/command.h"\n' cmd/a.c $'#include "pipeline/grade.h"\n#include "store/store.h"\n' \
		pipeline/a.c $'#include "image/store.h"\n#include "base/err.h"\n' \
		container/a.c $'#include "init/protocol.h"\n#include "container/box.h"\n#include <stdio.h>\n' \
		store/a.c $'#include "schema.inc"\n#include "model/result.h"\n' \
		report/a.h $'struct a;\n' report/a.c $'#include "report/parts.h"\n' report/parts.h $'#include "report/a.h"\n' \
		image_main.c $'#include "import/import.h"\n' recipe/a.c $'#include "import/import.h"\n'
	scripts/check-layers.sh "$top"
}

@test "count-tap: a planned test without a result has failed" {
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
	[[ $output == *"'lunch' is not one of build, run, test, vm, verdicts, engine, arm64"* ]]
}

@test "install-deps: a bats that is too old for the tests is named" {
	local bin=$BATS_TEST_TMPDIR/bin
	files_into "$bin" dpkg-query $'#!/bin/sh\necho installed\n' bats $'#!/bin/sh\necho Bats 1.2.1\n'
	PATH=$bin:$PATH run scripts/install-deps.sh test
	[ "$status" -eq 1 ]
	[[ $output == *"bats 1.2.1 is too old: the tests need 1.8.0 or newer"* ]]
	PATH=$bin:$PATH scripts/install-deps.sh build run
	files_into "$bin" bats $'#!/bin/sh\necho Bats 1.8.0\n'
	PATH=$bin:$PATH scripts/install-deps.sh test
}

@test "check-releases: an unusable argument is named" {
	local words want why
	while IFS='|' read -r words want why; do
		# shellcheck disable=SC2086
		run scripts/check-releases.sh $words
		[ "$status" -eq "$want" ] || fail "'$words': status $status, $output"
		[[ $output == *"$why"* ]] || fail "'$words': $output"
	done <<-'E'
	|2|no release given, as bookworm, trixie or sid
	-z trixie|2|usage: check-releases.sh
	-s|2|no release given
	trixie ../sid|2|'../sid' is not the name of a release
	-n Trixie|2|'Trixie' is not the name of a release
	E
}

@test "check-releases: what this host lacks is named" {
	local bin=$BATS_TEST_TMPDIR/bin name
	mkdir -p "$bin"
	for name in bash sh id sed dirname apt-get unshare pivot_root tar; do ln -s "$(type -P "$name")" "$bin/$name"; done
	# The folders that the script adds to PATH do not hold it either.
	[ ! -e /usr/sbin/mmdebstrap ] && [ ! -e /sbin/mmdebstrap ]
	PATH=$bin run bash scripts/check-releases.sh -n trixie
	[ "$status" -eq 125 ]
	[[ $output == *"mmdebstrap not found; try scripts/install-deps.sh test"* ]]
}

@test "check-releases: a mirror that cannot be reached is a reason to skip" {
	local bin=$BATS_TEST_TMPDIR/bin
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
	files_into "$bin" apt-get $'#!/bin/sh\n. /etc/os-release\necho "http://127.0.0.1:9/debian $VERSION_CODENAME main"\n'
	PATH=$bin:$PATH run scripts/check-releases.sh -n trixie
	[ "$status" -eq 125 ]
	[[ $output == *"'http://127.0.0.1:9/debian' has no release 'trixie', or cannot be reached"* ]]
	files_into "$bin" apt-get $'#!/bin/sh\ntrue\n'
	PATH=$bin:$PATH run scripts/check-releases.sh -n trixie
	[ "$status" -eq 125 ]
	[[ $output == *"names no source of its own release"* ]]
	[ -z "$(ls "$TMPDIR")" ]
}

# begin_release SHELL - check-releases with a mirror that has every release, and an mmdebstrap that does what SHELL
# says for the folder $root. Sets job; it is the leader of its process group.
begin_release() {
	[ "$(id -u)" = 0 ] || skip "root folders are made by root"
	local bin=$BATS_TEST_TMPDIR/bin
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
	files_into "$BATS_TEST_TMPDIR/mirror/dists/trixie" InRelease x
	files_into "$bin" apt-get $'#!/bin/sh\n. /etc/os-release\necho "file:'"$BATS_TEST_TMPDIR"$'/mirror $VERSION_CODENAME main"\n' \
		mmdebstrap $'#!/bin/bash\nfor root; do case $root in */trixie.new.*) break ;; esac; done\n'"$1"
	PATH=$bin:$PATH setsid scripts/check-releases.sh -s -c "$BATS_TEST_TMPDIR/cache" trixie >"$BATS_TEST_TMPDIR/printed" 3>&- &
	job=$!
}

# wait_until COMMAND... - for at most 30 s.
wait_until() {
	for _ in {1..300}; do
		if "$@"; then return; fi
		sleep 0.1
	done
	"$@"
}

# nothing_of_it FOLDER... - the folders are empty, and nothing is mounted.
nothing_of_it() {
	local left
	left=$(find "$@" -mindepth 1)
	[ -z "$left" ] || fail "left: $left"
	run ! grep -q "$BATS_TEST_TMPDIR" /proc/self/mounts
}

@test "check-releases: a signal while a root folder is made leaves nothing" {
	begin_release $'mkdir -p "$root/etc"\nmount -t tmpfs none "$root/etc"\ntouch "$TMPDIR/begun"\nsleep 1000\n'
	begun() { [ -n "$(find "$TMPDIR" -name begun)" ]; }
	wait_until begun
	kill "$job"
	run wait "$job"
	nothing_of_it "$TMPDIR" "$BATS_TEST_TMPDIR/cache"
}

@test "check-releases: a signal to its whole process group while it tests leaves nothing" {
	command -v busybox >/dev/null || skip "busybox is not installed"
	# A root folder in which what is called to test begins and never ends.
	begin_release $'mkdir -p "$root/bin"\ncp "$(command -v busybox)" "$root/bin/busybox"
for name in umount rmdir env sleep echo; do ln -s busybox "$root/bin/$name"; done
printf \'#!/bin/busybox sh\\necho begun\\nsleep 1000\\n\' >"$root/bin/bash"\nchmod 755 "$root/bin/bash"\n'
	begun() { grep -qs begun "$TMPDIR"/moulette-releases.*/said; }
	wait_until begun || fail "$(cat "$BATS_TEST_TMPDIR/printed")"
	kill -- -"$job"
	run wait "$job"
	nothing_of_it "$TMPDIR"
}

@test "suites: a sum counts as what it says, and one without a sum as failed" {
	export work=$BATS_TEST_TMPDIR/work
	mkdir "$work"
	run bash -c '. scripts/suites.bash
		suite one sum printf "a line\n%s\n" "3 passed, 0 failed, 2 skipped"
		suite two sum echo nothing || :
		skip three "no reason"
		sum_up'
	[ "$status" -eq 1 ]
	[[ $output == *"one "*"3 passed, 0 failed, 2 skipped"*"  a line"*"two "*"0 passed, 1 failed"*"skipped: no reason"* ]]
	[ "${lines[-1]}" = "3 passed, 1 failed, 3 skipped" ]
}

@test "suites: what failed is named once more before the sum" {
	export work=$BATS_TEST_TMPDIR/work
	mkdir "$work"
	run bash -c '. scripts/suites.bash
		suite one tap printf "%s\n" 1..2 "ok 1 a" "not ok 2 b is c" "# why"
		suite two plain false
		suite three sum printf "%s\n" "failed: inner: x" "1 passed, 1 failed, 0 skipped"
		sum_up'
	[ "$status" -eq 1 ]
	[ "$(printf '%s\n' "${lines[@]}" | tail -n 4)" = "failed: one: b is c
failed: two
failed: three: inner: x
2 passed, 3 failed, 0 skipped" ]
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
