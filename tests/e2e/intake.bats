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

# write_behind FILE PYTHON - a process that does this to the file, open as f, again and again; it has begun.
# Its pid is $writer.
write_behind() {
	local before
	before=$(stat -c %z "$1")
	python3 -c '
import os, sys, time
f = os.open(sys.argv[1], os.O_RDWR)
n = 0
while True:
    n += 1
    exec(sys.argv[2])' "$1" "$2" 3>&- &
	writer=$!
	until [ "$(stat -c %z "$1")" != "$before" ]; do sleep 0.01; done
}

@test "an archive whose times are set while it is read, or that is written anew with what it has, is graded" {
	local s digest
	s=$(archive s.tar run.sh "$script" pad "$(head -c 20000000 /dev/zero | tr '\0' x)")
	digest=$(sha256sum <"$s" | cut -d ' ' -f 1)
	write_behind "$s" 'os.utime(f, ns=(n, n)); os.pwrite(f, b"x", 15000000)'
	grade -a "$hello" "$s"
	kill "$writer"
	wait "$writer" || true
	expect_verdict passed none 0
	expect submission.changed false submission.sha256 "$digest"
}

# How often the writer gets a processor is the host's affair.
@test "an archive that changes in each copy is graded, and that is said" {
	local s tries=0 text=$BATS_TEST_TMPDIR/text
	s=$(archive s.tar run.sh "$script" pad "$(head -c 20000000 /dev/zero | tr '\0' x)")
	write_behind "$s" 'os.pwrite(f, bytes([97 + n % 26]), 15000000); n % 100 or time.sleep(0.001)'
	until grade -a "$hello" -f "text:$text" "$s"; [ "$(field submission.changed)" = true ]; do
		[ $((tries += 1)) -lt 20 ] || fail "never seen to change"
	done
	kill "$writer"
	wait "$writer" || true
	expect_verdict passed none 0
	expect_text "$text" "passed, 1/1 point (changed while it was read)" "changed each time it was copied"
	grade -a "$hello" "$s"
	expect submission.changed false submission.sha256 "$(sha256sum <"$s" | cut -d ' ' -f 1)"
}

@test "nothing of a copy is left in the home, also of a run that was killed" {
	local s runner
	own_home
	s=$(archive s.tar run.sh $'#!/bin/sh\nsleep 100\n')
	grade -a "$hello" "$(archive other.tar run.sh "$script")"
	find "$MOULETTE_HOME" -type f ! -path '*/images/*' | sort >"$BATS_TEST_TMPDIR/before"
	"$MOULETTE" run -a "$hello" -l wall=600s "$s" >/dev/null 2>&1 3>&- &
	runner=$!
	until moulette list | grep -q running; do sleep 0.05; done
	# It is open, and has no name.
	find -L "/proc/$runner/fd" -maxdepth 1 -type f -links 0 -size "$(stat -c %s "$s")c" | grep -q .
	kill -9 "$runner"
	wait "$runner" || true
	moulette gc
	find "$MOULETTE_HOME" -type f ! -path '*/images/*' | sort >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
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

@test "a makefile that is laid is the one that make takes, also after a build step" {
	local a
	a=$(assignment laid '"files": [{"from": "Makefile", "to": "./"}],
		"build": [{"run": ["sh", "build.sh"]}, {"run": ["make"]}], "tests": [{"name": "one", "run": ["cat", "made"], "stdout": "out"}]' \
		Makefile $'all:\n\techo teacher >made\n' out teacher)
	grade -a "$a" "$(archive s.tar GNUmakefile $'all:\n\techo student >made\n' makefile x build.sh 'mkdir GNUmakefile')"
	expect verdict passed replaced '["GNUmakefile", "makefile"]'
}

# within FOLDER NAME [FILE TEXT]... - an archive NAME of the files, in that folder
within() {
	mkdir -p "$1"
	mv "$(archive "$2" "${@:3}")" "$1/"
}

@test "an archive within: a folder of Moodle, a zip in a zip, a tar beside a note" {
	local d=$BATS_TEST_TMPDIR
	within "$d/moodle" hw.zip run.sh "$script"
	grade -a "$hello" "$d/moodle"
	expect verdict passed submission.name moodle submission.entries 2
	(cd "$d" && python3 -m zipfile -c outer.zip moodle/hw.zip)
	grade -a "$hello" "$d/outer.zip"
	expect verdict passed
	within "$d/note" hw.tar.gz hw1/run.sh "$script" hw1/lib/x y
	echo 'see hw' >"$d/note/lisez-moi.txt"
	grade -a "$hello" "$d/note"
	expect verdict passed
	tar -C "$d/note" -cf "$d/outer.tar" .
	grade -a "$hello" "$d/outer.tar"
	expect verdict passed
	grade "$d/note" -- ls
	expect verdict passed steps.0.stdout.text $'lib\nrun.sh'
	grade "$d/note" -- ls hw.tar.gz lisez-moi.txt
	expect verdict passed
	host_before
	"$MOULETTE" bundle -i busybox "$d/note" -o "$d/box" -- ./run.sh
	[ -x "$d/box/work/run.sh" ] && [ ! -e "$d/box/unpacked" ]
	host_same
}

@test "an archive within is named when it is refused, and so are several" {
	local d=$BATS_TEST_TMPDIR
	within "$d/several" one.zip run.sh "$script"
	within "$d/several" two.tar run.sh "$script"
	grade -a "$hello" "$d/several"
	expect_verdict refused student 1
	expect error.code archive.several score 0
	[[ $(field error.message) == *one.zip*two.tar* ]]
	within "$d/deep" a.zip run.sh "$script"
	(cd "$d/deep" && python3 -m zipfile -c b.zip a.zip && rm a.zip && python3 -m zipfile -c c.zip b.zip && rm b.zip)
	grade -a "$hello" "$d/deep/c.zip"
	expect_verdict refused student 1
	expect error.code archive.nested
	[[ $(field error.message) == *b.zip/a.zip* ]]
	mkdir "$d/seven"
	printf "7z\xbc\xaf\x27\x1c" >"$d/seven/hw.7z"
	grade -a "$hello" "$d/seven"
	expect_verdict refused student 1
	[[ $(field error.message) == *hw.7z*7z* ]]
	within "$d/cut" whole.zip run.sh "$script"
	head -c 60 "$d/cut/whole.zip" >"$d/cut/cut.zip"
	rm "$d/cut/whole.zip"
	grade -a "$hello" "$d/cut"
	expect_verdict refused student 1
	expect error.code archive.truncated
	[[ $(field error.message) == *cut.zip* ]]
}

@test "an archive within that reaches outside is refused, and so is a bomb" {
	local d=$BATS_TEST_TMPDIR code
	mkdir "$d/h" "$d/bomb"
	echo secret >"$d/h/note.txt"
	for code in path_escape link_escape; do
		python3 - "$d/h/hw.tar" $code <<-'P'
			import io, sys, tarfile
			with tarfile.open(sys.argv[1], "w") as t:
			    i = tarfile.TarInfo("../note.txt" if sys.argv[2] == "path_escape" else "l")
			    if i.name == "l": i.type, i.linkname = tarfile.SYMTYPE, "../note.txt"
			    t.addfile(i)
		P
		refused "archive.$code" hw.tar "$d/h"
	done
	truncate -s 200M "$d/zeros"
	tar -C "$d" -czf "$d/bomb/zeros.tar.gz" zeros
	grade -a "$hello" "$d/bomb"
	expect_verdict refused student 1
	[[ $(field error.message) == *zeros.tar.gz* ]]
}

@test "the only folder with sources beside notes is the work folder" {
	grade -a "$hello" "$(archive notes.tar lisez-moi.txt x hw1/run.sh "$script")"
	expect verdict passed
	grade "$(archive make.tar README x hw1/Makefile $'all:\ncheck:\n\techo ok\n')"
	expect verdict passed steps.1.name check
	grade -a "$hello" "$(archive two.tar README x hw1/run.sh "$script" hw2/run.sh "$script")"
	expect_verdict runtime_error student 1
	grade "$(archive named.tar README x hw1/run.sh "$script")" -- sh hw1/run.sh
	expect verdict passed
}

@test "a lone archive of data is left where a command names it" {
	mkdir "$BATS_TEST_TMPDIR/data"
	within "$BATS_TEST_TMPDIR/data" set.tar run.sh "$script"
	grade "$BATS_TEST_TMPDIR/data" -- tar -tf set.tar
	expect verdict passed steps.0.stdout.text $'./\n./run.sh'
}
