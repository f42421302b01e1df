#!/bin/bash
# e2e.sh - the end-to-end tests: all of them with the first engine named, those that are tagged
# "engine" with the others too.
#
# usage: e2e.sh [-t TAG]... [-o TAG]... ENGINE...
#   -t  with the first engine tests with this tag alone; "!TAG": those without; "ONE,OTHER": with both
#   -o  likewise with the other engines (default: engine). Several -t or -o: tests that fit one of them
# MOULETTE is the program (default: build/release/moulette). Output is TAP, one stream an engine.
set -euo pipefail
cd "$(dirname "$0")/.."

first=() others=()
while getopts t:o: letter; do
	case $letter in
	t) first+=(--filter-tags "$OPTARG") ;;
	o) others+=(--filter-tags "$OPTARG") ;;
	*) echo "usage: e2e.sh [-t TAG]... [-o TAG]... ENGINE..." >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ ${#others[@]} -gt 0 ] || others=(--filter-tags engine)

export MOULETTE=${MOULETTE:-$PWD/build/release/moulette}
status=0
tags=("${first[@]}")
for engine; do
	echo "# stream: $MOULETTE, $engine"
	MOULETTE_ENGINE=$engine bats --formatter tap "${tags[@]}" tests/e2e || status=1
	tags=("${others[@]}")
done
exit "$status"
