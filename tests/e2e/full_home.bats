#!/usr/bin/env bats
# bats file_tags=host
# full_home.bats - a home on a file system that is full, read-only or noexec.

load helpers

setup() {
	need_engine
	submission=$(archive s.tar a x)
	disk=$BATS_TEST_TMPDIR/disk
	out=$BATS_TEST_TMPDIR/out
	asleep="sleep 6$BASHPID"
	mkdir "$disk"
}

# on_disk OPTIONS SCRIPT - a shell with a tmpfs at $disk that lives as long as it does. Its commands are
# `graded COMMAND...` and `fill`. Sets status; all output is in $out.
on_disk() {
	status=0
	export submission disk asleep MOULETTE MOULETTE_ENGINE
	unshare -m bash -c '
		mount -t tmpfs -o "size=$1" none "$disk" || exit 99
		export MOULETTE_HOME=$disk/home
		moulette() { "$MOULETTE" "$@" </dev/null; }
		graded() { moulette run -i busybox "$submission" -- "$@"; }
		# A box sleeps until the disk is full; what runs "$asleep" sleeps so long that only we end it.
		fill_meanwhile() {
			until pgrep -fx "$asleep" >/dev/null; do kill -0 $runner || return; sleep 0.05; done
			fill
			pkill -fx "$asleep"
		}
		fill() { cat /dev/zero >"$disk/fill" 2>/dev/null; [ -s "$disk/fill" ]; }
		eval "$2"' on_disk "$1" "$2" >"$out" 2>&1 || status=$?
}

@test "gc makes room on a full disk" {
	on_disk 16m '
		for i in 1 2 3; do graded sh -c "head -c 900000 /dev/zero | tr \"\\0\" a" >/dev/null || exit 98; done
		sleep 1.1
		fill
		! moulette gc || exit 97
		moulette gc --older-than 1s || exit 96
		[ "$(find $MOULETTE_HOME/logs -type f | wc -l)" = 0 ] || exit 95
		[ "$(moulette list --json)" = "[]" ] || moulette list
		graded true || exit 94'
	[ "$status" = 0 ] || fail "status $status: $(cat "$out")"
	expect_text "$out" "the disk is full" "3 results removed" "gc --older-than"
}

@test "gc makes room where a writer was killed on a full disk" {
	on_disk 16m '
		graded sh -c "head -c 900000 /dev/zero | tr \"\\0\" a" >/dev/null || exit 98
		python3 - "$MOULETTE_HOME/results.db" <<-END || exit 97
			import os, sqlite3, sys
			c = sqlite3.connect(sys.argv[1])
			c.execute("UPDATE results SET started_ns = started_ns - 1")
			c.commit()
			os._exit(0)
		END
		[ -s "$MOULETTE_HOME/results.db-wal" ] || exit 96
		rm -f "$MOULETTE_HOME/results.db-shm"
		sleep 1.1
		fill
		moulette list | grep -q passed || exit 95
		moulette gc --older-than 1s || exit 94'
	[ "$status" = 0 ] || fail "status $status: $(cat "$out")"
	expect_text "$out" "1 result removed"
}

@test "a submission that does not fit on the disk is an error of the host, and frees its space" {
	big=$BATS_TEST_TMPDIR/big.tar
	head -c 9000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	tar -C "$BATS_TEST_TMPDIR" -cf "$big" data
	hole=$BATS_TEST_TMPDIR/hole.tar
	cp "$submission" "$hole"
	truncate -s 300M "$hole"
	export big hole
	on_disk 16m '
		graded true >/dev/null || exit 98
		head -c 6000000 /dev/zero >"$disk/fill" || exit 97
		submission=$big graded true; [ $? = 3 ] || exit 96
		[ "$(df --output=avail "$disk" | tail -n 1)" -gt 1024 ] || exit 95
		moulette batch -i busybox "$big" "$submission"; [ $? = 3 ] || exit 94
		submission=$hole graded true || exit 93'
	[ "$status" = 0 ] || fail "status $status: $(cat "$out")"
	expect_text "$out" "no room in '$disk/home' for a copy of submission 'big.tar'" "gc --older-than" \
		"home.full" "1 internal error" "hole (hole.tar): passed"
}

# The disk is filled while the box runs, after the log and the database are open.
@test "a result that cannot be stored is printed, and its status is 3" {
	on_disk 16m '
		graded true >/dev/null || exit 98
		graded sh -c "echo begun; $asleep; echo answer" & runner=$!
		fill_meanwhile
		wait $runner'
	[ "$status" = 3 ] || fail "status $status: $(cat "$out")"
	expect_text "$out" "is full" "could not be stored" passed
}

@test "results of a batch that cannot be stored are printed" {
	folder=$BATS_TEST_TMPDIR/handins
	mkdir "$folder"
	printf '#!/bin/sh\nexec 2>/dev/null\n%s\ntrue\n' "$asleep" >"$BATS_TEST_TMPDIR/run.sh"
	for name in a b; do
		tar -C "$BATS_TEST_TMPDIR" -cf "$folder/$name.tar" run.sh
	done
	export folder
	on_disk 16m '
		graded true >/dev/null || exit 98
		moulette batch -i busybox -j 1 $folder & runner=$!
		fill_meanwhile
		wait $runner'
	[ "$status" = 3 ] || fail "status $status: $(cat "$out")"
	expect_text "$out" "a (a.tar): passed" "the result of 'a' could not be stored" "1 not graded"
}

@test "doctor says that a home is full or read-only, and a run says it before anything is graded" {
	on_disk 16m '
		graded true >/dev/null || exit 98
		moulette doctor | grep folders
		fill
		graded true; [ $? = 3 ] || exit 97
		moulette doctor | grep folders; [ ${PIPESTATUS[0]} = 3 ] || exit 96
		rm $disk/fill
		mount -o remount,ro $disk
		moulette list | grep -q passed || exit 95
		moulette doctor | grep folders; [ ${PIPESTATUS[0]} = 3 ] || exit 94
		sleep 1.1
		moulette gc --older-than 1s; [ $? = 3 ] || exit 93
		graded true; [ $? = 3 ] || exit 92'
	[ "$status" = 0 ] || fail "status $status: $(cat "$out")"
	expect_text "$out" "ok       folders: " "cannot write 1024 KiB" "is full; make room" \
		"mounted read-only; remount it" "Read-only file system"
}

@test "a home on a noexec file system is the host's trouble, named with its mount" {
	assignment=$(assignment sum '"tests": [{"name": "one", "run": ["cat", "a"]}]')
	export assignment
	on_disk 16m,noexec '
		graded true; [ $? = 3 ] || exit 97
		moulette batch -i busybox $submission; [ $? = 3 ] || exit 96
		moulette run -i busybox -a $assignment $submission; [ $? = 3 ] || exit 95
		moulette doctor | grep folders; [ ${PIPESTATUS[0]} = 3 ] || exit 94
		moulette run -i host $submission -- true || exit 93'
	[ "$status" = 0 ] || fail "status $status: $(cat "$out")"
	expect_text "$out" "'$disk' is mounted noexec" "mount -o remount,exec $disk"
	run ! grep -q "assignment)" "$out"
}
