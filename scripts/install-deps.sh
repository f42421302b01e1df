#!/bin/bash
# install-deps.sh - the Debian packages that a purpose needs; what is there is left alone.
#
# usage: install-deps.sh build|run|test|vm|verdicts|engine|arm64...
#   build     compilers and libraries of the program    run  engine and static busybox
#   test      what `make check` calls                   vm   what `make check-vm` calls
#   engine    what unit tests, and those end to end with the tag "engine", call
#   verdicts  what unit tests and tests/e2e/verdicts.bats call
#   arm64     what a build for aarch64 needs on another machine, and qemu-user
# Nothing is asked of the network when nothing is missing. Needs root only then.
set -euo pipefail

say() { echo "install-deps: $*" >&2; }
fail() { say "$*"; exit 1; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
# The lists are asked last: reading them takes half a second.
exists() { installed "$1" || apt-cache show "$1" >/dev/null 2>&1; }

# Compiler-rt has the compiler's version in its name, and clang 11 and older have it in another
# package, which they depend on: then there is nothing to add.
sanitizer_runtime() {
	local major
	major=$(clang -dumpversion 2>/dev/null | cut -d. -f1) || true
	[ -n "$major" ] ||
		major=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
	[ -z "$major" ] || ! exists "libclang-rt-$major-dev" || echo "libclang-rt-$major-dev"
}

# Since Debian 13 the file server of the virtual machine is a package of its own.
file_server() {
	[ -x /usr/lib/qemu/virtiofsd ] || ! exists virtiofsd || echo virtiofsd
}

# Not every release has it; tests that need it say so.
optional() {
	! exists "$1" || echo "$1"
}

# The machine of `make check-vm` boots a small kernel; it has another name in Ubuntu.
small_kernel() {
	exists linux-image-cloud-amd64 || ! exists linux-image-virtual || { echo linux-image-virtual; return; }
	echo linux-image-cloud-amd64
}

# Ubuntu 22.04 has 1.2.1, which knows no tags and runs no setup_suite.
BATS_LEAST=1.8.0
check_bats() {
	local version
	version=$(bats --version | sed 's/^Bats *//')
	printf '%s\n' "$BATS_LEAST" "$version" | sort -V -C ||
		fail "bats $version is too old: the tests need $BATS_LEAST or newer; put a newer one first in" \
			"PATH (install.sh of the project bats-core does it: ./install.sh /usr/local)"
}

packages_of() {
	case $1 in
	build) echo gcc make pkg-config libc6-dev libseccomp-dev libcap-dev libjson-c-dev libarchive-dev \
		libsqlite3-dev libsmartcols-dev nettle-dev libnl-route-3-dev libnftables-dev zlib1g-dev ;;
	run) echo crun busybox-static libnftables1 ;;
	verdicts) echo check bats runc python3 python3-jsonschema procps util-linux mount iproute2 nftables zip ;;
	engine) packages_of verdicts; echo clang g++ curl postgresql nginx-light dnsmasq-base \
		mmdebstrap unzip xz-utils bzip2 zstd sqlite3 ;;
	test) packages_of engine; echo "$(optional runsc)" "$(sanitizer_runtime)" skopeo umoci buildah docker-registry gcovr \
		shellcheck clang-format cppcheck mandoc strace libxml2-utils ;;
	arm64) echo make pkg-config gcc-aarch64-linux-gnu qemu-user procps util-linux mount iproute2 nftables \
		libc6-dev:arm64 libseccomp-dev:arm64 libcap-dev:arm64 libjson-c-dev:arm64 libarchive-dev:arm64 \
		libsqlite3-dev:arm64 libsmartcols-dev:arm64 nettle-dev:arm64 libnl-route-3-dev:arm64 \
		libnftables-dev:arm64 zlib1g-dev:arm64 check:arm64 ;;
	vm) echo qemu-system-x86 qemu-system-common "$(small_kernel)" busybox-static e2fsprogs kmod util-linux bats \
		python3 python3-jsonschema zip unzip sqlite3 procps nftables iproute2 curl postgresql nginx-light dnsmasq-base "$(file_server)" ;;
	*) fail "'$1' is not one of build, run, test, vm, verdicts, engine, arm64" ;;
	esac
}

missing_of() {
	local name
	for name; do installed "$name" || echo "$name"; done | sort -u
}

wanted() {
	local purpose
	for purpose; do packages_of "$purpose"; done
}

# A mirror that is being updated answers with a wrong size or hash now and then. What apt says is
# shown only when it fails.
apt() {
	local try said
	for try in 1 2 3; do
		if said=$(DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
			-o Acquire::Retries=3 -qq "$@" 2>&1); then
			return 0
		fi
		printf '%s\n' "$said" >&2
		say "apt-get $1 failed (try $try of 3)"
		sleep $((try * 2))
	done
	return 1
}

# Of the purposes given; $missing is what main() found.
add_missing() {
	[ "$(id -u)" = 0 ] || fail "must be root to install: $missing"
	say "installing $missing"
	apt update || fail "no package lists; is the network there?"
	# Names that depend on the lists are only now known on a fresh machine.
	# shellcheck disable=SC2046
	missing=$(missing_of $(wanted "$@") | xargs)
	# shellcheck disable=SC2086
	apt install -y --no-install-recommends $missing || fail "could not install: $missing"
}

main() {
	[ $# -gt 0 ] || fail "usage: install-deps.sh build|run|test|vm|verdicts|engine|arm64..."
	local purpose list missing
	for purpose; do packages_of "$purpose" >/dev/null; done
	if ! command -v dpkg-query >/dev/null; then
		list=$(wanted "$@" | xargs)
		fail "this is neither Debian nor Ubuntu; install what these packages hold by hand: $list"
	fi
	# shellcheck disable=SC2046 # words are wanted
	missing=$(missing_of $(wanted "$@") | xargs)
	[ -z "$missing" ] || add_missing "$@"
	case " $(wanted "$@" | xargs) " in
	*" bats "*) check_bats ;;
	esac
}

main "$@"
