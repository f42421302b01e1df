#!/bin/bash
# demo.sh - installs what is needed, builds, and grades the example submissions of tests/data/demo.
#
# Each command is printed as one would type it, then run. Everything is kept below build/demo.
# Exit status 0: every submission got the verdict that it must get.
set -euo pipefail
cd "$(dirname "$0")/.."

examples=tests/data/demo
unset MOULETTE_ENGINE MOULETTE_PROFILES

step() { printf '\n== %s\n' "$*"; }

# show COMMAND...: print it, run it; its status is in $status.
show() {
	printf '\n$ %s\n' "$*"
	status=0
	"$@" || status=$?
}

# demo VERDICT SUBMISSION: grade it and compare the verdict with what it must be.
wrong=0
demo() {
	local want=$1 file=$2 report got
	report=build/demo/$(basename "${file%%.*}").json
	rm -f "$report"
	show moulette run -a $examples/assignment -f text -f "json:$report" "$file"
	got=$(grep -so '"verdict": *"[a-z_]*"' "$report" | head -n 1 | cut -d '"' -f 4) || true
	if [ "$got" != "$want" ] || [ "$status" != "$([ "$want" = passed ] && echo 0 || echo 1)" ]; then
		echo "demo: expected the verdict $want, got '$got' (exit status $status)" >&2
		wrong=$((wrong + 1))
	fi
}

step "what is needed (nothing is installed when all of it is there)"
show scripts/install-deps.sh build run
[ "$status" = 0 ] || exit 1

step "build"
show make --no-print-directory -s -j "$(nproc)" all
[ "$status" = 0 ] || exit 1

# shellcheck disable=SC2016 # shown as one types it
printf '\n$ export PATH=$PWD/build/release:$PATH MOULETTE_HOME=$PWD/build/demo/home\n'
export PATH=$PWD/build/release:$PATH MOULETTE_HOME=$PWD/build/demo/home

step "an image: the programs of this host, read-only, and nothing else of it"
mkdir -p build/demo
show moulette image build host
[ "$status" = 0 ] || exit 1

step "six submissions: archives or folders, the assignment is to add two numbers"
show tar -C $examples -czf build/demo/correct.tar.gz correct
show tar -C $examples -cf build/demo/wrong.tar wrong
demo passed build/demo/correct.tar.gz
demo wrong_answer build/demo/wrong.tar
demo runtime_error $examples/crash
demo time_limit $examples/loop
demo memory_limit $examples/memory
demo process_limit $examples/forkbomb

if [ "$wrong" -gt 0 ]; then
	echo "demo: $wrong of 6 submissions did not get their verdict" >&2
	exit 1
fi
cat <<'END'

All six got the verdict that they must get. What to try next, from this folder:

  export PATH=$PWD/build/release:$PATH MOULETTE_HOME=$PWD/build/demo/home
  moulette run tests/data/demo/correct                      the built-in assignment: make, then its tests
  moulette run -f json tests/data/demo/crash                everything that was measured
  moulette run -i busybox tests/data/demo/correct -- ls -l  any command in a box
  moulette spec -- ./sum                                    the config.json that makes the box
  moulette --help;  man runner/man/moulette.1
END
