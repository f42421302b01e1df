/* test_report_log_out.c - captured bytes, as they are or harmless, however they come in pieces. */
#include "report/log_out.h"

#include <check.h>
#include <string.h>

#include "base/framelog.h"
#include "test_report_fixture.h"

Suite *suite_report_log_out(void);

static const struct {
	const char *label, *text;
	size_t len;
	const char *shown;
} rows[] = {
	{ "plain", "one\n\ttwo\n", 9, "one\n\ttwo\n" },
	{ "colours", "\x1b[31mred\r\n", 10, "\\x1b[31mred\\r\n" },
	{ "UTF-8", "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 12,
	  "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "turned around",
	  "a\xe2\x80\xae"
	  "b",
	  5, "a\\u202eb" },
	{ "no UTF-8", "\xff\xc0\x80z", 4, "\\xff\\xc0\\x80z" },
	{ "half a character", "\xe2\x82", 2, "\\xe2\\x82" },
	{ "half a character, then another", "\xe2\x82z\xc3", 4, "\\xe2\\x82z\\xc3" },
	{ "NUL", "a\0b", 3, "a\\x00b" },
};

/* In pieces of every size. */
START_TEST(escaped)
{
	for (size_t piece = 1; piece <= rows[_i].len; piece++) {
		struct log_out l = { .escape = true };
		AUTO_BUF b = { 0 };
		for (size_t at = 0; at < rows[_i].len; at += piece) {
			size_t n = rows[_i].len - at < piece ? rows[_i].len - at : piece;
			log_out_add(&l, FRAMELOG_STDOUT, rows[_i].text + at, n, &b);
			log_out_add(&l, FRAMELOG_STDERR, "", 0, &b); /* the other is apart */
		}
		log_out_end(&l, &b);
		ck_assert_msg(b.data && strcmp(b.data, rows[_i].shown) == 0, "%s by %zu: '%s'",
			      rows[_i].label, piece, b.data);
	}
}
END_TEST

START_TEST(raw)
{
	struct log_out l = { .escape = false };
	AUTO_BUF b = { 0 };
	log_out_add(&l, FRAMELOG_STDOUT, rows[_i].text, rows[_i].len, &b);
	log_out_end(&l, &b);
	ck_assert_uint_eq(b.len, rows[_i].len);
	ck_assert_mem_eq(b.data, rows[_i].text, b.len);
}
END_TEST

Suite *suite_report_log_out(void)
{
	const int n = (int)(sizeof rows / sizeof *rows);
	Suite *s = suite_create("report/log_out");
	TCase *tc = tcase_create("log_out");
	tcase_add_loop_test(tc, escaped, 0, n);
	tcase_add_loop_test(tc, raw, 0, n);
	suite_add_tcase(s, tc);
	return s;
}
