/* test_container_line_filter.c - the line goes wherever it stands alone, however the stream is cut. */
#include "container/line_filter.h"

#include <check.h>
#include <string.h>

#include "base/cleanup.h"

Suite *suite_container_line_filter(void);

#define LINE "aab\n"
static const struct {
	const char *label, *in, *out;
	int64_t taken;
} rows[] = {
	{ "nothing", "", "", 0 },
	{ "the line alone", LINE, "", 4 },
	{ "twice", LINE LINE, "", 8 },
	{ "before text", LINE "x\n", "x\n", 4 },
	{ "after text", "x\n" LINE, "x\n", 4 },
	{ "between lines", "x\n" LINE "y", "x\ny", 4 },
	{ "after an empty line", "\n" LINE "\n", "\n\n", 4 },
	{ "not at the start of a line", "x" LINE, "x" LINE, 0 },
	{ "after a blank", " " LINE, " " LINE, 0 },
	{ "more in the line", "aabb\n", "aabb\n", 0 },
	{ "less in the line", "aa\n", "aa\n", 0 },
	{ "begins like it", "aaab\n", "aaab\n", 0 },
	{ "another one, then the line", "aax\n" LINE, "aax\n", 4 },
	{ "without its newline", "aab", "aab", 0 },
	{ "half of it at the end", "x\naa", "x\naa", 0 },
	{ "with a carriage return", "aab\r\n", "aab\r\n", 0 },
};

/* Each row in pieces of every size up to its whole. */
START_TEST(one_row)
{
	const char *in = rows[_i].in;
	size_t len = strlen(in);
	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct line_filter f = { .line = LINE };
		AUTO_BUF got = { 0 };
		for (size_t at = 0; at < len; at += piece)
			line_filter_add(&f, in + at, len - at < piece ? len - at : piece, &got);
		line_filter_end(&f, &got);
		ck_assert_msg(strcmp(got.data, rows[_i].out) == 0, "%s, pieces of %zu: '%s'",
			      rows[_i].label, piece, got.data);
		ck_assert_int_eq(f.taken, rows[_i].taken);
	}
}
END_TEST

START_TEST(bytes_of_any_value)
{
	struct line_filter f = { .line = LINE };
	AUTO_BUF got = { 0 };
	line_filter_add(&f, "aa\0b\n\0" LINE, 10, &got);
	line_filter_end(&f, &got);
	ck_assert_uint_eq(got.len, 10); /* the NUL begins a line */
	ck_assert_int_eq(memcmp(got.data, "aa\0b\n\0" LINE, 10), 0);
}
END_TEST

Suite *suite_container_line_filter(void)
{
	Suite *s = suite_create("container/line_filter");
	TCase *tc = tcase_create("line_filter");
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, bytes_of_any_value);
	suite_add_tcase(s, tc);
	return s;
}
