#!/usr/bin/env bats
# bats file_tags=engine,box
# The filter that crun is handed compiled: it is there, and a box cannot tell it from the list.
load helpers

setup() {
	need_engine
}

# watched_engine HOW - make an engine that keeps the config it is given, first changed by HOW: the
# body of a Python function of the config c. Its path is in $engine, the config in $seen.
watched_engine() {
	engine=$BATS_TEST_TMPDIR/engine seen=$BATS_TEST_TMPDIR/seen.json
	cat >"$BATS_TEST_TMPDIR/change.py" <<-END
		import json, sys
		c = json.load(open(sys.argv[1]))
		$1
		for path in sys.argv[1:]:
		    json.dump(c, open(path, "w"))
	END
	cat >"$engine" <<-END
		#!/bin/sh
		for word; do
			if [ "\$before" = --bundle ]; then
				/usr/bin/env python3 "$BATS_TEST_TMPDIR/change.py" "\$word/config.json" "$seen" </dev/null || exit 1
			fi
			before=\$word
		done
		exec "$(command -v "$MOULETTE_ENGINE")" "\$@"
	END
	chmod 755 "$engine"
}

# in_seen PYTHON - an expression over the config c that the engine was given.
in_seen() {
	python3 -c 'import json, sys; c = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$seen" "$1" || fail "$1"
}

# probe HOW FILE [OPTION] - what a box finds, with a config changed by HOW.
probe() {
	[ -e "$BATS_TEST_TMPDIR/s/probe" ] || {
		mkdir "$BATS_TEST_TMPDIR/s"
		cc -O1 -static -o "$BATS_TEST_TMPDIR/s/probe" "$REPO/tests/data/seccomp/probe.c"
	}
	watched_engine "$1"
	MOULETTE_ENGINE=$engine grade ${3:+"$3"} -i busybox "$BATS_TEST_TMPDIR/s" -- ./probe
	expect_verdict passed none 0
	field steps.0.stdout.text >"$2"
}

@test "crun is handed the filter and a list that allows nothing, other engines the list" {
	watched_engine pass
	MOULETTE_ENGINE=$engine grade -i busybox "$(archive s f x)" -- true
	expect_verdict passed none 0
	if [ "$MOULETTE_ENGINE" = crun ]; then
		in_seen 'list(c["annotations"]) == ["run.oci.seccomp_bpf_data"]'
		in_seen 'c["linux"]["seccomp"] == {"defaultAction": "SCMP_ACT_KILL_PROCESS"}'
		MOULETTE_ENGINE=$engine grade --engine-mode=plain -i busybox "$(archive s f x)" -- true
		in_seen '"annotations" not in c'
	else
		in_seen '"annotations" not in c'
	fi
	moulette spec -i busybox -- true >"$BATS_TEST_TMPDIR/config.json"
	python3 -c '
import json, sys
seen, spec = (json.load(open(f)) for f in sys.argv[1:])
assert "annotations" not in spec
assert seen["linux"]["seccomp"] == spec["linux"]["seccomp"]' "$seen" "$BATS_TEST_TMPDIR/config.json"
}

@test "a bundle for others to run has the list alone" {
	moulette bundle -i busybox "$(archive s f x)" -o "$BATS_TEST_TMPDIR/bundle" -- true
	seen=$BATS_TEST_TMPDIR/bundle/config.json
	in_seen '"annotations" not in c and c["linux"]["seccomp"]["defaultErrnoRet"] == 38'
}

@test "a box finds the same with the filter and with the list" {
	[ "$MOULETTE_ENGINE" = crun ] || skip "only crun is handed a filter"
	local with=$BATS_TEST_TMPDIR/with without=$BATS_TEST_TMPDIR/without
	probe 'assert "annotations" in c' "$with"
	probe 'assert "annotations" not in c' "$without" --engine-mode=plain
	diff "$with" "$without"
	# One filter, not one of each, and it decides.
	expect_text "$with" $'Seccomp:\t2' $'Seccomp_filters:\t1' $'NoNewPrivs:\t1' 'socket(2,1,6) ok' \
		'socket(16,3,0) ok' 'socket(16,3,4) errno 38' \
		'socket(HIGH + 16,3,4) errno 38' 'ioctl(1,0x5412,0) errno 38' 'ioctl(1,HIGH + 0x5412,0) errno 38'
	if [ "$(uname -m)" = x86_64 ]; then
		expect_text "$with" 'x32 getpid signal 31' '101 zeros errno 38'
		# A kernel without the calls of i386 ends the process with SIGSEGV before any filter is asked.
		grep -qE '^i386 getpid signal (31|11)$' "$with"
	fi
}

@test "it is the filter that crun goes by" {
	[ "$MOULETTE_ENGINE" = crun ] || skip "only crun is handed a filter"
	# A list that allows all would show if it were read.
	probe 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"}' "$BATS_TEST_TMPDIR/filter"
	expect_text "$BATS_TEST_TMPDIR/filter" $'Seccomp_filters:\t1' 'socket(16,3,4) errno 38'
}

@test "a box whose annotation has a slip in its name does not start, the plain way has the list" {
	[ "$MOULETTE_ENGINE" = crun ] || skip "only crun is handed a filter"
	local starts=$BATS_TEST_TMPDIR/starts
	local slip="c['annotations'] = {'run.oci.seccomp_bpf_dat': v for v in c.get('annotations', {}).values()}"
	probe "print('annotations' in c, file=open('$starts', 'a')); $slip" "$BATS_TEST_TMPDIR/slip"
	diff "$starts" <(printf 'True\nFalse\n')
	expect_text "$BATS_TEST_TMPDIR/slip" $'Seccomp_filters:\t1' 'socket(16,3,4) errno 38'
}

@test "edits of a profile reach the filter" {
	mkdir "$BATS_TEST_TMPDIR/p"
	echo '{"extends": "default", "moulette": {"seccomp": {"deny": ["pipe2"]}}}' >"$BATS_TEST_TMPDIR/p/deny.json"
	export MOULETTE_PROFILES=$BATS_TEST_TMPDIR/p
	grade -p deny -i busybox "$(archive s f x)" -- sh -c 'true | true'
	expect verdict runtime_error
	grade -i busybox "$(archive s f x)" -- sh -c 'true | true'
	expect_verdict passed none 0
}

@test "a call is answered without being run" {
	local mode
	files_into "$BATS_TEST_TMPDIR/p" answer.json '{"extends": "default", "moulette": {"seccomp": {"allow": [
		{"reason": "no file system is ever full", "names": ["mkdir"], "answer": 0},
		{"reason": "no folder can be removed", "names": ["rmdir"], "answer": 16}]}}}'
	for mode in lean plain; do
		grade --engine-mode=$mode -p "$BATS_TEST_TMPDIR/p/answer.json" -i host "$(archive s f x)" -- python3 -c 'import os
os.mkdir("d"); print(os.path.exists("d"))
try: os.rmdir("none")
except OSError as why: print(why.errno)'
		expect_verdict passed none 0
		expect steps.0.stdout.text $'False\n16'
	done
}

# getifaddrs, as node, Go and `ip` call it, by netlink; what mpirun and Java ask besides, by ioctl.
lists_cards='import socket
print([name for _, name in socket.if_nameindex()])'
asks_cards='import fcntl, socket
a, b = socket.socketpair()
for request in (0x8919, 0x891b, 0x8921, 0x8927, 0x8912, 0x8946, 0x8914, 0x8922):
    try: fcntl.ioctl(a, request, b"lo".ljust(40, b"\0")); print("ok", end=" ")
    except OSError as why: print(why.errno, end=" ")'

@test "a box lists its cards, with strict it does not" {
	local profile
	for profile in default compile debug network; do
		grade -i host -p $profile "$(archive s f x)" -- python3 -c "$lists_cards"
		expect_verdict passed none 0
		if [ $profile = network ]; then
			expect steps.0.stdout.text "['lo', 'eth0']"
		else
			expect steps.0.stdout.text "['lo']"
		fi
		# A socket of no protocol is told the MTU, the address of the hardware and the list; SIOCETHTOOL
		# and what sets flags and MTU are refused.
		grade -i host -p $profile "$(archive s f x)" -- python3 -c "$asks_cards"
		expect steps.0.stdout.text '25 25 ok ok ok 38 38 38 '
	done
	grade -i host -p strict "$(archive s f x)" -- python3 -c "$asks_cards"
	expect steps.0.stdout.text '38 38 38 38 ok 38 38 38 '
	grade -i host -p strict "$(archive s f x)" -- python3 -c 'import socket
for kind in 2, 3:
    try: socket.socket(16, kind, 0)
    except OSError as why: print(why.errno)'
	expect steps.0.stdout.text $'38\n38'
}

@test "ip and getifaddrs show lo" {
	command -v ip >/dev/null || skip "ip is not installed"
	grade -i host "$(archive s f x)" -- ip addr
	expect_verdict passed none 0
	expect_text "$result" 'inet 127.0.0.1/8'
	grade -i host "$(archive s f x)" -- ip link set lo down
	expect verdict runtime_error
}
