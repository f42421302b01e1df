# unreadable.bats - files of teachers that the host cannot read are its trouble, not a wrong usage.
load helpers

setup() {
	need_engine
	command -v setpriv >/dev/null || skip "setpriv of util-linux is not installed"
	folder=$BATS_TEST_TMPDIR/a
	files_into "$folder" assignment.json '{"name": "a", "files": [{"from": "grader", "to": "/grader"}],
		"tests": [{"name": "one", "run": ["true"], "stdin": "in", "stdout": "out"}]}' \
		in 1 out 1 grader/check x s/run.sh 'true'
	# A profile of the same name as a shipped one, which is not taken in its place.
	files_into "$BATS_TEST_TMPDIR/profiles" strict.json '{"extends": "default"}'
	printf x >"$BATS_TEST_TMPDIR/image.tar"
}

# bound ARG... - the program as a root whom modes of files hold, as on a network file system.
bound() {
	setpriv --bounding-set -dac_override,-dac_read_search "$MOULETTE" "$@" </dev/null
}

# denied STATUS PATH ARG... - where PATH cannot be read the program ends with STATUS.
denied() {
	local want=$1 path=$2 mode got=0
	shift 2
	mode=$(stat -c %a "$path")
	chmod 0 "$path"
	bound "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 || got=$?
	chmod "$mode" "$path"
	[ "$got" = "$want" ] || fail "$*: status $got without $path: $(cat "$BATS_TEST_TMPDIR/out")"
	expect_text "$BATS_TEST_TMPDIR/out" "Permission denied"
}

@test "files of an assignment that cannot be read are trouble of the host" {
	bound assignment check "$folder"
	denied 3 "$folder/assignment.json" assignment check "$folder"
	denied 3 "$folder" assignment check "$folder"
	denied 3 "$folder/in" assignment check "$folder"
	denied 3 "$folder/out" assignment check "$folder"
	denied 3 "$folder/grader" assignment check "$folder"
	denied 3 "$folder/grader/check" assignment check "$folder"
	rm "$folder/in"
	run -2 bound assignment check "$folder"
}

@test "an unreadable assignment in the current folder is an error" {
	cd "$folder"
	denied 3 "$folder/assignment.json" run "$folder/s"
	denied 3 "$folder" run "$folder/s"
}

@test "profiles, volumes and images that cannot be read are trouble of the host" {
	export MOULETTE_PROFILES=$BATS_TEST_TMPDIR/profiles
	denied 3 "$MOULETTE_PROFILES/strict.json" spec -p strict -- true
	denied 3 "$MOULETTE_PROFILES" spec -p strict -- true
	denied 3 "$folder" run -v "$folder/grader:/grader" "$folder/s"
	denied 3 "$BATS_TEST_TMPDIR/image.tar" image import x "$BATS_TEST_TMPDIR/image.tar"
	run -2 bound spec -p nothing -- true
	run -2 bound run -v "$folder/nothing:/grader" "$folder/s"
}

@test "reports and bundles that cannot be made are trouble of the host" {
	denied 3 "$folder/grader" run -o "$folder/grader/report" "$folder/s"
	denied 3 "$folder/grader" batch -a "$folder" -o "$folder/grader/report" "$folder/s"
	denied 3 "$folder/grader" bundle "$folder/s" -o "$folder/grader/bundle" -- true
	run -2 bound run -o "$folder/nothing/report" "$folder/s"
}
