#!/usr/bin/env bats
# What the store of images withstands: names, long work, damage and what else lies in it.
load helpers

setup() {
	[ "$(id -u)" = 0 ] || skip "owners and devices are made by root"
	own_home
	cd "$BATS_TEST_TMPDIR"
}

# layers_tar FILE LAYER... - a docker-archive of tars.
layers_tar() {
	python3 - "$@" <<-'EOF'
	import hashlib, io, json, sys, tarfile
	layers = [open(p, "rb").read() for p in sys.argv[2:]]
	config = json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": [
	    "sha256:" + hashlib.sha256(x).hexdigest() for x in layers]}}).encode()
	members = {"%d.tar" % i: x for i, x in enumerate(layers)}
	manifest = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": list(members)}]
	members.update({"c.json": config, "manifest.json": json.dumps(manifest).encode()})
	with tarfile.open(sys.argv[1], "w") as tar:
	    for name, data in members.items():
	        info = tarfile.TarInfo(name)
	        info.size = len(data)
	        tar.addfile(info, io.BytesIO(data))
	EOF
}

@test "names that differ in their Unicode form alone stay two, in a tree and in layers" {
	python3 - <<-'EOF'
	import io, tarfile
	with tarfile.open("names.tar", "w", format=tarfile.PAX_FORMAT) as tar:
	    for name in ("e\u0301", "\u00e9"):
	        info = tarfile.TarInfo(name)
	        info.size = 1
	        tar.addfile(info, io.BytesIO(b"x"))
	    info = tarfile.TarInfo("hard")
	    info.type, info.linkname = tarfile.LNKTYPE, "e\u0301"
	    tar.addfile(info)
	    info = tarfile.TarInfo("soft")
	    info.type, info.linkname = tarfile.SYMTYPE, "e\u0301"
	    tar.addfile(info)
	EOF
	layers_tar image.tar names.tar
	local source tree
	for source in names image; do
		moulette image import $source $source.tar
		tree=$MOULETTE_HOME/images/$source/rootfs
		[ "$(find "$tree" -mindepth 1 -maxdepth 1 -printf . | wc -c)" = 4 ]
		[ "$tree"/hard -ef "$tree/"$'e\xcc\x81' ]
		[ "$(stat -c %h "$tree/"$'\xc3\xa9')" = "$([ $source = image ] && echo 2 || echo 1)" ]
		[ "$(readlink "$tree/soft")" = $'e\xcc\x81' ]
	done
}

@test "a whiteout and a file take away a folder of folders" {
	mkdir -p lower/a/b/c/d lower/e/f/g/h upper
	touch lower/a/b/c/d/x lower/e/f/g/h/x upper/.wh.a upper/e
	tar -C lower -cf lower.tar a e
	tar -C upper -cf upper.tar .wh.a e
	layers_tar image.tar lower.tar upper.tar
	moulette image import x image.tar
	[ "$(ls -A "$MOULETTE_HOME/images/x/rootfs")" = e ]
	[ -f "$MOULETTE_HOME/images/x/rootfs/e" ]
}

@test "a folder without an entry of its own replaces a device" {
	mkdir -p lower upper/null
	mknod lower/null c 1 3
	touch upper/null/x
	tar -C lower -cf lower.tar null
	tar -C upper -cf upper.tar null/x
	layers_tar image.tar lower.tar upper.tar
	moulette image import x image.tar
	[ -f "$MOULETTE_HOME/images/x/rootfs/null/x" ]
	grep -q '"devices": *0' "$MOULETTE_HOME/images/x/image.json"
}

# bats test_tags=slow
@test "thousands of names of a large file are read once" {
	mkdir tree
	truncate -s 400M tree/hole
	python3 -IS -c '
import os
for i in range(1, 2001): os.link("tree/hole", "tree/%d" % i)'
	tar -C tree -Scf tree.tar .
	# 800 GB if each name were read.
	timeout 300 "$MOULETTE" image import x tree.tar
	timeout 300 "$MOULETTE" image verify x
	chmod 600 "$MOULETTE_HOME/images/x/rootfs/7"
	run -2 moulette image verify x
	[[ $output == *"1996 more"* ]]
}

@test "a list of more strings than any image has is refused" {
	python3 - <<-'EOF'
	import io, json, tarfile
	for n in (2000, 2001, 40000):
	    manifest = [{"Config": "c.json", "RepoTags": ["t"] * n, "Layers": []}]
	    config = {"os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
	    with tarfile.open("%d.tar" % n, "w") as tar:
	        for name, o in ("manifest.json", manifest), ("c.json", config):
	            data = json.dumps(o, separators=(",", ":")).encode()
	            info = tarfile.TarInfo(name)
	            info.size = len(data)
	            tar.addfile(info, io.BytesIO(data))
	EOF
	moulette image import x 2000.tar
	run -2 timeout 300 "$MOULETTE" image import y 2001.tar
	[[ $output == *"RepoTags: 2001 entries, expected at most 2000"* ]]
	run -2 timeout 300 "$MOULETTE" image import y 40000.tar
	[ "$(moulette image list --json | grep -c '"name"')" = 1 ]
}

@test "a file in the store that is not an image does no harm" {
	mkdir -p lower "$MOULETTE_HOME/images/lost+found"
	touch lower/a
	tar -C lower -cf lower.tar a
	layers_tar image.tar lower.tar
	moulette image import x image.tar
	run -0 moulette image list
	[[ $output != *lost* ]]
	moulette image rm x
	[ "$(ls -A "$MOULETTE_HOME/images")" = lost+found ]
}

@test "attributes that no file can have are refused" {
	python3 - <<-'EOF'
	import tarfile
	for label, name, value in (("name", "user." + "x" * 251, "v"), ("none", "user.", "v"),
	                           ("value", "user.x", "v" * 65537)):
	    with tarfile.open(label + ".tar", "w", format=tarfile.PAX_FORMAT) as tar:
	        info = tarfile.TarInfo("a")
	        info.pax_headers = {"SCHILY.xattr." + name: value}
	        tar.addfile(info)
	EOF
	local label
	for label in name value none; do
		run -2 moulette image import x $label.tar
		[[ $output == *"cannot keep attribute 'user."* ]]
	done
	[ -z "$(ls -A "$MOULETTE_HOME/images")" ]
}

@test "a full disk is said, and nothing of the image stays" {
	mkdir home
	mount -t tmpfs -o size=4m,nr_inodes=400 tmpfs home || skip "a tmpfs cannot be mounted"
	export MOULETTE_HOME=$PWD/home
	mkdir tree many
	head -c 8M /dev/urandom >tree/big
	(cd many && touch $(seq 1 500))
	tar -C tree -cf big.tar .
	tar -C many -cf many.tar .
	layers_tar layers.tar big.tar
	gzip -k layers.tar
	local source wrong=''
	for source in big many layers layers.tar.gz tree; do
		[ -e $source ] || source=$source.tar
		run moulette image import x $source
		[ "$status" = 3 ] && [[ $output == *"No space left"* ]] && [ -z "$(ls -A home/images)" ] ||
			wrong="$wrong $source ($status: $output)"
	done
	umount home
	[ -z "$wrong" ] || fail "$wrong"
}

@test "imports of a folder that are ended leave no mount and no leftover" {
	mkdir tree
	local i signal pid before after
	for i in $(seq 1 300); do head -c 20000 /dev/urandom >"tree/$i"; done
	before=$(wc -l </proc/self/mountinfo)
	for i in 0.005 0.01 0.02 0.04 0.08 0.2; do
		for signal in INT TERM KILL; do
			"$MOULETTE" image import x tree >said 2>&1 &
			pid=$!
			sleep $i
			kill -s $signal $pid 2>/dev/null || :
			wait $pid || :
			# A shell lets its background jobs ignore SIGINT.
			moulette gc >said 2>&1
			[ -z "$(find "$MOULETTE_HOME/images" -mindepth 1 -maxdepth 1 ! -name x)" ]
		done
	done
	after=$(wc -l </proc/self/mountinfo)
	[ "$before" = "$after" ]
	moulette image import x tree
	moulette image verify x
}

@test "imports of one name at once all succeed, and the last one counts" {
	local k i pids pid
	for k in 1 2; do
		mkdir $k
		head -c 40000 /dev/urandom >$k/x
	done
	moulette image import x 1
	for i in $(seq 1 15); do
		pids=
		for k in 1 2; do
			"$MOULETTE" image import x $k >said$k 2>&1 &
			pids="$pids $!"
		done
		for pid in $pids; do wait "$pid" || fail "$(cat said1 said2)"; done
	done
	moulette image verify x
	[ "$(ls -A "$MOULETTE_HOME/images")" = x ]
}
