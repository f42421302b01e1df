#!/usr/bin/env bats
# Images from a registry on loopback, by way of skopeo.
load helpers

setup_file() {
	local program
	for program in docker-registry skopeo umoci; do command -v $program >/dev/null || return 0; done
	[ "$(id -u)" = 0 ] || return 0
	cd "$BATS_FILE_TMPDIR" || return 1
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	files_into . config.yml "version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $BATS_FILE_TMPDIR/registry}}
http: {addr: '127.0.0.1:$port'}
"
	docker-registry serve config.yml >registry.log 2>&1 </dev/null 3>&- &
	registry=$!
	export port registry
	for _ in $(seq 100); do
		! { : >"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || break
		sleep 0.1
	done
	push_images
}

# A small image of two layers, pushed with a tag.
push_images() {
	mkdir -p tree/bin
	cp /bin/busybox tree/bin/
	ln -s busybox tree/bin/cat
	umoci init --layout layout
	umoci new --image layout:one
	umoci insert --image layout:one tree/bin /bin
	# With a link at the end: umoci 0.4.7 does not pad the last file of a layer.
	files_into etc motd 'from the registry'
	ln -s motd etc/same
	umoci insert --image layout:one etc /etc
	umoci config --image layout:one --config.env WHERE=registry
	skopeo --insecure-policy copy --dest-tls-verify=false oci:layout:one "docker://127.0.0.1:$port/school/one:1"
} >push.log 2>&1

teardown_file() {
	[ -z "${registry:-}" ] || kill "$registry"
}

setup() {
	need_engine
	[ -n "${registry:-}" ] || skip "docker-registry, skopeo and umoci are not all installed"
	own_home
	chmod 711 "$BATS_TEST_TMPDIR"
}

# refused STATUS REF TEXT... - clear words, and nothing is left.
refused() {
	local expected=$1 ref=$2 text
	shift 2
	moulette image build busybox 2>/dev/null
	run "-$expected" "$MOULETTE" image pull mine "$ref"
	for text in "'$ref'" "$@"; do [[ $output == *"$text"* ]] || fail "no '$text' in '$output'"; done
	[[ $output != *$'\n'* ]] || fail "more than a line: $output"
	moulette image list --json | python3 -c 'import json, sys; assert [i["name"] for i in json.load(sys.stdin)] == ["busybox"]'
	[ -z "$(find "$MOULETTE_HOME/images" -mindepth 1 -maxdepth 2 -path '*.new-*' -o -path '*/.layers/*')" ]
}

@test "an image is pulled and runs, with the registry's layers and Env" {
	local ref
	for ref in "127.0.0.1:$port/school/one:1" "docker://localhost:$port/school/one:1"; do
		moulette image pull mine "$ref"
		moulette image show mine --json >"$BATS_TEST_TMPDIR/show.json"
		skopeo inspect --config --tls-verify=false "docker://127.0.0.1:$port/school/one:1" |
			python3 -c '
import json, sys
theirs, mine = json.load(sys.stdin), json.load(open(sys.argv[1]))
assert mine["layers"] == theirs["rootfs"]["diff_ids"] and len(mine["layers"]) == 2, mine["layers"]
assert mine["env"] == theirs["config"]["Env"], mine["env"]' "$BATS_TEST_TMPDIR/show.json"
	done
	moulette image verify mine
	grade -i mine "$(archive s.tar f x)" -- /bin/busybox sh -c 'cat /etc/same; echo " $WHERE"'
	expect verdict passed steps.0.stdout.text 'from the registry registry'
	[ -z "$(find "$MOULETTE_HOME/images" -maxdepth 1 -name '.new-*')" ]
}

@test "a digest, a layout and an archive are pulled as well" {
	local digest want
	digest=$(skopeo inspect --tls-verify=false "docker://127.0.0.1:$port/school/one:1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Digest"])')
	moulette image pull one "127.0.0.1:$port/school/one@$digest" >"$BATS_TEST_TMPDIR/one"
	want=$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/one")
	skopeo --insecure-policy copy "oci:$BATS_FILE_TMPDIR/layout:one" "docker-archive:$BATS_TEST_TMPDIR/a.tar:school/one:1" >/dev/null
	cd "$BATS_FILE_TMPDIR"
	for ref in oci:layout:one "oci:$BATS_FILE_TMPDIR/layout:one" "docker-archive:$BATS_TEST_TMPDIR/a.tar"; do
		moulette image pull two "$ref" >"$BATS_TEST_TMPDIR/two"
		[ "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/two")" = "$want" ] || fail "$ref: another digest"
	done
}

@test "what the registry does not have" {
	refused 2 "127.0.0.1:$port/school/one:2" 'manifest unknown'
	refused 2 "127.0.0.1:$port/school/two:1" 'manifest unknown'
}

@test "a registry that is not there" {
	local closed
	closed=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	refused 3 "127.0.0.1:$closed/school/one:1" 'connection refused'
}

@test "invalid references" {
	refused 2 "127.0.0.1:$port/School/One:1" 'invalid reference format'
	refused 2 "dir:$BATS_FILE_TMPDIR/layout" 'transport that is not taken'
	refused 2 'https://example.org/one' 'transport that is not taken'
	refused 2 'docker://' 'names no image'
	refused 2 "oci:$BATS_FILE_TMPDIR/layout:two" two
	refused 2 "oci:$BATS_FILE_TMPDIR/nothing:two" 'no such file or directory'
}

@test "a password in a reference is refused and not repeated" {
	run -2 "$MOULETTE" image pull mine "docker://me:secret@127.0.0.1:$port/school/one:1"
	[[ $output == *"skopeo login"* && $output != *secret* ]]
	[ -z "$(ls -A "$MOULETTE_HOME/images" 2>/dev/null)" ]
}

@test "an image above the size limit" {
	run -2 "$MOULETTE" image pull --max-size 10K mine "127.0.0.1:$port/school/one:1"
	[[ $output == *"larger than the 10240 bytes"* ]]
	[ -z "$(find "$MOULETTE_HOME/images" -mindepth 1 -not -path '*/.layers')" ]
}

@test "without skopeo its package is named" {
	PATH=$BATS_TEST_TMPDIR run -2 "$MOULETTE" image pull mine "127.0.0.1:$port/school/one:1"
	[[ $output == *"apt-get install skopeo"* ]]
	[ -z "$(find "$MOULETTE_HOME/images" -mindepth 1 -not -path '*/.layers')" ]
}

@test "a pull that is killed leaves nothing" {
	host_before
	# A server that takes the question and never answers.
	coproc silent { exec python3 -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1], flush=True)
got = s.accept()
print("asked", flush=True)
time.sleep(1000)' 3>&-; }
	local at pid server=$silent_PID
	read -r at <&"${silent[0]}"
	"$MOULETTE" image pull mine "127.0.0.1:$at/school/one:1" >/dev/null 2>&1 </dev/null 3>&- &
	pid=$!
	read -r _ <&"${silent[0]}"
	[ -n "$(find "$MOULETTE_HOME/images" -maxdepth 1 -name '.new-*')" ]
	kill -KILL $pid
	wait $pid || true
	kill "$server"
	for _ in $(seq 50); do
		moulette gc 2>/dev/null
		[ -n "$(find "$MOULETTE_HOME/images" -maxdepth 1 -name '.new-*')" ] || break
		sleep 0.1
	done
	[ -z "$(find "$MOULETTE_HOME/images" -maxdepth 1 -name '.new-*')" ]
	host_same
}
