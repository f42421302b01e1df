/* test_report_json.c - moulette.result/1 of made-up results, against the shipped schema. */
#include <errno.h>
#include <locale.h>
#include <netinet/in.h>
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

/* What check.py says of a file: 0, or a status as waitpid() has it. */
static int python(const char *name, bool quiet)
{
	char path[96];
	snprintf(path, sizeof path, "%s/%s", fx.dir, name);
	pid_t pid = fork();
	if (pid == 0) {
		if (quiet)
			dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execl("/usr/bin/python3", "python3", CHECKER, SCHEMA, path, (char *)NULL);
		_exit(127);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void validate(const char *name)
{
	int status = python(name, false);
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

/* The last step had a card. */
static struct network_facts *card(size_t n_refused)
{
	struct network_facts *f = network_facts_new(n_refused);
	f->sent_bytes = 1234;
	f->sent_packets = 12;
	f->received_bytes = INT64_C(9876543210);
	f->received_packets = 0;
	for (f->n_refused = 0; f->n_refused < n_refused; f->n_refused++)
		f->refused[f->n_refused] = (struct network_refusal){
			.address = 0x0a000009 + (uint32_t)f->n_refused,
			.port = 5432,
			.protocol = IPPROTO_TCP,
			.count = 1,
		};
	return fx.r.steps[fx.r.n_steps - 1].facts.network = f;
}

START_TEST(what_went_through_a_card)
{
	wrong_answer();
	struct network_facts *f = card(4);
	f->refused[0].count = 7;
	f->refused[1] = (struct network_refusal){ 0xffffffff, 65535, IPPROTO_UDP, 1 };
	f->refused[2] = (struct network_refusal){ 0, 0, IPPROTO_TCP, 1 };
	f->refused[3] = (struct network_refusal){ 0x08080404, 0, IPPROTO_ICMP, 2 };
	save("strict.json", false);
	validate("strict.json");
	save("one.jsonl", true);
	AUTO_BUF text = { 0 };
	char path[96];
	snprintf(path, sizeof path, "%s/one.jsonl", fx.dir);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, 1 << 20), 0);
	static const char want[] =
		"\"network\": {\"sent\": {\"bytes\": 1234, \"packets\": 12}, "
		"\"received\": {\"bytes\": 9876543210, \"packets\": 0}, \"refused\": ["
		"{\"address\": \"10.0.0.9\", \"port\": 5432, \"protocol\": \"tcp\", "
		"\"count\": 7}, "
		"{\"address\": \"255.255.255.255\", \"port\": 65535, \"protocol\": \"udp\", "
		"\"count\": 1}, "
		"{\"address\": \"0.0.0.0\", \"port\": 0, \"protocol\": \"tcp\", "
		"\"count\": 1}, "
		"{\"address\": \"8.8.4.4\", \"port\": null, \"protocol\": \"1\", "
		"\"count\": 2}]}";
	ck_assert_msg(strstr(text.data, want), "%s", text.data);
	ck_assert_ptr_nonnull(strstr(text.data, "\"network\": null")); /* the build's box */
}
END_TEST

/* Nothing at all, what was not measured, and as many refusals as there may be. */
START_TEST(cards_of_every_size)
{
	static const size_t sizes[] = { 0, 1, NETWORK_REFUSALS_MAX };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		fixture_step(&fx, "t", STEP_TEST, VERDICT_RUNTIME_ERROR);
		struct network_facts *f = card(sizes[i]);
		if (i == 0)
			f->sent_bytes = f->sent_packets = f->received_bytes = -1;
		save("cards.jsonl", true);
	}
	validate("cards.jsonl");
	AUTO_FREE char *text = fixture_report(&fx.r, "json", 0, false, NULL);
	ck_assert_ptr_nonnull(strstr(text, "\"refused\": []"));
	ck_assert_ptr_nonnull(strstr(text, "\"bytes\": null,\n          \"packets\": null\n"));
	ck_assert_ptr_nonnull(strstr(text, "\"10.0.0.72\"")); /* the 64th */
}
END_TEST

/* The schema is no wider than the format: one more refusal, none counted, no such port. */
START_TEST(the_schema_refuses_a_wrong_card)
{
	static const char *const rows[][2] = {
		{ "\"10.0.0.9\"", "\"localhost\"" },
		{ "\"10.0.0.9\"", "\"fe80::1\"" },
		{ "\"10.0.0.9\"", "null" },
		{ "\"port\": 5432", "\"port\": 65536" },
		{ "\"tcp\"", "\"TCP\"" },
		{ "\"tcp\"", "6" },
		{ "\"count\": 1", "\"count\": 0" },
		{ "\"bytes\": 1234", "\"bytes\": -1" },
		{ "\"network\": {", "\"network\": {\"dropped\": 0, " },
		{ "\"refused\": [", "\"refused\": [{\"address\": \"10.0.0.9\", \"port\": 1, "
				    "\"protocol\": \"tcp\", \"count\": 1}, " },
	};
	char path[96];
	AUTO_BUF text = { 0 }, wrong = { 0 };
	fixture_step(&fx, "t", STEP_TEST, VERDICT_RUNTIME_ERROR);
	card(NETWORK_REFUSALS_MAX);
	save("right.jsonl", true);
	snprintf(path, sizeof path, "%s/right.jsonl", fx.dir);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, 1 << 20), 0);
	if (_i == 0)
		ck_assert_int_eq(python("right.jsonl", false), 0);
	const char *at = strstr(text.data, rows[_i][0]);
	ck_assert_msg(at, "no %s", rows[_i][0]);
	buf_add(&wrong, text.data, (size_t)(at - text.data));
	buf_str(&wrong, rows[_i][1]);
	buf_str(&wrong, at + strlen(rows[_i][0]));
	snprintf(path, sizeof path, "%s/wrong.jsonl", fx.dir);
	ck_assert_int_eq(file_write(AT_FDCWD, path, wrong.data), 0);
	ck_assert_msg(python("wrong.jsonl", true) == 1 << 8, "valid with %s", rows[_i][1]);
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
	tcase_add_test(tc, what_went_through_a_card);
	tcase_add_test(tc, cards_of_every_size);
	tcase_add_loop_test(tc, the_schema_refuses_a_wrong_card, 0, 10);
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
