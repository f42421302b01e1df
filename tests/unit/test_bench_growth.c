/* test_bench_growth.c - what readings say of the items between them. */
#include <check.h>
#include <json-c/json.h>
#include <math.h>

#include "bench/growth.h"

#define ALMOST(got, want) ck_assert_double_eq_tol(got, want, 1e-9)

/* 100 items of 2 ms CPU and 3 ms wall each; in the last tenth, twice as much. */
static struct growth example(int missing)
{
	struct growth g = { .name = "items", .unit = "item", .items = 100 };
	struct tenth readings[TENTHS + 1] = { { .cpu_ns = 7e6, .wall_ns = 1e12 } };
	for (int i = 1; i <= TENTHS; i++) {
		const double times = (i == TENTHS ? 2 : 1) *
				     (10 - (i == 1 || i == TENTHS ? missing : 0));
		readings[i].cpu_ns = readings[i - 1].cpu_ns + 2e6 * times;
		readings[i].wall_ns = readings[i - 1].wall_ns + 3e6 * times;
		readings[i].memory = i * 1000;
		readings[i].fds = i;
	}
	growth_tenths(readings, missing, &g);
	return g;
}

START_TEST(what_an_item_costs)
{
	const struct growth g = example(_i);
	for (int i = 0; i < TENTHS; i++) {
		ALMOST(g.tenths[i].cpu_ns, i == TENTHS - 1 ? 4e6 : 2e6);
		ALMOST(g.tenths[i].wall_ns, i == TENTHS - 1 ? 6e6 : 3e6);
		ck_assert_int_eq(g.tenths[i].memory, (i + 1) * 1000);
		ck_assert_int_eq(g.tenths[i].fds, i + 1);
	}
	ALMOST(growth_ratio(&g), 2);
}
END_TEST

/* A first tenth of less than a tick is no number, in JSON either. */
START_TEST(too_short)
{
	struct growth g = example(0);
	g.tenths[0].cpu_ns = 0;
	ck_assert(isnan(growth_ratio(&g)));
	struct json_object *o = growth_json(&g), *ratio = o;
	ck_assert(json_object_object_get_ex(o, "last_to_first", &ratio));
	ck_assert_ptr_null(ratio);
	json_object_put(o);
}
END_TEST

Suite *suite_bench_growth(void);

Suite *suite_bench_growth(void)
{
	Suite *s = suite_create("bench/growth");
	TCase *tc = tcase_create("growth");
	tcase_add_loop_test(tc, what_an_item_costs, 0, 2);
	tcase_add_test(tc, too_short);
	suite_add_tcase(s, tc);
	return s;
}
