# fair.bash - a program that uses as much CPU time as it is told, and tests of it.

# spinner - $spin: a submission with the program.
spinner() {
	need_engine
	command -v cc >/dev/null || skip "no C compiler"
	local folder=$BATS_TEST_TMPDIR/spin
	mkdir "$folder"
	printf '%s\n' '#include <stdlib.h>' '#include <time.h>' \
		'int main(int argc, char **argv) { struct timespec t; do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);' \
		'while (t.tv_sec * 1e3 + t.tv_nsec / 1e6 < atof(argv[argc - 1])); return 0; }' >"$folder/spin.c"
	cc -O1 -o "$folder/spin" "$folder/spin.c"
	spin=$BATS_TEST_TMPDIR/spin.tar
	tar -C "$folder" -cf "$spin" spin
}

# tests_of LIMITS TEST... - an assignment; each TEST is "NAME MILLISECONDS" of CPU time.
tests_of() {
	local limits=$1 list='' name ms
	shift
	for t; do
		read -r name ms <<<"$t"
		list+="${list:+, }{\"name\": \"$name\", \"run\": [\"./spin\", \"$ms\"]}"
	done
	assignment fair "\"limits\": $limits, \"build\": [], \"tests\": [$list]"
}

# number EXPRESSION - Python over the steps of the result, s.
number() {
	python3 -c 'import json, sys; s = json.load(open(sys.argv[1]))["steps"]; sys.exit(not eval(sys.argv[2]))' "$result" "$1" ||
		fail "does not hold: $1"
}
