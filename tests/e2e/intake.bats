#!/usr/bin/env bats
# Every form in which a submission may come, and what is refused.
load helpers

setup() {
	need_engine
	hello=$(assignment hello '"image": "busybox", "build": [], "tests": [{"name": "hello", "run": ["./run.sh"], "stdout": "out"}]' out $'hello\n')
	script=$'#!/bin/sh\necho hello\n'
}

@test "each kind of archive, a folder, one top folder, two" {
	local kind
	for kind in s.tar s.tar.gz s.tar.bz2 s.tar.xz s.tar.zst s.zip folder; do
		grade -a "$hello" "$(archive $kind run.sh "$script")"
		[ "$status" = 0 ] || fail "$kind: $status"
		expect verdict passed submission.name "${kind%%.*}"
		[ "$(field submission.sha256 | wc -c)" = 65 ]
	done
	grade -a "$hello" "$(archive top.tar.gz alice/run.sh "$script" alice/notes.txt x)"
	expect verdict passed
	grade -a "$hello" "$(archive two.tar.gz alice/work/run.sh "$script")"
	expect verdict passed
	grade -a "$hello" "$(archive mac.zip alice/run.sh "$script" __MACOSX/._x y)"
	expect verdict passed
}

@test "a zip without x bits runs all the same" {
	local s=$BATS_TEST_TMPDIR/w.zip
	python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w").writestr("run.sh", "#!/bin/sh\necho hello\n")' "$s"
	grade -a "$hello" "$s"
	expect verdict passed
}

@test "a single source file, by each row of the table" {
	files_into "$BATS_TEST_TMPDIR" a.c $'#include <stdio.h>\nint main(void) { puts("c"); return 0; }' \
		b.cpp $'#include <iostream>\nint main() { std::cout << "c++\\n"; }' c.py 'print("python")' d.sh 'echo shell' \
		E.CC $'#include <iostream>\nint main() { std::cout << "c++\\n"; }' F.PY 'print("python")' g.bash 'echo ${BASH_VERSION:?}'
	local f
	for f in a.c b.cpp c.py d.sh E.CC F.PY g.bash; do
		grade "$BATS_TEST_TMPDIR/$f"
		expect verdict passed score 1 max_score 1 steps.-1.name run
	done
}

@test "a single file of any kind, where the commands are the assignment's or given" {
	local sql="$BATS_TEST_TMPDIR/q.sql" own
	echo 'select 1+2' >"$sql"
	own=$(assignment own '"build": [], "tests": [{"name": "t", "run": ["cat", "q.sql"], "stdout": "out"}]' out 'select 1+2')
	grade -a "$own" "$sql"
	expect verdict passed submission.name q
	grade "$sql" -- cat q.sql
	expect verdict passed steps.0.stdout.text 'select 1+2'
	grade "$sql"
	expect_verdict refused student 1
	grade -a "$(assignment table '"tests": [{"name": "t"}]')" "$sql"
	expect_verdict refused student 1
	expect error.code archive.unsupported
}

# refused CODE WORD FILE
refused() {
	grade -a "$hello" "$3"
	expect_verdict refused student 1
	expect error.code "$1" score 0 steps '[]'
	[[ $(field error.message) == *"$2"* ]] || fail "the message does not name '$2'"
}

@test "archives that reach outside are refused by name" {
	local s=$BATS_TEST_TMPDIR/h.tar
	python3 - "$BATS_TEST_TMPDIR" <<-'P'
		import io, sys, tarfile
		def tar(name, *members):
		    t = tarfile.open("%s/%s.tar" % (sys.argv[1], name), "w")
		    for path, kind, link in members:
		        i = tarfile.TarInfo(path); i.type = kind; i.linkname = link
		        if kind == tarfile.REGTYPE: i.size = 1; t.addfile(i, io.BytesIO(b"x"))
		        else: t.addfile(i)
		    t.close()
		R, S, L, D, F = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE
		tar("dotdot", ("../evil", R, ""))
		tar("absolute", ("/tmp/evil", R, ""))
		tar("symlink", ("link", S, "../../etc/passwd"))
		tar("through", ("dir", S, "/tmp"), ("dir/evil", R, ""))
		tar("hard", ("link", L, "/etc/passwd"))
		tar("device", ("null", D, ""))
		tar("fifo", ("pipe", F, ""))
	P
	refused archive.path_escape evil "$BATS_TEST_TMPDIR/dotdot.tar"
	refused archive.path_escape evil "$BATS_TEST_TMPDIR/absolute.tar"
	refused archive.link_escape link "$BATS_TEST_TMPDIR/symlink.tar"
	refused archive.link_escape dir "$BATS_TEST_TMPDIR/through.tar"
	refused archive.link_escape link "$BATS_TEST_TMPDIR/hard.tar"
	refused archive.device null "$BATS_TEST_TMPDIR/device.tar"
	refused archive.device pipe "$BATS_TEST_TMPDIR/fifo.tar"
	[ ! -e /tmp/evil ]
}

@test "truncated, empty and unknown files are refused, and recorded" {
	local s
	s=$(archive s.tar.gz run.sh "$script" big "$(head -c 20000 /dev/urandom | base64)")
	head -c 3000 "$s" >"$BATS_TEST_TMPDIR/cut.tar.gz"
	grade -a "$hello" "$BATS_TEST_TMPDIR/cut.tar.gz"
	expect_verdict refused student 1
	: >"$BATS_TEST_TMPDIR/empty.tar"
	grade -a "$hello" "$BATS_TEST_TMPDIR/empty.tar"
	expect_verdict refused student 1
	echo text >"$BATS_TEST_TMPDIR/report.docx"
	grade "$BATS_TEST_TMPDIR/report.docx"
	expect_verdict refused student 1
	[ "$(sqlite3 "$MOULETTE_HOME/results.db" "select verdict from results where id = '$(field id)'")" = refused ]
}

@test "a bomb stops at the limit" {
	local s=$BATS_TEST_TMPDIR/bomb.tar.gz
	truncate -s 200M "$BATS_TEST_TMPDIR/zeros"
	tar -C "$BATS_TEST_TMPDIR" -czf "$s" zeros
	grade -a "$hello" "$s"
	expect_verdict refused student 1
	[[ $(field error.message) == *zeros* ]]
}

@test "nothing that can be run is refused with what was looked for" {
	grade "$(archive s.tar notes.txt x)"
	expect_verdict refused student 1
	[[ $(field error.message) == *Makefile* ]]
}

@test "an archive with a hole of terabytes is refused at once" {
	local s
	s=$(archive s.tar run.sh "$script")
	truncate -s 2T "$s"
	host_before
	grade -a "$hello" "$s"
	expect_verdict refused student 1
	expect error.code archive.too_large submission.sha256 null submission.bytes 2199023255552
	host_same
}

# The writer weighs less than a runner, and needs a processor of its own.
# bats test_tags=alone
@test "an archive that is written to while it is read is nobody's to be judged" {
	local s writer before
	s=$(archive s.tar run.sh "$script" pad "$(head -c 20000000 /dev/zero | tr '\0' x)")
	python3 -c '
import os, sys, time
f = os.open(sys.argv[1], os.O_WRONLY)
while True:
    os.pwrite(f, b"x", 15000000)
    time.sleep(0.001)' "$s" 3>&- &
	writer=$!
	# It has begun.
	while [ "$(stat -c %Y.%y "$s")" = "${before:=$(stat -c %Y.%y "$s")}" ]; do sleep 0.01; done
	grade -a "$hello" "$s"
	kill "$writer"
	wait "$writer" || true
	expect_verdict internal_error infrastructure 3
	expect error.code submission.changed
	grade -a "$hello" "$s"
	expect_verdict passed none 0
}

@test "a submission that does not exist is usage" {
	grade -a "$hello" "$BATS_TEST_TMPDIR/nowhere.tar"
	[ "$status" = 2 ]
	grep -q nowhere.tar "$messages"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	grade -a "$hello" "$BATS_TEST_TMPDIR/fifo"
	[ "$status" = 2 ]
}

@test "a folder name that means something to mounts is only a name" {
	local name
	for name in 'HW 1: lists' 'a,b=c' 'back slash' $'t\xc3\xa9l\xc3\xa9'; do
		grade -a "$hello" "$(archive odd.tar "$name/run.sh" "$script")"
		expect verdict passed
	done
}

@test "a folder of version control beside the top folder does not count" {
	grade -a "$hello" "$(archive git.tar .git/config x hw/run.sh "$script")"
	expect verdict passed
}

@test "the language is that of the submission, not of the harness laid beside it" {
	local a
	a=$(assignment harness '"files": [{"from": "drive.py", "to": "drive.py"}, {"from": "util.c", "to": "util.c"}],
		"tests": [{"name": "one", "stdout": "out"}]' drive.py 'print(1)' util.c $'int seven(void) { return 7; }\n' out 7)
	grade -a "$a" "$(archive s.tar a.c $'#include <stdio.h>\nint seven(void);\nint main(void) { printf("%d\\n", seven()); }\n' util.c broken)"
	expect verdict passed replaced '["util.c"]'
}
