/* test_report_json.c - moulette.result/1 of made-up results, against the shipped schema. */
#include <errno.h>
#include <locale.h>
#include <sys/wait.h>

#include "test_report_fixture.h"

Suite *suite_report_json(void);

#define SCHEMA "profiles/result.schema.json"
#define CHECKER "tests/data/report/check.py"

static struct fixture fx;

static void setup(void)
{
	fixture_open(&fx);
	fixture_names(&fx.r, "alice");
}

static void teardown(void)
{
	fixture_close(&fx);
}

/* Write the result as @name into the folder of the fixture; 0: several lines, 1: one, 2: appended.
 */
static void save(const char *name, int one_line)
{
	struct err err = { 0 };
	char path[96];
	snprintf(path, sizeof path, "%s/%s", fx.dir, name);
	AUTO_FILE FILE *out = fopen(path, one_line ? "a" : "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_msg(report_json_write(out, &fx.r, one_line, &err) == 0, "%s", err.msg);
}

static void validate(const char *name)
{
	char path[96];
	snprintf(path, sizeof path, "%s/%s", fx.dir, name);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/usr/bin/python3", "python3", CHECKER, SCHEMA, path, (char *)NULL);
		_exit(127);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0,
		      "%s: status %x (run in the top folder; python3-jsonschema is "
		      "needed)",
		      name, (unsigned)status);
}

static void wrong_answer(void)
{
	fx.r.verdict = VERDICT_WRONG_ANSWER;
	fx.r.fault = FAULT_STUDENT;
	fx.r.score = 12.5;
	fx.r.max_score = 20;
	struct step_result *s = fixture_step(&fx, "build", STEP_BUILD, VERDICT_PASSED);
	fixture_say(&fx, FRAMELOG_STDERR, "cc -o x x.c\n", 12);
	s = fixture_step(&fx, "reverse", STEP_TEST, VERDICT_WRONG_ANSWER);
	fixture_say(&fx, FRAMELOG_STDOUT, "olle\n", 5);
	s->group = mem_strdup("basics");
	s->points = 0;
	s->max_points = 3;
	strcpy(s->message, "line 1: expected \"olleh\", got \"olle\"");
	fx.r.groups = mem_alloc(sizeof *fx.r.groups);
	fx.r.n_groups = 1;
	fx.r.groups[0] = (struct group_result){ .name = mem_strdup("basics"), .max_score = 3 };
}

START_TEST(as_the_contract_has_it)
{
	static const char mark[] = "@VERSION@";
	AUTO_BUF file = { 0 }, want = { 0 };
	wrong_answer();
	fx.r.replaced = mem_strdup("Makefile\nsrc/main.c");
	AUTO_FREE char *got = fixture_report(&fx.r, "json", 0, false, NULL);
	ck_assert_int_eq(file_read(AT_FDCWD, "tests/data/report/wrong_answer.json", &file, 1 << 20),
			 0);
	char *at = strstr(file.data, mark);
	ck_assert_ptr_nonnull(at);
	buf_add(&want, file.data, (size_t)(at - file.data));
	buf_str(&want, MOULETTE_VERSION);
	buf_str(&want, at + strlen(mark));
	ck_assert_str_eq(got, want.data);
	save("strict.json", false);
	validate("strict.json");
}
END_TEST

START_TEST(one_line_holds_one_result)
{
	wrong_answer();
	save("two.jsonl", true);
	save("two.jsonl", true);
	validate("two.jsonl");
	AUTO_BUF text = { 0 };
	char path[96];
	snprintf(path, sizeof path, "%s/two.jsonl", fx.dir);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, 1 << 20), 0);
	char *first = strchr(text.data, '\n');
	ck_assert_uint_eq((size_t)(first - text.data) + 1, text.len / 2);
}
END_TEST

START_TEST(every_verdict)
{
	for (int v = 0; v < VERDICT_COUNT; v++) {
		struct step_result *s = fixture_step(&fx, "t", STEP_TEST, (enum verdict)v);
		s->limit_hit = (enum limit_id)(v % (LIMIT_COUNT + 1));
		s->facts.exit_code = v % 2 ? -1 : 255;
		s->facts.signal = v % 2 ? v * 5 : 0; /* ordinary and real-time ones */
		if (v == VERDICT_INTERNAL_ERROR)
			s->fault = FAULT_ASSIGNMENT;
		fx.r.verdict = s->verdict;
		fx.r.fault = s->fault;
		save("all.jsonl", true);
	}
	validate("all.jsonl");
}
END_TEST

/* As little as can be known of a result. */
START_TEST(what_is_not_known_is_null)
{
	run_result_done(&fx.r);
	strcpy(fx.r.id, "01JD0000000000000000000000");
	fx.r.duration_ns = -1;
	fx.r.verdict = VERDICT_INTERNAL_ERROR;
	fx.r.fault = FAULT_INFRA;
	run_result_add(&fx.r);
	struct step_result *s = run_result_add(&fx.r);
	s->name = mem_strdup(""); /* empty is not known, too */
	s->verdict = VERDICT_INTERNAL_ERROR;
	s->fault = FAULT_INFRA;
	strcpy(s->message, "the box ended");
	save("strict.json", false);
	validate("strict.json");

	AUTO_FREE char *text = fixture_report(&fx.r, "json", 0, false, NULL);
	static const char *const wanted[] = {
		"\"score\": null",
		"\"started\": null",
		"\"duration_ns\": null",
		"\"exit_code\": null",
		"\"signal\": null",
		"\"leftovers\": null",
		"\"bytes\": null",
		"\"sha256\": null",
		"\"cpu_ns\": null",
		"\"message\": null",
		"\"limit_hit\": null",
		"\"group\": null",
		"\"points\": null",
		"\"code\": \"internal_error\"",
		"\"message\": \"the box ended\"",
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		ck_assert_msg(strstr(text, wanted[i]), "no %s", wanted[i]);
	ck_assert_ptr_null(strstr(text, ": 0"));
	ck_assert_ptr_null(strstr(text, "-1"));
}
END_TEST

START_TEST(hostile_bytes)
{
	run_result_done(&fx.r);
	fx.r.log_path = mem_printf("%s/log", fx.dir);
	fixture_names(&fx.r, HOSTILE);
	free(fx.r.assignment.name);
	fx.r.assignment.name = mem_strdup(HOSTILE);
	fx.r.verdict = VERDICT_REFUSED;
	fx.r.fault = FAULT_STUDENT;
	strcpy(fx.r.error_code, "archive.path_escape");
	strcpy(fx.r.error_message, HOSTILE);
	struct step_result *s = fixture_step(&fx, HOSTILE, STEP_COMMAND, VERDICT_RUNTIME_ERROR);
	s->group = mem_strdup(HOSTILE);
	strcpy(s->message, HOSTILE);
	fixture_say(&fx, FRAMELOG_STDOUT, "\0\x1b[2J\xe2\x80\xa8\"\\\r\n", 12);
	fixture_say(&fx, FRAMELOG_STDERR, HOSTILE, strlen(HOSTILE));
	save("strict.json", false);
	validate("strict.json");

	AUTO_FREE char *text = fixture_report(&fx.r, "json", 0, false, NULL);
	for (const char *p = text; *p; p++)
		ck_assert_msg((unsigned char)*p >= 0x20 || *p == '\n', "byte %d", *p);
	ck_assert_ptr_nonnull(strstr(text, "\"text\": \"\\u0000\\u001b[2J\\u2028\\\"\\\\\\r\\n\""));
	ck_assert_ptr_nonnull(strstr(text, "\"encoding\": \"base64\""));
	ck_assert_ptr_nonnull(strstr(text, "\"code\": \"archive.path_escape\""));
}
END_TEST

/* 30 streams of 200 KiB, half of them not UTF-8: 64 KiB each, 1 MiB in all (check.py adds up). */
START_TEST(floods_are_bounded)
{
	for (int i = 0; i < 15; i++) {
		fixture_step(&fx, "flood", STEP_TEST, VERDICT_OUTPUT_LIMIT);
		fixture_flood(&fx, FRAMELOG_STDOUT, 'x', 200 * 1024);
		fixture_flood(&fx, FRAMELOG_STDERR, '\xff', 200 * 1024);
		fx.r.steps[i].facts.out.over = true;
		if (i == 0)
			save("one.json", false);
	}
	save("floods.json", false);
	validate("one.json");
	validate("floods.json");
}
END_TEST

START_TEST(a_lost_log_leaves_a_whole_document)
{
	struct err err = { 0 };
	char path[96];
	wrong_answer();
	unlink(fx.r.log_path);
	snprintf(path, sizeof path, "%s/strict.json", fx.dir);
	FILE *out = fopen(path, "w");
	ck_assert_int_eq(report_json_write(out, &fx.r, false, &err), -1);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, fx.r.log_path));
	validate("strict.json");
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	struct err err = { 0 };
	wrong_answer();
	AUTO_FILE FILE *out = fopen("/dev/full", "w");
	ck_assert_int_eq(report_json_write(out, &fx.r, false, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_int_eq(err.sys, ENOSPC);
}
END_TEST

START_TEST(formats_are_found)
{
	const struct report_format *f = NULL;
	struct err err = { 0 };
	ck_assert_int_eq(report_format_find("json", &f, &err), 0);
	ck_assert_str_eq(f->name, "json");
	ck_assert_int_eq(report_format_find("jsn", &f, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "'jsn'"));
	ck_assert_ptr_nonnull(strstr(err.msg, "text, json"));
	ck_assert_str_eq(f->name, "json"); /* as it was */
}
END_TEST

Suite *suite_report_json(void)
{
	Suite *s = suite_create("report/json");
	TCase *tc = tcase_create("json");
	tcase_set_timeout(tc, 60); /* python takes its time on a busy machine */
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, as_the_contract_has_it);
	tcase_add_test(tc, one_line_holds_one_result);
	tcase_add_test(tc, every_verdict);
	tcase_add_test(tc, what_is_not_known_is_null);
	tcase_add_test(tc, hostile_bytes);
	tcase_add_test(tc, floods_are_bounded);
	tcase_add_test(tc, a_lost_log_leaves_a_whole_document);
	tcase_add_test(tc, a_full_disk_is_told);
	tcase_add_test(tc, formats_are_found);
	suite_add_tcase(s, tc);
	return s;
}
