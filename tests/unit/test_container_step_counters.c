/* test_container_step_counters.c - numbers in the files of a group, of both versions. */
#include "test_container_running.h"

static struct fake f;

static void setup(void)
{
	fake_make(&f, &channel_socket);
}

/* Each file holds the text; NULL: there is none. */
static const struct {
	const char *label;
	bool v2;
	const char *oom, *cpu, *throttled;
	int64_t oom_kills, cpu_ns, throttled_ns;
} rows[] = {
	{ "version 1", false, "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "12345\n",
	  "nr_periods 9\nnr_throttled 8\nthrottled_time 77\n", 3, 12345, 77 },
	{ "version 2", true, "low 0\nmax 5\noom 4\noom_kill 3\noom_group_kill 1\n",
	  "usage_usec 12345\nuser_usec 1\n", "usage_usec 1\nthrottled_usec 77\n", 3, 12345000,
	  77000 },
	{ "nothing there", false, NULL, NULL, NULL, -1, -1, -1 },
	{ "nothing in it", false, "", "", "", -1, -1, -1 },
	{ "words in it", false, "oom_kill\n", "none\n", "throttled_times 4\n", -1, -1, -1 },
	{ "a longer key", false, "oom_kill_disable 9\n", "1", "xthrottled_time 5\n", -1, 1, -1 },
	{ "a key that ends the file", false, "a 1\noom_kill 6", "1", "throttled_time 0", 6, 1, 0 },
	{ "keys of the other version", true, "oom_kill 1\n", "12345\n", "throttled_time 5\n", 1, -1,
	  -1 },
};

START_TEST(a_counter)
{
	const char *texts[CG_FILE_COUNT] = { [CG_FILE_OOM] = rows[_i].oom,
					     [CG_FILE_CPU] = rows[_i].cpu,
					     [CG_FILE_THROTTLED] = rows[_i].throttled };
	struct cgroup_counters c;
	f.host.v2 = rows[_i].v2;
	for (int i = 0; i < CG_FILE_COUNT; i++)
		f.cgroup.files[i] = texts[i] ? counter(texts[i]) : -1;
	counters_read(&f.cgroup, &c);
	ck_assert_msg(c.oom_kills == rows[_i].oom_kills, "%s: %lld", rows[_i].label,
		      (long long)c.oom_kills);
	ck_assert_msg(c.cpu_ns == rows[_i].cpu_ns, "%s: %lld", rows[_i].label, (long long)c.cpu_ns);
	ck_assert_msg(c.throttled_ns == rows[_i].throttled_ns, "%s: %lld", rows[_i].label,
		      (long long)c.throttled_ns);
	counters_close(&f.cgroup);
	ck_assert_int_eq(f.cgroup.files[CG_FILE_OOM], -1);
}
END_TEST

/* No file of a group is so long; of one that is, no part is believed. */
START_TEST(a_file_has_a_maximum)
{
	const size_t len = 4095 - 1 + (size_t)_i;
	AUTO_FREE char *text = malloc(len + 1);
	memset(text, ' ', len);
	memcpy(text, "oom_kill 2\n", 11);
	text[len] = '\0';
	f.cgroup.files[CG_FILE_OOM] = counter(text);
	ck_assert_int_eq(counters_oom(&f.cgroup), _i ? -1 : 2);
}
END_TEST

#define MIB (INT64_C(1) << 20)

/* Within 4 MiB or a quarter of the limit it counts as full. */
static const struct {
	const char *label;
	int64_t limit, peak, with_swap; /* -1: not counted */
	bool full;
} fulls[] = {
	{ "the limit", 64 * MIB, 64 * MIB, -1, true },
	{ "nearly", 64 * MIB, 60 * MIB, -1, true },
	{ "a byte less", 64 * MIB, 60 * MIB - 1, -1, false },
	{ "nearly, with swap", 64 * MIB, 1, 60 * MIB, true },
	{ "a byte less, with swap", 64 * MIB, 1, 60 * MIB - 1, false },
	{ "a quarter of a small one", 400, 300, -1, true },
	{ "a byte less than that", 400, 299, -1, false },
	{ "where the quarter is 4 MiB", 16 * MIB, 12 * MIB, -1, true },
	{ "no limit", 0, 0, -1, true },
	{ "nothing counted", 64 * MIB, -1, -1, false },
};

START_TEST(memory_was_full)
{
	AUTO_FREE char *peak = mem_printf("%lld\n", (long long)fulls[_i].peak);
	AUTO_FREE char *swap = mem_printf("%lld\n", (long long)fulls[_i].with_swap);
	if (fulls[_i].peak >= 0)
		f.cgroup.files[CG_FILE_PEAK] = counter(peak);
	if (fulls[_i].with_swap >= 0)
		f.cgroup.files[CG_FILE_PEAK_SWAP] = counter(swap);
	ck_assert_msg(counters_full(&f.cgroup, fulls[_i].limit) == fulls[_i].full, "%s",
		      fulls[_i].label);
}
END_TEST

/* Version 2 counts where the limit was. */
START_TEST(version_two_tells_whose_limit_it_was)
{
	f.host.v2 = true;
	f.cgroup.files[CG_FILE_OOM] = counter(_i ? "oom 1\noom_kill 1\n" : "oom 0\noom_kill 1\n");
	ck_assert_int_eq(counters_full(&f.cgroup, MIB), _i);
}
END_TEST

START_TEST(refusals_around_are_added_up)
{
	ck_assert_int_eq(counters_refused_around(&f.cgroup), 0);
	f.cgroup.around[0] = counter("max 3\n");
	f.cgroup.around[1] = counter("");
	f.cgroup.around[2] = counter("max 4\n");
	f.cgroup.n_around = 3;
	ck_assert_int_eq(counters_refused_around(&f.cgroup), 7);
	counters_close_around(&f.cgroup);
	ck_assert_uint_eq(f.cgroup.n_around, 0);
}
END_TEST

Suite *suite_container_step_counters(void);
Suite *suite_container_step_counters(void)
{
	Suite *s = suite_create("container/step_counters");
	TCase *tc = tcase_create("step_counters");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, a_counter, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_loop_test(tc, a_file_has_a_maximum, 0, 2);
	tcase_add_loop_test(tc, memory_was_full, 0, (int)(sizeof fulls / sizeof *fulls));
	tcase_add_loop_test(tc, version_two_tells_whose_limit_it_was, 0, 2);
	tcase_add_test(tc, refusals_around_are_added_up);
	suite_add_tcase(s, tc);
	return s;
}
