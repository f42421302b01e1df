#!/bin/bash
# coverage.sh - how much of runner/ the tests reach: `make V=cov check`.
#
# usage: coverage.sh [-u]
#   -u  unit tests alone
# Runs the unit tests and a part of the end-to-end tests that reaches every stage in a few minutes, all built
# with gcov, and prints a table of lines and branches for each folder of runner/. Exit status 1 when a test
# fails, or less than LINES_LEAST % of the lines or BRANCHES_LEAST % of the branches are reached.
#
# Not counted: what a process does that is killed, and what the confined children of unpack/ and image/ do
# behind their filter of system calls, for they cannot open the files of gcov. The unit tests call most
# of that in their own process. moulette-init is never instrumented.
set -euo pipefail
cd "$(dirname "$0")/.."

LINES_LEAST=85
BRANCHES_LEAST=70
build=build/cov
ends=(tests/e2e/{assignment,batch,between,builtin,config,doctor,gc,image,image_store}.bats
	tests/e2e/{intake,kill,list,logs,network,peers,run,stdout}.bats)

work=$(mktemp -d "${TMPDIR:-/tmp}/moulette-coverage.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# shellcheck source=scripts/suites.bash
. scripts/suites.bash
export MOULETTE_HOME=$work/home
unset MOULETTE_ENGINE MOULETTE_PROFILES

unit() {
	CK_TIMEOUT_MULTIPLIER=20 CK_TAP_LOG_FILE_NAME=$work/check.tap "$build/unit"
}

e2e() {
	MOULETTE=$PWD/$build/moulette MOULETTE_ENGINE=crun \
		bats --formatter tap --filter-tags '!slow,!long,!alone' "${ends[@]}"
}

# gcovr's summary, which has a row for each file, as a table of folders.
by_folder() {
	python3 -c '
import json, sys
rows = {}
for f in json.load(sys.stdin)["files"]:
    row = rows.setdefault(f["filename"].rsplit("/", 1)[0], [0, 0, 0, 0])
    for i, key in enumerate(("line_total", "line_covered", "branch_total", "branch_covered")):
        row[i] += f[key]
rows = sorted(rows.items()) + [("total", [sum(r[i] for r in rows.values()) for i in range(4)])]
print("%-20s %8s %7s %9s %7s" % ("", "lines", "", "branches", ""))
for name, (lines, hit, branches, taken) in rows:
    shares = 100 * hit / max(lines, 1), 100 * taken / max(branches, 1)
    print("%-20s %8d %6.1f%% %9d %6.1f%%" % (name, lines, shares[0], branches, shares[1]))
lines, hit, branches, taken = rows[-1][1]
least = [float(a) for a in sys.argv[1:]]
sys.exit(hit * 100 < least[0] * lines or taken * 100 < least[1] * branches)
' "$@"
}

scripts/install-deps.sh build run test || exit 1
make --no-print-directory -s -j "$(nproc)" V=cov all $build/unit
find $build -name '*.gcda' -delete
status=0
suite "unit" tap unit || status=1
[ "${1:-}" = -u ] || suite "end to end, a part" tap e2e || status=1
gcovr --root . --filter runner/ --json-summary - "$build" | by_folder "$LINES_LEAST" "$BRANCHES_LEAST" || {
	echo "coverage: below $LINES_LEAST % of lines or $BRANCHES_LEAST % of branches" >&2
	status=1
}
[ "$status" -eq 0 ]
