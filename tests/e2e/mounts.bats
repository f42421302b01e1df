#!/usr/bin/env bats
# bats file_tags=engine,box
# -v: folders of the host in a box, as they are, and what is mounted below them; nothing can be
# written through one that is read-only.
load helpers

setup() {
	need_engine
	s=$BATS_TEST_TMPDIR/s
	mkdir "$s"
	cc -O1 -static -o "$s/write" "$REPO/tests/data/mounts/write.c"
	chmod 711 "$BATS_TEST_TMPDIR"
}

teardown() {
	! mountpoint -q "$BATS_TEST_TMPDIR/host/sub" || umount -R "$BATS_TEST_TMPDIR/host/sub"
}

# furnish FOLDER - what write.c looks for, open to everybody.
furnish() {
	mkdir -p "$1/d"
	echo content >"$1/f"
	ln -s f "$1/l"
	chmod 1777 "$1"
	chmod 777 "$1/d"
	chmod 666 "$1/f"
}

# host_folder - $home: a folder, below it a mount, and one below that, all of it the box's own.
host_folder() {
	home=$BATS_TEST_TMPDIR/host
	furnish "$home"
	mkdir -m 755 "$home/sub"
	mount -t tmpfs -o size=1m,mode=755 moulette-test "$home/sub"
	furnish "$home/sub"
	mkdir -m 755 "$home/sub/a blank"
	mount -t tmpfs -o size=1m,mode=755,noexec moulette-test "$home/sub/a blank"
	furnish "$home/sub/a blank"
	# chmod and utimes are for owners: what a box's user made tells its uid.
	mkdir -m 777 "$BATS_TEST_TMPDIR/own"
	grade -i busybox -v "$BATS_TEST_TMPDIR/own:/own:rw" "$s" -- touch /own/f
	expect verdict passed
	chown -hR --reference "$BATS_TEST_TMPDIR/own/f" "$home"
	seen "$home" >/dev/null # looking changes atime, the first time
}

# seen FOLDER - all that can be known of a tree, times and contents too.
seen() {
	find "$1" -printf '%P %y %m %U %G %n %s %T@ %C@ %A@ %l\n' | sort
	find "$1" -type f -exec sha256sum {} + | sort
}

# Two runs have the same user only where no other runner has taken its slot meanwhile.
# bats test_tags=alone
@test "what write.c tries works where it may" {
	local w what
	host_folder
	grade -i busybox -v "$home:/home:rw" "$s" -- ./write /home /home/sub "/home/sub/a blank"
	expect verdict passed
	w=$BATS_TEST_TMPDIR/worked
	field steps.0.stdout.text >"$w"
	for what in open-write open-append open-truncate open-again truncate chmod fchmod utimensat \
		futimens rename create create-below mkdir symlink fifo socket; do
		expect_text "$w" "$what /home" "$what /home/sub" "$what /home/sub/a blank"
	done
	for what in device setxattr remount umount; do
		! grep -q "^$what " "$w" || fail "$what worked"
	done
	[ -e "$home/new" ] && [ -e "$home/sub/new" ] && [ -e "$home/sub/a blank/new" ]
}

@test "nothing is written through a read-only folder, nor through what is mounted below it" {
	local before
	host_folder
	before=$(seen "$home")
	grade -i busybox -v "$home:/home" "$s" -- ./write /home /home/sub "/home/sub/a blank"
	expect verdict passed steps.0.stdout.text ''
	# Refused by the mount and not for another reason: most of what works in the test above.
	[ "$(field steps.0.stderr.text | grep -c ': 2[0-9] refused')" = 3 ] || fail "too few were refused by the mount"
	[ "$(seen "$home")" = "$before" ]
	grade -i busybox -v "$home:/home:ro" "$s" -- sh -c 'cat /home/f /home/sub/f "/home/sub/a blank/f"; grep " /home" /proc/self/mountinfo'
	expect verdict passed
	[[ $(field steps.0.stdout.text) == content$'\n'content$'\n'content$'\n'* ]]
	field steps.0.stdout.text | awk '/ \/home/ { n++; if ($6 !~ /^ro,nosuid,nodev/) exit 1 } END { exit n < 3 }'
	[ "$(seen "$home")" = "$before" ]
}

@test "a mount below keeps noexec" {
	host_folder
	cp "$s/write" "$home/sub/a blank/write"
	cp "$s/write" "$home/sub/write"
	grade -i busybox -v "$home:/home" "$s" -- sh -c '/home/sub/write; "/home/sub/a blank/write"'
	expect verdict runtime_error steps.0.exit_code 126
}

# in_spec PYTHON - an expression over the mounts m, by their destinations.
in_spec() {
	python3 -c 'import json, sys
m = {x["destination"]: x for x in json.load(open(sys.argv[1]))["mounts"]}
sys.exit(not eval(sys.argv[2]))' "$BATS_TEST_TMPDIR/config.json" "$1" || fail "$1"
}

@test "config.json has the mounts, for an engine started by hand" {
	local d=$BATS_TEST_TMPDIR/bundle
	host_folder
	moulette spec -i busybox -v "$home:/home" -v /usr:/mnt:rw -- true >"$BATS_TEST_TMPDIR/config.json"
	in_spec 'm["/home"]["options"] == ["rbind", "ro", "rro", "nosuid", "nodev", "rnosuid", "rnodev", "rprivate"]'
	in_spec 'm["/home/sub"]["options"] == m["/home"]["options"] and m["/home/sub"]["source"].endswith("/host/sub")'
	in_spec '{"ro", "rro", "noexec"} < set(m["/home/sub/a blank"]["options"])'
	in_spec '"rw" in m["/mnt"]["options"] and not {"ro", "rro"} & set(m["/mnt"]["options"])'
	in_spec 'm["/work"]["options"] == ["bind", "rw", "nosuid", "nodev", "rprivate"]'
	moulette bundle -i busybox -v "$home:/home" "$s" -o "$d" -- ./write /home /home/sub "/home/sub/a blank"
	local before
	before=$(seen "$home")
	run_bundle "$d" >"$BATS_TEST_TMPDIR/out"
	! grep -v ': 2[0-9] refused' "$BATS_TEST_TMPDIR/out" || fail "written by hand"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" = 3 ]
	[ "$(seen "$home")" = "$before" ]
}

@test "a profile's folder is read-only throughout, too" {
	host_folder
	echo "{\"moulette\": {\"mounts\": [{\"destination\": \"/home\", \"type\": \"bind\", \"source\": \"$home\"}]}}" >"$BATS_TEST_TMPDIR/p.json"
	local before
	before=$(seen "$home")
	grade -i busybox -p "$BATS_TEST_TMPDIR/p.json" "$s" -- ./write /home /home/sub "/home/sub/a blank"
	expect verdict passed steps.0.stdout.text ''
	[ "$(seen "$home")" = "$before" ]
}

@test "a folder that the box's user cannot enter is named" {
	local d=$BATS_TEST_TMPDIR
	mkdir -m 700 "$d/closed" "$d/closed/in"
	mkdir -m 755 "$d/data"
	mkdir "$d/data/closed" "$d/data/closed/in"
	chmod 755 "$d/closed/in" "$d/data/closed/in"
	echo through >"$d/closed/in/f"
	# As it is: closed itself, but not what lies in it when that is named.
	grade -i busybox -v "$d/closed:/data" "$s" -- true
	expect verdict passed
	expect_text "$messages" "$d/closed" 0700
	grade -i busybox -v "$d/closed/in:/data" "$s" -- cat /data/f
	expect verdict passed steps.0.stdout.text through
	[ ! -s "$messages" ]
	# On the way to where it goes: in another folder of the host, and in the image.
	chmod 700 "$d/data/closed"
	run -2 "$MOULETTE" run -i busybox -v "$d/data:/data" -v /usr:/data/closed/in "$s" -- true
	[[ $output == *"$d/data/closed"* ]]
	run -2 "$MOULETTE" run -i busybox -v "$d/data:/data" -v /usr:/data/new "$s" -- true
	[[ $output == *"$d/data"* ]]
	[ ! -e "$d/data/new" ]
	own_home
	mkdir -p "$d/tree/proc" "$d/tree/dev" "$d/tree/sys"
	mkdir -m 700 "$d/tree/root"
	moulette image import shut "$d/tree"
	run -2 "$MOULETTE" run -i shut -v /usr:/root/usr "$s" -- true
	[[ $output == *"'/root'"* ]]
	run -2 "$MOULETTE" bundle -i shut -v /usr:/root/usr "$s" -o "$d/shut" -- true
	[[ $output == *"'/root'"* ]]
	[ ! -e "$d/shut" ]
}

@test "no mount of a run stays" {
	host_folder
	host_before
	moulette run -i busybox -v "$home:/home" "$s" -- true >/dev/null
	host_same
}
