#!/usr/bin/env bats
# bats file_tags=engine
# spec and bundle: the config.json that would be used, and a bundle that the engines run as it is.
load helpers

setup() {
	need_engine
}

# in_spec PYTHON - an expression over the config c.
in_spec() {
	python3 -c 'import json, sys; c = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$BATS_TEST_TMPDIR/config.json" "$1" || fail "$1"
}

@test "spec prints the hardened config" {
	moulette spec -i busybox -e A=1 -v /usr/share:/data -- /bin/echo hi >"$BATS_TEST_TMPDIR/config.json"
	in_spec 'c["process"]["args"] == ["/bin/echo", "hi"]'
	in_spec '"A=1" in c["process"]["env"]'
	in_spec 'c["linux"]["resources"]["memory"] == {"limit": 1 << 30, "swap": 1 << 30}'
	in_spec 'not any(c["process"]["capabilities"].values()) and c["process"]["noNewPrivileges"]'
	in_spec '[m for m in c["mounts"] if m["destination"] == "/data"][0]["options"].count("ro") == 1'
	in_spec 'c["linux"]["seccomp"]["defaultErrnoRet"] == 38'
}

@test "a bundle is whole and runs as it is" {
	local d=$BATS_TEST_TMPDIR/bundle
	chmod 711 "$BATS_TEST_TMPDIR"
	moulette bundle -i busybox "$(archive s.tar top/f submitted)" -o "$d" -- /bin/sh -c 'cat f; id -u; touch /x 2>/dev/null || echo read-only'
	[ "$(run_bundle "$d")" = $'submitted1000\nread-only' ]
	[ "$(cat "$d/work/f")" = submitted ]
	run -2 "$MOULETTE" bundle -i busybox "$(archive s.tar f x)" -o "$d" -- true
}

# runc since 1.3 cannot apply the sets where /proc has no sys; this is told by what the config has.
@test "a bundle grants no capability, and no engine needs /proc/sys for that" {
	local d=$BATS_TEST_TMPDIR/bundle
	chmod 711 "$BATS_TEST_TMPDIR"
	moulette bundle -i busybox "$(archive s.tar f x)" -o "$d" -- /bin/sh -c 'sed -n "s/^Cap\(Prm\|Eff\|Inh\|Amb\):.//p; s/^NoNew.*:.//p" /proc/self/status; ls /proc/sys 2>/dev/null || echo hidden'
	[ "$(run_bundle "$d")" = $'0000000000000000\n0000000000000000\n0000000000000000\n0000000000000000\n1\nhidden' ]
	cp "$d/config.json" "$BATS_TEST_TMPDIR/config.json"
	in_spec '"capabilities" not in c["process"] and c["process"]["user"]["uid"] != 0 and c["process"]["noNewPrivileges"]'
}

@test "a refused archive leaves no bundle" {
	local d=$BATS_TEST_TMPDIR/bundle
	: >"$BATS_TEST_TMPDIR/empty.tar"
	run -1 "$MOULETTE" bundle -i busybox "$BATS_TEST_TMPDIR/empty.tar" -o "$d" -- true
	[ ! -e "$d" ]
}

@test "profiles: list, show, check, folders of one's own" {
	mkdir "$BATS_TEST_TMPDIR/p"
	echo '{"extends": "default", "moulette": {"limits": {"memory": "64M"}, "env": {"X": "y"}}}' >"$BATS_TEST_TMPDIR/p/course.json"
	export MOULETTE_PROFILES=$BATS_TEST_TMPDIR/p
	run -0 "$MOULETTE" profile list
	for name in base compile course debug default os-course strict; do [[ $output == *$name* ]]; done
	moulette spec -p course -i busybox -- true >"$BATS_TEST_TMPDIR/config.json"
	in_spec 'c["linux"]["resources"]["memory"]["limit"] == 64 << 20 and "X=y" in c["process"]["env"]'
	grade -p course -i busybox "$(archive s.tar f x)" -- sh -c 'echo $X'
	expect steps.0.stdout.text y profile.name course steps.0.limits.memory_bytes 67108864
	echo '{"extends": "default", "moulette": {"limit": {}}}' >"$BATS_TEST_TMPDIR/p/wrong.json"
	run -2 "$MOULETTE" profile check "$BATS_TEST_TMPDIR/p/wrong.json"
	[[ $output == *wrong.json*limit* ]]
}

@test "a profile's mount below a folder that tests start with clean is a usage error" {
	mkdir "$BATS_TEST_TMPDIR/p"
	echo '{"extends": "default", "moulette": {"mounts": [{"destination": "/work/data", "type": "bind", "source": "/usr/share", "options": ["bind", "ro"]}]}}' >"$BATS_TEST_TMPDIR/p/below.json"
	export MOULETTE_PROFILES=$BATS_TEST_TMPDIR/p
	run -2 "$MOULETTE" run -i busybox -p below "$(archive s.tar f x)" -- true
	[[ $output == *below*/work/data* ]]
}

@test "ps, free and their like work with os-course, and see no PID 1" {
	local command
	for command in 'ps aux' 'ps -ef' uptime free 'top -bn1' lscpu; do
		command -v "${command%% *}" >/dev/null || continue
		grade -i host -p os-course "$(archive s.tar f x)" -- sh -c "$command"
		expect_verdict passed none 0 || fail "$command"
	done
	grade -i busybox -p os-course "$(archive s.tar f x)" -- sh -c 'grep -c MemTotal /proc/meminfo; ls /proc | grep -x 1 || echo hidden'
	expect steps.0.stdout.text $'1\nhidden'
}
