#!/bin/bash
# check-install.sh - `make install` puts everything where it belongs, the installed program needs
# nothing of the source tree, and `make uninstall` takes away what was installed and nothing else.
#
# usage: check-install.sh BUILD              BUILD: a folder of `make O=...`, brought up to date
# TAP on stdout. The last part grades a program with the source tree hidden, and needs root.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
source_tree=$PWD
build=$1

work=$(mktemp -d "${TMPDIR:-/tmp}/moulette-install.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
export MOULETTE_HOME=$work/home
unset MOULETTE_PROFILES

number=0
test_is() { # NAME COMMAND...
	local name=$1
	shift
	number=$((number + 1))
	if "$@" >"$work/log" 2>&1; then
		echo "ok $number install: $name"
	else
		echo "not ok $number install: $name"
		sed 's/^/# /' "$work/log"
	fi
}

install_into() { # PREFIX DESTDIR
	make --no-print-directory O="$build" PREFIX="$1" DESTDIR="$2" install
}

all_there() { # ROOT
	local path missing=0
	for path in bin/moulette libexec/moulette/moulette-init libexec/moulette/moulette-unpack libexec/moulette/moulette-image share/moulette/profiles/base.json \
		share/moulette/profiles/base.seccomp.json share/moulette/profiles/languages.json share/man/man1/moulette.1 \
		share/man/man5/moulette-{assignment,image,profile,result}.5 share/bash-completion/completions/moulette \
		share/zsh/site-functions/_moulette share/fish/vendor_completions.d/moulette.fish \
		lib/systemd/system/moulette-batch@.service \
		$(cd bundles && find . -type f -printf 'share/moulette/bundles/%P\n'); do
		[ -s "$1/$path" ] || { echo "missing or empty: $path"; missing=1; }
	done
	return "$missing"
}

# The source tree is covered by an empty folder: what still works does not need it.
works_alone() {
	printf '#!/bin/sh\necho installed\n' >"$work/hello.sh"
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount bash -c '
		mount -t tmpfs none "$1" && cd / && cd "$3" &&
		"$2/bin/moulette" profile list &&
		"$2/bin/moulette" spec -i busybox -- true >spec.json &&
		"$2/bin/moulette" run -i busybox hello.sh -- /bin/sh hello.sh
	' works_alone "$source_tree" "$work/prefix" "$work"
}

# systemd looks for the program, too.
unit_is_valid() {
	local said
	said=$(systemd-analyze verify --man=no "$work/prefix/lib/systemd/system/moulette-batch@.service" 2>&1) || true
	[ -z "$said" ] || { echo "$said"; return 1; }
}

uninstall_from() { # PREFIX DESTDIR
	make --no-print-directory O="$build" PREFIX="$1" DESTDIR="$2" uninstall
}

files_of() { # FOLDER - what is no folder in it, and the folders that are moulette's own
	(cd "$1" && find . ! -type d -o -path '*/moulette*') | sort
}

# What others put beside it stays, a profile of the administrator's among it.
uninstalled() {
	local before after
	mkdir -p "$work/prefix/share/man/man1"
	echo other >"$work/prefix/bin/other"
	echo '{}' >"$work/prefix/share/moulette/profiles/own.json"
	echo other >"$work/prefix/share/man/man1/other.1"
	before=$(printf './%s\n' bin/other share/man/man1/other.1 share/moulette share/moulette/profiles \
		share/moulette/profiles/own.json)
	uninstall_from "$work/prefix" "" || return
	after=$(files_of "$work/prefix")
	diff <(sort <<<"$before") <(echo "$after") || return
	rm "$work/prefix/share/moulette/profiles/own.json"
	uninstall_from "$work/prefix" "" || return # what is not there is no error
	[ ! -e "$work/prefix/share/moulette" ]
}

echo 1..7
test_is "into a prefix" install_into "$work/prefix" ""
test_is "every file is there" all_there "$work/prefix"
test_is "the program works without the source tree" works_alone
if command -v systemd-analyze >/dev/null; then
	test_is "the unit has no mistake that systemd knows" unit_is_valid
else
	number=$((number + 1))
	echo "ok $number install: the unit has no mistake that systemd knows # skip systemd-analyze is not installed"
fi
test_is "uninstall leaves what others put there" uninstalled
# Last, because it leaves the build with the default prefix compiled in.
staged() { install_into /usr/local "$work/stage" && all_there "$work/stage/usr/local"; }
test_is "below a DESTDIR" staged
unstaged() { uninstall_from /usr/local "$work/stage" && [ -z "$(files_of "$work/stage/usr/local")" ]; }
test_is "nothing is left below the DESTDIR" unstaged
