/* test_container_cgroup.c - groups are made, limited, counted and removed with what is in them. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
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

static void setup(void)
{
	ck_assert_msg(cgroup_host_find(&host, &err) == 0, "%s", err.msg);
	snprintf(group, sizeof group, "moulette-unit/t%ld", (long)getpid());
	ck_assert_msg(cgroup_make(&host, group, &err) == 0, "%s", err.msg);
}

static bool exists(const char *root, const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", root, name);
	return access(path, F_OK) == 0;
}

static void teardown(void)
{
	ck_assert_msg(cgroup_remove(&host, group, &err) == 0, "%s", err.msg);
	for (char **root = host.hierarchies; *root; root++) {
		ck_assert_msg(!exists(*root, group), "%s stays", *root);
		ck_assert_msg(!exists(*root, "moulette-unit"), "%s: the parent stays", *root);
	}
	cgroup_host_done(&host);
}

/* Runs @body in the group; gives its wait status. */
static int in_group(struct step_cgroup *c, void (*body)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < c->n_procs; i++)
			if (write(c->procs[i], "0", 1) != 1)
				_exit(99);
		body();
		_exit(0);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void touch_32m(void)
{
	char *p = malloc(32 << 20);
	memset(p, 1, 32 << 20);
	__asm__ volatile("" : : "r"(p) : "memory");
}

static void touch_for_ever(void)
{
	for (;;)
		touch_32m();
}

static void fork_until_denied(void)
{
	int n = 0;
	while (n < 50) {
		pid_t pid = fork();
		if (pid == 0) {
			pause();
			_exit(0);
		}
		if (pid < 0)
			break;
		n++;
	}
	kill(0, SIGKILL);
}

static void fork_in_own_group(void)
{
	setpgid(0, 0);
	fork_until_denied();
}

static void burn(void)
{
	for (volatile long i = 0; i < 50000000; i++)
		;
}

static void open_group(struct step_cgroup *c)
{
	char name[80];
	snprintf(name, sizeof name, "%s/step", group);
	ck_assert_msg(step_cgroup_open(&host, name, group, c, &err) == 0, "%s", err.msg);
}

START_TEST(counts_memory_and_resets_the_peak)
{
	struct step_cgroup c;
	struct cgroup_counters n;
	const struct cgroup_limits lim = { 256 << 20, 10 };
	open_group(&c);
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	ck_assert_int_eq(in_group(&c, touch_32m), 0);
	ck_assert_msg(step_cgroup_end(&c, &n, &err) == 0, "%s", err.msg);
	ck_assert_int_ge(n.memory_peak_bytes, 32 << 20);
	ck_assert_int_eq(n.oom_kills, 0);
	ck_assert_int_eq(n.processes_peak, 1);
	ck_assert_int_eq(n.pids_denied, 0);
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	ck_assert_msg(step_cgroup_end(&c, &n, &err) == 0, "%s", err.msg);
	ck_assert_int_lt(n.memory_peak_bytes, 16 << 20);
	step_cgroup_close(&c);
}
END_TEST

START_TEST(counts_an_oom_kill_and_tells_it)
{
	struct step_cgroup c;
	struct cgroup_counters n;
	const struct cgroup_limits lim = { 64 << 20, 10 };
	open_group(&c);
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	int status = in_group(&c, touch_for_ever);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_gt(step_cgroup_oom_kills(&c), 0);
	if (!host.v2) {
		struct pollfd p = { .fd = c.oom_event, .events = POLLIN };
		ck_assert_int_eq(poll(&p, 1, 0), 1);
	}
	ck_assert_int_eq(step_cgroup_end(&c, &n, &err), 0);
	ck_assert_int_gt(n.oom_kills, 0);
	/* The next step of the same group begins at nought. */
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	ck_assert_int_eq(step_cgroup_oom_kills(&c), 0);
	step_cgroup_close(&c);
}
END_TEST

START_TEST(counts_processes_and_refusals)
{
	struct step_cgroup c;
	struct cgroup_counters n;
	const struct cgroup_limits lim = { 64 << 20, 5 };
	open_group(&c);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
		in_group(&c, fork_in_own_group);
		ck_assert_msg(step_cgroup_end(&c, &n, &err) == 0, "%s", err.msg);
		ck_assert_int_eq(n.processes_peak, 5);
		ck_assert_int_gt(n.pids_denied, 0);
	}
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	in_group(&c, burn);
	ck_assert_int_eq(step_cgroup_end(&c, &n, &err), 0);
	ck_assert_int_eq(n.processes_peak, 1);
	ck_assert_int_eq(n.pids_denied, 0);
	step_cgroup_close(&c);
}
END_TEST

/* The limit of a group around that of the step is not the step's. */
START_TEST(tells_whose_limit_refused_a_process)
{
	struct step_cgroup c;
	struct cgroup_counters n;
	const struct cgroup_limits lim = { 64 << 20, 10 };
	ck_assert_int_eq(cgroup_write(&host, CG_PIDS, group, "pids.max", "4", &err), 0);
	open_group(&c);
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	in_group(&c, fork_in_own_group);
	ck_assert_msg(step_cgroup_end(&c, &n, &err) == 0, "%s", err.msg);
	ck_assert(n.processes_around);
	ck_assert_int_eq(cgroup_write(&host, CG_PIDS, group, "pids.max", "400", &err), 0);
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	in_group(&c, fork_in_own_group);
	ck_assert_int_eq(step_cgroup_end(&c, &n, &err), 0);
	ck_assert_int_gt(n.pids_denied, 0);
	ck_assert(!n.processes_around);
	step_cgroup_close(&c);
}
END_TEST

START_TEST(limits_go_up_and_down)
{
	struct step_cgroup c;
	const int64_t sizes[] = { 64 << 20, 16 << 20, 512 << 20, 0, 32 << 20 };
	open_group(&c);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const struct cgroup_limits lim = { sizes[i], 3 };
		ck_assert_msg(step_cgroup_begin(&c, &lim, &err) == 0, "%zu: %s", i, err.msg);
	}
	step_cgroup_close(&c);
}
END_TEST

START_TEST(counts_cpu_of_the_step_alone)
{
	struct step_cgroup c;
	struct cgroup_counters n;
	const struct cgroup_limits lim = { 64 << 20, 5 };
	open_group(&c);
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	in_group(&c, burn);
	ck_assert_int_gt(step_cgroup_cpu_ns(&c), 0);
	ck_assert_int_eq(step_cgroup_end(&c, &n, &err), 0);
	ck_assert_int_gt(n.cpu_ns, 0);
	ck_assert_int_eq(step_cgroup_begin(&c, &lim, &err), 0);
	ck_assert_int_eq(step_cgroup_cpu_ns(&c), 0);
	step_cgroup_close(&c);
}
END_TEST

START_TEST(removes_what_still_runs)
{
	struct step_cgroup c;
	open_group(&c);
	pid_t pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < c.n_procs; i++)
			if (write(c.procs[i], "0", 1) != 1)
				_exit(99);
		for (;;)
			pause();
	}
	usleep(20000);
	step_cgroup_close(&c);
	/* A killed child must be reaped by somebody before its group can go. */
	signal(SIGCHLD, SIG_IGN);
	ck_assert_msg(cgroup_remove(&host, group, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_msg(cgroup_remove(&host, group, &err) == 0, "a missing group: %s", err.msg);
}
END_TEST

Suite *suite_container_cgroup(void);

Suite *suite_container_cgroup(void)
{
	Suite *s = suite_create("container/cgroup");
	TCase *tc = tcase_create("cgroup");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, counts_memory_and_resets_the_peak);
	tcase_add_test(tc, counts_an_oom_kill_and_tells_it);
	tcase_add_test(tc, counts_processes_and_refusals);
	tcase_add_test(tc, tells_whose_limit_refused_a_process);
	tcase_add_test(tc, limits_go_up_and_down);
	tcase_add_test(tc, counts_cpu_of_the_step_alone);
	tcase_add_test(tc, removes_what_still_runs);
	suite_add_tcase(s, tc);
	return s;
}
