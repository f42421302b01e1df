/* test_report_stream_text.c - head and tail of a stream, its encoding, and who may take how much.
 */
#include "report/stream_text.h"

#include "test_report_fixture.h"

Suite *suite_report_stream_text(void);

static struct fixture fx;

static void setup(void)
{
	fixture_open(&fx);
	fixture_step(&fx, "t", STEP_TEST, VERDICT_PASSED);
}

static void teardown(void)
{
	fixture_close(&fx);
}

static struct step_facts *facts(void)
{
	return &fx.r.steps[fx.r.n_steps - 1].facts;
}

static struct stream_text load(size_t max)
{
	struct stream_text t;
	struct err err = { 0 };
	ck_assert_msg(stream_text_load(fx.log.fd, facts(), FRAMELOG_STDOUT, max, &t, &err) == 0,
		      "%s", err.msg);
	return t;
}

#define BYTES(s) s, sizeof(s) - 1

static const struct {
	const char *label, *in;
	size_t len;
	size_t max;
	bool over;
	const char *text;
	size_t text_len;
	bool utf8, truncated;
	int64_t lines;
} rows[] = {
	{ "nothing", BYTES(""), 8, false, BYTES(""), true, false, 0 },
	{ "nothing fitted", BYTES(""), 8, true, BYTES(""), true, true, 0 },
	{ "exactly the size", BYTES("abc\nefgh"), 8, false, BYTES("abc\nefgh"), true, false, 2 },
	{ "one more", BYTES("abcdXefgh"), 8, false, BYTES("abcdefgh"), true, true, 1 },
	{ "all of it, but more was written", BYTES("abc\n"), 8, true, BYTES("abc\n"), true, true,
	  1 },
	{ "odd size: the tail has more", BYTES("abcXdefg"), 7, false, BYTES("abcdefg"), true, true,
	  1 },
	{ "no room", BYTES("abc"), 0, false, BYTES(""), true, true, 1 },
	{ "NUL is a character", BYTES("a\0b"), 8, false, BYTES("a\0b"), true, false, 1 },
	{ "a character across the cut of the head", BYTES("abc\xc3\xa9XXXefgh"), 8, false,
	  BYTES("abcefgh"), true, true, 1 },
	{ "a character across the cut of the tail", BYTES("abcdXXX\xc3\xa9xyz"), 8, false,
	  BYTES("abcdxyz"), true, true, 1 },
	{ "four bytes across both cuts", BYTES("a\xf0\x9f\x98\x80zz\xf0\x9f\x98\x80zz"), 8, false,
	  BYTES("azz"), true, true, 1 },
	{ "a character that ends at the cut", BYTES("ab\xc3\xa9XXefgh"), 8, false,
	  BYTES("ab\xc3\xa9"
		"efgh"),
	  true, true, 1 },
	{ "not UTF-8: three quarters", BYTES("\xff\x01\x02\x03\x04\x05"), 8, false,
	  BYTES("\xff\x01\x02\x03\x04\x05"), false, false, 1 },
	{ "not UTF-8, one more", BYTES("\xff\x01\x02X\x03\x04\x05"), 8, false,
	  BYTES("\xff\x01\x02\x03\x04\x05"), false, true, 1 },
	{ "not UTF-8 in the part left out",
	  BYTES("abcd\xff"
		"efgh"),
	  8, false, BYTES("abcfgh"), false, true, 1 },
	{ "not UTF-8 at the very end", BYTES("abc\xc3"), 8, false, BYTES("abc\xc3"), false, false,
	  1 },
	{ "the output limit cut a character", BYTES("abc\xf0\x9f\x98"), 8, true, BYTES("abc"), true,
	  true, 1 },
	{ "the output limit cut what is none", BYTES("abc\xed\xa0"), 8, true, BYTES("abc\xed\xa0"),
	  false, true, 1 },
	{ "the output limit cut after the tail", BYTES("abcdXXefg\xe2\x82"), 8, true,
	  BYTES("abcdfg"), true, true, 1 },
};

START_TEST(one_row)
{
	if (rows[_i].len > 0)
		fixture_say(&fx, FRAMELOG_STDOUT, rows[_i].in, rows[_i].len);
	facts()->out.over = rows[_i].over;
	AUTO_STREAM_TEXT t = load(rows[_i].max);
	ck_assert_msg(t.len == rows[_i].text_len && memcmp(t.data, rows[_i].text, t.len) == 0,
		      "%s: '%s' (%zu)", rows[_i].label, t.data, t.len);
	ck_assert_msg(t.utf8 == rows[_i].utf8, "%s: encoding", rows[_i].label);
	ck_assert_msg(t.truncated == rows[_i].truncated, "%s: truncated", rows[_i].label);
	ck_assert_msg(t.lines == rows[_i].lines, "%s: %d lines", rows[_i].label, (int)t.lines);
	ck_assert_msg(t.head <= t.len, "%s: head", rows[_i].label);
}
END_TEST

/* Every split of the stream into frames gives the same, also inside of characters. */
START_TEST(frames_are_not_seen)
{
	static const char text[] = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\xf0\x9f\x98\x80";
	for (size_t step = 1; step < sizeof text; step++) {
		fixture_step(&fx, "t", STEP_TEST, VERDICT_PASSED);
		for (size_t i = 0; i < sizeof text - 1; i += step) {
			size_t n = sizeof text - 1 - i < step ? sizeof text - 1 - i : step;
			fixture_say(&fx, FRAMELOG_STDOUT, text + i, n);
		}
		AUTO_STREAM_TEXT t = load(100);
		ck_assert(t.utf8 && !t.truncated);
		ck_assert_str_eq(t.data, text);
	}
}
END_TEST

/* Longer than every buffer, and ending soon after the window was moved; each line has its number.
 */
#define LINES ((3 * 1024 - 16) * 1024 / 8)

START_TEST(a_long_stream)
{
	char line[16];
	int64_t total = 0;
	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof line, "%07d\n", i);
		ck_assert_int_eq(framelog_add(&fx.log, 0, FRAMELOG_STDOUT, line, 8), 0);
		total += 8;
	}
	facts()->out.bytes = total;
	facts()->log_end = fx.log.end;
	AUTO_STREAM_TEXT t = load(STREAM_TEXT_MAX);
	ck_assert_uint_eq(t.len, STREAM_TEXT_MAX);
	ck_assert_uint_eq(t.head, STREAM_TEXT_MAX / 2);
	ck_assert_int_eq(t.omitted, total - STREAM_TEXT_MAX);
	ck_assert_int_eq(t.lines, total / 8);
	ck_assert(t.utf8 && t.truncated);
	ck_assert_int_eq(memcmp(t.data + t.head - 8, "0004095\n", 8), 0);
	ck_assert_int_eq(memcmp(t.data + t.head, "0387072\n", 8), 0);
	ck_assert_str_eq(t.data + t.len - 8, "0391167\n");
}
END_TEST

START_TEST(a_damaged_log_is_told)
{
	fixture_say(&fx, FRAMELOG_STDOUT, "abc", 3);
	facts()->log_end += 1;
	struct stream_text t;
	struct err err = { 0 };
	ck_assert_int_eq(stream_text_load(fx.log.fd, facts(), FRAMELOG_STDOUT, 8, &t, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert(t.truncated && t.utf8 && t.len == 0);
	stream_text_done(&t);
}
END_TEST

START_TEST(a_log_is_opened_only_when_needed)
{
	struct err err = { 0 };
	int fd = 77;
	free(fx.r.log_path);
	fx.r.log_path = mem_strdup("/nowhere/log");
	ck_assert_int_eq(stream_log_open(&fx.r, &fd, &err), 0);
	ck_assert_int_eq(fd, -1);
	facts()->err.bytes = 1;
	fd = 77;
	ck_assert_int_eq(stream_log_open(&fx.r, &fd, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nowhere/log"));
	ck_assert_int_eq(fd, 77);
}
END_TEST

static void streams(int n, int64_t bytes)
{
	for (int i = 0; i < n; i++) {
		fixture_step(&fx, "t", STEP_TEST, VERDICT_PASSED);
		facts()->out.bytes = bytes;
	}
}

START_TEST(texts_share_what_there_is)
{
	struct text_budget b;
	text_budget_init(&b, &fx.r);
	ck_assert_uint_eq(text_budget_share(&b, -1), STREAM_TEXT_MAX); /* it has no bytes anyway */

	streams(16, 1 << 20); /* exactly 16 times 64 KiB */
	text_budget_init(&b, &fx.r);
	ck_assert_uint_eq(text_budget_share(&b, 1 << 20), STREAM_TEXT_MAX);

	streams(1, 100); /* 100 bytes more: short ones are whole, each long one gives a little */
	text_budget_init(&b, &fx.r);
	ck_assert_uint_eq(text_budget_share(&b, 100), 100);
	size_t level = text_budget_share(&b, 1 << 20);
	ck_assert_uint_eq(level, STREAM_TEXT_MAX - 7); /* 16 * 7 = 112 >= 100 */
	ck_assert_uint_le(16 * level + 100, RESULT_TEXT_MAX);
	ck_assert_uint_gt(16 * (level + 1) + 100, RESULT_TEXT_MAX);
	ck_assert_uint_eq(text_budget_share(&b, -1), 0);

	streams(500, 10000);
	text_budget_init(&b, &fx.r);
	level = text_budget_share(&b, 10000);
	ck_assert_uint_lt(level, 10000);
	ck_assert_uint_le(516 * level + 100, RESULT_TEXT_MAX);
}
END_TEST

Suite *suite_report_stream_text(void)
{
	Suite *s = suite_create("report/stream_text");
	TCase *tc = tcase_create("stream_text");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, frames_are_not_seen);
	tcase_add_test(tc, a_long_stream);
	tcase_add_test(tc, a_damaged_log_is_told);
	tcase_add_test(tc, a_log_is_opened_only_when_needed);
	tcase_add_test(tc, texts_share_what_there_is);
	suite_add_tcase(s, tc);
	return s;
}
