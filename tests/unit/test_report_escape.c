/* test_report_escape.c - hostile bytes on their way to JSON, base64 and a terminal. */
#include "report/escape.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/json_out.h"
#include "report/words.h"

Suite *suite_report_escape(void);

#define BYTES(s) s, sizeof(s) - 1

static const struct {
	const char *label, *in;
	size_t len;
	const char *json, *terminal;
	const char *name; /* NULL: as on a terminal */
} rows[] = {
	{ "nothing", BYTES(""), "", "", NULL },
	{ "plain", BYTES("abc \xc3\xa9 \xf0\x9f\x98\x80"), "abc \xc3\xa9 \xf0\x9f\x98\x80",
	  "abc \xc3\xa9 \xf0\x9f\x98\x80", NULL },
	{ "quotes", BYTES("\"\\'/"), "\\\"\\\\'/", "\"\\'/", NULL },
	{ "NUL", BYTES("a\0b"), "a\\u0000b", "a\\x00b", NULL },
	{ "short forms", BYTES("\b\f\n\r\t"), "\\b\\f\\n\\r\\t", "\\b\\f\\n\\r\\t", NULL },
	{ "escape and bell", BYTES("\x1b]0;x\a"), "\\u001b]0;x\\u0007", "\\x1b]0;x\\x07", NULL },
	{ "last C0 and first printable", BYTES("\x1f "), "\\u001f ", "\\x1f ", NULL },
	{ "DEL", BYTES("~\x7f"), "~\\u007f", "~\\x7f", NULL },
	{ "C1, first and last", BYTES("\xc2\x80\xc2\x9f\xc2\xa0"), "\\u0080\\u009f\xc2\xa0",
	  "\\u0080\\u009f\xc2\xa0", "\\u0080\\u009f\\u00a0" },
	{ "line separators", BYTES("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029", "\\u2028\\u2029",
	  NULL },
	{ "bidi override", BYTES("\xe2\x80\xae"), "\xe2\x80\xae", "\\u202e", NULL },
	{ "C1 as a byte", BYTES("\x9b"), "\xef\xbf\xbd", "\\x9b", NULL },
	{ "half a character", BYTES("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd", "\\xe2\\x82", NULL },
	{ "overlong", BYTES("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd", "\\xc0\\xaf", NULL },
	{ "surrogate", BYTES("\xed\xa0\x80x"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx",
	  "\\xed\\xa0\\x80x", NULL },
	{ "plane 16 non-character", BYTES("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf", "\\U0010ffff",
	  NULL },
	{ "blank of no width", BYTES("a\xe2\x80\x8b.tar"), "a\xe2\x80\x8b.tar", "a\\u200b.tar",
	  NULL },
	{ "marks of direction", BYTES("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"),
	  "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u200e\\u200f\\u061c", NULL },
	{ "isolates",
	  BYTES("\xe2\x81\xa6"
		"x\xe2\x81\xa9"),
	  "\xe2\x81\xa6"
	  "x\xe2\x81\xa9",
	  "\\u2066x\\u2069", NULL },
	{ "word joiner and BOM", BYTES("\xe2\x81\xa0\xef\xbb\xbf"), "\xe2\x81\xa0\xef\xbb\xbf",
	  "\\u2060\\ufeff", NULL },
	{ "soft hyphen",
	  BYTES("ali\xc2\xad"
		"ce"),
	  "ali\xc2\xad"
	  "ce",
	  "ali\\u00adce", NULL },
	{ "tags", BYTES("a\xf3\xa0\x81\xa1"), "a\xf3\xa0\x81\xa1", "a\\U000e0061", NULL },
	{ "Hangul filler", BYTES("a\xe3\x85\xa4"), "a\xe3\x85\xa4", "a\\u3164", NULL },
	{ "Persian", BYTES("\xd8\xb9\xd9\x84\xdb\x8c\xe2\x80\x8c\xd8\xb1"),
	  "\xd8\xb9\xd9\x84\xdb\x8c\xe2\x80\x8c\xd8\xb1",
	  "\xd8\xb9\xd9\x84\xdb\x8c\xe2\x80\x8c\xd8\xb1",
	  "\xd8\xb9\xd9\x84\xdb\x8c\\u200c\xd8\xb1" },
	{ "emoji of two", BYTES("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"),
	  "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
	  "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
	  "\xf0\x9f\x91\xa9\\u200d\xf0\x9f\x92\xbb" },
	{ "variation selector", BYTES("\xe2\x9d\xa4\xef\xb8\x8f"), "\xe2\x9d\xa4\xef\xb8\x8f",
	  "\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4\\ufe0f" },
	{ "wide blank",
	  BYTES("a\xe3\x80\x80"
		"b"),
	  "a\xe3\x80\x80"
	  "b",
	  "a\xe3\x80\x80"
	  "b",
	  "a\\u3000b" },
};

START_TEST(one_row)
{
	AUTO_FREE char *json = NULL;
	AUTO_BUF shown = { 0 };
	AUTO_BUF name = { 0 };
	size_t len;
	FILE *out = open_memstream(&json, &len);
	escape_json(out, rows[_i].in, rows[_i].len);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_msg(strcmp(json, rows[_i].json) == 0, "%s: JSON '%s'", rows[_i].label, json);
	escape_terminal(&shown, rows[_i].in, rows[_i].len);
	ck_assert_msg(strcmp(shown.data, rows[_i].terminal) == 0, "%s: terminal '%s'",
		      rows[_i].label, shown.data);
	escape_name(&name, rows[_i].in, rows[_i].len);
	ck_assert_msg(strcmp(name.data, rows[_i].name ? rows[_i].name : rows[_i].terminal) == 0,
		      "%s: name '%s'", rows[_i].label, name.data);
}
END_TEST

/* Around the block in which it is written. */
static const struct {
	size_t len;
	const char *tail; /* last four of the text */
} lengths[] = {
	{ 1, "YQ==" },   { 2, "YWE=" },   { 3, "YWFh" },
	{ 767, "YWE=" }, { 768, "YWFh" }, { 769, "YQ==" },
};

START_TEST(base64)
{
	AUTO_FREE char *text = NULL;
	char data[800];
	size_t len;
	memset(data, 'a', sizeof data);
	FILE *out = open_memstream(&text, &len);
	escape_base64(out, data, lengths[_i].len);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_uint_eq(len, (lengths[_i].len + 2) / 3 * 4);
	ck_assert_str_eq(text + len - 4, lengths[_i].tail);
}
END_TEST

static const struct {
	double value;
	const char *json, *points;
} numbers[] = {
	{ 12, "12", "12" },
	{ -0.0, "0", NULL },
	{ 2.5, "2.5", "2.5" },
	{ 0.1, "0.1", "0.1" },
	{ 0.1 + 0.2, "0.30000000000000004", "0.3" },
	{ 1.0 / 3, "0.3333333333333333", "0.3333" },
	{ 19.99, "19.99", "19.99" },
	{ 1e21, "1e+21", "1e+21" },
	{ NAN, "null", "-" },
	{ INFINITY, "null", "-" },
};

START_TEST(numbers_are_the_shortest)
{
	AUTO_FREE char *text = NULL;
	char points[32];
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_out_real(&(struct json_out){ .f = out }, numbers[_i].value);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, numbers[_i].json);
	if (numbers[_i].points)
		ck_assert_str_eq(words_points(numbers[_i].value, points), numbers[_i].points);
}
END_TEST

Suite *suite_report_escape(void)
{
	Suite *s = suite_create("report/escape");
	TCase *tc = tcase_create("escape");
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_loop_test(tc, base64, 0, (int)(sizeof lengths / sizeof *lengths));
	tcase_add_loop_test(tc, numbers_are_the_shortest, 0,
			    (int)(sizeof numbers / sizeof *numbers));
	suite_add_tcase(s, tc);
	return s;
}
