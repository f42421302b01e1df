#!/usr/bin/env bats
# bats file_tags=engine,box
# HOME: a folder of the box that is empty when a step begins, so that nothing that was handed in or
# built sets up the programs of a later step.
load helpers

setup() {
	need_engine
}

# What each step of a build or test does that looks whether HOME is new, and leaves it as bad as it can.
new_home='[ "$HOME" = /tmp/.home ] && [ -z "$(ls -A ~)" ] && [ "$(stat -c "%a %u %F" ~)" = "700 1000 directory" ] || exit 1
	mkdir ~/.config && echo spoilt >~/.config/rc && echo spoilt >~/.profile && test -s ~/.profile || exit 2'

# steps JSON [FILE CONTENT]... - two builds and three tests that run step.sh with their number.
steps() {
	local more=$1
	shift
	a=$(assignment steps "$more"' "image": "busybox",
		"build": [{"run": ["sh", "step.sh", "1"]}, {"run": ["sh", "step.sh", "2"]}],
		"tests": [{"name": "three", "run": ["sh", "step.sh", "3"]}, {"name": "four", "run": ["sh", "step.sh", "4"]},
			{"name": "five", "run": ["sh", "step.sh", "5"]}]')
	submission=$(archive s.tar "$@")
}

@test "HOME is empty and can be written to in each build step and test" {
	steps '' step.sh "$new_home" .profile 'handed in'
	for isolation in box strict; do
		grade --isolation=$isolation -a "$a" "$submission"
		expect_verdict passed none 0
	done
}

@test "HOME is empty where /tmp is not, and in a box made anew after a worn one" {
	# A packet on lo is a count that cannot be set back.
	steps '' step.sh "$new_home"'
		echo kept >/tmp/kept$1; [ -s /tmp/kept1 ] || exit 3; ping -c 1 127.0.0.1 >/dev/null 2>&1; exit 0'
	grade -a "$a" "$submission"
	expect_verdict passed none 0
}

@test "a file in the place of HOME is removed after the step" {
	steps '' step.sh "$new_home"'
		case $1 in
		1) rm -r ~; ln -s /work ~ ;;
		2) mv ~ /tmp/elsewhere; echo file >~ ;;
		3) rm -r ~; ln -s /tmp ~ ;;
		4) chmod 0 ~ ;;
		esac'
	grade -a "$a" "$submission"
	expect_verdict passed none 0
}

@test "files that the build left in HOME do not use space of a later /tmp" {
	steps '"limits": {"disk": "8M"},' step.sh "$new_home"'
		head -c 5000000 /dev/zero >~/cache && head -c 3000000 /dev/zero >/tmp/x && rm /tmp/x'
	grade -a "$a" "$submission"
	expect_verdict passed none 0
	steps '"limits": {"disk": "8M"},' step.sh 'head -c 5000000 /dev/zero >~/cache && head -c 5000000 /dev/zero >/tmp/x'
	grade -a "$a" "$submission"
	expect verdict disk_limit steps.0.verdict disk_limit
}

@test "home: work is the work folder, with what was handed in and built" {
	steps '"home": "work",' step.sh '[ "$HOME" = /work ] && [ "$(cat ~/.profile)" = mine ] && echo >~/new$1 && [ -e ~/new1 ] &&
		grep -q "^student:x:1000:1000:student:/work:" /etc/passwd' .profile mine
	grade -a "$a" "$submission"
	expect_verdict passed none 0
	grade -a "$a" "$submission" -- sh -c 'echo $HOME'
	expect steps.0.stdout.text /work
}

@test "env of an assignment, of a step and -e say HOME, in this order" {
	a=$(assignment env '"image": "busybox", "home": "work", "env": {"HOME": "/usr"}, "build": [], "tests": [
		{"name": "one", "run": ["sh", "-c", "echo $HOME"]},
		{"name": "two", "run": ["sh", "-c", "echo $HOME"], "env": {"HOME": "/bin"}}]')
	submission=$(archive s.tar x x)
	grade -a "$a" "$submission"
	expect steps.0.stdout.text /usr steps.1.stdout.text /bin
	grade -a "$a" -e HOME=/etc "$submission"
	expect steps.0.stdout.text /etc steps.1.stdout.text /etc
}

@test "every profile and a lone command have it" {
	submission=$(archive s.tar x x)
	for profile in default compile strict debug os-course; do
		grade -i busybox -p $profile "$submission" -- sh -c 'echo $HOME; cd; pwd; : >x; echo *; echo $PYTHONNOUSERSITE $PYTHONSAFEPATH'
		expect verdict passed steps.0.stdout.text $'/tmp/.home\n/tmp/.home\nx\n1'
	done
	run -2 "$MOULETTE" run -i busybox -v /usr:/tmp/.home "$submission" -- true
	[[ $output == */tmp/.home*HOME* ]] || fail "$output"
}

# image_with_passwd LINE... - busybox with such an /etc/passwd, as image `own`.
image_with_passwd() {
	moulette image show busybox --json >"$BATS_TEST_TMPDIR/show" || moulette image build busybox
	moulette image show busybox --json >"$BATS_TEST_TMPDIR/show"
	rm -rf "$BATS_TEST_TMPDIR/tree"
	cp -a "$(field rootfs "$BATS_TEST_TMPDIR/show")" "$BATS_TEST_TMPDIR/tree"
	printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/tree/etc/passwd"
	moulette image import own "$BATS_TEST_TMPDIR/tree"
}

@test "/etc/passwd names HOME, also where the image has another one" {
	own_home
	submission=$(archive s.tar x x)
	image_with_passwd root:x:0:0:root:/root:/bin/sh node:x:1000:1000::/home/node:/bin/bash
	grade -i own "$submission" -- sh -c 'cat /etc/passwd; echo ~node; id -un; : >>/etc/passwd'
	expect steps.0.verdict runtime_error steps.0.stdout.text \
		$'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/tmp/.home:/bin/bash\n/tmp/.home\nnode'
	moulette image verify own
	echo "mine:x:1000:1000::/mine:/bin/sh" >"$BATS_TEST_TMPDIR/passwd"
	grade -i own -v "$BATS_TEST_TMPDIR/passwd:/etc/passwd" "$submission" -- cat /etc/passwd
	expect steps.0.stdout.text mine:x:1000:1000::/mine:/bin/sh
	image_with_passwd root:x:0:0:root:/root:/bin/sh
	grade -i own "$submission" -- sh -c 'id -un; echo ~student'
	expect steps.0.stdout.text $'student\n/tmp/.home'
}

@test "a bundle has the same home" {
	local d=$BATS_TEST_TMPDIR/bundle
	own_home
	chmod 711 "$BATS_TEST_TMPDIR"
	image_with_passwd root:x:0:0:root:/root:/bin/sh node:x:1000:1000::/home/node:/bin/bash
	moulette bundle -i own "$(archive s.tar x x)" -o "$d" -- sh -c 'echo $HOME ~node; [ -z "$(ls -A ~)" ] && echo mine >~/x && cat ~/x'
	[ "$(run_bundle "$d")" = $'/tmp/.home /tmp/.home\nmine' ]
	moulette image show own --json >"$BATS_TEST_TMPDIR/show"
	cmp "$d/rootfs/etc/passwd" "$(field rootfs "$BATS_TEST_TMPDIR/show")/etc/passwd"
}

@test "what a submission has for Python's user site is not run by the teacher's program" {
	local a v files=()
	for v in $(seq 7 20); do
		files+=(".local/lib/python3.$v/site-packages/x.pth" 'import os; print("mine"); os._exit(0)'
			"local/python3.$v/site-packages/x.pth" 'import os; print("mine"); os._exit(0)')
	done
	a=$(assignment site '"files": [{"from": "grader/", "to": "/grader"}],
		"build": [{"run": ["sh", "-c", "mkdir -p ~/.local; cp -r local ~/.local/lib"]}], "tests": [
		{"name": "harness", "run": ["python3", "/grader/harness.py"], "exit": 3},
		{"name": "import", "run": ["python3", "main.py"], "stdout": "out"}]' \
		grader/harness.py 'import sys; sys.exit(3)' out helper)
	submission=$(archive s.tar main.py 'import helper' helper.py 'print("helper")' "${files[@]}")
	grade -a "$a" "$submission"
	expect_verdict passed none 0
	# A teacher who wants the old HOME has it without this hole.
	a=$(assignment site2 '"home": "work", "files": [{"from": "grader/", "to": "/grader"}], "build": [],
		"tests": [{"name": "harness", "run": ["python3", "/grader/harness.py"], "exit": 3}]' grader/harness.py 'import sys; sys.exit(3)')
	grade -a "$a" "$submission"
	expect_verdict passed none 0
}

# in_host COMMAND - whether a box of the image `host` runs it.
in_host() {
	grade -i host "$(archive probe.tar x x)" -- sh -c "$1"
	[ "$(field verdict "$result")" = passed ]
}

# go_course MORE - grade a package of Go; $output is which packages `go test` compiles in a test.
go_course() {
	local a
	a=$(assignment go "$1"'"image": "host", "limits": {"cpu": "60s", "memory": "1G", "processes": 200},
		"build": [{"run": ["rm", "-rf", ".go-build"]}, {"run": ["go", "test", "-run", "^$", "."]},
			{"run": ["go", "test", "-c", "-o", "sum.test", "."]}],
		"tests": [{"name": "binary", "run": ["./sum.test"]},
			{"name": "cache", "run": ["sh", "-c", "go test -x . 2>&1 | grep -o \"compile .*-p [^ ]*\" | sed \"s/.* //\""]}]')
	grade -a "$a" "$(archive go.tar go.mod $'module sum\n\ngo 1.18\n' .go-build/README 'handed in' \
		sum.go $'package sum\n\nfunc Add(a, b int) int { return a + b }\n' \
		sum_test.go $'package sum\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal()\n\t}\n}\n')"
	expect verdict passed
	output=$(field steps.4.stdout.text "$result")
}

@test "Go: a test compiles nothing again where the build filled a cache in the work folder" {
	in_host 'go version' || skip "go is not installed"
	go_course ''
	[[ $output == *sum* ]] || fail "without a cache: $output"
	go_course '"env": {"GOCACHE": "/work/.go-build"},'
	# The program of the test is linked from main, which go writes each time.
	[[ $output != *sum* ]] || fail "with one: $output"
}

# plot MORE - grade a program that plots; $output is what matplotlib reports in a test.
plot() {
	local a program='import logging; logging.basicConfig(level=logging.INFO); import matplotlib; matplotlib.use(\"Agg\")
		import matplotlib.pyplot as p; p.plot([1, 2]); p.savefig(\"x.png\")'
	a=$(assignment plot "$1"'"image": "host", "limits": {"cpu": "60s", "memory": "1G"},
		"build": [{"run": ["python3", "-c", "import matplotlib.pyplot"]}],
		"tests": [{"name": "plot", "run": ["python3", "-c", "'"${program//$'\n\t\t'/; }"'"]}]')
	grade -a "$a" "$(archive s.tar x x)"
	expect verdict passed
	output=$(field steps.1.stderr.text "$result")
}

@test "matplotlib: a test looks for no fonts that the build found" {
	in_host 'python3 -c "import matplotlib"' || skip "matplotlib is not installed"
	plot ''
	[[ $output == *fontManager* ]] || fail "without a cache: $output"
	plot '"env": {"MPLCONFIGDIR": "/work/.mpl"},'
	[[ $output != *fontManager* ]] || fail "with one: $output"
}
