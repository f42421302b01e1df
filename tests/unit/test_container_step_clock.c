/* test_container_step_clock.c - wall time, less what the step waited for a processor. */
#include "test_container_running.h"

static struct fake f;

static void setup(void)
{
	fake_make(&f, &channel_socket);
}

/* The step began at 10000 with a wall time of 100, and @waited was counted since, of which its own quota
 * cost @throttled; -1: not counted. */
static const struct {
	const char *label;
	int64_t now, waited, throttled;
	bool over, overloaded;
	int64_t due; /* afterwards */
} rows[] = {
	{ "at its begin", 10000, 0, 0, false, false, 10100 },
	{ "the limit itself", 10100, 0, 0, false, false, 10100 },
	{ "one beyond", 10101, 0, 0, true, false, 10100 },
	{ "not counted", 10101, -1, -1, true, false, 10100 },
	{ "as late as it waited", 10150, 50, 0, false, false, 10150 },
	{ "one later", 10151, 50, 0, true, false, 10150 },
	{ "its own quota does not count", 10141, 50, 10, true, false, 10140 },
	{ "no quota that is counted", 10150, 50, -1, false, false, 10150 },
	{ "more quota than waiting", 10101, 50, 60, true, false, 10100 },
	{ "twenty times the limit", 12100, 2000, 0, false, false, 12100 },
	{ "more is not waited for", 12101, 2001, 0, true, true, 12100 },
	{ "overloaded, and not yet over", 12100, 2001, 0, false, true, 12100 },
};

static int pressure_file(int64_t us)
{
	AUTO_FREE char *text = mem_printf("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
					  "full avg10=0.00 avg60=0.00 avg300=0.00 total=%lld\n",
					  (long long)us);
	return counter(text);
}

/* The kernel counts microseconds: all of a row is scaled. */
START_TEST(a_step_is_over_when_it_had_its_time)
{
	f.spec.limits.v[LIMIT_WALL] = 100 * 1000;
	f.r.start_ns = 10000 * 1000;
	f.r.wall_due_ns = 10100 * 1000;
	f.r.full_before_ns = rows[_i].waited < 0 ? -1 : 3 * 1000;
	if (rows[_i].waited >= 0)
		f.box.pressure = pressure_file(rows[_i].waited + 3);
	if (rows[_i].throttled >= 0) {
		AUTO_FREE char *text = mem_printf("nr_periods 1\nthrottled_time %lld\n",
						  (long long)rows[_i].throttled * 1000 + 5);
		f.cgroup.files[CG_FILE_THROTTLED] = counter(text);
		f.cgroup.before.throttled_ns = 5;
	}
	const bool over = running_wall_is_over(&f.r, rows[_i].now * 1000);
	ck_assert_msg(over == rows[_i].over, "%s", rows[_i].label);
	ck_assert_msg(f.facts.overloaded == rows[_i].overloaded, "%s", rows[_i].label);
	ck_assert_msg(f.r.wall_due_ns == rows[_i].due * 1000, "%s: due at %lld", rows[_i].label,
		      (long long)f.r.wall_due_ns);
}
END_TEST

START_TEST(no_limit_is_too_far_away)
{
	f.spec.limits.v[LIMIT_WALL] = INT64_MAX - _i;
	running_start_clock(&f.r);
	ck_assert_int_eq(f.r.wall_due_ns, INT64_MAX);
	ck_assert(!running_wall_is_over(&f.r, INT64_MAX));
}
END_TEST

/* Where no group's waiting is counted, one process with one thread tells its own. */
START_TEST(one_task_tells_what_it_waited)
{
	f.r.full_before_ns = -1;
	ck_assert_int_eq(running_waited(&f.r), -1);
	f.cgroup.files[CG_FILE_PIDS_PEAK] = counter(_i ? "2\n" : "1\n");
	char root[] = "/tmp/moulette-unit-clock-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(root));
	AUTO_FREE char *group = mem_printf("%s/g", root);
	AUTO_FREE char *procs = mem_printf("%s/cgroup.procs", group);
	AUTO_FREE char *pid = mem_printf("%ld\n", (long)getpid());
	ck_assert_int_eq(fd_mkdir_p(group, 0755), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, procs, pid), 0);
	f.host.root[CG_PIDS] = root;
	if (_i || access("/proc/self/schedstat", F_OK) < 0)
		ck_assert_int_eq(running_waited(&f.r), -1);
	else
		ck_assert_int_ge(running_waited(&f.r), 0);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, root), 0);
}
END_TEST

Suite *suite_container_step_clock(void);
Suite *suite_container_step_clock(void)
{
	Suite *s = suite_create("container/step_clock");
	TCase *tc = tcase_create("step_clock");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, a_step_is_over_when_it_had_its_time, 0,
			    (int)(sizeof rows / sizeof *rows));
	tcase_add_loop_test(tc, no_limit_is_too_far_away, 0, 2);
	tcase_add_loop_test(tc, one_task_tells_what_it_waited, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
