#!/bin/bash
# check.sh - every test: installs what they need, builds three ways, runs each suite, adds up.
#
# One line a suite; what a failed one said follows it. The last line is the sum, alone:
# "N passed, N failed, N skipped". Exit status 1 when anything failed.
#
# The builds have folders of their own, so that the developer's build/release is left alone:
#   build/gcc    as released, warnings are errors     build/asan   ASan and UBSan, likewise
#   build/clang  compiled for its warnings only
set -uo pipefail
cd "$(dirname "$0")/.." || exit

work=$(mktemp -d "${TMPDIR:-/tmp}/moulette-check.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export MOULETTE_HOME=$work/home
unset MOULETTE_ENGINE MOULETTE_PROFILES

passed=0 failed=0 skipped=0

# What of a failed suite is worth reading: the failed tests with their comments, else the end.
show_failures() {
	awk '
	/^not ok / { show = 1 }
	/^ok / { show = 0 }
	show { print "  | " $0 }
	' "$1"
	grep -q '^not ok ' "$1" || tail -n 30 "$2" | sed 's/^/  | /'
}

# suite NAME tap|plain COMMAND...: a plain one counts as one test.
suite() {
	local name=$1 kind=$2 status=0 p=0 f=0 s=0 began=$SECONDS tap=$work/tap log=$work/log
	shift 2
	: >"$tap"
	if [ "$kind" = tap ]; then
		"$@" >"$log" 2>&1 || status=$?
		mv "$work/check.tap" "$tap" 2>/dev/null || cp "$log" "$tap"
		read -r p f s < <(scripts/count-tap.sh <"$tap")
		# A suite that dies after its last test, or finds a leak, has not passed.
		[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || f=1
	else
		"$@" >"$log" 2>&1 && p=1 || f=1
	fi
	printf '%-22s %4d passed, %d failed, %d skipped  (%d s)\n' "$name" "$p" "$f" "$s" $((SECONDS - began))
	[ "$f" -eq 0 ] || show_failures "$tap" "$log"
	grep '^ok .* # skip' "$tap" | sed 's/^ok [0-9]* /  skipped: /' | sort -u
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ "$f" -eq 0 ]
}

# skip NAME REASON: a suite that cannot run here.
skip() {
	printf '%-22s %4d passed, 0 failed, 1 skipped\n  skipped: %s\n' "$1" 0 "$2"
	skipped=$((skipped + 1))
}

build() { # FOLDER VARIANT
	make --no-print-directory -s -j "$(nproc)" O="build/$1" V="$2" WERROR=-Werror all "build/$1/unit" "build/$1/bench"
}

# A sanitizer walks all that was freed and is kept at the end of each test; 1 MB of it is enough for
# tests that are a process each, and takes a third of the time of its 256.
unit() { # FOLDER
	ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=64 \
		CK_TAP_LOG_FILE_NAME=$work/check.tap "build/$1/unit"
}

e2e() { # FOLDER ENGINE...
	local folder=$1
	shift
	MOULETTE=$PWD/build/$folder/moulette scripts/e2e.sh "$@"
}

faults() { # FOLDER
	MOULETTE=$PWD/build/$1/moulette python3 tests/faults/faults.py --short
}

# What differs on a host whose cgroups are of version 2 alone; `make check-vm` runs all there.
v2() { # FOLDER
	MOULETTE=$PWD/build/$1/moulette MOULETTE_ENGINE=crun \
		scripts/vm.sh -t 900 bats --formatter tap --filter-tags '!slow' tests/e2e/limits.bats tests/e2e/nesting.bats
}

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1

scripts/install-deps.sh build run test || exit 1
suite "layers" plain scripts/check-layers.sh
suite "lint" plain scripts/lint.sh
if suite "build gcc" plain build gcc release; then
	suite "unit" tap unit gcc
	suite "docs" plain make --no-print-directory O=build/gcc docs
	suite "end to end" tap e2e gcc crun runc
	if why=$(scripts/vm.sh -n 2>&1); then
		suite "cgroup v2" tap v2 gcc
	else
		skip "cgroup v2" "$why"
	fi
	suite "faults" tap faults gcc
	suite "install" tap scripts/check-install.sh build/gcc
fi
suite "build clang" plain build clang clang
if suite "build asan" plain build asan asan; then
	suite "unit, sanitized" tap unit asan
	# Not those of the manual, the bench and the scripts: they are other programs than moulette. Nor
	# the slow ones, where others' programs work for a minute.
	suite "end to end, sanitized" tap e2e asan -t '!tools,!slow' crun
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
