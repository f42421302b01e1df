/* test_container_cgroup_base.c - which group of a hierarchy of version 2 boxes go below, and which groups
 * others set limits on. A hierarchy here is folders with the files that are read. */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup.h"

static char top[] = "/tmp/moulette-unit-base.XXXXXX";

/* A tmpfs in a mount namespace of this test process: it has extended attributes, and goes with it. */
static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", top, "tmpfs", 0, NULL), 0);
}

static void teardown(void)
{
	umount2(top, MNT_DETACH);
	rmdir(top);
}

static void add_group(const char *path, const char *controllers, const char *attribute)
{
	AUTO_FREE char *dir = mem_printf("%s%s", top, path);
	AUTO_FREE char *file = mem_printf("%s/cgroup.controllers", dir);
	ck_assert_int_eq(fd_mkdir_p(dir, 0755), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, file, controllers), 0);
	if (attribute)
		ck_assert_int_eq(setxattr(dir, attribute, "1", 1, 0), 0);
}

#define ALL "cpuset cpu io memory pids\n"

static const struct {
	const char *label, *own, *controllers, *attribute, *base;
} rows[] = {
	{ "the topmost group", "", NULL, NULL, "" },
	{ "a group that an administrator made", "/grading", ALL, NULL, "/grading" },
	{ "the same without memory", "/grading", "cpu io pids\n", NULL, "" },
	{ "the same with a longer word", "/grading", "cpu memoryx pids\n", NULL, "" },
	{ "a container by its id", "/docker/0a1b2c", ALL, NULL, "/docker/0a1b2c" },
	{ "a delegated service", "/system.slice/g.service", ALL, "trusted.delegate",
	  "/system.slice/g.service" },
	{ "a delegated container", "/docker-0a.scope", ALL, "trusted.delegate",
	  "/docker-0a.scope" },
	{ "a service", "/system.slice/g.service", ALL, NULL, "" },
	{ "a login session", "/user.slice/user-0.slice/session-1.scope", ALL, NULL, "" },
	{ "a slice", "/grading.slice", ALL, NULL, "" },
	{ "below a delegated service", "/g.service/job", ALL, NULL, "/g.service/job" },
	{ "the leaf that a killed run left", "/docker/0a/moulette-leaf", ALL, NULL, "" },
	{ "the leaf below the topmost group", "/moulette-leaf", ALL, NULL, "" },
};

START_TEST(base_of_a_process)
{
	if (rows[_i].controllers)
		add_group(rows[_i].own, rows[_i].controllers, rows[_i].attribute);
	AUTO_FREE char *base = cgroup_base_find(top, rows[_i].own);
	ck_assert_msg(strcmp(base, rows[_i].base) == 0, "%s: '%s'", rows[_i].label, base);
}
END_TEST

START_TEST(the_base_of_a_leaf_is_above_it)
{
	add_group("/docker/0a", ALL, NULL);
	add_group("/docker/0a/moulette-leaf", ALL, NULL);
	AUTO_FREE char *base = cgroup_base_find(top, "/docker/0a/moulette-leaf");
	ck_assert_str_eq(base, "/docker/0a");
}
END_TEST

/* --- limits of others --------------------------------------------------------------------- */

static const struct {
	const char *label, *file, *text;
	bool limited;
} files[] = {
	{ "nothing", "cgroup.procs", "", false },
	{ "memory as it was made", "memory.max", "max\n", false },
	{ "memory", "memory.max", "1073741824\n", true },
	{ "a guarantee", "memory.low", "1048576\n", true },
	{ "v1: memory as it was made", "memory.limit_in_bytes", "9223372036854771712\n", false },
	{ "v1: memory", "memory.limit_in_bytes", "1073741824\n", true },
	{ "v1: sockets as they were made", "memory.kmem.tcp.limit_in_bytes",
	  "9223372036854771712\n", false },
	{ "v1: sockets as boxes have them", "memory.kmem.tcp.limit_in_bytes",
	  "4611686018427383808\n", false },
	{ "v1: sockets", "memory.kmem.tcp.limit_in_bytes", "1073741824\n", true },
	{ "processes", "pids.max", "500\n", true },
	{ "processors", "cpu.max", "50000 100000\n", true },
	{ "weight", "cpu.weight", "50\n", true },
	{ "the weight of all boxes", "cpu.weight", "10000\n", false },
	{ "v1: a share", "cpu.shares", "512\n", true },
	{ "v1: the share of all boxes", "cpu.shares", "102400\n", false },
	{ "v1: a quota", "cpu.cfs_quota_us", "50000\n", true },
	{ "which processors", "cpuset.cpus", "0-1\n", true },
	{ "no choice of processors", "cpuset.cpus", "\n", false },
	{ "disks", "io.max", "8:0 rbps=1048576\n", true },
	{ "frozen", "cgroup.freeze", "1\n", true },
	{ "controllers for groups below it", "cgroup.subtree_control", "memory pids\n", false },
};

static const struct cgroup_host weighs = { .weight = 100 };

START_TEST(limits_that_others_set)
{
	AUTO_FREE char *file = mem_printf("%s/%s", top, files[_i].file);
	AUTO_FD int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(file_write(AT_FDCWD, file, files[_i].text), 0);
	ck_assert_msg(cgroup_limited(&weighs, dir) == files[_i].limited, "%s", files[_i].label);
}
END_TEST

/* Of version 1 an engine copies these from above. */
START_TEST(what_comes_from_above_is_no_limit)
{
	AUTO_FREE char *above = mem_printf("%s/cpuset.cpus", top);
	AUTO_FREE char *dir = mem_printf("%s/g", top);
	AUTO_FREE char *file = mem_printf("%s/cpuset.cpus", dir);
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(file_write(AT_FDCWD, above, "0-3\n"), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, file, "0-3\n"), 0);
	ck_assert(!cgroup_limited(&weighs, fd));
	ck_assert_int_eq(file_write(AT_FDCWD, file, "0-1\n"), 0);
	ck_assert(cgroup_limited(&weighs, fd));
}
END_TEST

/* A folder of limits stays; without them it goes with its last group. */
START_TEST(a_limited_parent_stays)
{
	struct cgroup_host host;
	struct err err = { 0 };
	ck_assert_msg(cgroup_host_find(&host, &err) == 0, "%s", err.msg);
	AUTO_FREE char *group = mem_printf("moulette-unit-%ld/s0", (long)getpid());
	AUTO_FREE char *parent = mem_printf("%s/moulette-unit-%ld", host.root[CG_PIDS],
					    (long)getpid());
	AUTO_FREE char *limit = mem_printf("%s/pids.max", parent);
	int64_t value = 0;
	ck_assert_msg(cgroup_make(&host, group, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(file_write(AT_FDCWD, limit, "77"), 0);
	ck_assert_msg(cgroup_remove(&host, group, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(file_read_i64(AT_FDCWD, limit, &value), 0);
	ck_assert_int_eq(value, 77);
	ck_assert_msg(cgroup_make(&host, group, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(file_write(AT_FDCWD, limit, "max"), 0);
	ck_assert_msg(cgroup_remove(&host, group, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(access(parent, F_OK), -1);
	cgroup_host_done(&host);
}
END_TEST

/* --- stacked mounts ----------------------------------------------------------------------- */

START_TEST(the_topmost_mount_counts)
{
	struct cgroup_host before, host;
	struct err err = { 0 };
	ck_assert_msg(cgroup_host_find(&before, &err) == 0, "%s", err.msg);
	const char *at = before.root[CG_MEMORY];
	AUTO_FREE char *mount_point = mem_strndup(at, strlen(at) - strlen(before.base));
	ck_assert_int_eq(mount("none", mount_point, "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(cgroup_host_find(&host, &err), -1);
	ck_assert_msg(strstr(err.msg, "memory") != NULL, "%s", err.msg);
	ck_assert_str_eq(err.code, "cgroup.missing");
	ck_assert_int_eq(before.v2 ? mount("none", mount_point, "cgroup2", 0, NULL) :
				     mount("none", mount_point, "cgroup", 0, "memory"),
			 0);
	ck_assert_msg(cgroup_host_find(&host, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(host.root[CG_MEMORY], at);
	cgroup_host_done(&host);
	cgroup_host_done(&before);
}
END_TEST

Suite *suite_container_cgroup_base(void);

Suite *suite_container_cgroup_base(void)
{
	Suite *s = suite_create("container/cgroup_base");
	TCase *tc = tcase_create("cgroup_base");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, base_of_a_process, 0, sizeof rows / sizeof *rows);
	tcase_add_test(tc, the_base_of_a_leaf_is_above_it);
	tcase_add_loop_test(tc, limits_that_others_set, 0, sizeof files / sizeof *files);
	tcase_add_test(tc, what_comes_from_above_is_no_limit);
	tcase_add_test(tc, a_limited_parent_stays);
	tcase_add_test(tc, the_topmost_mount_counts);
	suite_add_tcase(s, tc);
	return s;
}
