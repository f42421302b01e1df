/* test_store_parcel.c - a result that crosses is the result that was sent; scraps are refused. */
#include "store/parcel.h"

#include "store/store.h"
#include "test_report_fixture.h"

Suite *suite_store_parcel(void);

static struct fixture fx;

/* Everything that can be there is. */
static void setup(void)
{
	fixture_open(&fx);
	fixture_names(&fx.r, HOSTILE);
	fixture_step(&fx, "build", STEP_BUILD, VERDICT_PASSED);
	fixture_say(&fx, FRAMELOG_STDERR, HOSTILE, sizeof HOSTILE - 1);
	struct step_result *s = fixture_step(&fx, "t", STEP_TEST, VERDICT_INTERNAL_ERROR);
	s->group = mem_strdup("basics");
	s->points = 0.1;
	s->max_points = NAN;
	s->limit_hit = LIMIT_DISK;
	strcpy(s->message, HOSTILE);
	s->facts.network = network_facts_new(2);
	s->facts.network->sent_bytes = INT64_C(5000000000);
	s->facts.network->n_refused = 1;
	s->facts.network->refused[0] = (struct network_refusal){ .address = 0xfffffff0,
								 .port = 65535,
								 .protocol = 6,
								 .count = 3 };
	fx.r.groups = mem_alloc(sizeof *fx.r.groups);
	fx.r.n_groups = 1;
	fx.r.groups[0] = (struct group_result){ .name = mem_strdup("basics"), .max_score = 3 };
	fx.r.submission.changed = true;
	fx.r.verdict = VERDICT_INTERNAL_ERROR;
	fx.r.fault = FAULT_ASSIGNMENT;
	fx.r.score = NAN;
	fx.r.max_score = 3;
	strcpy(fx.r.error_code, "files.missing");
	strcpy(fx.r.error_message, HOSTILE);
}

static void teardown(void)
{
	fixture_close(&fx);
}

/* As the store has it after store_put(): every column, as JSON. */
static char *stored(const struct run_result *r, const char *name)
{
	struct run_result got;
	struct err err = { 0 };
	AUTO_STORE *s = NULL;
	AUTO_FREE char *path = mem_printf("%s/%s", fx.dir, name);
	ck_assert_msg(store_open(path, &s, &err) == 0, "%s", err.msg);
	ck_assert_msg(store_put(s, r, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(store_get(s, r->id, &got, &err), 0);
	char *text = fixture_report(&got, "json", 0, false, NULL);
	run_result_done(&got);
	return text;
}

START_TEST(what_comes_is_what_was_sent)
{
	AUTO_BUF b = { 0 };
	struct run_result got;
	struct err err = { 0 };
	run_result_init(&got);
	parcel_pack(&b, &fx.r);
	ck_assert_msg(parcel_unpack(b.data, b.len, &got, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(got.log_path, fx.r.log_path);
	AUTO_FREE char *sent = stored(&fx.r, "sent.db"), *come = stored(&got, "come.db");
	ck_assert_str_eq(sent, come);
	ck_assert_ptr_nonnull(strstr(come, "\"files.missing\""));
	ck_assert_ptr_nonnull(strstr(come, "\"changed\": true"));
	run_result_done(&got);
}
END_TEST

START_TEST(a_result_of_nothing)
{
	AUTO_BUF b = { 0 };
	struct run_result empty, got;
	struct err err = { 0 };
	run_result_init(&empty);
	run_result_init(&got);
	parcel_pack(&b, &empty);
	ck_assert_int_eq(parcel_unpack(b.data, b.len, &got, &err), 0);
	ck_assert_uint_eq(got.n_steps, 0);
	ck_assert_ptr_null(got.submission.name);
	ck_assert_ptr_null(got.log_path);
	run_result_done(&empty);
	run_result_done(&got);
}
END_TEST

/* A worker that dies while it writes leaves a beginning. */
START_TEST(every_beginning_is_refused)
{
	AUTO_BUF b = { 0 };
	parcel_pack(&b, &fx.r);
	buf_add(&b, "", 1);
	for (size_t len = 0; len <= b.len; len++) {
		struct run_result got;
		struct err err = { 0 };
		run_result_init(&got);
		int bad = parcel_unpack(b.data, len, &got, &err);
		ck_assert_msg(bad == (len == b.len - 1 ? 0 : -1), "%zu of %zu bytes", len,
			      b.len - 1);
		if (bad)
			ck_assert_int_eq(err.fault, FAULT_INFRA);
		run_result_done(&got);
	}
}
END_TEST

Suite *suite_store_parcel(void)
{
	Suite *s = suite_create("store/parcel");
	TCase *tc = tcase_create("parcel");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_comes_is_what_was_sent);
	tcase_add_test(tc, a_result_of_nothing);
	tcase_add_test(tc, every_beginning_is_refused);
	suite_add_tcase(s, tc);
	return s;
}
