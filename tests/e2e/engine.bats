#!/usr/bin/env bats
# bats file_tags=engine
# Engines that misbehave, hosts that refuse what engines ask for, and what an engine may not change.
load helpers

setup() {
	need_engine
	real=$(command -v "$MOULETTE_ENGINE")
	calls=$BATS_TEST_TMPDIR/calls
	: >"$calls"
	# No other process of this host has this word in its command line.
	mark=30000.$$$RANDOM
	submission=$(archive s.tar a x)
}

# engine_that SHELL - the engine, through a program that notes its words and runs SHELL before it.
engine_that() {
	local engine=$BATS_TEST_TMPDIR/engine
	cat >"$engine" <<-END
		#!/bin/bash
		echo "\$*" >>"$calls"
		$1
		exec "$real" "\$@"
	END
	chmod 755 "$engine"
	export MOULETTE_ENGINE=$engine
}

starts() {
	grep -c ' run ' "$calls" || true
}

# nothing_left - no child of the engine lives. One that was killed may take a moment to go.
nothing_left() {
	local i
	for i in {1..30}; do
		pgrep -f "sleep $mark" >/dev/null || return 0
		sleep 0.1
	done
	fail "a child of the engine outlived the run: $(pgrep -af "sleep $mark")"
}

@test "an engine that prints without end is ended, and its first and last words are shown" {
	engine_that "case \"\$*\" in *' run '*)
		(setsid sleep $mark &)
		echo the first words
		head -c 300M /dev/zero | tr '\\0' z
		: >$BATS_TEST_TMPDIR/printed-all ;;
	esac"
	grade -i busybox "$submission" -- true
	expect_verdict internal_error infrastructure 3
	expect error.code engine.failed score null
	expect_text "$result" "printed more than 1 MiB" "the first words" "zzzzzzzz"
	[ ! -e "$BATS_TEST_TMPDIR/printed-all" ]
	nothing_left
}

@test "an engine that fails at length: its first and last words are shown" {
	engine_that "case \"\$*\" in *' run '*)
		echo the first words
		seq 20000
		echo the last words
		exit 1 ;;
	esac"
	grade -i busybox "$submission" -- true
	expect_verdict internal_error infrastructure 3
	expect error.code engine.failed
	expect_text "$result" "the first words" "the last words"
}

@test "a version that is printed without end is no version" {
	engine_that "case \"\$*\" in *--version*)
		(setsid sleep $mark &)
		head -c 300M /dev/zero | tr '\\0' z
		: >$BATS_TEST_TMPDIR/printed-all ;;
	esac"
	run -3 moulette run -i busybox "$submission" -- true
	[[ $output == *"$MOULETTE_ENGINE"*"printed more than 1 MiB"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/printed-all" ]
	nothing_left
}

@test "what an engine leaves in the background ends with the run, in both modes" {
	local mode
	engine_that "(setsid sleep $mark &); (setsid sleep $mark >/dev/null 2>&1 </dev/null &)"
	for mode in lean plain; do
		grade --engine-mode="$mode" -i busybox "$submission" -- true
		expect_verdict passed none 0
		nothing_left
	done
	engine_that "(setsid sleep $mark &); case \"\$*\" in *' run '*) exit 1 ;; esac"
	grade -i busybox "$submission" -- true
	expect_verdict internal_error infrastructure 3
	nothing_left
}

@test "an engine that hangs is waited for once" {
	engine_that "case \"\$*\" in *' run '*) (setsid sleep $mark &); exec sleep $mark ;; esac"
	MOULETTE_TIME_FACTOR=1 grade -i busybox "$submission" -- true
	expect_verdict internal_error infrastructure 3
	expect error.code engine.timeout score null
	expect_text "$result" "engine '${real##*/}'" "did not start the box within 10 s" "MOULETTE_ENGINE"
	[ "$(starts)" = 1 ]
	nothing_left
}

# What of /proc is seen in a box, its bounding set and a process id. Whether the file system below the read-only
# mount is read-only as well differs between versions of crun.
sees_little='ls /proc | grep -v "^[0-9]"; ls /proc/sys; grep -c proc /proc/self/mountinfo; sed -n "s/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]* [^ ]*\) .*- proc proc r[ow],/\1 /p" /proc/self/mountinfo; sed -n "s/^CapBnd:.//p" /proc/self/status; echo $$'

@test "an engine that reads /proc/sys while it starts a box gets it, and the box does not" {
	local mode expected
	grade -i busybox "$submission" -- sh -c "$sees_little"
	expected=$(field steps.0.stdout.text)
	[[ $expected == *subset=pid* ]]
	engine_that "while [ \$# -gt 1 ] && [ \"\$bundle\" != --bundle ]; do words+=(\"\$1\"); bundle=\$1; shift; done
		if grep -q subset=pid \"\$1/config.json\" 2>/dev/null; then
			echo 'open /proc/sys/kernel/cap_last_cap: no such file or directory' >&2
			exit 1
		fi
		set -- \"\${words[@]}\" \"\$@\""
	# The start that fails and tells is no trouble.
	moulette doctor >"$BATS_TEST_TMPDIR/doctor" || fail "doctor: $(grep -v '^ok' "$BATS_TEST_TMPDIR/doctor")"
	for mode in lean plain; do
		grade --engine-mode="$mode" -i busybox "$submission" -- sh -c "$sees_little"
		expect_verdict passed none 0
		expect steps.0.stdout.text "$expected"
	done
	# It was learned from one start that failed.
	[ "$(starts)" = 4 ]
}

# What a box gets from keyctl.
asks_keys='import ctypes, platform
number = {"x86_64": 250, "aarch64": 219}[platform.machine()]
print(ctypes.CDLL(None).syscall(number, 0, -3, 0))'

@test "the engine makes no keyring if the host refuses keyctl" {
	engine_that
	grade -i host "$submission" -- python3 -c "$asks_keys"
	expect_verdict passed none 0
	expect steps.0.stdout.text -1
	[ "$(grep -c -e --no-new-keyring "$calls" || true)" = 0 ]
	(
		real_program=$MOULETTE
		export MOULETTE=$BATS_TEST_TMPDIR/moulette
		printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$REPO/tests/e2e/without_keyctl.py" "$real_program" >"$MOULETTE"
		chmod 755 "$MOULETTE"
		for mode in lean plain; do
			grade --engine-mode="$mode" -i host "$submission" -- python3 -c "$asks_keys"
			expect_verdict passed none 0
			expect steps.0.stdout.text -1
		done
	)
	[ "$(grep -c -e --no-new-keyring "$calls")" = 2 ]
}

# with_own_devices FILE COMMAND - run it where /dev has nodes of its own, so that those of the host are
# safe, and write their owners and modes to FILE afterwards.
with_own_devices() {
	unshare -m --propagation private bash -c '
		mount -t tmpfs -o mode=755 none /dev
		mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/zero c 1 5; mknod -m 666 /dev/full c 1 7
		mknod -m 666 /dev/random c 1 8; mknod -m 666 /dev/urandom c 1 9; mknod -m 666 /dev/tty c 5 0
		ln -s /proc/self/fd /dev/fd; mkdir -m 1777 /dev/shm
		eval "$2"
		stat -c "%n %a %u:%g %t:%T" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty >"$1"' - "$1" "$2"
}

@test "no command hands a device of the host to an engine" {
	local a command
	a=$(assignment one '"image": "busybox", "build": [], "tests": [{"name": "t", "run": ["/bin/cat"]}]')
	export a submission
	with_own_devices "$BATS_TEST_TMPDIR/before" :
	grep -q "^/dev/null 666 0:0 1:3" "$BATS_TEST_TMPDIR/before"
	# Boxes do start there.
	with_own_devices "$BATS_TEST_TMPDIR/after" '"$MOULETTE" run -a "$a" -o "$BATS_TEST_TMPDIR/report" "$submission" </dev/null'
	expect_text "$BATS_TEST_TMPDIR/report" passed
	for command in '"$MOULETTE" --version' '"$MOULETTE" doctor' '"$MOULETTE" run -a "$a" "$submission"' \
		'"$MOULETTE" run --engine-mode=plain -i busybox "$submission" -- true' \
		'"$MOULETTE" batch -a "$a" -j 2 "$submission" "$submission"' \
		'"$MOULETTE" spec -i busybox -- true' '"$MOULETTE" bundle -i busybox "$submission" -o "$BATS_TEST_TMPDIR/b" -- true' \
		'"$MOULETTE" image build busybox' '"$MOULETTE" list' '"$MOULETTE" gc'; do
		with_own_devices "$BATS_TEST_TMPDIR/after" "$command </dev/null >/dev/null 2>/dev/null
			$command </dev/zero >/dev/full 2>/dev/full"
		diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" || fail "$command"
	done
}

@test "a bundle that is run as the manual says leaves the devices of the host alone" {
	export bundle=$BATS_TEST_TMPDIR/bundle
	chmod 711 "$BATS_TEST_TMPDIR"
	moulette bundle -i busybox "$submission" -o "$bundle" -- true
	with_own_devices "$BATS_TEST_TMPDIR/before" :
	export -f run_bundle
	with_own_devices "$BATS_TEST_TMPDIR/after" 'run_bundle "$bundle" </dev/null >/dev/null 2>/dev/null'
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

# Such an engine starts a container for each step; the name is in what the program says of itself.
@test "an engine for each step that prints without end, or hangs, gives no verdict on the student" {
	printf '#!/bin/sh\ncase "$*" in *--version*) echo runsc version release-1 ;; *) exec yes words ;; esac\n' >"$BATS_TEST_TMPDIR/engine"
	chmod 755 "$BATS_TEST_TMPDIR/engine"
	export MOULETTE_ENGINE=$BATS_TEST_TMPDIR/engine
	grade -i busybox "$submission" -- true
	expect_verdict internal_error infrastructure 3
	expect error.code box.died score null
	printf '#!/bin/sh\ncase "$*" in *--version*) echo runsc version release-1 ;; *) exec sleep %s ;; esac\n' "$mark" >"$BATS_TEST_TMPDIR/engine"
	MOULETTE_TIME_FACTOR=1 grade -i busybox --limit wall=2s "$submission" -- true
	expect_verdict internal_error infrastructure 3
	expect error.code engine.timeout score null
	nothing_left
}
