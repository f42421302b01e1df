#!/bin/bash
# check-releases.sh - builds and tests in root folders of Debian releases: with their compilers,
# libraries and engines, on this host's kernel.
#
# usage: check-releases.sh [-s|-x] [-c FOLDER] RELEASE...      or: check-releases.sh -n RELEASE...
#   -s  short: gcc alone, of the tests those of the verdicts
#   -x  cross-built for aarch64 instead; unit tests alone, under qemu-user
#   -c  where root folders are kept (default: build/releases); remove FOLDER/RELEASE for newer packages
#   -n  only say whether this host has what it takes: exit status 0, or 125 and what is missing
#
# One line a suite, after it what a failed one said; the last line is the sum, alone. Exit status 1
# when anything failed, 2 usage, 125 when a root folder could not be made or entered.
#
# Packages come from the mirror that this host's apt uses for its own release. A root folder that is
# whole is used again while scripts/install-deps.sh is as it was. Nothing is written into it: what
# builds and tests write lies in memory. They have mounts, processes, network and System V objects
# of their own, all of which ends with this script, however that ends. Shared with the host are the
# kernel, the tree of cgroups, and the slots of runners in /run/moulette.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
PATH=$PATH:/usr/sbin:/sbin

fail() { echo "check-releases: $*" >&2; exit 125; }

form='' purpose=engine suffix='' ask='' cache=$PWD/build/releases
while getopts nsxc: letter; do
	case $letter in
	n) ask=1 ;;
	s) form=-s purpose=verdicts ;;
	x) form=-x purpose=arm64 suffix=-arm64 ;;
	c) cache=$OPTARG ;;
	*) sed -n '5,9s/^# *//p' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -eq 0 ]; then
	echo "check-releases: no release given, as bookworm, trixie or sid" >&2
	exit 2
fi
for release; do
	case $release in
	*[!a-z0-9]* | '') echo "check-releases: '$release' is not the name of a release" >&2; exit 2 ;;
	esac
done

needs() {
	[ "$(id -u)" = 0 ] || fail "must be root"
	local program
	for program in mmdebstrap apt-get unshare pivot_root tar; do
		command -v "$program" >/dev/null || fail "$program not found; try scripts/install-deps.sh test"
	done
}

# The site from which this host's apt has its own release.
find_mirror() {
	local id codename
	# shellcheck disable=SC1091
	read -r id codename < <(. /etc/os-release && echo "${ID:-none} ${VERSION_CODENAME:-none}")
	[ "$id" = debian ] || fail "this host is not Debian, its apt names no mirror of Debian"
	# shellcheck disable=SC2016 # apt replaces them
	apt-get indextargets --no-release-info --format '$(SITE) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null |
		awk -v own="$codename" '$3 == "main" && ($2 == own || $2 ~ /^(stable|testing|unstable|sid)$/) { print $1; exit }'
}

# Proxies, certificates, and what a mirror of old packages needs.
apt_options() {
	apt-config dump --no-empty --format '%f "%v";%n' Acquire::http Acquire::https \
		Acquire::Check-Valid-Until Acquire::Check-Date | grep '^Acquire::'
	printf '%s\n' 'Acquire::Retries "3";' 'Acquire::Languages "none";' 'APT::Install-Recommends "false";'
}

mirror_has() { # RELEASE
	/usr/lib/apt/apt-helper -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
		download-file "$mirror/dists/$1/InRelease" "$work/InRelease" >"$work/log" 2>&1 ||
		fail "'$mirror' has no release '$1', or cannot be reached"
}

children=() new=
# Everything in there is killed with its first process, which takes its time to die.
# shellcheck disable=SC2317 # called by the traps
clean_up() {
	trap '' INT TERM HUP
	# A trap may run where this shell itself holds the pipe to tee.
	exec >/dev/null
	[ ${#children[@]} -eq 0 ] || kill -KILL "${children[@]}" 2>/dev/null
	[ ${#children[@]} -eq 0 ] || wait "${children[@]}"
	local _
	for _ in {1..50}; do
		rm -rf --one-file-system "$work" ${new:+"$new"} 2>/dev/null && break
		sleep 0.1
	done
	[ ${#children[@]} -eq 0 ] || sweep_slots
}

# What runners that were killed left in the tree of cgroups, as the next runner would find it: a
# slot that is marked, and whose lock is free.
# shellcheck disable=SC2016,SC2317
sweep_slots() {
	local slot
	for slot in /run/moulette/slots/*; do
		[ ! -s "$slot" ] || flock -n "$slot" bash -c '
			for _ in {1..50}; do
				left=$(find /sys/fs/cgroup -depth -type d -path "*/moulette/s$1/*" -o -type d -path "*/moulette/s$1")
				[ -n "$left" ] || exec truncate -s 0 "$2"
				rmdir $left 2>/dev/null || sleep 0.1
			done' sweep "${slot##*/}" "$slot"
	done
}

# In the background, so that a signal to this script alone is noticed at once.
run() {
	"$@" &
	children=($!)
	local status=0
	wait $! || status=$?
	children=()
	return "$status"
}

# --- the root folder

stamp_of() { # PURPOSE
	echo "$1 $(sha256sum <scripts/install-deps.sh)"
}

fill_root() { # RELEASE
	local purposes=(build run "$purpose") architectures=amd64 options=() line name kept=()
	for name in http_proxy https_proxy ftp_proxy no_proxy; do
		[ -z "${!name:-}" ] || kept+=("$name=${!name}")
	done
	[ "$form" != -x ] || purposes=(arm64) architectures=amd64,arm64
	while IFS= read -r line; do options+=(--aptopt="$line"); done < <(apt_options)
	exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
		env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 TMPDIR="$work" ${kept[@]+"${kept[@]}"} \
		mmdebstrap --mode=root --variant=apt --format=directory --skip=output/dev \
		--dpkgopt=force-unsafe-io "${options[@]}" \
		--customize-hook='copy-in scripts/install-deps.sh /tmp' \
		--customize-hook="chroot \"\$1\" bash /tmp/install-deps.sh ${purposes[*]}" \
		--architectures="$architectures" "$1" "$new" "$mirror" >"$work/log" 2>&1
}

make_root() { # RELEASE
	local root=$cache/$1$suffix
	# What the long form needs has all that the short one needs.
	case $(cat "$root.made-for" 2>/dev/null) in
	"$(stamp_of "$purpose")" | "$(stamp_of "${purpose/verdicts/engine}")")
		printf '%s: root folder of %s\n' "$1" "$(date -r "$root.made-for" +%F)"
		return
		;;
	esac
	local began=$SECONDS
	rm -rf --one-file-system "$root" "$root.made-for"
	mkdir -p "$cache" || fail "cannot make '$cache'"
	new=$root.new.$$
	if ! run fill_root "$1"; then
		tail -n 30 "$work/log" >&2
		fail "could not make the root folder of '$1'"
	fi
	mv -T "$new" "$root"
	new=
	stamp_of "$purpose" >"$root.made-for"
	printf '%s: root folder made  (%d s)\n' "$1" $((SECONDS - began))
}

# --- inside

# Devices are made anew: an engine that gives one to a box's user would take the host's. The sources
# are copied to where they can be written.
enter_root() { # RELEASE
	# shellcheck disable=SC2016 # expanded by the inner shell
	exec setpriv --pdeathsig KILL unshare --mount --pid --net --ipc --uts --fork --kill-child \
		--propagation private bash -euc '
		work=$1 lower=$2 release=$3 form=$4 factor=$5 sources=$PWD
		mkdir -p -m 711 /run/moulette/slots
		mount -t tmpfs -o mode=755 none "$work"
		cd "$work"
		mkdir lower upper work root
		mount --bind "$lower" lower
		mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none root
		cd root
		mkdir -p proc sys dev run tmp moulette old
		mount -t proc -o nosuid,nodev,noexec proc proc
		mount -t sysfs -o nosuid,nodev,noexec sysfs sys
		mount --rbind /sys/fs/cgroup sys/fs/cgroup
		mount -t tmpfs -o nosuid,mode=755 none dev
		mkdir dev/pts dev/shm dev/mqueue
		for node in null:3 zero:5 full:7 random:8 urandom:9; do
			mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"
		done
		mknod -m 666 dev/tty c 5 0
		mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=666,mode=620 none dev/pts
		mount -t tmpfs -o nosuid,nodev,mode=1777 none dev/shm
		mount -t mqueue -o nosuid,nodev,noexec none dev/mqueue
		ln -s pts/ptmx dev/ptmx
		ln -s /proc/self/fd dev/fd
		for number in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${number%:*}" "dev/${number#*:}"; done
		mount -t tmpfs -o nosuid,nodev,mode=755 none run
		mkdir -m 1777 run/lock
		mkdir -p -m 711 run/moulette/slots
		mount --bind /run/moulette/slots run/moulette/slots
		mount -t tmpfs -o nosuid,nodev,mode=1777 none tmp
		tar -C "$sources" --exclude=./build --exclude=./.git -cf - . | tar -C moulette -xf -
		hostname "$release"
		ip link set lo up
		pivot_root . old
		cd /moulette
		umount -l /old
		rmdir /old
		exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
			LANG=C.UTF-8 TMPDIR=/tmp MOULETTE_TIME_FACTOR="$factor" \
			/bin/bash scripts/release-suites.sh $form "$release"
	' enter "$work/root" "$cache/$1$suffix" "$1" "$form" "${MOULETTE_TIME_FACTOR:-1}"
}

# Its lines go on to stdout, and its sum into the sums.
test_root() { # RELEASE
	local p='' f='' s='' status=0
	run enter_root "$1" </dev/null > >(tee "$work/said" | sed '/^[0-9]* passed, [0-9]* failed, [0-9]* skipped$/d') 2>&1 || status=$?
	wait
	read -r p f s < <(sum_of "$work/said")
	[ -n "$s" ] || fail "the suites of '$1' ended with status $status and without a sum"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

needs
work=$(mktemp -d "${TMPDIR:-/tmp}/moulette-releases.XXXXXX")
mkdir "$work/root"
# shellcheck source=scripts/suites.bash
. scripts/suites.bash
trap clean_up EXIT
# The same signal may have ended tee. A trap catches SIGPIPE here alone; the tested programs would inherit an
# ignored one.
trap : PIPE
# A second signal must not end the cleaning up after the first.
trap 'trap "" INT TERM HUP; exit 130' INT
trap 'trap "" INT TERM HUP; exit 143' TERM HUP
mirror=$(find_mirror) || exit
[ -n "$mirror" ] || fail "apt of this host names no source of its own release (apt-get indextargets)"
for release; do mirror_has "$release"; done
[ -z "$ask" ] || exit 0
for release; do
	make_root "$release"
	test_root "$release"
done
sum_up
