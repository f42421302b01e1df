/* test_report_stored.c - a report of a stored result is the report of the run, byte for byte. */
#include "store/store.h"

#include "test_report_fixture.h"

Suite *suite_report_stored(void);

static struct fixture fx;

static void setup(void)
{
	fixture_open(&fx);
}

static void teardown(void)
{
	fixture_close(&fx);
}

static void same_report(const struct run_result *got, const char *format)
{
	size_t n, m;
	AUTO_FREE char *want = fixture_report(&fx.r, format, 90, true, &n);
	AUTO_FREE char *have = fixture_report(got, format, 90, true, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_mem_eq(want, have, n);
}

static void round_trip(void)
{
	struct err err = { 0 };
	struct run_result got;
	char path[96];
	struct store *s = NULL;
	snprintf(path, sizeof path, "%s/results.db", fx.dir);
	ck_assert_msg(store_open(path, &s, &err) == 0, "%s", err.msg);
	ck_assert_msg(store_put(s, &fx.r, &err) == 0, "%s", err.msg);
	store_close(s); /* a later program reads it */
	ck_assert_int_eq(store_open(path, &s, &err), 0);
	ck_assert_msg(store_get(s, fx.r.id, &got, &err) == 0, "%s", err.msg);
	same_report(&got, "json");
	same_report(&got, "text");
	run_result_done(&got);
	store_close(s);
}

/* Every number of a step is another one, so that two columns cannot be mixed up unseen. */
static void distinct(struct step_result *s)
{
	int64_t n = INT64_C(4000000000000);
	int64_t *const all[] = {
		&s->facts.wall_ns,
		&s->facts.cpu_ns,
		&s->facts.user_ns,
		&s->facts.system_ns,
		&s->facts.memory_peak_bytes,
		&s->facts.rss_peak_bytes,
		&s->facts.processes_peak,
		&s->facts.leftovers,
		&s->facts.oom_kills,
		&s->facts.pids_denied,
		&s->facts.throttled_ns,
		&s->facts.waited_ns,
		&s->facts.beside,
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		*all[i] = n++;
	for (int i = 0; i < LIMIT_COUNT; i++)
		s->limits.v[i] = n++;
	s->points = 1.0 / 3;
	s->max_points = 0.1 + 0.2;
	s->limit_hit = LIMIT_DISK;
	s->group = mem_strdup("basics");
	strcpy(s->message, "used 2 s of 1 s");
	s->facts.exit_code = 7;
	s->facts.signal = 11;
	digest_bytes("o", 1, s->facts.out.sha256);
	digest_bytes("e", 1, s->facts.err.sha256);
}

START_TEST(a_rich_result)
{
	fixture_names(&fx.r, "alice");
	fx.r.verdict = VERDICT_DISK_LIMIT;
	fx.r.fault = FAULT_STUDENT;
	fx.r.score = 12.7;
	fx.r.max_score = 1e-7;
	for (int v = 0; v < VERDICT_COUNT; v++) {
		struct step_result *s = fixture_step(&fx, "t", (enum step_kind)(v % 3),
						     (enum verdict)v);
		s->fault = (enum fault)(v % 4);
		fixture_flood(&fx, FRAMELOG_STDOUT, 'o', (size_t)v * 20000);
		fixture_flood(&fx, FRAMELOG_STDERR, v % 2 ? 'e' : '\xee', (size_t)v * 50);
		s->facts.out.over = v % 2;
		s->facts.err.over = v % 3 == 0;
		distinct(s);
	}
	fx.r.groups = mem_alloc(2 * sizeof *fx.r.groups);
	fx.r.n_groups = 2;
	fx.r.groups[0] =
		(struct group_result){ .name = mem_strdup("z"), .score = 0.1, .max_score = 3 };
	fx.r.groups[1] =
		(struct group_result){ .name = mem_strdup("a"), .score = NAN, .max_score = 2 };
	round_trip();
}
END_TEST

START_TEST(a_hostile_result)
{
	fixture_names(&fx.r, HOSTILE);
	free(fx.r.batch);
	fx.r.batch = mem_strdup(HOSTILE);
	fx.r.verdict = VERDICT_REFUSED;
	fx.r.fault = FAULT_STUDENT;
	strcpy(fx.r.error_code, "archive.path_escape");
	strcpy(fx.r.error_message, HOSTILE);
	struct step_result *s = fixture_step(&fx, HOSTILE, STEP_COMMAND, VERDICT_WRONG_ANSWER);
	s->group = mem_strdup(HOSTILE);
	strcpy(s->message, HOSTILE);
	fixture_say(&fx, FRAMELOG_STDERR, "\0\xff" HOSTILE, sizeof HOSTILE + 1);
	round_trip();
}
END_TEST

START_TEST(a_result_of_which_nothing_is_known)
{
	strcpy(fx.r.id, "01JD0000000000000000000000");
	fx.r.started_real_ns = fx.r.duration_ns = -1;
	fx.r.verdict = VERDICT_INTERNAL_ERROR;
	fx.r.fault = FAULT_INFRA;
	free(fx.r.log_path);
	fx.r.log_path = NULL;
	run_result_add(&fx.r);
	round_trip();
}
END_TEST

Suite *suite_report_stored(void)
{
	Suite *s = suite_create("report/stored");
	TCase *tc = tcase_create("stored");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_rich_result);
	tcase_add_test(tc, a_hostile_result);
	tcase_add_test(tc, a_result_of_which_nothing_is_known);
	suite_add_tcase(s, tc);
	return s;
}
