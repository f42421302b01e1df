/* test_base_clock.c - written times, and identifiers that sort by time. */
#include "base/clock.h"

#include <check.h>
#include <stdbool.h>
#include <string.h>

Suite *suite_base_clock(void);

/* Known values from date(1), `date -u -d @SECONDS`. */
static const struct {
	int64_t ns;
	const char *text;
} times[] = {
	{ 0, "1970-01-01T00:00:00.000000Z" },
	{ 999, "1970-01-01T00:00:00.000000Z" },
	{ 1000, "1970-01-01T00:00:00.000001Z" },
	{ 999999999, "1970-01-01T00:00:00.999999Z" },
	{ NSEC_PER_SEC, "1970-01-01T00:00:01.000000Z" },
	{ INT64_C(951782400) * NSEC_PER_SEC, "2000-02-29T00:00:00.000000Z" },
	{ INT64_C(1795486211123456789), "2026-11-24T02:10:11.123456Z" },
	{ INT64_C(2147483648) * NSEC_PER_SEC, "2038-01-19T03:14:08.000000Z" },
	{ INT64_C(4107542400) * NSEC_PER_SEC, "2100-03-01T00:00:00.000000Z" }, /* no leap year */
	{ INT64_C(4107542399) * NSEC_PER_SEC, "2100-02-28T23:59:59.000000Z" },
	{ INT64_MAX, "2262-04-11T23:47:16.854775Z" },
	{ -1, "1969-12-31T23:59:59.999999Z" },
	{ -NSEC_PER_SEC, "1969-12-31T23:59:59.000000Z" },
	{ -NSEC_PER_SEC - 1, "1969-12-31T23:59:58.999999Z" },
};

START_TEST(iso8601)
{
	char buf[32];
	clock_iso8601(times[_i].ns, buf);
	ck_assert_str_eq(buf, times[_i].text);
}
END_TEST

START_TEST(clocks_go_forward)
{
	int64_t a = clock_mono_ns(), b = clock_mono_ns();
	ck_assert_int_gt(a, 0);
	ck_assert_int_ge(b, a);
	ck_assert_int_gt(clock_real_ns(), INT64_C(1700000000) * NSEC_PER_SEC);
}
END_TEST

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static int64_t time_of(const char *ulid)
{
	int64_t ms = 0;
	for (int i = 0; i < 10; i++)
		ms = ms * 32 + (strchr(alphabet, ulid[i]) - alphabet);
	return ms;
}

START_TEST(ulid_holds_its_time)
{
	char buf[27];
	for (int i = 0; i < 200; i++) {
		int64_t before = clock_real_ns() / 1000000;
		memset(buf, 'x', sizeof buf);
		clock_ulid(buf);
		int64_t after = clock_real_ns() / 1000000;
		ck_assert_uint_eq(strlen(buf), 26);
		ck_assert_uint_eq(strspn(buf, alphabet), 26);
		ck_assert_int_le(buf[0], '7'); /* 48 bits in 10 x 5 */
		ck_assert_int_ge(time_of(buf), before);
		ck_assert_int_le(time_of(buf), after);
	}
}
END_TEST

START_TEST(ulids_sort_by_time)
{
	char last[27], next[27];
	clock_ulid(last);
	for (int i = 0; i < 20; i++) {
		int64_t ms = clock_real_ns() / 1000000;
		while (clock_real_ns() / 1000000 <= ms)
			; /* the next millisecond */
		clock_ulid(next);
		ck_assert_str_lt(last, next);
		memcpy(last, next, sizeof last);
	}
}
END_TEST

/* 80 random bits: no two are equal, and every letter comes at every random place (each of the
 * 16 x 32 is missed with a probability of (31/32)^1500 < 10^-20). */
START_TEST(ulids_differ)
{
	static char all[1500][27];
	bool seen[16][32] = { { false } };
	for (int i = 0; i < 1500; i++) {
		clock_ulid(all[i]);
		for (int k = 0; k < 16; k++)
			seen[k][strchr(alphabet, all[i][10 + k]) - alphabet] = true;
		for (int k = 0; k < i; k++)
			if (strcmp(all[i] + 10, all[k] + 10) == 0)
				ck_abort_msg("'%s' twice", all[i] + 10);
	}
	for (int k = 0; k < 16; k++)
		for (int c = 0; c < 32; c++)
			ck_assert_msg(seen[k][c], "no '%c' at place %d", alphabet[c], k);
}
END_TEST

Suite *suite_base_clock(void)
{
	Suite *s = suite_create("base/clock");
	TCase *tc = tcase_create("clock");
	tcase_add_loop_test(tc, iso8601, 0, (int)(sizeof times / sizeof *times));
	tcase_add_test(tc, clocks_go_forward);
	tcase_add_test(tc, ulid_holds_its_time);
	tcase_add_test(tc, ulids_sort_by_time);
	tcase_add_test(tc, ulids_differ);
	suite_add_tcase(s, tc);
	return s;
}
