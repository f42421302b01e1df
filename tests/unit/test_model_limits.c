/* test_model_limits.c - how people write limits, how limits combine, how they are shown. */
#include "model/limits.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

Suite *suite_model_limits(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))
#define MOST (INT64_C(1) << 62)
#define SEC INT64_C(1000000000)

/* -1: refused. */
/* clang-format off */
static const struct { const char *text; int64_t want; } sizes[] = {
	{ "0", 0 }, { "1", 1 }, { "0012", 12 }, { "1K", 1024 }, { "64M", 67108864 }, { "2G", INT64_C(2) << 30 },
	{ "3T", INT64_C(3) << 40 }, { "1k", 1024 }, { "1m", 1048576 }, { "1g", 1 << 30 }, { "1t", INT64_C(1) << 40 },
	{ "1.5M", 1572864 }, { ".5K", 512 }, { "2.K", 2048 }, { "0.001K", 1 }, { "0.5", 0 },
	{ "4611686018427387904", MOST }, { "4611686018427388928", -1 }, /* 2^62, the next double */
	{ "4194304T", MOST }, { "4194305T", -1 },
	{ "9223372036854775807", -1 }, { "99999999999999999999", -1 },
	{ "000000000000000000000000000001", 1 }, { "0000000000000000000000000000001", -1 }, /* 30, 31 */
	{ "", -1 }, { ".", -1 }, { "M", -1 }, { ".M", -1 }, { "-1", -1 }, { "-0", -1 }, { "+1", -1 },
	{ " 1", -1 }, { "1 ", -1 }, { "1 M", -1 }, { "1e3", -1 }, { "0x10", -1 }, { "1,5M", -1 }, { "1.5.2M", -1 },
	{ "64MB", -1 }, { "64MiB", -1 }, { "1P", -1 }, { "1B", -1 }, { "1s", -1 }, { "inf", -1 }, { "nan", -1 },
	{ "1M\n", -1 }, { "\xd9\xa3", -1 },
}, durations[] = {
	{ "0", 0 }, { "1", SEC }, { "1s", SEC }, { "1.5s", 3 * SEC / 2 }, { "0.1", SEC / 10 }, { "0.57s", 570000000 },
	{ "250ms", SEC / 4 }, { "0.5ms", 500000 }, { "2m", 120 * SEC }, { "1.5m", 90 * SEC }, { "1h", 3600 * SEC },
	{ "0.000000001", 1 }, { "0.0000000005", 1 }, { "0.0000000004", 0 },
	{ "4611686018", INT64_C(4611686018) * SEC }, { "4611686019", -1 },
	{ "1281023h", INT64_C(1281023) * 3600 * SEC }, { "1281024h", -1 },
	{ "", -1 }, { "s", -1 }, { "ms", -1 }, { "-1s", -1 }, { "+1s", -1 }, { " 1s", -1 }, { "1 s", -1 }, { "1e3", -1 },
	{ "1S", -1 }, { "1M", -1 }, { "1MS", -1 }, { "1H", -1 }, { "1d", -1 }, { "1us", -1 }, { "1ns", -1 },
	{ "1sec", -1 }, { "1m30s", -1 }, { "1:30", -1 }, { "inf", -1 }, { "0x1p3", -1 }, { "1K", -1 },
};
/* clang-format on */

START_TEST(size)
{
	int64_t got = 77;
	struct err err = { 0 };
	int ret = size_parse(sizes[_i].text, &got, &err);
	ck_assert_msg(ret == (sizes[_i].want < 0 ? -1 : 0), "'%s': %d", sizes[_i].text, ret);
	ck_assert_msg(got == (ret ? 77 : sizes[_i].want), "'%s': %lld", sizes[_i].text,
		      (long long)got);
	if (ret) {
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_ptr_nonnull(strstr(err.msg, "' is not a size: expected "));
	}
}
END_TEST

START_TEST(duration)
{
	int64_t got = 77;
	struct err err = { 0 };
	int ret = duration_parse(durations[_i].text, &got, &err);
	ck_assert_msg(ret == (durations[_i].want < 0 ? -1 : 0), "'%s': %d", durations[_i].text,
		      ret);
	ck_assert_msg(got == (ret ? 77 : durations[_i].want), "'%s': %lld", durations[_i].text,
		      (long long)got);
	if (ret) {
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_ptr_nonnull(strstr(err.msg, "' is not a duration: expected "));
	}
}
END_TEST

START_TEST(errors_quote_the_text)
{
	int64_t got;
	struct err err = { 0 };
	size_parse("12 apples", &got, &err);
	ck_assert_mem_eq(err.msg, "'12 apples' ", 12);
	duration_parse("12 apples", &got, &err);
	ck_assert_mem_eq(err.msg, "'12 apples' ", 12);
}
END_TEST

START_TEST(names)
{
	static const char *const want[][2] = {
		{ "cpu", "cpu_ns" },          { "wall", "wall_ns" },
		{ "memory", "memory_bytes" }, { "processes", "processes" },
		{ "output", "output_bytes" }, { "disk", "disk_bytes" },
	};
	ck_assert_int_eq(ROWS(want), LIMIT_COUNT);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		ck_assert_str_eq(limit_name((enum limit_id)i), want[i][0]);
		ck_assert_str_eq(limit_key((enum limit_id)i), want[i][1]);
	}
	ck_assert_ptr_null(limit_name(LIMIT_NONE));
	ck_assert_ptr_null(limit_key(LIMIT_NONE));
}
END_TEST

static void ck_limits(const struct limits *l, int64_t cpu, int64_t wall, int64_t memory,
		      int64_t processes, int64_t output, int64_t disk)
{
	const int64_t want[] = { cpu, wall, memory, processes, output, disk };
	for (int i = 0; i < LIMIT_COUNT; i++)
		ck_assert_msg(l->v[i] == want[i], "%s: %lld, not %lld",
			      limit_name((enum limit_id)i), (long long)l->v[i], (long long)want[i]);
}

START_TEST(over_and_raise)
{
	struct limits base, over, floor;
	limits_init(&base);
	ck_limits(&base, -1, -1, -1, -1, -1, -1);
	over = floor = base;
	base.v[LIMIT_CPU] = 10;
	base.v[LIMIT_MEMORY] = 100;
	base.v[LIMIT_PROCESSES] = 5;
	over.v[LIMIT_CPU] = 3; /* smaller values win too */
	over.v[LIMIT_WALL] = 7;
	limits_over(&base, &over);
	ck_limits(&base, 3, 7, 100, 5, -1, -1);
	floor.v[LIMIT_CPU] = 2;
	floor.v[LIMIT_WALL] = 7;
	floor.v[LIMIT_MEMORY] = 101;
	floor.v[LIMIT_DISK] = 50; /* unset stays unset: what nobody limits needs no floor */
	limits_raise(&base, &floor);
	ck_limits(&base, 3, 7, 101, 5, -1, -1);
	limits_init(&over);
	limits_over(&base, &over);
	limits_raise(&base, &over);
	ck_limits(&base, 3, 7, 101, 5, -1, -1);
}
END_TEST

/* clang-format off */
static const struct {
	const char *label;
	int64_t cpu, wall;
	double factor;
	int64_t want_cpu, want_wall;
} finishes[] = {
	{ "3 x cpu + 5 s",           SEC,     -1,       1,    SEC,       8 * SEC },
	{ "factor on both",          SEC,     -1,       2,    2 * SEC,   16 * SEC },
	{ "wall as given",           SEC,     2 * SEC,  1,    SEC,       2 * SEC },
	{ "wall as given, factor",   SEC,     2 * SEC,  1.5,  3 * SEC / 2, 3 * SEC },
	{ "factor below 1",          SEC,     10 * SEC, 0.1,  SEC / 10,  SEC },
	{ "rounded, not cut",        SEC,     SEC,      2.01, 2010000000, 2010000000 },
	{ "rounded, not cut, 2",     SEC / 10, SEC,     0.29, 29000000,  290000000 },
	{ "no cpu, no wall",         -1,      -1,       3,    -1,        -1 },
	{ "no cpu",                  -1,      SEC,      3,    -1,        3 * SEC },
	{ "never 0",                 1,       1,        0.01, 1,         1 },
	{ "the most",                MOST,    MOST,     1,    MOST,      MOST },
	{ "the most, factor",        MOST,    MOST,     10000, MOST,     MOST },
	{ "beyond the most",         MOST / 2, MOST / 2, 2.1, MOST,      MOST },
	{ "wall of the most",        MOST,    -1,       1,    MOST,      MOST },
	{ "wall beyond the most",    MOST / 2, -1,      1,    MOST / 2,  MOST },
	{ "infinite factor",         SEC,     -1,       INFINITY, MOST,  MOST },
};
/* clang-format on */

START_TEST(finish)
{
	struct limits l;
	limits_init(&l);
	l.v[LIMIT_CPU] = finishes[_i].cpu;
	l.v[LIMIT_WALL] = finishes[_i].wall;
	l.v[LIMIT_MEMORY] = 64;
	l.v[LIMIT_PROCESSES] = 5;
	limits_finish(&l, finishes[_i].factor);
	ck_assert_msg(l.v[LIMIT_CPU] == finishes[_i].want_cpu, "%s: cpu %lld", finishes[_i].label,
		      (long long)l.v[LIMIT_CPU]);
	ck_assert_msg(l.v[LIMIT_WALL] == finishes[_i].want_wall, "%s: wall %lld",
		      finishes[_i].label, (long long)l.v[LIMIT_WALL]);
	ck_limits(&l, l.v[LIMIT_CPU], l.v[LIMIT_WALL], 64, 5, -1, -1); /* no time, no factor */
}
END_TEST

static int load(const char *text, struct limits *l, struct err *err)
{
	AUTO_JSON *o = NULL;
	ck_assert_int_eq(json_parse("t", text, strlen(text), &o, err), 0);
	return limits_load(o, "a.json: limits", l, err);
}

START_TEST(load_all)
{
	struct limits l;
	struct err err = { 0 };
	limits_init(&l);
	ck_assert_msg(
		load("{\"cpu\": \"1s\", \"wall\": 2.5, \"memory\": \"64M\", \"processes\": 20, "
		     "\"output\": 1024, \"disk\": \"1.5K\"}",
		     &l, &err) == 0,
		"%s", err.msg);
	ck_limits(&l, SEC, 5 * SEC / 2, 64 << 20, 20, 1024, 1536);
	ck_assert_int_eq(load("{\"processes\": \"7\", \"memory\": 1048576}", &l, &err), 0);
	ck_limits(&l, SEC, 5 * SEC / 2, 1 << 20, 7, 1024, 1536); /* the others stay */
	ck_assert_int_eq(load("{}", &l, &err), 0);
	ck_limits(&l, SEC, 5 * SEC / 2, 1 << 20, 7, 1024, 1536);
	ck_assert_int_eq(load("{\"processes\": 2147483647}", &l, &err), 0);
	ck_assert_int_eq(l.v[LIMIT_PROCESSES], INT32_MAX);
}
END_TEST

static const struct {
	const char *json, *why;
} bad[] = {
	{ "[]", "a.json: limits: expected an object" },
	{ "{\"cpu\": 1, \"ram\": 1}",
	  "a.json: limits: unknown key 'ram'; known: cpu, wall, memory, "
	  "processes, output, disk" },
	{ "{\"cpu\": 0}", "a.json: limits.cpu: '0': expected a limit above 0" },
	{ "{\"cpu\": \"0ms\"}", "expected a limit above 0" },
	{ "{\"memory\": \"0.5\"}", "expected a limit above 0" },
	{ "{\"cpu\": -1}", "a.json: limits.cpu: '-1' is not a duration" },
	{ "{\"memory\": 1048575}",
	  "a.json: limits.memory: '1048575': expected at least 1M, which a program needs" },
	{ "{\"memory\": -5}", "a.json: limits.memory: '-5' is not a size" },
	{ "{\"memory\": \"1s\"}", "a.json: limits.memory: '1s' is not a size" },
	{ "{\"cpu\": \"1M\"}", "a.json: limits.cpu: '1M' is not a duration" },
	{ "{\"memory\": 1e3}", "a.json: limits.memory: '1e3' is not a size" },
	{ "{\"memory\": 18446744073709551615}", "a.json: limits.memory: " },
	{ "{\"disk\": null}", "a.json: limits.disk: expected a number, or a string" },
	{ "{\"disk\": true}", "a.json: limits.disk: expected" },
	{ "{\"disk\": [1]}", "a.json: limits.disk: expected" },
	{ "{\"processes\": 1.5}", "a.json: limits.processes: '1.5' is not a number of processes" },
	{ "{\"processes\": \"20K\"}", "'20K' is not a number of processes" },
	{ "{\"processes\": \"\"}", "'' is not a number of processes" },
	{ "{\"processes\": -1}", "'-1' is not a number of processes" },
	{ "{\"processes\": 0}", "expected a limit above 0" },
	{ "{\"processes\": 2147483648}",
	  "is more than the number of processes that a host can have" },
	{ "{\"cpu\": 5, \"disk\": \"x\"}", "a.json: limits.disk: 'x'" },
	{ "{\"cpu\": \"1s\\u0000\"}", "a.json: limits.cpu: " },
};

START_TEST(load_refuses)
{
	struct limits l;
	struct err err = { 0 };
	limits_init(&l);
	l.v[LIMIT_MEMORY] = 9;
	ck_assert_msg(load(bad[_i].json, &l, &err) == -1, "%s accepted", bad[_i].json);
	ck_assert_msg(strstr(err.msg, bad[_i].why), "%s: '%s'", bad[_i].json, err.msg);
	ck_assert_mem_eq(err.msg, "a.json: limits", 14);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_limits(&l, -1, -1, 9, -1, -1, -1);
}
END_TEST

static const struct {
	const char *text, *why; /* NULL: accepted, as 2 s of cpu or 2 KiB of disk */
} assigns[] = {
	{ "cpu=2s", NULL },
	{ "disk=2K", NULL },
	{ "cpu=", "limit 'cpu': '' is not a duration" },
	{ "cpu=0", "limit 'cpu': '0': expected a limit above 0" },
	{ "cpu=-2", "limit 'cpu': '-2' is not" },
	{ "cpu=2s=3", "limit 'cpu': '2s=3' is not" },
	{ "cpu", "'cpu' is not a limit: expected NAME=VALUE with one of cpu, wall, memory, " },
	{ "cp=2s", "'cp=2s' is not a limit" },
	{ "cpux=2s", "'cpux=2s' is not a limit" },
	{ "CPU=2s", "'CPU=2s' is not a limit" },
	{ "=2s", "'=2s' is not a limit" },
	{ "", "'' is not a limit" },
	{ "cpu_ns=2", "'cpu_ns=2' is not a limit" },
};

START_TEST(assign)
{
	struct limits l;
	struct err err = { 0 };
	limits_init(&l);
	int ret = limits_assign(&l, assigns[_i].text, &err);
	ck_assert_msg(ret == (assigns[_i].why ? -1 : 0), "'%s': %d", assigns[_i].text, ret);
	if (assigns[_i].why) {
		ck_assert_msg(strncmp(err.msg, assigns[_i].why, strlen(assigns[_i].why)) == 0,
			      "'%s'", err.msg);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_limits(&l, -1, -1, -1, -1, -1, -1);
	} else {
		bool cpu = assigns[_i].text[0] == 'c';
		ck_limits(&l, cpu ? 2 * SEC : -1, -1, -1, -1, -1, cpu ? -1 : 2048);
	}
}
END_TEST

START_TEST(assign_knows_every_name)
{
	struct limits l;
	struct err err = { 0 };
	for (int i = 0; i < LIMIT_COUNT; i++) {
		char text[32];
		limits_init(&l);
		snprintf(text, sizeof text, "%s=3000000", limit_name((enum limit_id)i));
		ck_assert_int_eq(limits_assign(&l, text, &err), 0);
		ck_assert_int_eq(l.v[i], i <= LIMIT_WALL ? 3000000 * SEC : 3000000);
	}
}
END_TEST

/* clang-format off */
static const struct { enum limit_id id; int64_t value; const char *text; } formats[] = {
	{ LIMIT_CPU, 0, "0 ms" }, { LIMIT_CPU, 800000, "0.8 ms" }, { LIMIT_CPU, 12 * SEC / 1000, "12 ms" },
	{ LIMIT_CPU, 12340000, "12.3 ms" }, { LIMIT_CPU, 999 * SEC / 1000, "999 ms" }, { LIMIT_CPU, SEC, "1 s" },
	{ LIMIT_WALL, 5 * SEC / 4, "1.25 s" }, { LIMIT_WALL, 10 * SEC, "10 s" }, { LIMIT_WALL, 59 * SEC, "59 s" },
	{ LIMIT_WALL, 60 * SEC, "1 min 0 s" }, { LIMIT_WALL, 123 * SEC, "2 min 3 s" },
	{ LIMIT_WALL, 123 * SEC + SEC / 2 - 1, "2 min 3 s" }, { LIMIT_WALL, 123 * SEC + SEC / 2, "2 min 4 s" },
	{ LIMIT_WALL, 119 * SEC + SEC / 2, "2 min 0 s" }, { LIMIT_WALL, INT64_MAX, "153722867 min 17 s" },
	{ LIMIT_MEMORY, 0, "0 B" }, { LIMIT_MEMORY, 12, "12 B" }, { LIMIT_MEMORY, 1023, "1023 B" },
	{ LIMIT_MEMORY, 1024, "1 KiB" }, { LIMIT_OUTPUT, 1536, "1.5 KiB" }, { LIMIT_DISK, 64 << 20, "64 MiB" },
	{ LIMIT_DISK, 100 << 20, "100 MiB" }, { LIMIT_DISK, INT64_C(3) << 40, "3 TiB" }, { LIMIT_DISK, MOST, "4 EiB" },
	{ LIMIT_PROCESSES, 1, "1 process" }, { LIMIT_PROCESSES, 20, "20 processes" },
};
/* clang-format on */

START_TEST(format)
{
	char buf[32];
	limit_format(formats[_i].id, formats[_i].value, buf);
	ck_assert_str_eq(buf, formats[_i].text);
}
END_TEST

Suite *suite_model_limits(void)
{
	Suite *s = suite_create("model/limits");
	TCase *tc = tcase_create("limits");
	tcase_add_loop_test(tc, size, 0, ROWS(sizes));
	tcase_add_loop_test(tc, duration, 0, ROWS(durations));
	tcase_add_test(tc, errors_quote_the_text);
	tcase_add_test(tc, names);
	tcase_add_test(tc, over_and_raise);
	tcase_add_loop_test(tc, finish, 0, ROWS(finishes));
	tcase_add_test(tc, load_all);
	tcase_add_loop_test(tc, load_refuses, 0, ROWS(bad));
	tcase_add_loop_test(tc, assign, 0, ROWS(assigns));
	tcase_add_test(tc, assign_knows_every_name);
	tcase_add_loop_test(tc, format, 0, ROWS(formats));
	suite_add_tcase(s, tc);
	return s;
}
