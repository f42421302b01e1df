/* test_bench_stats.c - quantiles and the intervals of medians. */
#include <check.h>
#include <math.h>

#include "bench/stats.h"

#define ALMOST(got, want) \
	ck_assert_msg(fabs((got) - (want)) < 1e-9, "%g, not %g", (double)(got), (double)(want))

START_TEST(spread_of_one)
{
	struct spread s = spread_of((double[]){ 7 }, 1);
	ALMOST(s.min, 7);
	ALMOST(s.p10, 7);
	ALMOST(s.median, 7);
	ALMOST(s.p90, 7);
}
END_TEST

START_TEST(spread_in_any_order)
{
	const double values[] = { 9, 1, 10, 2, 8, 3, 7, 4, 6, 5, 11 };
	struct spread s = spread_of(values, 11);
	ALMOST(s.min, 1);
	ALMOST(s.p10, 2);
	ALMOST(s.median, 6);
	ALMOST(s.p90, 10);
	ALMOST(values[0], 9); /* left as they were */
}
END_TEST

START_TEST(between_two_values)
{
	struct spread s = spread_of((double[]){ 10, 20 }, 2);
	ALMOST(s.p10, 11);
	ALMOST(s.median, 15);
	ALMOST(s.p90, 19);
}
END_TEST

/* By tables of the binomial distribution: the ranks, from 1, that bound the median. */
static const struct {
	size_t n, low;
	double confidence;
} ranks[] = {
	{ 1, 1, 0 },
	{ 2, 1, 0.5 },
	{ 5, 1, 0.9375 },
	{ 6, 1, 0.96875 },
	{ 8, 1, 0.9921875 },
	{ 9, 2, 0.9609375 },
	{ 10, 2, 0.978515625 },
	{ 20, 6, 0.958610534668 },
	{ 100, 40, 0.964799799782 },
};

START_TEST(interval_row)
{
	double over[100], under[100];
	const size_t n = ranks[_i].n;
	for (size_t i = 0; i < n; i++) {
		under[i] = 2;
		over[i] = 2 * (double)(n - i); /* ratios n, n - 1, ... 1 */
	}
	struct interval r = ratios_of(over, under, n);
	ALMOST(r.median, (double)(n + 1) / 2);
	ALMOST(r.low, (double)ranks[_i].low);
	ALMOST(r.high, (double)(n + 1 - ranks[_i].low));
	ck_assert_msg(fabs(r.confidence - ranks[_i].confidence) < 1e-9, "%zu: %.12f", n,
		      r.confidence);
}
END_TEST

/* A machine that slows down in mid-course changes both of a pair. */
START_TEST(pairs_and_not_medians)
{
	struct interval r = ratios_of((double[]){ 2, 20, 200 }, (double[]){ 1, 10, 100 }, 3);
	ALMOST(r.low, 2);
	ALMOST(r.median, 2);
	ALMOST(r.high, 2);
}
END_TEST

Suite *suite_bench_stats(void);

Suite *suite_bench_stats(void)
{
	Suite *s = suite_create("bench/stats");
	TCase *tc = tcase_create("stats");
	tcase_add_test(tc, spread_of_one);
	tcase_add_test(tc, spread_in_any_order);
	tcase_add_test(tc, between_two_values);
	tcase_add_loop_test(tc, interval_row, 0, (int)(sizeof ranks / sizeof *ranks));
	tcase_add_test(tc, pairs_and_not_medians);
	suite_add_tcase(s, tc);
	return s;
}
