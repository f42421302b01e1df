#!/bin/bash
# lint.sh - shellcheck for every script and bats file, clang-format and cppcheck for the C sources.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

status=0
shopt -s nullglob
shellcheck -x scripts/*.sh tests/images/docker.sh tests/systemd/*.sh .ci/run || status=1
shellcheck --shell bash tests/images/corpus.bash scripts/suites.bash scripts/machine.bash || status=1
tests=(tests/e2e/*.bats tests/e2e/*.bash)
# A helper's variables are used by the files that load it, and the other way round (SC2154, SC2034);
# bats runs each test in a subshell on purpose (SC2030, SC2031) and ends it at a failed cd (SC2164).
[ ${#tests[@]} -eq 0 ] ||
	shellcheck --shell bats -e SC1091,SC2016,SC2030,SC2031,SC2034,SC2154,SC2164,SC2317 "${tests[@]}" || status=1
# Releases of clang-format differ in details: the sources have the shape that this one gives them.
format=14
found=$(clang-format --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$found" = "$format" ]; then
	find runner tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror || status=1
else
	echo "lint: clang-format $format is needed to check the shape of the C sources, found ${found:-none}" >&2
fi
# What cppcheck calls an error, and no more: the compilers and sanitizers know the rest better. It
# does not know __attribute__((cleanup)) and takes every local that owns something for a leak, nor
# that a struct may carry a borrowed local down the stack. Headers of the system are not read, so
# it is told the one macro that looks like a loop.
foreach='json_object_object_foreach(o,k,v)=while (next_member(o, &k, &v))'
cppcheck --quiet --error-exitcode=1 -j "$(nproc)" --inline-suppr --suppress=memleak --suppress=resourceLeak \
	--suppress=autoVariables --std=c11 -D_GNU_SOURCE -D__linux__ -D__x86_64__ -DMOULETTE_VERSION='""' \
	-DMOULETTE_DATADIR='""' -DMOULETTE_LIBEXECDIR='""' -D"$foreach" -Irunner -Itests runner tests/bench || status=1
exit "$status"
