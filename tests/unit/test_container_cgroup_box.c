/* test_container_cgroup_box.c - the group of PID 1: limited, entered, and looked at afterwards. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/cgroup.h"

static struct cgroup_host host;
static char group[64];
static struct err err;
static pid_t child;
static const struct cgroup_limits limits = { .memory_bytes = 64 << 20, .processes = 16 };

static void setup(void)
{
	ck_assert_msg(cgroup_host_find(&host, &err) == 0, "%s", err.msg);
	snprintf(group, sizeof group, "moulette-unit-box/b%ld", (long)getpid());
	child = 0;
}

static void teardown(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	ck_assert_msg(cgroup_remove(&host, group, &err) == 0, "%s", err.msg);
	cgroup_host_done(&host);
}

/* A process that enters by the first @n files and stays. */
static void start(const struct cgroup_entry *entry, size_t n)
{
	int ready[2];
	char c;
	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		for (size_t i = 0; i < n; i++)
			if (write(entry->fds[i], "0", 1) != 1)
				_exit(99);
		if (write(ready[1], "x", 1) != 1)
			_exit(98);
		pause();
		_exit(0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
}

static void make(struct cgroup_entry *entry)
{
	ck_assert_msg(cgroup_entry_make(&host, group, &limits, entry, &err) == 0, "%s", err.msg);
}

static bool exists(const char *root)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", root, group);
	return access(path, F_OK) == 0;
}

START_TEST(made_where_something_is_limited)
{
	struct cgroup_entry entry = { .n = 0 };
	make(&entry);
	for (char **root = host.hierarchies; *root; root++) {
		bool wanted = strcmp(*root, host.root[CG_MEMORY]) == 0 ||
			      strcmp(*root, host.root[CG_PIDS]) == 0;
		ck_assert_msg(exists(*root) == wanted, "%s", *root);
	}
	cgroup_entry_close(&entry);
	/* Another box in the same slot finds it there. */
	make(&entry);
	cgroup_entry_close(&entry);
	ck_assert_uint_eq(entry.n, 0);
}
END_TEST

START_TEST(who_is_in_it_is_limited)
{
	struct cgroup_entry entry = { .n = 0 };
	make(&entry);
	start(&entry, entry.n);
	cgroup_entry_close(&entry);
	ck_assert_msg(box_cgroup_check(&host, group, &limits, child, &err) == 0, "%s", err.msg);
}
END_TEST

static void refused(const struct cgroup_limits *lim, const char *why)
{
	memset(&err, 0, sizeof err);
	ck_assert_int_eq(box_cgroup_check(&host, group, lim, child, &err), -1);
	ck_assert_str_eq(err.code, "box.unlimited");
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_msg(strstr(err.msg, why) != NULL, "%s", err.msg);
}

/* In none of the groups, or, on version 1, in the first one only. */
START_TEST(who_is_elsewhere_is_told)
{
	struct cgroup_entry entry = { .n = 0 };
	make(&entry);
	start(&entry, _i < (int)entry.n ? (size_t)_i : 0);
	cgroup_entry_close(&entry);
	refused(&limits, group);
}
END_TEST

START_TEST(another_limit_is_told)
{
	struct cgroup_entry entry = { .n = 0 };
	struct cgroup_limits memory = limits, processes = limits, page = limits;
	make(&entry);
	start(&entry, entry.n);
	cgroup_entry_close(&entry);
	memory.memory_bytes += sysconf(_SC_PAGESIZE);
	processes.processes += 1;
	page.memory_bytes += sysconf(_SC_PAGESIZE) - 1; /* the kernel rounds */
	refused(&memory, "memory");
	refused(&processes, "pids.max");
	ck_assert_int_eq(box_cgroup_check(&host, group, &page, child, &err), 0);
}
END_TEST

/* A group that nobody limited. */
START_TEST(no_limit_is_told)
{
	struct cgroup_entry entry = { .n = 0 };
	const struct cgroup_limits none = { 0, 0 };
	ck_assert_int_eq(cgroup_entry_make(&host, group, &none, &entry, &err), 0);
	start(&entry, entry.n);
	cgroup_entry_close(&entry);
	refused(&limits, "memory");
	const struct cgroup_limits processes = { .processes = 16 };
	refused(&processes, "pids.max");
}
END_TEST

START_TEST(a_process_that_is_gone_is_told)
{
	struct cgroup_entry entry = { .n = 0 };
	make(&entry);
	start(&entry, entry.n);
	cgroup_entry_close(&entry);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	refused(&limits, "cannot read");
	child = 0;
}
END_TEST

Suite *suite_container_cgroup_box(void);

Suite *suite_container_cgroup_box(void)
{
	Suite *s = suite_create("container/cgroup_box");
	TCase *tc = tcase_create("cgroup_box");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, made_where_something_is_limited);
	tcase_add_test(tc, who_is_in_it_is_limited);
	tcase_add_loop_test(tc, who_is_elsewhere_is_told, 0, 2);
	tcase_add_test(tc, another_limit_is_told);
	tcase_add_test(tc, no_limit_is_told);
	tcase_add_test(tc, a_process_that_is_gone_is_told);
	suite_add_tcase(s, tc);
	return s;
}
