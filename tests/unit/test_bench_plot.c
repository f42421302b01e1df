/* test_bench_plot.c - places, names, and text that could break the SVG. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bench/plot.h"

/* Not inlined: gcc takes what open_memstream() gave for the variable that it was given in. */
__attribute__((noinline)) static char *printed(const struct plot *p)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	plot_print(out, p);
	fclose(out);
	return text;
}

static int count(const char *text, const char *what)
{
	int n = 0;
	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static struct plot example(void)
{
	return (struct plot){ .title = "t", .x_label = "x", .y_label = "y" };
}

START_TEST(a_line_a_name)
{
	struct plot p = example();
	plot_add(&p, "one", 1, 10);
	plot_add(&p, "two", 1, 20);
	plot_add(&p, "one", 10, 1);
	ck_assert_uint_eq(p.n, 2);
	ck_assert_uint_eq(p.lines[0].n, 2);
	ck_assert_uint_eq(p.lines[1].n, 1);
	AUTO_FREE char *text = printed(&p);
	plot_done(&p);
	ck_assert_int_eq(count(text, "<circle "), 3);
	ck_assert_int_eq(count(text, ">one</text>"), 1);
	ck_assert_int_eq(count(text, "class=\"line c0 first\""), 1);
	ck_assert_ptr_nonnull(strstr(text, "prefers-color-scheme: dark"));
}
END_TEST

/* The axis on the left goes up, ten times as much is as far everywhere. */
START_TEST(logarithmic)
{
	struct plot p = example();
	double x[3], y[3];
	plot_add(&p, "one", 1, 1);
	plot_add(&p, "one", 10, 10);
	plot_add(&p, "one", 100, 100);
	char *text = printed(&p);
	plot_done(&p);
	const char *at = strstr(text, "first\" d=\"M");
	int got = at ? sscanf(at, "first\" d=\"M%lf %lfL%lf %lfL%lf %lf", &x[0], &y[0], &x[1],
			      &y[1], &x[2], &y[2]) :
		       0;
	free(text);
	ck_assert_int_eq(got, 6);
	ck_assert(x[0] < x[1] && y[0] > y[1]);
	ck_assert_double_eq_tol(x[1] - x[0], x[2] - x[1], 0.2);
	ck_assert_double_eq_tol(y[1] - y[0], y[2] - y[1], 0.2);
}
END_TEST

START_TEST(text_is_escaped)
{
	struct plot p = example();
	p.title = "<a & \"b\">\001";
	plot_add(&p, "</svg><script>", 1, 1);
	AUTO_FREE char *text = printed(&p);
	plot_done(&p);
	ck_assert_ptr_null(strstr(text, "<script"));
	ck_assert_ptr_null(strchr(text, '\001'));
	ck_assert_int_eq(count(text, "&lt;a &amp; &quot;b&quot;&gt; <"), 2);
	ck_assert_int_eq(count(text, "</svg>"), 1);
}
END_TEST

/* One test alone has no extent; no contender at all is no reason for numbers that are none. */
START_TEST(without_extent)
{
	struct plot p = example();
	double x = 0;
	char *empty = printed(&p);
	plot_add(&p, "one", 1, 5);
	char *one = printed(&p);
	const char *at = strstr(one, "cx=");
	int got = at ? sscanf(at, "cx=\"%lf", &x) : 0;
	plot_done(&p);
	const char *const all[] = { empty, one };
	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_null(strstr(all[i], "nan"));
		ck_assert_ptr_null(strstr(all[i], "inf"));
		ck_assert_ptr_nonnull(strstr(all[i], "class=\"grid\""));
	}
	/* In the middle, and not on the axis. */
	ck_assert_int_eq(got, 1);
	ck_assert_double_gt(x, 200);
	free(empty);
	free(one);
}
END_TEST

static const struct {
	const char *label;
	double at[4], want[4];
} rows[] = {
	{ "far apart", { 10, 30, 50, 90 }, { 10, 30, 50, 90 } },
	{ "all at once", { 50, 50, 50, 50 }, { 50, 60, 70, 80 } },
	{ "at the end", { 80, 95, 96, 97 }, { 70, 80, 90, 100 } },
	{ "above the beginning", { -20, -10, 50, 60 }, { 0, 10, 50, 60 } },
};

START_TEST(spread_row)
{
	double at[4];
	memcpy(at, rows[_i].at, sizeof at);
	plot_spread(at, 4, 10, 0, 100);
	for (int i = 0; i < 4; i++)
		ck_assert_msg(at[i] == rows[_i].want[i], "%s: %d: %g", rows[_i].label, i, at[i]);
}
END_TEST

Suite *suite_bench_plot(void);

Suite *suite_bench_plot(void)
{
	Suite *s = suite_create("bench/plot");
	TCase *tc = tcase_create("plot");
	tcase_add_test(tc, a_line_a_name);
	tcase_add_test(tc, logarithmic);
	tcase_add_test(tc, text_is_escaped);
	tcase_add_test(tc, without_extent);
	tcase_add_loop_test(tc, spread_row, 0, (int)(sizeof rows / sizeof *rows));
	suite_add_tcase(s, tc);
	return s;
}
