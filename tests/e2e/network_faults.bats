#!/usr/bin/env bats
# bats file_tags=host
# network_faults.bats - calls of the kernel that fail while the network of a box is made.

load helpers
load network

# In the place of the library's own: the answer does not come, or the library ends its process.
setup() {
	need_network
	command -v gcc >/dev/null || skip "gcc is not installed"
	own_home
	world
	submission=$(archive s.tar a x)
	fault=$BATS_TEST_TMPDIR/fault.so
	files_into "$BATS_TEST_TMPDIR" fault.c '
		#include <errno.h>
		#include <fcntl.h>
		#include <stdlib.h>
		#include <string.h>
		#include <sys/stat.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		struct mnl_socket;
		ssize_t mnl_socket_recvfrom(const struct mnl_socket *s, void *buf, size_t n);
		ssize_t mnl_socket_recvfrom(const struct mnl_socket *s, void *buf, size_t n)
		{
			const char *how = getenv("FAULT");
			(void)s; (void)buf; (void)n;
			if (strcmp(how, "exit") == 0)
				exit(1);
			if (strcmp(how, "abort") == 0)
				abort();
			errno = ENOBUFS;
			return -1;
		}
		int chmod(const char *path, mode_t mode)
		{
			const char *hidden = getenv("HIDDEN");
			if (hidden && strstr(path, hidden)) {
				errno = EPERM;
				return -1;
			}
			return (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
		}'
	gcc -shared -fPIC -o "$fault" "$BATS_TEST_TMPDIR/fault.c"
	printf '{"extends": "network", "moulette": {"network": {"allow": ["host:8080"]}}}' \
		>"$BATS_TEST_TMPDIR/card.json"
	grade -i busybox -p "$BATS_TEST_TMPDIR/card.json" "$submission" -- true
	[ "$status" = 0 ] || fail "no card can be made"
	host_before
}

teardown() {
	end_world
}

@test "a library that ends its process while a card is made is trouble of the host" {
	local how
	for how in exit abort ENOBUFS; do
		FAULT=$how LD_PRELOAD=$fault grade -i busybox -p "$BATS_TEST_TMPDIR/card.json" "$submission" -- true
		[ "$status" = 3 ] || fail "$how: status $status"
		expect verdict internal_error fault infrastructure
		[[ $(field error.message) == *"cannot "*"rules"* ]] || fail "$how: $(field error.message)"
	done
	grade -i busybox -p "$BATS_TEST_TMPDIR/card.json" "$submission" -- true
	[ "$status" = 0 ]
	moulette gc
	host_same
}

@test "network up and down end with status 3 where the library ends its process" {
	local how
	for how in exit abort ENOBUFS; do
		FAULT=$how LD_PRELOAD=$fault run -3 on host "$MOULETTE" network up
		[[ $output == *"cannot "*"rules"* ]] || fail "$how: $output"
	done
	moulette network down
	host_same
}

@test "a box whose network counters cannot be hidden is not used" {
	HIDDEN=/net/netstat FAULT='' LD_PRELOAD=$fault grade -i busybox "$submission" -- true
	[ "$status" = 3 ] || fail "status $status"
	expect verdict internal_error fault infrastructure
	[[ $(field error.message) == *"cannot hide 'net/netstat' of the box"* ]] || fail "another message"
	# These are compared instead.
	HIDDEN=/net/snmp FAULT='' LD_PRELOAD=$fault grade -i busybox "$submission" -- true
	[ "$status" = 0 ]
}
