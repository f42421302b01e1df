#!/bin/bash
# e2e.sh - the end-to-end tests: all of them with the first engine named, those that are tagged
# "engine" with the others too.
#
# usage: e2e.sh [-t TAG] ENGINE...       -t: with the first engine tests with this tag alone; "!TAG": those without
# MOULETTE is the program (default: build/release/moulette). Output is TAP, one stream an engine.
set -euo pipefail
cd "$(dirname "$0")/.."

tag=
while getopts t: letter; do
	case $letter in
	t) tag=$OPTARG ;;
	*) echo "usage: e2e.sh [-t TAG] ENGINE..." >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))

export MOULETTE=${MOULETTE:-$PWD/build/release/moulette}
status=0
for engine; do
	echo "# stream: $MOULETTE, $engine"
	MOULETTE_ENGINE=$engine bats --formatter tap ${tag:+--filter-tags "$tag"} tests/e2e || status=1
	tag=engine
done
exit "$status"
