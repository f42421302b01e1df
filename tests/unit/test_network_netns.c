/* test_network_netns.c - a namespace with lo alone; our own one is as before; nothing remains. */
#include "network/netns.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

Suite *suite_network_netns(void);

static char dir[64], path[80];

/* Each test is a process of its own; so are its mounts. */
static void setup(void)
{
	strcpy(dir, "/tmp/moulette-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/netns", dir);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(rmdir(dir), 0);
}

static void own_namespace(char link[64])
{
	ssize_t n = readlink("/proc/self/ns/net", link, 63);
	ck_assert_int_gt(n, 0);
	link[n] = '\0';
}

static int mounts_below(const char *what)
{
	AUTO_BUF text = { 0 };
	int n = 0;
	ck_assert_int_eq(file_read(AT_FDCWD, "/proc/self/mountinfo", &text, 1 << 22), 0);
	for (const char *p = text.data; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

static int count_fds(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void enter(const char *netns)
{
	AUTO_FD int fd = open(netns, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setns(fd, CLONE_NEWNET), 0);
}

START_TEST(own_namespace_is_as_before)
{
	char before[64], after[64], inside[64];
	struct err err = { 0 };
	own_namespace(before);
	int fds = count_fds();
	ck_assert_msg(netns_make(path, NULL, NULL, &err) == 0, "%s", err.msg);
	own_namespace(after);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(count_fds(), fds);
	ck_assert_int_eq(mounts_below(dir), 1);
	enter(path);
	own_namespace(inside);
	ck_assert_str_ne(before, inside);

	ck_assert_int_eq(umount(path), 0);
	ck_assert_int_eq(mounts_below(dir), 0);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(lo_is_alone_and_up)
{
	struct err err = { 0 };
	ck_assert_msg(netns_make(path, NULL, NULL, &err) == 0, "%s", err.msg);
	enter(path);
	struct if_nameindex *all = if_nameindex();
	ck_assert_ptr_nonnull(all);
	ck_assert_str_eq(all[0].if_name, "lo");
	ck_assert_uint_eq(all[1].if_index, 0); /* the end of the list */
	if_freenameindex(all);

	AUTO_FD int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_FD int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_name = "lo" };
	ck_assert_int_eq(ioctl(sock, SIOCGIFFLAGS, &req), 0);
	ck_assert(req.ifr_flags & IFF_UP);
	ck_assert(req.ifr_flags & IFF_LOOPBACK);

	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(8080) };
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(sock, (struct sockaddr *)&addr, sizeof addr), 0);
	ck_assert_int_eq(listen(sock, 1), 0);
	ck_assert_int_eq(connect(peer, (struct sockaddr *)&addr, sizeof addr), 0);
	AUTO_FD int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	addr.sin_addr.s_addr = inet_addr("192.0.2.1"); /* TEST-NET-1: no way leads there */
	ck_assert_int_eq(connect(other, (struct sockaddr *)&addr, sizeof addr), -1);
	ck_assert_int_eq(errno, ENETUNREACH);
	ck_assert_int_eq(umount(path), 0);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* A port that one test used is free for the next one, although its connection was closed here. */
START_TEST(no_port_waits)
{
	struct err err = { 0 };
	int64_t most = -1;
	ck_assert_msg(netns_make(path, NULL, NULL, &err) == 0, "%s", err.msg);
	enter(path);
	/* Old kernels have the value for the whole host, and show no file here. */
	if (file_read_i64(AT_FDCWD, "/proc/sys/net/ipv4/tcp_max_tw_buckets", &most) == 0)
		ck_assert_int_eq(most, 0);
	else
		ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(umount(path), 0);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(two_are_two)
{
	struct err err = { 0 };
	AUTO_FREE char *second = mem_printf("%s/second", dir);
	struct stat a, b;
	ck_assert_msg(netns_make(path, NULL, NULL, &err) == 0, "%s", err.msg);
	ck_assert_msg(netns_make(second, NULL, NULL, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(stat(path, &a), 0);
	ck_assert_int_eq(stat(second, &b), 0);
	ck_assert_uint_ne(a.st_ino, b.st_ino);
	ck_assert_int_eq(umount(path) | umount(second), 0);
	ck_assert_int_eq(unlink(path) | unlink(second), 0);
}
END_TEST

static const struct {
	const char *label, *below;
	int error;
} bad[] = {
	{ "no such folder", "missing/netns", ENOENT },
	{ "a folder", "", EISDIR },
};

START_TEST(a_bad_path_changes_nothing)
{
	char before[64], after[64];
	struct err err = { 0 };
	AUTO_FREE char *where = mem_printf("%s/%s", dir, bad[_i].below);
	own_namespace(before);
	int fds = count_fds();
	ck_assert_msg(netns_make(where, NULL, NULL, &err) == -1, "%s: accepted", bad[_i].label);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_msg(err.sys == bad[_i].error, "%s: '%s'", bad[_i].label, err.msg);
	ck_assert_ptr_nonnull(strstr(err.msg, where));
	own_namespace(after);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(count_fds(), fds);
	ck_assert_int_eq(mounts_below(dir), 0);
}
END_TEST

START_TEST(without_privileges)
{
	char before[64], after[64];
	struct err err = { 0 };
	ck_assert_int_eq(chmod(dir, 0777), 0);
	own_namespace(before);
	ck_assert_int_eq(seteuid(12345), 0);
	ck_assert_int_eq(netns_make(path, NULL, NULL, &err), -1);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_int_eq(err.sys, EPERM);
	own_namespace(after);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(mounts_below(dir), 0);
	unlink(path);
}
END_TEST

Suite *suite_network_netns(void)
{
	Suite *s = suite_create("network/netns");
	TCase *tc = tcase_create("netns");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, own_namespace_is_as_before);
	tcase_add_test(tc, lo_is_alone_and_up);
	tcase_add_test(tc, no_port_waits);
	tcase_add_test(tc, two_are_two);
	tcase_add_loop_test(tc, a_bad_path_changes_nothing, 0, 2);
	tcase_add_test(tc, without_privileges);
	suite_add_tcase(s, tc);
	return s;
}
