/* test_model_result.c - names of verdicts and signals; results are born unmeasured. */
#include "model/result.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

Suite *suite_model_result(void);

START_TEST(verdicts)
{
	/* The words of the format moulette.result/1. */
	static const char *const names[] = {
		"passed",        "wrong_answer", "runtime_error", "time_limit",
		"memory_limit",  "output_limit", "process_limit", "disk_limit",
		"compile_error", "refused",      "skipped",       "internal_error",
	};
	ck_assert_int_eq(VERDICT_COUNT, (int)(sizeof names / sizeof *names));
	for (int v = 0; v < VERDICT_COUNT; v++) {
		ck_assert_str_eq(verdict_name((enum verdict)v), names[v]);
		ck_assert_int_eq(verdict_of(names[v]), v);
	}
	static const char *const none[] = {
		"", "pass", "passed ", "Passed", "time-limit", "usage"
	};
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(verdict_of(none[i]), -1);
}
END_TEST

START_TEST(signals)
{
	const struct {
		int signo;
		const char *want;
	} rows[] = {
		{ SIGHUP, "SIGHUP" },
		{ SIGSEGV, "SIGSEGV" },
		{ SIGKILL, "SIGKILL" },
		{ SIGXCPU, "SIGXCPU" },
		{ SIGXFSZ, "SIGXFSZ" },
		{ SIGSYS, "SIGSYS" },
		{ SIGABRT, "SIGABRT" },
		{ SIGVTALRM, "SIGVTALRM" },
		{ 32, "SIG32" },
		{ 33, "SIG33" },
		{ SIGRTMIN, "SIGRTMIN" },
		{ SIGRTMIN + 1, "SIGRTMIN+1" },
		{ SIGRTMIN + 3, "SIGRTMIN+3" },
		{ SIGRTMAX, "SIGRTMIN+30" },
		{ SIGRTMAX + 1, "SIG65" },
		{ 77, "SIG77" },
		{ 0, "SIG0" },
		{ -1, "SIG-1" },
		{ INT32_MIN, "SIG-2147483648" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char buf[16];
		ck_assert_ptr_eq(signal_label(rows[i].signo, buf), buf);
		ck_assert_str_eq(buf, rows[i].want);
	}
	for (int signo = 1; signo <= SIGRTMAX; signo++) { /* each has a label of its own */
		char a[16], b[16];
		for (int other = 1; other < signo; other++)
			ck_assert_str_ne(signal_label(signo, a), signal_label(other, b));
	}
}
END_TEST

START_TEST(facts_are_unmeasured)
{
	struct step_facts f;
	memset(&f, 0xff, sizeof f);
	step_facts_init(&f);
	const int64_t numbers[] = {
		f.exit_code,         f.wall_ns,        f.cpu_ns,         f.user_ns,   f.system_ns,
		f.memory_peak_bytes, f.rss_peak_bytes, f.processes_peak, f.leftovers, f.oom_kills,
		f.pids_denied,       f.throttled_ns,   f.waited_ns,      f.beside,    f.out.bytes,
		f.err.bytes,
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ck_assert_msg(numbers[i] == -1, "number %zu", i);
	ck_assert(!f.ran && !f.full.name && !f.box_failed && !f.out.over && !f.err.over);
	ck_assert_int_eq(f.signal, 0);
	ck_assert_int_eq(f.exec_stage, EXEC_OK);
	ck_assert_int_eq(f.ended_for, LIMIT_NONE);
	ck_assert_ptr_null(f.trouble);
	ck_assert_str_eq(f.out.sha256, "");
	ck_assert_ptr_null(f.exec_note);
	ck_assert_ptr_null(f.network);
}
END_TEST

/* The address sanitizer sees what is forgotten, and what is freed twice. */
START_TEST(facts_own_what_went_through_the_card)
{
	struct step_facts f;
	step_facts_init(&f);
	step_facts_done(&f); /* no card */
	f.wall_ns = 7;
	f.network = network_facts_new(1);
	step_facts_done(&f);
	ck_assert_ptr_null(f.network);
	ck_assert_int_eq(f.wall_ns, 7); /* numbers may still be looked at */
	step_facts_done(&f);
}
END_TEST

START_TEST(a_result_begins_empty)
{
	struct run_result r;
	memset(&r, 0xff, sizeof r);
	run_result_init(&r);
	ck_assert_str_eq(r.version, MOULETTE_VERSION);
	ck_assert_str_eq(r.id, "");
	ck_assert_ptr_null(r.batch);
	ck_assert_ptr_null(r.log_path);
	ck_assert_ptr_null(r.steps);
	ck_assert_double_nan(r.score);
	ck_assert_double_nan(r.max_score);
	ck_assert_int_eq(r.submission.bytes, -1);
	ck_assert_int_eq(r.submission.entries, -1);
	ck_assert_str_eq(r.error_code, "");
	run_result_done(&r);
}
END_TEST

/* Room that was made before holds all of them where they are, and is not the end. */
START_TEST(room_is_made_once)
{
	struct run_result r;
	run_result_init(&r);
	run_result_add(&r)->name = mem_strdup("first");
	run_result_reserve(&r, 100);
	const struct step_result *where = r.steps;
	ck_assert_str_eq(r.steps[0].name, "first");
	for (int i = 1; i < 100; i++)
		run_result_add(&r)->facts.exit_code = i;
	ck_assert_ptr_eq(r.steps, where);
	run_result_reserve(&r, 5); /* never less */
	for (int i = 100; i < 300; i++)
		run_result_add(&r)->facts.exit_code = i;
	ck_assert_uint_eq(r.n_steps, 300);
	for (int i = 1; i < 300; i++)
		ck_assert_int_eq(r.steps[i].facts.exit_code, i);
	run_result_done(&r);
}
END_TEST

START_TEST(steps_are_added)
{
	struct run_result r;
	run_result_init(&r);
	for (size_t i = 0; i < 50; i++) {
		struct step_result *s = run_result_add(&r);
		ck_assert_ptr_eq(s, &r.steps[i]);
		ck_assert_uint_eq(r.n_steps, i + 1);
		ck_assert_ptr_null(s->name);
		ck_assert_ptr_null(s->group);
		ck_assert_double_nan(s->points);
		ck_assert_double_nan(s->max_points);
		ck_assert_int_eq(s->limit_hit, LIMIT_NONE);
		ck_assert_int_eq(s->limits.v[LIMIT_DISK], LIMIT_UNSET);
		ck_assert_int_eq(s->facts.exit_code, -1);
		ck_assert_str_eq(s->message, "");
		s->name = mem_printf("%zu", i);
		s->group = mem_strdup("g");
		if (i % 2)
			s->facts.network = network_facts_new(i);
	}
	ck_assert_str_eq(r.steps[0].name, "0");
	ck_assert_str_eq(r.steps[49].name, "49");

	/* Everything that is owned; the address sanitizer sees what is forgotten. */
	r.batch = mem_strdup("b");
	r.submission.name = mem_strdup("s");
	r.submission.file = mem_strdup("f");
	r.assignment.name = mem_strdup("a");
	r.image.name = mem_strdup("i");
	r.image.digest = mem_strdup("d");
	r.profile.name = mem_strdup("p");
	r.engine.name = mem_strdup("e");
	r.engine.version = mem_strdup("v");
	r.log_path = mem_strdup("l");
	r.groups = mem_alloc(sizeof *r.groups);
	r.groups[0].name = mem_strdup("g");
	r.n_groups = 1;
	run_result_done(&r);
	ck_assert_uint_eq(r.n_steps + r.n_groups, 0);
	ck_assert_ptr_null(r.steps);
	ck_assert_ptr_null(r.groups);
	ck_assert_ptr_null(r.log_path);
	run_result_done(&r);
}
END_TEST

Suite *suite_model_result(void)
{
	Suite *s = suite_create("model/result");
	TCase *tc = tcase_create("result");
	tcase_add_test(tc, verdicts);
	tcase_add_test(tc, signals);
	tcase_add_test(tc, facts_are_unmeasured);
	tcase_add_test(tc, facts_own_what_went_through_the_card);
	tcase_add_test(tc, a_result_begins_empty);
	tcase_add_test(tc, steps_are_added);
	tcase_add_test(tc, room_is_made_once);
	suite_add_tcase(s, tc);
	return s;
}
