#!/bin/bash
# release-suites.sh - builds and tests with the compilers, libraries and engines that are installed.
#
# usage: release-suites.sh [-s|-x] NAME      NAME: begins each line, the name of the release
#   -s  short: one compiler instead of two, of the tests those of the verdicts
#   -x  cross-built for aarch64 instead; unit tests alone, under qemu-user
#
# check-releases.sh calls it in the root folder of a release. One line a suite, then the sum.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

usage() { echo "usage: release-suites.sh [-s|-x] NAME" >&2; exit 2; }

short='' cross=''
while getopts sx letter; do
	case $letter in
	s) short=1 ;;
	x) cross=1 ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage
name=$1

work=$(mktemp -d "${TMPDIR:-/tmp}/moulette-check.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
export MOULETTE_HOME=$work/home
unset MOULETTE_ENGINE MOULETTE_PROFILES

# shellcheck source=scripts/suites.bash
. scripts/suites.bash

build() { # VARIANT
	make --no-print-directory -s -j "$(nproc)" O="build/$1" V="$1" WERROR=-Werror all "build/$1/unit" "build/$1/bench"
}

unit() {
	CK_TIMEOUT_MULTIPLIER=10 CK_TAP_LOG_FILE_NAME=$work/check.tap build/release/unit
}

engine() { # ENGINE
	if [ -n "$short" ]; then
		MOULETTE_ENGINE=$1 bats --formatter tap tests/e2e/verdicts.bats
	else
		scripts/e2e.sh -t engine "$1"
	fi
}

# make, as pkg-config and the compiler of the other architecture have it.
build_arm64() {
	local lib=/usr/lib/aarch64-linux-gnu/pkgconfig
	PKG_CONFIG_LIBDIR=$lib:/usr/share/pkgconfig make --no-print-directory -s -j "$(nproc)" O=build/arm64 \
		CROSS=aarch64-linux-gnu- WERROR=-Werror all build/arm64/unit build/arm64/bench
}

# Programs for aarch64 run as any other here: in a user namespace of its own, which has formats of
# its own since Linux 6.7. Magic and mask are those of a 64-bit little-endian ELF file for machine 183.
unit_arm64() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	CK_TAP_LOG_FILE_NAME=$work/check.tap CK_DEFAULT_TIMEOUT=120 \
		unshare --user --mount --map-users 0,0,4294967294 --map-groups 0,0,4294967294 bash -euc '
		mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
		printf %s ":aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:" \
			"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:$1:F" \
			>/proc/sys/fs/binfmt_misc/register
		exec build/arm64/unit' unit "$(type -P qemu-aarch64 || type -P qemu-aarch64-static)"
}

versions() {
	local library
	printf '%s: ' "$name"
	gcc --version | sed -n '1s/.* /gcc /p'
	[ -n "$short" ] || clang --version | sed -n '1s/.*version \([0-9.]*\).*/clang \1/p'
	for library in json-c libarchive libseccomp libnftables libnl-route-3.0 smartcols nettle sqlite3; do
		echo "$library $(pkg-config --modversion "$library")"
	done
	crun --version | head -n 1
	runc --version | head -n 1
	bats --version
}

if [ -n "$cross" ]; then
	suite "$name build arm64" plain build_arm64 && suite "$name unit arm64" tap unit_arm64
	sum_up
	exit
fi
versions 2>&1 | paste -s -d , | sed 's/,/, /g; s/: ,/:/; s/ version / /g'
if suite "$name build gcc" plain build release; then
	[ -n "$short" ] || suite "$name unit" tap unit
	for engine in crun runc; do
		suite "$name $engine" tap engine "$engine"
	done
fi
[ -n "$short" ] || suite "$name build clang" plain build clang
sum_up
