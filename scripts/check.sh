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
beside=''
trap '[ -z "$beside" ] || { kill -- -"$beside"; wait "$beside"; } 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export MOULETTE_HOME=$work/home
unset MOULETTE_ENGINE MOULETTE_PROFILES

# shellcheck source=scripts/suites.bash
. scripts/suites.bash

build() { # FOLDER VARIANT
	make --no-print-directory -s -j "$(nproc)" O="build/$1" V="$2" WERROR=-Werror all "build/$1/unit" "build/$1/bench"
}

# The time that a test has is there for one that hangs; a busy machine is not.
unit() { # FOLDER
	CK_TIMEOUT_MULTIPLIER=10 CK_TAP_LOG_FILE_NAME=$work/check.tap "build/$1/unit"
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
		scripts/vm.sh -t 900 bats --formatter tap --filter-tags '!slow' tests/e2e/limits.bats tests/e2e/nesting.bats \
		tests/e2e/fair.bats
}

# A sanitizer walks all that was freed and is kept at the end of each process; 1 MB of it is enough for
# processes that live a second, and takes a third of the time of its 256.
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64
export UBSAN_OPTIONS=print_stacktrace=1

# The tests with sanitizers and with another release, beside the others: two lines of tests keep two processors
# busy, and half of the time of one is waiting. It runs in a shell of its own, whose output is that of
# a suite of suites.
second_line() {
	local why
	work=$work/second passed=0 failed=0 skipped=0 names=()
	mkdir "$work"
	if suite "build asan" plain build asan asan; then
		suite "unit, sanitized" tap unit asan
		# Not those of the manual, the bench and the scripts: they are other programs than moulette. Nor
		# those of what a box holds, where the work is the kernel's, nor those of archives of images, which
		# the unit tests read with sanitizers too, nor the slow ones, where others' programs work for a
		# minute, nor those where the host refuses something or is traced, which a sanitizer does not stand.
		suite "end to end, sanitized" tap e2e asan -t '!tools,!box,!images,!slow,!host,!alone' crun
	fi
	# With other compilers, libraries and engines; `make check-releases` runs all there.
	if why=$(scripts/check-releases.sh -n trixie 2>&1); then
		suite "Debian 13" sum scripts/check-releases.sh -s trixie
	else
		skip "Debian 13" "$why"
	fi
	sum_up
}

second_ended() {
	wait "$beside"
	beside=''
	cat "$work/second.log"
}

scripts/install-deps.sh build run test || exit 1
suite "layers" plain scripts/check-layers.sh
if suite "build gcc" plain build gcc release; then
	# As a job it has a process group, which ends as a whole.
	set -m
	second_line >"$work/second.log" 2>&1 </dev/null &
	beside=$!
	set +m
	suite "lint" plain scripts/lint.sh
	suite "unit" tap unit gcc
	suite "docs" plain make --no-print-directory O=build/gcc docs
	# `make e2e` runs those that wait for minutes, too, and with runc all that rest upon an engine.
	suite "end to end" tap e2e gcc -t '!long,!alone' -o 'box,!alone' -o 'verdicts,!alone' crun runc
	suite "faults" tap faults gcc
	suite "install" tap scripts/check-install.sh build/gcc
	suite "build clang" plain build clang clang
	suite "beside them" sum second_ended
	# What measures the host, or is a host of its own.
	suite "alone" tap e2e gcc -t 'alone,!long' -o 'alone,box' crun runc
	if why=$(scripts/vm.sh -n 2>&1); then
		suite "cgroup v2" tap v2 gcc
	else
		skip "cgroup v2" "$why"
	fi
fi

sum_up
