/* test_report_run_list.c - live runs and results as a table, as JSON, as an OCI state. */
#include "report/run_list.h"

#include "base/json.h"
#include "test_report_fixture.h"

Suite *suite_report_run_list(void);

typedef int write_fn(FILE *out, const struct run_rows *r, struct err *err);

static char *written(write_fn *write, const struct run_rows *rows)
{
	char *text = NULL;
	size_t len = 0;
	struct err err = { 0 };
	FILE *out = open_memstream(&text, &len);
	ck_assert_msg(write(out, rows, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

static void two_rows(struct run_rows *rows)
{
	struct run_row *r = run_rows_add(rows);
	strcpy(r->id, "01JD0000000000000000000001");
	r->status = "running";
	r->pid = 4711;
	r->bundle = mem_strdup("/proc/1/root/b");
	r->owner = mem_strdup("root");
	r->submission = mem_strdup(HOSTILE);
	r->step = mem_strdup("one");
	r->steps_done = 2;
	r->steps_total = 5;
	r->created_real_ns = INT64_C(1764000000123456789);
	r->elapsed_ns = 1500000000;
	r = run_rows_add(rows);
	strcpy(r->id, "01JD0000000000000000000000");
	r->status = "wrong_answer";
	r->score = 2.5;
	r->max_score = 4;
}

START_TEST(a_table)
{
	struct run_rows rows = { 0 };
	setenv("COLUMNS", "250", 1);
	two_rows(&rows);
	AUTO_FREE char *text = written(run_list_table, &rows);
	for (char *c = text; *c; c++)
		ck_assert_msg(*c == '\n' || (unsigned char)*c >= 0x20, "a control byte");
	ck_assert_ptr_nonnull(strstr(text, "a\\x1b[31m\\x07"));
	ck_assert_ptr_nonnull(strstr(text, "one (3/5)"));
	ck_assert_ptr_nonnull(strstr(text, "wrong answer 2.5/4"));
	ck_assert_int_eq(strncmp(text, "ID ", 3), 0);
	int lines = 0;
	for (char *c = text; *c; c++)
		lines += *c == '\n';
	ck_assert_int_eq(lines, 3);
	ck_assert_ptr_nonnull(strstr(text, "  2025-11-24T16:00:00Z  "));
	run_rows_done(&rows);
}
END_TEST

/* Whatever the locale of the caller: here it is "C". */
START_TEST(names_of_any_language)
{
	static const char *const names[] = { "Gro\xc3\x9f", "a\xc3\xbc",
					     "J\xc3\xbcrgen N\xc3\xba\xc3\xb1",
					     "\xe6\x97\xa5\xe6\x9c\xac x", "x\xcc\x81" };
	struct run_rows rows = { 0 };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct run_row *r = run_rows_add(&rows);
		strcpy(r->id, "01JD0000000000000000000001");
		r->submission = mem_strdup(names[i]);
		r->assignment = mem_strdup(names[i]);
	}
	setenv("COLUMNS", "250", 1);
	AUTO_FREE char *text = written(run_list_table, &rows);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(strstr(text, names[i]) != NULL, "'%s' is not in: %s", names[i], text);
	run_rows_done(&rows);
}
END_TEST

START_TEST(names_that_look_the_same)
{
	struct run_rows rows = { 0 };
	struct run_row *r = run_rows_add(&rows);
	strcpy(r->id, "01JD0000000000000000000001");
	r->submission = mem_strdup("alice\xe2\x80\x8b");
	r->assignment = mem_strdup("a\xe2\x80\x8d");
	setenv("COLUMNS", "250", 1);
	AUTO_FREE char *text = written(run_list_table, &rows);
	ck_assert_ptr_nonnull(strstr(text, "alice\\u200b"));
	ck_assert_ptr_nonnull(strstr(text, "a\\u200d"));
	run_rows_done(&rows);
}
END_TEST

/* Long names are cut, and what is nothing to a student or a teacher is left out. */
START_TEST(lines_of_80_columns)
{
	struct run_rows rows = { 0 };
	unsetenv("COLUMNS");
	two_rows(&rows);
	free(rows.rows[0].submission);
	rows.rows[0].pid = 4194304;
	rows.rows[0].submission = mem_printf("%0200d", 7);
	rows.rows[1].submission = mem_printf("%0200d", 7);
	rows.rows[1].status = "internal_error";
	rows.rows[1].score = rows.rows[1].max_score = 1000;
	rows.rows[1].elapsed_ns = INT64_C(86399) * 1000000000;
	AUTO_FREE char *text = written(run_list_table, &rows);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		ck_assert_msg(strcspn(line, "\n") <= 80, "%s", line);
	ck_assert_msg(strstr(text, "  internal error 1000/1000  0000") != NULL, "%s", text);
	ck_assert_ptr_null(strstr(text, "ELAPSED")); /* 88 columns with it */
	ck_assert_ptr_null(strstr(text, "BUNDLE"));
	run_rows_done(&rows);
}
END_TEST

START_TEST(nothing_to_list)
{
	struct run_rows rows = { 0 };
	setenv("COLUMNS", "200", 1);
	AUTO_FREE char *text = written(run_list_table, &rows);
	ck_assert_str_eq(text,
			 "ID  PID  STATUS  BUNDLE  CREATED  OWNER  SUBMISSION  ASSIGNMENT  STEP  "
			 "ELAPSED\n");
	setenv("COLUMNS", "50", 1);
	AUTO_FREE char *narrow = written(run_list_table, &rows);
	ck_assert_str_eq(narrow, "ID  PID  STATUS  SUBMISSION  STEP  ELAPSED\n");
	AUTO_FREE char *json = written(run_list_json, &rows);
	ck_assert_str_eq(json, "[]\n");
}
END_TEST

START_TEST(an_array)
{
	struct run_rows rows = { 0 };
	struct err err = { 0 };
	AUTO_JSON *all = NULL;
	two_rows(&rows);
	AUTO_FREE char *text = written(run_list_json, &rows);
	ck_assert_msg(json_parse("list", text, strlen(text), &all, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(json_object_array_length(all), 2);
	struct json_object *live = json_object_array_get_idx(all, 0);
	struct json_object *done = json_object_array_get_idx(all, 1);
	ck_assert_int_eq(json_object_get_int64(json_object_object_get(live, "pid")), 4711);
	ck_assert_ptr_null(json_object_object_get(live, "score"));
	ck_assert_ptr_null(json_object_object_get(done, "pid"));
	ck_assert_ptr_null(json_object_object_get(done, "step"));
	ck_assert_str_eq(json_object_get_string(json_object_object_get(done, "status")),
			 "wrong_answer");
	ck_assert_int_eq(json_object_object_length(live), 14);
	ck_assert_int_eq(json_object_object_length(done), 14); /* what is absent is null */
	run_rows_done(&rows);
}
END_TEST

static struct json_object *state_of(const struct live_run *r)
{
	char *text = NULL;
	size_t len = 0;
	struct err err = { 0 };
	struct json_object *o = NULL;
	FILE *out = open_memstream(&text, &len);
	ck_assert_int_eq(run_state_json(out, r, &err), 0);
	fclose(out);
	ck_assert_msg(json_parse("state", text, len, &o, &err) == 0, "%s", err.msg);
	free(text);
	return o;
}

static const char *text_in(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

START_TEST(a_state)
{
	struct live_run r = { .id = "01JD0000000000000000000001",
			      .runner = 7,
			      .submission = (char *)HOSTILE };
	AUTO_JSON *begun = state_of(&r);
	ck_assert_str_eq(text_in(begun, "status"), "creating");
	ck_assert_ptr_null(json_object_object_get(begun, "pid"));
	ck_assert_str_eq(text_in(begun, "bundle"), "");
	char *plan[] = { (char *)"one", (char *)"two", NULL };
	struct live_step step = { .index = 1 };
	r.plan = plan;
	r.steps = &step;
	r.n_steps = 1;
	r.running = true;
	r.init_pid = 4711;
	AUTO_JSON *running = state_of(&r);
	struct json_object *notes = json_object_object_get(running, "annotations");
	ck_assert_str_eq(text_in(running, "status"), "running");
	ck_assert_str_eq(text_in(notes, "org.moulette.step"), "two");
	ck_assert_str_eq(text_in(notes, "org.moulette.steps.total"), "2");
	r.status = LIVE_DIED;
	AUTO_JSON *died = state_of(&r);
	ck_assert_str_eq(text_in(died, "status"), "stopped");
	ck_assert_ptr_null(json_object_object_get(died, "pid"));
	notes = json_object_object_get(died, "annotations");
	ck_assert_str_eq(text_in(notes, "org.moulette.status"), "died");
}
END_TEST

Suite *suite_report_run_list(void)
{
	Suite *s = suite_create("report/run_list");
	TCase *tc = tcase_create("run_list");
	tcase_add_test(tc, a_table);
	tcase_add_test(tc, names_of_any_language);
	tcase_add_test(tc, names_that_look_the_same);
	tcase_add_test(tc, lines_of_80_columns);
	tcase_add_test(tc, nothing_to_list);
	tcase_add_test(tc, an_array);
	tcase_add_test(tc, a_state);
	suite_add_tcase(s, tc);
	return s;
}
