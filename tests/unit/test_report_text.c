/* test_report_text.c - what people read: short when all is well, clear when not, never forged. */
#include "test_report_fixture.h"

Suite *suite_report_text(void);

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

static void grade(enum verdict v, enum fault fault, double score, double max)
{
	fx.r.verdict = v;
	fx.r.fault = fault;
	fx.r.score = score;
	fx.r.max_score = max;
}

static struct step_result *test(const char *name, enum verdict v, double points, double max)
{
	struct step_result *s = fixture_step(&fx, name, STEP_TEST, v);
	s->points = points;
	s->max_points = max;
	return s;
}

static void has(const char *text, const char *want)
{
	ck_assert_msg(strstr(text, want), "no '%s' in\n%s", want, text);
}

static void lacks(const char *text, const char *unwanted)
{
	ck_assert_msg(!strstr(text, unwanted), "'%s' in\n%s", unwanted, text);
}

START_TEST(a_failed_test)
{
	AUTO_BUF want = { 0 };
	grade(VERDICT_WRONG_ANSWER, FAULT_STUDENT, 12.5, 20);
	fixture_step(&fx, "build", STEP_BUILD, VERDICT_PASSED);
	fixture_say(&fx, FRAMELOG_STDERR, "cc -o x x.c\n", 12);
	struct step_result *s = test("reverse", VERDICT_WRONG_ANSWER, 0, 3);
	strcpy(s->message, "line 1: expected \"olleh\", got \"olle\"");
	fixture_say(&fx, FRAMELOG_STDOUT, "olle\n", 5);
	fx.r.groups = mem_alloc(sizeof *fx.r.groups);
	fx.r.n_groups = 1;
	fx.r.groups[0] = (struct group_result){ .name = mem_strdup("basics"), .max_score = 3 };
	fx.r.replaced = mem_strdup("Makefile\nsrc/main.c");
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 0, false, NULL);
	ck_assert_int_eq(file_read(AT_FDCWD, "tests/data/report/wrong_answer.txt", &want, 1 << 20),
			 0);
	ck_assert_str_eq(got, want.data);
}
END_TEST

START_TEST(a_passed_run_is_short)
{
	grade(VERDICT_PASSED, FAULT_NONE, 1, 1);
	fixture_step(&fx, "build", STEP_BUILD, VERDICT_PASSED);
	fixture_say(&fx, FRAMELOG_STDOUT, "chatter\n", 8);
	test("check", VERDICT_PASSED, 1, 1);
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 80, false, NULL);
	ck_assert_str_eq(got, "alice (alice.tar.gz): passed, 1/1 point\n\n"
			      "  VERDICT  STEP   POINTS     CPU    WALL    MEMORY\n"
			      "  passed   build       -  1.9 ms  4.1 ms  1.25 MiB\n"
			      "  passed   check     1/1  1.9 ms  4.1 ms  1.25 MiB\n");
}
END_TEST

/* The message of a failed step says what its network refused; one that passed needs no words. */
START_TEST(what_the_network_refused)
{
	struct network_facts *f = network_facts_new(1);
	f->n_refused = 1;
	f->refused[0] = (struct network_refusal){ 0x0a000009, 5432, 6, 1 };
	grade(VERDICT_RUNTIME_ERROR, FAULT_STUDENT, 1, 2);
	test("tries", VERDICT_PASSED, 1, 1)->facts.network = f;
	struct step_result *s = test("needs", VERDICT_RUNTIME_ERROR, 0, 1);
	strcpy(s->message, "ended with status 1, expected 0; refused: 10.0.0.7:80/tcp (not allowed "
			   "by the network of this test)");
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 0, false, NULL);
	has(got, "    ended with status 1, expected 0; refused: 10.0.0.7:80/tcp (not allowed by "
		 "the network of this test)\n");
	lacks(got, "10.0.0.9");
}
END_TEST

START_TEST(a_compile_error_shows_the_compiler)
{
	grade(VERDICT_COMPILE_ERROR, FAULT_STUDENT, 0, 4);
	fixture_step(&fx, "build", STEP_BUILD, VERDICT_COMPILE_ERROR);
	fixture_say(&fx, FRAMELOG_STDOUT, "cc -c prog.c\n", 13);
	fixture_say(&fx, FRAMELOG_STDERR, "prog.c:1:1: error\n", 18);
	step_facts_init(&test("sum", VERDICT_SKIPPED, 0, 4)->facts);
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 80, false, NULL);
	has(got, "alice (alice.tar.gz): compile error, 0/4 points\n");
	has(got, "    stderr:\n    | prog.c:1:1: error\n    stdout:\n    | cc -c prog.c\n");
	has(got, "  skipped        sum       0/4       -       -         -\n");
}
END_TEST

static const struct {
	const char *label;
	enum verdict verdict;
	enum fault fault;
	const char *code, *message, *want[3];
} errors[] = {
	{ "refused",
	  VERDICT_REFUSED,
	  FAULT_STUDENT,
	  "archive.path_escape",
	  "entry '../x' leads outside",
	  { "): refused\n    entry '../x' leads outside (archive.path_escape)\n",
	    "    not accepted, nothing was run; please hand it in again",
	    "no points were recorded" } },
	{ "host",
	  VERDICT_INTERNAL_ERROR,
	  FAULT_INFRA,
	  "",
	  "cannot start crun",
	  { "): internal error\n    cannot start crun (internal_error)\n",
	    "lies with this host or with moulette, not with the student",
	    "no points were recorded" } },
	{ "assignment",
	  VERDICT_INTERNAL_ERROR,
	  FAULT_ASSIGNMENT,
	  "checker.crashed",
	  "checker 'check' ended by SIGSEGV",
	  { "(checker.crashed)\n", "lies with the assignment, not with the student",
	    "no points were recorded" } },
};

START_TEST(errors_say_whose_fault)
{
	grade(errors[_i].verdict, errors[_i].fault, NAN, 20);
	strcpy(fx.r.error_code, errors[_i].code);
	strcpy(fx.r.error_message, errors[_i].message);
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 200, false, NULL);
	for (int i = 0; i < 3; i++)
		has(got, errors[_i].want[i]);
	lacks(got, "/20");
}
END_TEST

/* The whole output, passed or not; as it is but for what a terminal would obey. */
START_TEST(a_command_shows_everything)
{
	grade(VERDICT_PASSED, FAULT_NONE, NAN, NAN);
	fixture_step(&fx, "command", STEP_COMMAND, VERDICT_PASSED);
	AUTO_BUF long_line = { 0 };
	for (int i = 0; i < 60; i++) {
		char line[16];
		snprintf(line, sizeof line, "line %d\n", i);
		fixture_say(&fx, FRAMELOG_STDOUT, line, strlen(line));
		buf_str(&long_line, "0123456789");
	}
	fixture_say(&fx, FRAMELOG_STDOUT, long_line.data, long_line.len);
	fixture_say(&fx, FRAMELOG_STDERR, "\tcaf\xc3\xa9\x1b[2J\r\n\xff\0\n", 15);
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 0, false, NULL);
	has(got, "alice (alice.tar.gz): passed\n");
	for (int i = 0; i < 60; i++) {
		char line[32];
		snprintf(line, sizeof line, "\n    | line %d\n", i);
		has(got, line);
	}
	has(got, long_line.data);
	has(got, "    stderr:\n    | \tcaf\xc3\xa9\\x1b[2J\\r\n    | \\xff\\x00\n");
	lacks(got, "left out");
}
END_TEST

START_TEST(long_output_is_cut_with_words)
{
	grade(VERDICT_OUTPUT_LIMIT, FAULT_STUDENT, 0, 1);
	test("t", VERDICT_OUTPUT_LIMIT, 0, 1);
	int lines = _i ? 21 : 20;
	for (int i = 1; i <= lines; i++) {
		char line[16];
		snprintf(line, sizeof line, "line %d\n", i);
		fixture_say(&fx, FRAMELOG_STDOUT, line, strlen(line));
	}
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 0, false, NULL);
	if (_i == 0) {
		lacks(got, "left out");
		lacks(got, "some output is left out");
		has(got, "| line 14\n    | line 15\n");
	} else {
		has(got, "| line 14\n    + 1 line (8 B) left out\n    | line 16\n");
		has(got, "some output is left out; -f json has 64 KiB of each stream\n");
	}
	has(got, "| line 1\n");
	has(got, "| line 20\n");
}
END_TEST

/* 300 KiB: the middle is not even loaded. */
START_TEST(a_flood_is_counted)
{
	grade(VERDICT_OUTPUT_LIMIT, FAULT_STUDENT, 0, 1);
	test("t", VERDICT_OUTPUT_LIMIT, 0, 1)->facts.out.over = true;
	for (int i = 0; i < 300; i++) {
		char line[1025];
		snprintf(line, sizeof line, "%01023d\n", i);
		fixture_say(&fx, FRAMELOG_STDOUT, line, 1024);
	}
	fixture_flood(&fx, FRAMELOG_STDERR, 'x', 401);
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 0, false, NULL);
	has(got, "    + 623 more bytes in this line\n");
	has(got, "    + 280 lines (280 KiB) left out\n");
	has(got, "    + what came after the output limit was not captured\n");
	has(got, "    + 1 more byte in this line\n");
	fixture_step(&fx, "command", STEP_COMMAND, VERDICT_PASSED);
	fixture_flood(&fx, FRAMELOG_STDOUT, 'y', 100 * 1024);
	AUTO_FREE char *more = fixture_report(&fx.r, "text", 0, false, NULL);
	has(more, "y\n    + 36 KiB left out\n    | y");
}
END_TEST

/* Whatever a program prints, each row of it stands behind a mark, and no row is wider than the
 * terminal, which would begin the next one at its edge. */
START_TEST(no_line_can_be_forged)
{
	static const char forged[] =
		"x\n  passed   t 3/3\nalice (alice.tar.gz): passed, 20/20 points\n"
		"\x1b[1A\rpassed\v\f\xc2\x85passed\xe2\x80\xa8  passed\n";
	grade(VERDICT_WRONG_ANSWER, FAULT_STUDENT, 0, 3);
	struct step_result *s = test("t\n  passed   u", VERDICT_WRONG_ANSWER, 0, 3);
	memset(s->message, 'm', sizeof s->message - 1);
	fixture_say(&fx, FRAMELOG_STDOUT, forged, strlen(forged));
	fixture_flood(&fx, FRAMELOG_STDOUT, '\t', 30);
	for (int i = 0; i < 100; i++)
		fixture_say(&fx, FRAMELOG_STDOUT, "\xe6\x97\xa5 passed ", 11);
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 60, false, NULL);
	int row = 0;
	for (char *line = got, *end; (end = strchr(line, '\n')); line = end + 1, row++) {
		*end = '\0';
		/* headline, empty line, heading, the step: then only rows that begin with a mark */
		if (row >= 4 && strncmp(line, "  some output is left out; ", 27) != 0)
			ck_assert_msg(!*line || strncmp(line, "    ", 4) == 0, "'%s'", line);
		if (row == 3)
			ck_assert_msg(strncmp(line, "  wrong answer  t\\n", 19) == 0, "'%s'", line);
		for (const char *p = line; *p; p++)
			ck_assert((unsigned char)*p >= 0x20 || *p == '\t');
		ck_assert_ptr_null(strstr(line, "\xe2\x80\xa8"));
		int columns = 0;
		for (const char *p = line; *p; p++) {
			if (*p == '\t')
				columns += 8 - columns % 8;
			else if ((unsigned char)*p == 0xe6)
				columns += 2;
			else if (((unsigned char)*p & 0xc0) != 0x80)
				columns++;
		}
		ck_assert_msg(columns <= 60, "%d columns: '%s'", columns, line);
	}
	ck_assert_int_gt(row, 10);
}
END_TEST

START_TEST(names_are_escaped_and_aligned)
{
	run_result_done(&fx.r);
	fixture_names(&fx.r, HOSTILE);
	grade(VERDICT_TIME_LIMIT, FAULT_STUDENT, 0, 2);
	test(HOSTILE, VERDICT_TIME_LIMIT, 0, 1);
	test("\xe6\x97\xa5\xe6\x9c\xac", VERDICT_MEMORY_LIMIT, 0, 1); /* two columns each */
	test("abcd", VERDICT_PROCESS_LIMIT, 0, 1);
	test("", VERDICT_DISK_LIMIT, 0, 1);
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 120, false, NULL);
	has(got, "a\\x1b[31m\\x07\\u202e\"'\\\\r\\n\\u009b\\x9b\\xc3 (a\\x1b");
	has(got, "  time limit     a\\x1b[31m\\x07\\u202e\"'\\\\r\\n\\u009b\\x9b\\xc3     0/1  ");
	has(got,
	    "  memory limit   \xe6\x97\xa5\xe6\x9c\xac                                       ");
	has(got, "  process limit  abcd                                       ");
	for (const char *p = got; *p; p++)
		ck_assert((unsigned char)*p >= 0x20 || *p == '\n');
}
END_TEST

START_TEST(long_names_are_cut)
{
	run_result_done(&fx.r);
	AUTO_FREE char *name = mem_alloc(301);
	for (int i = 0; i < 300; i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	fixture_names(&fx.r, name);
	grade(VERDICT_PASSED, FAULT_NONE, 0, 1);
	test(name, VERDICT_PASSED, 1, 1);
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 80, false, NULL);
	has(got, "\xc3\xa9... (\xc3\xa9");
	ck_assert_uint_lt((size_t)(strchr(got, '\n') - got), 200);
	has(got, "1/1  1.9 ms  4.1 ms  1.25 MiB\n");
	const char *step = strstr(got, "  passed ");
	int columns = 0;
	for (const char *p = step; *p != '\n'; p++)
		columns += ((unsigned char)*p & 0xc0) != 0x80;
	ck_assert_int_le(columns, 80);
}
END_TEST

START_TEST(colours_are_asked_for)
{
	grade(VERDICT_PASSED, FAULT_NONE, 1, 1);
	test("a", VERDICT_PASSED, 1, 1);
	test("b", VERDICT_WRONG_ANSWER, 0, 1);
	test("c", VERDICT_TIME_LIMIT, 0, 1);
	test("d", VERDICT_INTERNAL_ERROR, NAN, 1);
	AUTO_FREE char *plain = fixture_report(&fx.r, "text", 80, false, NULL);
	lacks(plain, "\033");
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 80, true, NULL);
	has(got, "): \033[32mpassed\033[0m, 1/1");
	has(got, "\n  \033[32mpassed\033[0m          a ");
	has(got, "\n  \033[31mwrong answer\033[0m    b ");
	has(got, "\n  \033[33mtime limit\033[0m      c ");
	has(got, "\n  \033[35minternal error\033[0m  d ");
}
END_TEST

START_TEST(nothing_is_known)
{
	run_result_done(&fx.r);
	struct step_result *s = run_result_add(&fx.r);
	s->verdict = VERDICT_RUNTIME_ERROR;
	AUTO_FREE char *got = fixture_report(&fx.r, "text", 0, false, NULL);
	has(got, "submission: passed\n");
	has(got, "  runtime error             -    -     -       -\n");
}
END_TEST

START_TEST(a_lost_log_is_told)
{
	struct report_options opt = { .width = 80 };
	const struct report_format *f;
	struct err err = { 0 };
	AUTO_FREE char *got = NULL;
	size_t len;
	grade(VERDICT_WRONG_ANSWER, FAULT_STUDENT, 0, 1);
	test("t", VERDICT_WRONG_ANSWER, 0, 1);
	fixture_say(&fx, FRAMELOG_STDOUT, "abc\n", 4);
	unlink(fx.r.log_path);
	ck_assert_int_eq(report_format_find("text", &f, &err), 0);
	FILE *out = open_memstream(&got, &len);
	ck_assert_int_eq(f->write(out, &fx.r, &opt, &err), -1);
	fclose(out);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	has(err.msg, fx.r.log_path);
	has(got, "    + the captured bytes cannot be read\n");
}
END_TEST

static char *line(const char *format)
{
	const struct report_options opt = { .width = 0 };
	const struct report_format *fmt = NULL;
	struct err err = { 0 };
	char *text = NULL;
	size_t len = 0;
	ck_assert_int_eq(report_format_find(format, &fmt, &err), 0);
	FILE *out = open_memstream(&text, &len);
	ck_assert_msg(fmt->write_line(out, &fx.r, &opt, &err) == 0, "%s", err.msg);
	fclose(out);
	ck_assert_ptr_eq(strchr(text, '\n'), text + len - 1);
	return text;
}

/* Of a batch: what a student wrote breaks no line, in neither format. */
START_TEST(a_result_on_a_line)
{
	free(fx.r.submission.file);
	fx.r.submission.file = mem_strdup("alice" HOSTILE ".tar");
	grade(VERDICT_WRONG_ANSWER, FAULT_STUDENT, 2, 3);
	test("one", VERDICT_PASSED, 2, 2);
	strcpy(test("two", VERDICT_WRONG_ANSWER, 0, 1)->message, "line 1: expected \"a\"");
	AUTO_FREE char *text = line("text");
	has(text, "wrong answer, 2/3 points - two: line 1: expected \"a\"\n");
	lacks(text, "\x1b");
	AUTO_FREE char *json = line("json");
	has(json, "\"verdict\": \"wrong_answer\"");
}
END_TEST

/* Two hand-ins that differ in what has no ink; a joiner stays in the text of a program. */
START_TEST(names_of_no_width)
{
	free(fx.r.submission.name);
	fx.r.submission.name = mem_strdup("alice\xe2\x80\x8b");
	free(fx.r.submission.file);
	fx.r.submission.file = mem_strdup("a\xe2\x80\x8dlice\xc2\xa0.tar");
	grade(VERDICT_WRONG_ANSWER, FAULT_STUDENT, 0, 1);
	strcpy(test("o\xe2\x80\x8cne", VERDICT_WRONG_ANSWER, 0, 1)->message,
	       "\xe2\x80\x8c\xe2\x80\x8b");
	AUTO_FREE char *text = line("text");
	ck_assert_str_eq(text, "alice\\u200b (a\\u200dlice\\u00a0.tar): wrong answer, 0/1 point - "
			       "o\\u200cne: \xe2\x80\x8c\\u200b\n");
	AUTO_FREE char *json = line("json");
	has(json, "\"name\": \"alice\xe2\x80\x8b\"");
}
END_TEST

START_TEST(a_file_that_was_changing)
{
	grade(VERDICT_PASSED, FAULT_NONE, 2, 2);
	test("one", VERDICT_PASSED, 2, 2);
	fx.r.submission.changed = true;
	AUTO_FREE char *text = line("text"), *json = line("json");
	ck_assert_str_eq(text,
			 "alice (alice.tar.gz): passed, 2/2 points (changed while it was read)\n");
	has(json, "\"changed\": true}");
	AUTO_FREE char *page = fixture_report(&fx.r, "text", 0, false, NULL);
	has(page, "changed each time it was copied");
}
END_TEST

START_TEST(a_passed_result_on_a_line)
{
	grade(VERDICT_PASSED, FAULT_NONE, 2, 2);
	test("one", VERDICT_PASSED, 2, 2);
	AUTO_FREE char *text = line("text");
	ck_assert_str_eq(text, "alice (alice.tar.gz): passed, 2/2 points\n");
}
END_TEST

Suite *suite_report_text(void)
{
	Suite *s = suite_create("report/text");
	TCase *tc = tcase_create("text");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_failed_test);
	tcase_add_test(tc, a_passed_run_is_short);
	tcase_add_test(tc, what_the_network_refused);
	tcase_add_test(tc, a_compile_error_shows_the_compiler);
	tcase_add_loop_test(tc, errors_say_whose_fault, 0, 3);
	tcase_add_test(tc, a_command_shows_everything);
	tcase_add_loop_test(tc, long_output_is_cut_with_words, 0, 2);
	tcase_add_test(tc, a_flood_is_counted);
	tcase_add_test(tc, no_line_can_be_forged);
	tcase_add_test(tc, names_are_escaped_and_aligned);
	tcase_add_test(tc, long_names_are_cut);
	tcase_add_test(tc, colours_are_asked_for);
	tcase_add_test(tc, nothing_is_known);
	tcase_add_test(tc, a_lost_log_is_told);
	tcase_add_test(tc, a_result_on_a_line);
	tcase_add_test(tc, names_of_no_width);
	tcase_add_test(tc, a_file_that_was_changing);
	tcase_add_test(tc, a_passed_result_on_a_line);
	suite_add_tcase(s, tc);
	return s;
}
