#!/usr/bin/env bats
# bats file_tags=images
# Archives of images as other tools write them, and as nobody should; what they share in the store.
load helpers

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	load ../images/corpus
	local tool
	for tool in umoci buildah skopeo; do command -v $tool >/dev/null || return 0; done
	corpus=$BATS_FILE_TMPDIR/corpus
	mkdir "$corpus"
	export PYTHONDONTWRITEBYTECODE=1
	corpus_make "$corpus" >"$corpus/log" 2>&1 || { cat "$corpus/log" >&2; return 1; }
	docker_status=0
	"$REPO/tests/images/docker.sh" "${MOULETTE_TEST_CACHE:-$REPO/build/docker}" "$corpus/docker" \
		>"$corpus/docker-says" 2>"$corpus/docker-log" || docker_status=$?
	export corpus docker_status
}

setup() {
	own_home
	export PYTHONDONTWRITEBYTECODE=1
	images=$REPO/tests/images
}

need_corpus() {
	[ "$(id -u)" = 0 ] || skip "owners and devices are made by root"
	[ -n "${corpus:-}" ] || skip "umoci, buildah and skopeo are not all installed"
}

# imported ARCHIVE NAME - import, quietly when it went well.
imported() {
	moulette image import "$2" "$1" >"$BATS_TEST_TMPDIR/said" 2>&1 || {
		echo "import of '$1' as '$2':" >&2
		cat "$BATS_TEST_TMPDIR/said" >&2
		return 1
	}
}

# same_as ARCHIVE NAME [--plain] - the image NAME is what the reference makes of the archive.
same_as() {
	moulette image show "$2" --json >"$BATS_TEST_TMPDIR/show.json" || return 1
	if [ -n "${3:-}" ]; then
		python3 "$images/compare.py" --plain "$1" "$BATS_TEST_TMPDIR/show.json"
	else
		python3 "$images/compare.py" "$1" "$2" "$BATS_TEST_TMPDIR/show.json"
	fi >"$BATS_TEST_TMPDIR/differences" || {
		echo "'$1' as '$2':" >&2
		cat "$BATS_TEST_TMPDIR/differences" >&2
		return 1
	}
}

# comes_out ARCHIVE NAME [--plain] - it is imported exactly, verified and removed.
comes_out() {
	imported "$1" "$2" && same_as "$@" && moulette image verify "$2" && moulette image rm "$2"
}

# all_come_out [--plain] (ARCHIVE NAME)... - every one, so that a run shows all that is wrong.
all_come_out() {
	local wrong='' plain=''
	[ "$1" != --plain ] || { plain=$1; shift; }
	while [ $# -gt 1 ]; do
		comes_out "$corpus/$1" "$2" "$plain" >&2 || wrong="$wrong $1"
		shift 2
	done
	[ -z "$wrong" ] || fail "wrong:$wrong"
}

# store_names - what lies in the store, without the archives' data.
store_names() {
	(cd "$MOULETTE_HOME/images" && find . | sort)
}

# store_bytes - on disk, a file with several names once.
store_bytes() {
	du -s -B1 "$MOULETTE_HOME/images" | cut -f1
}

rootfs_of() {
	moulette image show "$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["rootfs"])'
}

# ---- real archives ----

@test "the reference makes what umoci makes, and what each case writes down" {
	need_corpus
	local tag
	for tag in base two three; do
		umoci unpack --image "$corpus/umoci:$tag" "$BATS_TEST_TMPDIR/$tag" 2>/dev/null
		# umoci sets a wrong time where it is beyond 2262.
		run python3 "$images/compare.py" --reference "$corpus/umoci" $tag "$BATS_TEST_TMPDIR/$tag/rootfs"
		[ "$(wc -l <<<"$output")" = 1 ] && [[ $output == "b'odd/time6': mtime"* ]] || fail "$tag: $output"
	done
	run -0 python3 "$images/run_cases.py" --check
}

@test "layouts of umoci: a folder, three tags" {
	need_corpus
	all_come_out umoci base umoci two umoci three plain/by-hand.tar two
}

# umoci 0.4.7 does not pad the last file of such a layer, and writes no end.
@test "layers of umoci insert" {
	command -v umoci >/dev/null || skip "umoci is not installed"
	cd "$BATS_TEST_TMPDIR"
	printf odd >odd
	umoci init --layout layout
	umoci new --image layout:one
	umoci insert --image layout:one odd /odd
	umoci insert --image layout:one odd /etc/odd
	moulette image import one layout
	[ "$(cat "$MOULETTE_HOME/images/one/rootfs/odd" "$MOULETTE_HOME/images/one/rootfs/etc/odd")" = oddodd ]
	# As skopeo and umoci would have it.
	run moulette image import x layout:one
	[ "$status" -eq 2 ]
	[[ $output == *"'layout' is there: give that, and 'one' as NAME"* ]]
}

@test "archives of buildah: layout, oci-archive, docker-archive" {
	need_corpus
	all_come_out buildah/layout base buildah/layout two buildah/oci.tar two buildah/docker.tar three
}

@test "archives of skopeo: links to layers, gzip and zstd, two tags of one image" {
	need_corpus
	all_come_out skopeo/docker.tar three skopeo/docker.tar also:2 skopeo/gzip three skopeo/zstd three skopeo/oci.tar three
}

@test "uncompressed layouts, the layout of Docker 25, compressed archives" {
	need_corpus
	all_come_out plain/layout two plain/layout three plain/modern.tar three plain/modern.tar school/two:1 \
		plain/outer.tar.gz two plain/outer.tar.zst three
}

@test "docker image save of Docker 20, two images and two tags" {
	need_corpus
	[ "$docker_status" != 77 ] || skip "$(cat "$corpus/docker-says")"
	[ "$docker_status" = 0 ] || { cat "$corpus/docker-says" "$corpus/docker-log" >&2; return 1; }
	all_come_out docker/saved.tar base docker/saved.tar school/two docker/tags.tar two:latest docker/loaded.tar three
}

@test "docker export" {
	need_corpus
	[ "$docker_status" = 0 ] || skip "$(cat "$corpus/docker-says")"
	all_come_out --plain docker/exported.tar x
}

@test "tars of a tree: GNU, PAX, ustar, v7, sparse of every kind, attributes" {
	need_corpus
	local tars=()
	for tar in "$corpus"/trees/*; do tars+=("${tar#"$corpus/"}" x); done
	all_come_out --plain "${tars[@]}"
}

@test "a folder is taken as it is" {
	need_corpus
	imported "$corpus/tree" x
	same_as "$corpus/trees/xattrs.tar" x --plain
}

@test "all ways to the same layers make the same digest" {
	need_corpus
	local way said=
	for way in umoci skopeo/docker.tar skopeo/gzip skopeo/zstd skopeo/oci.tar plain/layout plain/modern.tar; do
		imported "$corpus/$way" three
		said="$said$(sed -n 's/^three //p' "$BATS_TEST_TMPDIR/said")"$'\n'
	done
	[ "$(sort -u <<<"${said%$'\n'}" | wc -l)" = 1 ] || fail "$said"
	moulette image list --json | python3 -c 'import json, sys; assert [i["name"] for i in json.load(sys.stdin)] == ["three"]'
}

@test "an image runs with its own Env, as user 1000 all the same" {
	need_corpus
	need_engine
	imported "$corpus/umoci" three
	grade -i three "$(archive s.tar x x)" -- /bin/busybox sh -c 'echo "$A"; /bin/busybox id -u; cat /etc/group1'
	expect verdict passed steps.0.stdout.text $'one two\n1000\nlinked'
	same_as "$corpus/umoci" three
}

# ---- hostile and broken ones ----

cases() {
	[ "$(id -u)" = 0 ] || skip "owners and devices are made by root"
	python3 "$images/run_cases.py" "$1" >&2
}

@test "whiteouts act on lower layers only and never through a link" {
	cases whiteouts
}

@test "layers replace, repeat and link as they say" {
	cases layers
}

@test "no name and no link leads out" {
	cases names
}

@test "headers that lie are refused" {
	cases headers
}

@test "compressed streams: pieces in a row are read, bombs and damage are refused" {
	cases compression
}

@test "what has another digest or size than was said is refused" {
	cases digests
}

@test "members that are no files are refused, links among members followed" {
	cases members
}

@test "documents that are not what they should be are refused" {
	cases documents
}

@test "of several images the name chooses, else all are listed" {
	cases several
}

@test "random stacks of layers come out as the reference has them" {
	[ "$(id -u)" = 0 ] || skip "owners and devices are made by root"
	python3 "$images/random_layers.py" 1 50 >&2
}

# ---- the store ----

@test "images share what is the same in them" {
	need_corpus
	imported "$corpus/umoci" base
	local base two zstd
	base=$(store_bytes)
	imported "$corpus/umoci" two
	two=$(store_bytes)
	[ $((two - base)) -lt $((base / 2)) ] || fail "base takes $base, two $((two - base)) more"
	# The same layers from elsewhere, compressed in another way.
	imported "$corpus/skopeo/zstd" three
	imported "$corpus/skopeo/docker.tar" also
	zstd=$(store_bytes)
	[ $((zstd - two)) -lt "$base" ] || fail "base takes $base, three and also $((zstd - two)) more"
}

@test "nothing stays of removed images, and the others are whole" {
	need_corpus
	local before
	imported "$corpus/umoci" base
	moulette image rm base
	before=$(store_names)
	imported "$corpus/umoci" two
	imported "$corpus/umoci" three
	imported "$corpus/buildah/docker.tar" buildah
	moulette image rm two
	moulette image verify three
	same_as "$corpus/umoci" three
	moulette image rm buildah
	moulette image verify three
	same_as "$corpus/umoci" three
	moulette image rm three
	[ "$(store_names)" = "$before" ] || fail "left: $(store_names)"
}

@test "an image that is replaced leaves nothing of the old one" {
	need_corpus
	local once
	imported "$corpus/umoci" three
	once=$(store_names | grep -v '^./three/')
	imported "$corpus/trees/gnu.tar.gz" three
	imported "$corpus/umoci" three
	[ "$(store_names | grep -v '^./three/')" = "$once" ] || fail "left: $(store_names | grep -v '^./three/')"
	same_as "$corpus/umoci" three
}

@test "imports at once do not disturb each other" {
	need_corpus
	imported "$corpus/umoci" base
	moulette image rm base
	local before pids=() pid round from to got
	before=$(store_names)
	for round in 1 2 3; do
		pids=()
		# Two want the same name; the layers are the same but for those of buildah.
		while read -r to from; do
			moulette image import $round-"${to%?}" "$corpus/$from" >/dev/null 2>"$BATS_TEST_TMPDIR/err-$to" 3>&- &
			pids+=($!)
		done <<-'END'
			a1 skopeo/zstd
			a2 plain/outer.tar.zst
			b1 skopeo/docker.tar
			c1 buildah/docker.tar
		END
		# Others go meanwhile.
		[ $round = 1 ] || moulette image rm $((round - 1))-a
		for pid in "${pids[@]}"; do
			got=0
			wait "$pid" || got=$?
			# Of two that want one name, one may be told that the other has it.
			[ "$got" = 0 ] || { [ "$got" = 2 ] && grep -q 'in use' "$BATS_TEST_TMPDIR"/err-a?; } ||
				fail "status $got: $(cat "$BATS_TEST_TMPDIR"/err-*)"
		done
		for to in a b c; do moulette image verify $round-$to; done
	done
	same_as "$corpus/skopeo/zstd" 3-a
	for to in 1-b 1-c 2-b 2-c 3-a 3-b 3-c; do moulette image rm $to; done
	moulette gc
	[ "$(store_names)" = "$before" ] || fail "left: $(store_names)"
}

@test "an import that is killed leaves nothing" {
	need_corpus
	imported "$corpus/umoci" base
	local before delay pid
	before=$(store_names)
	for delay in 0.002 0.005 0.01 0.02 0.03 0.04 0.05 0.06 0.08 0.1 0.12 0.15 0.2; do
		"$MOULETTE" image import three "$corpus/plain/outer.tar.zst" >/dev/null 2>&1 </dev/null 3>&- &
		pid=$!
		sleep $delay
		kill -KILL $pid 2>/dev/null || true
		{ wait $pid || true; } 2>/dev/null
		# The child that reads goes with its parent, but not in the same moment.
		for _ in $(seq 50); do
			moulette gc 2>/dev/null
			! moulette image show three >/dev/null 2>&1 || moulette image rm three
			[ "$(store_names)" != "$before" ] || break
			sleep 0.05
		done
		[ "$(store_names)" = "$before" ] || fail "after $delay: $(diff <(echo "$before") <(store_names))"
	done
	moulette image verify base
	imported "$corpus/plain/outer.tar.zst" three
	same_as "$corpus/plain/outer.tar.zst" three
}

@test "what a box uses is not removed" {
	need_corpus
	need_engine
	imported "$corpus/umoci" three
	"$MOULETTE" run -f json -i three "$(archive s.tar x x)" -- /bin/busybox sh -c 'while :; do :; done' \
		>/dev/null 2>&1 </dev/null 3>&- &
	local runner=$!
	for _ in $(seq 100); do
		[ -z "$(ls -A "$MOULETTE_HOME/live" 2>/dev/null)" ] || break
		sleep 0.05
	done
	sleep 0.2
	run -2 moulette image rm three
	[[ $output == *three*"in use"* ]]
	moulette image verify three
	kill -TERM $runner
	wait $runner || true
	moulette image rm three
}

@test "image verify names what has changed" {
	need_corpus
	local change path tree
	while IFS='|' read -r path change; do
		imported "$corpus/umoci" three
		moulette image verify three
		tree=$(rootfs_of three)
		(cd "$tree" && eval "$change")
		run -2 moulette image verify three
		[[ $output == *"$path"* ]] || fail "$change: $output"
		moulette image rm three
	done <<-'END'
		etc/motd|touch -r etc/motd /tmp/when.$$; printf X | dd of=etc/motd conv=notrunc status=none; touch -r /tmp/when.$$ etc/motd; rm /tmp/when.$$
		modes/0444|chmod 0644 modes/0444
		modes/closed|chmod 0001 modes/closed
		odd/owner0|chown 1:4321 odd/owner0
		odd/time4|touch -d @1600000001 odd/time4
		odd/link|ln -sfn owner1 odd/link
		attr/user|python3 -c 'import os; os.setxattr("attr/user", "user.binary", b"x")'
		opaque/added|touch -r opaque /tmp/when.$$; echo >opaque/added; touch -r /tmp/when.$$ opaque; rm /tmp/when.$$
		data/empty|touch -r data /tmp/when.$$; rm data/empty; touch -r /tmp/when.$$ data; rm /tmp/when.$$
		data/none|rmdir data/none; touch data/none
	END
}

@test "a change in a shared file is seen in every image that has it" {
	need_corpus
	imported "$corpus/umoci" base
	imported "$corpus/umoci" two
	echo spoilt >"$(rootfs_of two)/bin/busybox"
	local name
	for name in base two; do
		run -2 moulette image verify $name
		[[ $output == *bin/busybox* ]]
	done
}

@test "a changed tree does not spoil the next import of the same layers" {
	need_corpus
	imported "$corpus/umoci" two
	echo spoilt >"$(rootfs_of two)/etc/motd"
	imported "$corpus/umoci" three
	same_as "$corpus/umoci" three
	moulette image verify three
	run -2 moulette image verify two
	imported "$corpus/umoci" two
	same_as "$corpus/umoci" two
}
