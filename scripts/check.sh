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
others=''
trap '[ -z "$others" ] || kill "$others" 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export MOULETTE_HOME=$work/home
unset MOULETTE_ENGINE MOULETTE_PROFILES

# shellcheck source=scripts/suites.bash
. scripts/suites.bash

build() { # FOLDER VARIANT [exec]
	${3:-} make --no-print-directory -s -j "$(nproc)" O="build/$1" V="$2" WERROR=-Werror all "build/$1/unit" "build/$1/bench"
}

# The builds that are needed later, one after the other, while the tests before wait for clocks and boxes.
build_others() {
	local variant job
	trap 'kill "$job" 2>/dev/null; exit 143' TERM
	for variant in clang asan; do
		build $variant $variant exec >"$work/$variant.log" 2>&1 &
		job=$!
		wait "$job"
		echo $? >"$work/$variant.status"
	done
}

built() { # VARIANT
	while [ ! -e "$work/$1.status" ] && kill -0 "$others" 2>/dev/null; do
		sleep 0.2
	done
	cat "$work/$1.log"
	return "$(cat "$work/$1.status")"
}

# A sanitizer walks all that was freed and is kept at the end of each test; 1 MB of it is enough for
# tests that are a process each, and takes a third of the time of its 256. The time that a test has is
# there for one that hangs; a busy machine is not.
unit() { # FOLDER
	CK_TIMEOUT_MULTIPLIER=10 ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1:thread_local_quarantine_size_kb=64 \
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
		scripts/vm.sh -t 900 bats --formatter tap --filter-tags '!slow' tests/e2e/limits.bats tests/e2e/nesting.bats \
		tests/e2e/fair.bats
}

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1

scripts/install-deps.sh build run test || exit 1
suite "layers" plain scripts/check-layers.sh
suite "lint" plain scripts/lint.sh
suite "build gcc" plain build gcc release
built_gcc=$?
build_others &
others=$!
if [ "$built_gcc" -eq 0 ]; then
	suite "unit" tap unit gcc
	suite "docs" plain make --no-print-directory O=build/gcc docs
	suite "end to end" tap e2e gcc -t '!long' crun runc
	if why=$(scripts/vm.sh -n 2>&1); then
		suite "cgroup v2" tap v2 gcc
	else
		skip "cgroup v2" "$why"
	fi
	suite "faults" tap faults gcc
	suite "install" tap scripts/check-install.sh build/gcc
fi
suite "build clang" plain built clang
# With other compilers, libraries and engines; `make check-releases` runs all there.
if why=$(scripts/check-releases.sh -n trixie 2>&1); then
	suite "Debian 13" sum scripts/check-releases.sh -s trixie
else
	skip "Debian 13" "$why"
fi
if suite "build asan" plain built asan; then
	suite "unit, sanitized" tap unit asan
	# Not those of the manual, the bench and the scripts: they are other programs than moulette. Nor
	# the slow ones, where others' programs work for a minute, nor those where the host refuses something
	# or is traced, which a sanitizer does not stand.
	suite "end to end, sanitized" tap e2e asan -t '!tools,!slow,!host' crun
fi

sum_up
