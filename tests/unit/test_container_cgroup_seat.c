/* test_container_cgroup_seat.c - the group of runners, and the weight of all boxes. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/child.h"
#include "child/process.h"
#include "container/cgroup_seat.h"

static struct cgroup_host host;
static struct err err;

static void setup(void)
{
	ck_assert_msg(cgroup_host_find(&host, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	cgroup_host_done(&host);
}

/* The group that this process is in, of the controller cpu; owned. */
static char *own_group(void)
{
	AUTO_BUF text = { 0 };
	ck_assert_int_eq(file_read(AT_FDCWD, "/proc/self/cgroup", &text, 65536), 0);
	return cgroup_path_in(text.data, host.v2, CG_CPU);
}

static bool is_there(const char *group)
{
	AUTO_FREE char *path = mem_printf("%s/%s", host.root[CG_CPU], group);
	return access(path, F_OK) == 0;
}

/* There, and no runner in it: another one of this host may need it now. */
static bool is_left(const char *group)
{
	AUTO_FREE char *file = mem_printf("%s/%s/cgroup.procs", host.root[CG_CPU], group);
	AUTO_BUF text = { 0 };
	return is_there(group) && file_read(AT_FDCWD, file, &text, 65536) == 0 && text.len == 0;
}

static int64_t weight_of(const char *group)
{
	AUTO_FREE char *file = mem_printf("%s/%s/%s", host.root[CG_CPU], group,
					  host.v2 ? "cpu.weight" : "cpu.shares");
	int64_t weight = -1;
	ck_assert_int_eq(file_read_i64(AT_FDCWD, file, &weight), 0);
	return weight;
}

START_TEST(a_runner_goes_in_and_back)
{
	struct cgroup_seat seat;
	AUTO_FREE char *before = own_group();
	cgroup_seat_take(&host, &seat);
	AUTO_FREE char *within = own_group();
	const char *end = within + strlen(within) - strlen("/" CGROUP_SEAT);
	ck_assert_str_eq(end, "/" CGROUP_SEAT);
	ck_assert_int_eq(weight_of(CGROUP_PARENT), host.v2 ? 10000 : 102400);
	ck_assert_int_eq(weight_of(CGROUP_SEAT), host.v2 ? 10000 : 262144);
	cgroup_seat_leave(&host, &seat);
	AUTO_FREE char *after = own_group();
	ck_assert_str_eq(before, after);
	ck_assert(!is_left(CGROUP_SEAT));
	cgroup_seat_leave(&host, &seat); /* twice is harmless */
}
END_TEST

/* The group stays while another runner is in it. */
START_TEST(the_last_runner_removes_the_group)
{
	struct cgroup_seat seat;
	int hears[2], says[2];
	char c;
	ck_assert(pipe(hears) == 0 && pipe(says) == 0);
	pid_t other = fork();
	if (other == 0) {
		close(hears[1]);
		cgroup_seat_take(&host, &seat);
		(void)!write(says[1], "t", 1);
		(void)!read(hears[0], &c, 1);
		cgroup_seat_leave(&host, &seat);
		_exit(is_left(CGROUP_SEAT));
	}
	ck_assert_int_eq(read(says[0], &c, 1), 1);
	cgroup_seat_take(&host, &seat);
	cgroup_seat_leave(&host, &seat);
	ck_assert(is_there(CGROUP_SEAT));
	close(hears[1]);
	ck_assert_int_eq(process_wait(other), 0);
}
END_TEST

/* A process that is in the group when this returns, and ends after @ms without leaving it. */
static pid_t start_runner(int ms)
{
	struct cgroup_seat seat;
	int says[2];
	char c;
	ck_assert_int_eq(pipe(says), 0);
	pid_t runner = fork();
	if (runner == 0) {
		cgroup_seat_take(&host, &seat);
		(void)!write(says[1], "t", 1);
		for (; ms > 0; ms -= 100)
			clock_pause_ms(100);
		_exit(0);
	}
	ck_assert_int_eq(read(says[0], &c, 1), 1);
	return runner;
}

START_TEST(what_a_killed_runner_left_is_swept)
{
	pid_t other = start_runner(600000);
	cgroup_seat_sweep(&host, 0);
	ck_assert(is_there(CGROUP_SEAT));
	process_end(other);
	cgroup_seat_sweep(&host, 0);
	ck_assert(!is_left(CGROUP_SEAT));
}
END_TEST

/* What a killed runner had beside it ends a moment later. */
START_TEST(the_sweep_waits_for_what_is_dying)
{
	pid_t other = start_runner(300);
	cgroup_seat_sweep(&host, 60 * NSEC_PER_SEC);
	ck_assert(!is_left(CGROUP_SEAT));
	ck_assert_int_eq(process_wait(other), 0);
}
END_TEST

START_TEST(the_weight_of_an_administrator_stays)
{
	struct cgroup_seat seat;
	const int64_t chosen = host.v2 ? 300 : 3072;
	cgroup_seat_take(&host, &seat);
	ck_assert_int_eq(cgroup_set_shares(&host, CGROUP_PARENT, 3 * CGROUP_SHARES, &err), 0);
	cgroup_seat_leave(&host, &seat);
	ck_assert_int_eq(weight_of(CGROUP_PARENT), chosen);
	cgroup_seat_take(&host, &seat);
	ck_assert_int_eq(weight_of(CGROUP_PARENT), chosen);
	ck_assert_int_eq(cgroup_set_shares(&host, CGROUP_PARENT, CGROUP_SHARES, &err), 0);
	cgroup_seat_leave(&host, &seat);
	ck_assert(!is_left(CGROUP_SEAT));
}
END_TEST

static const struct {
	int64_t shares, v1, v2;
} weights[] = {
	{ 1024, 1024, 100 },       { 512, 512, 50 },          { 2, 2, 1 },
	{ 102400, 102400, 10000 }, { 262144, 262144, 10000 }, { INT64_C(1) << 40, 262144, 10000 },
};

START_TEST(shares_of_both_versions)
{
	ck_assert_int_eq(cgroup_make(&host, CGROUP_PARENT "/unit-shares", &err), 0);
	const int bad = cgroup_set_shares(&host, CGROUP_PARENT "/unit-shares", weights[_i].shares,
					  &err);
	const int64_t got = weight_of(CGROUP_PARENT "/unit-shares");
	cgroup_remove(&host, CGROUP_PARENT "/unit-shares", NULL);
	ck_assert_msg(bad == 0, "%s", err.msg);
	ck_assert_int_eq(got, host.v2 ? weights[_i].v2 : weights[_i].v1);
}
END_TEST

/* --- a box's own processors, and what it waits --------------------------------------------- */

static int is_in_group(void *group)
{
	AUTO_BUF text = { 0 };
	return file_read(AT_FDCWD, "/proc/self/cgroup", &text, 1 << 16) == 0 && text.data &&
			       strstr(text.data, group) ?
		       7 :
		       1;
}

START_TEST(a_child_begins_in_a_group)
{
	static const char group[] = CGROUP_PARENT "/unit-born";
	if (!host.has_pressure)
		return;
	AUTO_FD int folder = cgroup_pressure_make(&host, group);
	ck_assert_int_ge(folder, 0);
	const int nowhere = -1;
	struct child_spec spec = { .memory = CHILD_SHARED,
				   .cgroup = &folder,
				   .body = is_in_group,
				   .ctx = (void *)group };
	const pid_t there = child_start(&spec);
	const int status = process_wait(there);
	spec.cgroup = &nowhere;
	const pid_t here = child_start(&spec);
	const int other = process_wait(here);
	cgroup_remove(&host, group, NULL);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	ck_assert_int_eq(WEXITSTATUS(other), 1);
}
END_TEST

Suite *suite_container_cgroup_seat(void);
Suite *suite_container_cgroup_seat(void)
{
	Suite *s = suite_create("container/cgroup_seat");
	TCase *tc = tcase_create("all");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_runner_goes_in_and_back);
	tcase_add_test(tc, the_last_runner_removes_the_group);
	tcase_add_test(tc, what_a_killed_runner_left_is_swept);
	tcase_add_test(tc, the_sweep_waits_for_what_is_dying);
	tcase_add_test(tc, the_weight_of_an_administrator_stays);
	tcase_add_loop_test(tc, shares_of_both_versions, 0, sizeof weights / sizeof *weights);
	tcase_add_test(tc, a_child_begins_in_a_group);
	suite_add_tcase(s, tc);
	return s;
}
