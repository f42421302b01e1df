#!/usr/bin/env bats
# Images: imports, lists, the two that need no download.
load helpers

setup() {
	need_engine
	own_home
	mkdir -p "$BATS_TEST_TMPDIR/tree/bin" "$BATS_TEST_TMPDIR/tree/tmp"
	cp /bin/busybox "$BATS_TEST_TMPDIR/tree/bin/busybox"
	ln -s busybox "$BATS_TEST_TMPDIR/tree/bin/sh"
	ln -s busybox "$BATS_TEST_TMPDIR/tree/bin/echo"
	chmod 711 "$BATS_TEST_TMPDIR"
}

@test "an imported tar runs; it has no mount points and is not changed" {
	local kind
	for kind in tar tar.gz tar.xz tar.zst; do
		tar -C "$BATS_TEST_TMPDIR/tree" --auto-compress -cf "$BATS_TEST_TMPDIR/r.$kind" .
		moulette image import small "$BATS_TEST_TMPDIR/r.$kind"
	done
	local before after rootfs
	rootfs=$(moulette image show small --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["rootfs"])')
	before=$(find "$rootfs" | sort)
	grade -i small "$(archive s.tar f x)" -- echo from the image
	expect verdict passed steps.0.stdout.text 'from the image'
	after=$(find "$rootfs" | sort)
	[ "$before" = "$after" ]
	[[ $before != *work* ]]
}

@test "list, show and rm" {
	moulette image import small "$BATS_TEST_TMPDIR/tree"
	moulette image build busybox
	run -0 "$MOULETTE" image list
	[[ $output == *busybox* && $output == *small* ]]
	moulette image list --json | python3 -c 'import json, sys; assert [i["name"] for i in json.load(sys.stdin)] == ["busybox", "small"]'
	run -0 "$MOULETTE" image rm small
	run -2 "$MOULETTE" image show small
	run -2 "$MOULETTE" image rm small
}

@test "a bad archive changes nothing" {
	moulette image import small "$BATS_TEST_TMPDIR/tree"
	echo nonsense >"$BATS_TEST_TMPDIR/bad.tar"
	run -2 "$MOULETTE" image import small "$BATS_TEST_TMPDIR/bad.tar"
	[[ $output == *bad.tar* ]]
	grade -i small "$(archive s.tar f x)" -- echo ok
	expect verdict passed
}

@test "busybox and host are made when they are first needed" {
	grade -i busybox "$(archive s.tar f x)" -- true
	expect verdict passed
	grade "$(archive s.tar Makefile $'all:\n\tcc --version\n')"
	expect verdict passed image.name host
}
