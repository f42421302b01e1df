/* test_bench_options.c - the command line of the bench. */
#include <check.h>
#include <getopt.h>
#include <string.h>

#include "bench/options.h"

static const struct task tasks[] = {
	{ "one", "", NULL, NULL },
	{ "two", "", NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

static int parse(struct options *ret, struct err *err, int argc, const char *const *words)
{
	char *argv[16] = { (char *)"bench" };
	for (int i = 0; i < argc; i++)
		argv[i + 1] = (char *)(size_t)words[i];
	*ret = (struct options){ .bench = { .rounds = 10, .tests = { 1, 3 } }, .out = "." };
	optind = 0;
	return options_parse(argc + 1, argv, tasks, ret, err);
}

static const struct {
	const char *text;
	int want[4];
} lists[] = {
	{ "1", { 1, 0 } }, { "1,3", { 1, 3, 0 } }, { "100,10,1", { 100, 10, 1, 0 } },
	{ "", { 0 } },     { "0", { 0 } },         { "1,", { 0 } },
	{ ",1", { 0 } },   { "1;3", { 0 } },       { "-1", { 0 } },
	{ "1x", { 0 } },   { "100001", { 0 } },    { "1,2,3,4,5,6,7,8,9", { 0 } },
};

START_TEST(list_row)
{
	int got[VARIANTS_MAX];
	struct err err = { 0 };
	int bad = options_tests(lists[_i].text, got, &err);
	ck_assert_msg(bad == (lists[_i].want[0] ? 0 : -1), "'%s': %d", lists[_i].text, bad);
	for (int i = 0; !bad && i < 4; i++) {
		ck_assert_msg(got[i] == lists[_i].want[i], "'%s'[%d]: %d", lists[_i].text, i,
			      got[i]);
		if (got[i] == 0)
			break;
	}
	if (bad)
		ck_assert_ptr_nonnull(strstr(err.msg, "expected up to 8 numbers"));
}
END_TEST

START_TEST(nothing_named_is_all)
{
	struct options o;
	struct err err = { 0 };
	ck_assert_int_eq(parse(&o, &err, 0, NULL), 0);
	ck_assert(o.wanted[0] && o.wanted[1]);
	const char *const words[] = { "--only", "two" };
	ck_assert_int_eq(parse(&o, &err, 2, words), 0);
	ck_assert(!o.wanted[0] && o.wanted[1]);
}
END_TEST

START_TEST(quick_and_what_follows)
{
	struct options o;
	struct err err = { 0 };
	const char *const words[] = { "--rounds", "7", "--quick", "--tests", "5" };
	ck_assert_int_eq(parse(&o, &err, 5, words), 0);
	ck_assert_int_eq(o.bench.rounds, 1);
	ck_assert_int_eq(o.bench.tests[0], 5);
	ck_assert_int_eq(o.bench.tests[1], 0);
}
END_TEST

static const struct {
	const char *words[2], *why;
} wrong[] = {
	{ { "--rounds", "0" }, "rounds '0'" },
	{ { "--budget", "0" }, "budget '0'" },
	{ { "--growth", "105" }, "multiple of 10" },
	{ { "--growth", "10" }, "from 20" },
	{ { "--submissions", "x" }, "submissions 'x'" },
	{ { "--only", "three" }, "unknown 'three'" },
	{ { "--peers", "/nowhere" }, "/nowhere" },
	{ { "--out", "/nowhere" }, "/nowhere" },
};

START_TEST(wrong_row)
{
	struct options o;
	struct err err = { 0 };
	ck_assert_int_eq(parse(&o, &err, 2, wrong[_i].words), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_msg(strstr(err.msg, wrong[_i].why), "'%s'", err.msg);
}
END_TEST

Suite *suite_bench_options(void);

Suite *suite_bench_options(void)
{
	Suite *s = suite_create("bench/options");
	TCase *tc = tcase_create("options");
	tcase_add_loop_test(tc, list_row, 0, (int)(sizeof lists / sizeof *lists));
	tcase_add_test(tc, nothing_named_is_all);
	tcase_add_test(tc, quick_and_what_follows);
	tcase_add_loop_test(tc, wrong_row, 0, (int)(sizeof wrong / sizeof *wrong));
	suite_add_tcase(s, tc);
	return s;
}
