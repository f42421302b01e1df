/* test_result_compare.c - what is equal, what the first difference is said to be, in any pieces. */
#include "result/compare.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "rounds.h"

Suite *suite_result_compare(void);

struct text {
	const char *data;
	size_t len, at, piece; /* at most so many bytes a read */
	size_t fail_at;        /* EIO there; SIZE_MAX: never */
};

static ssize_t read_text(void *ctx, void *data, size_t len)
{
	struct text *t = ctx;
	if (t->at >= t->fail_at) {
		errno = EIO;
		return -1;
	}
	size_t n = t->len - t->at;
	n = n > t->piece ? t->piece : n;
	n = n > len ? len : n;
	memcpy(data, t->data + t->at, n);
	t->at += n;
	return (ssize_t)n;
}

static struct comparison compare(enum compare_kind kind, const char *expected, size_t expected_len,
				 const char *actual, size_t actual_len, size_t piece)
{
	struct text e = { expected, expected_len, 0, piece, SIZE_MAX };
	struct text a = { actual, actual_len, 0, piece * 2 - 1, SIZE_MAX };
	struct comparison got = { .done = false };
	struct err err = { 0 };
	ck_assert_int_eq(compare_streams(kind, read_text, &e, read_text, &a, &got, &err), 0);
	ck_assert(got.done);
	ck_assert_msg(got.equal == (got.message[0] == '\0'), "'%s'", got.message);
	return got;
}

/* What a mode says; NULL: equal. */
static const struct {
	const char *label, *expected, *actual, *lines, *exact;
} rows[] = {
	{ "same", "a b\nc\n", "a b\nc\n", NULL, NULL },
	{ "both empty", "", "", NULL, NULL },
	{ "the contract's own", "olleh\n", "olle\n", "line 1: expected \"olleh\", got \"olle\"",
	  "line 1: expected \"olleh\", got \"olle\"" },
	{ "no newline at the end", "olleh\n", "olle", "line 1: expected \"olleh\", got \"olle\"",
	  "line 1: expected \"olleh\", got \"olle\"" },
	{ "second line", "a\nbc\n", "a\nbd\n", "line 2: expected \"bc\", got \"bd\"",
	  "line 2: expected \"bc\", got \"bd\"" },
	{ "newline missing", "a\n", "a", NULL,
	  "line 1: the newline at the end of the output is missing" },
	{ "newline too many", "a", "a\n", NULL,
	  "line 1: there is an extra newline at the end of the output" },
	{ "newline too many, empty line", "a\n", "a\n\n", NULL,
	  "line 2: there is an extra newline at the end of the output" },
	{ "many newlines", "a\n", "a\n\n\n", NULL,
	  "line 2: the output differs only in blanks and newlines at its end" },
	{ "blanks and newlines", "a\n", "a\n \n\t", NULL,
	  "line 2: the output differs only in blanks and newlines" },
	{ "only newlines expected", "\n\n", "", NULL,
	  "line 1: the output differs only in blanks and newlines" },
	{ "trailing blank", "a\nb\n", "a \nb\n", NULL,
	  "line 1: trailing blanks differ: expected \"a\", got \"a \"" },
	{ "trailing tab against blank", "a\t\nb\n", "a \nb\n", NULL,
	  "line 1: trailing blanks differ: expected \"a\\t\", got \"a \"" },
	{ "trailing blanks, other number", "a  \nb", "a   \nb", NULL,
	  "line 1: trailing blanks differ: expected \"a  \", got \"a   \"" },
	{ "carriage returns", "a\nb\n", "a\r\nb\r\n", NULL,
	  "line 1: trailing blanks differ: expected \"a\", got \"a\\r\"" },
	{ "vertical tab, form feed", "a\nb\n", "a\v\nb\f\n", NULL,
	  "line 1: trailing blanks differ: expected \"a\", got \"a\\x0b\"" },
	{ "trailing blank at the end", "a", "a ", NULL,
	  "line 1: trailing blanks differ: expected \"a\", got \"a \"" },
	{ "every line has blanks", "a\nb\nc\nd\n", "a \nb \nc \ne \n",
	  "line 4: expected \"d\", got \"e \"", "line 1: trailing blanks differ" },
	{ "blanks inside count", "a b\n", "a  b\n", "line 1: expected \"a b\", got \"a  b\"",
	  "line 1: expected \"a b\", got \"a  b\"" },
	{ "blanks inside against none", "a b\n", "ab\n", "line 1: expected \"a b\", got \"ab\"",
	  "line 1: expected \"a b\", got \"ab\"" },
	{ "tab against blank inside", "a\tb\n", "a b\n", "line 1: expected \"a\\tb\", got \"a b\"",
	  "line 1: expected \"a\\tb\", got \"a b\"" },
	{ "leading blanks count", "a\n", " a\n", "line 1: expected \"a\", got \" a\"",
	  "line 1: expected \"a\", got \" a\"" },
	{ "carriage return inside", "a\rb\n", "ab\n", "line 1: expected \"a\\rb\", got \"ab\"",
	  "line 1: expected" },
	{ "nothing at all", "5\n", "", "line 1: expected \"5\", got the end of the output",
	  "line 1: expected \"5\", got the end of the output" },
	{ "nothing expected", "", "5\n", "line 1: expected the end of the output, got \"5\"",
	  "line 1: expected the end of the output, got \"5\"" },
	{ "ended early", "a\nb\nc\n", "a\n", "line 2: expected \"b\", got the end of the output",
	  "line 2: expected \"b\", got the end of the output" },
	{ "ended early, no newline", "a\nb\nc\n", "a",
	  "line 2: expected \"b\", got the end of the output",
	  "line 2: expected \"b\", got the end of the output" },
	{ "ended early, blanks before", "a\n\n  b\n", "a",
	  "line 3: expected \"  b\", got the end of the output",
	  "line 3: expected \"  b\", got the end of the output" },
	{ "more than expected", "a\n", "a\nb\n",
	  "line 2: expected the end of the output, got \"b\"",
	  "line 2: expected the end of the output, got \"b\"" },
	{ "more, newlines at the end", "a\n\n\n", "a\nb\n",
	  "line 2: expected the end of the output, got \"b\"", "line 2: expected \"\", got \"b\"" },
	{ "less, newlines at the end", "a\nb\n", "a\n\n \n",
	  "line 2: expected \"b\", got the end of the output", "line 2: expected \"b\", got \"\"" },
	{ "empty line missing", "a\n\nb\n", "a\nb\n", "line 2: expected \"\", got \"b\"",
	  "line 2: expected \"\", got \"b\"" },
	{ "empty line too many", "a\nb\n", "a\n\nb\n", "line 2: expected \"b\", got \"\"",
	  "line 2: expected \"b\", got \"\"" },
	{ "blank line is an empty line", "a\n\nb\n", "a\n \t\nb\n", NULL,
	  "line 2: trailing blanks differ: expected \"\", got \" \\t\"" },
	{ "quotes and backslashes", "\"\\\n", "x\n", "line 1: expected \"\\\"\\\\\", got \"x\"",
	  "line 1: expected" },
	{ "control bytes", "a\n", "\033[31m\x7f\n",
	  "line 1: expected \"a\", got "
	  "\"\\x1b[31m\\x7f\"",
	  "line 1: expected" },
	{ "text beyond ASCII", "\xc3\xa9\n", "\xc3\xa8\n",
	  "line 1: expected \"\xc3\xa9\", got \"\xc3\xa8\"", "line 1: expected" },
	{ "a blank that is none", "a b\n",
	  "a\xc2\xa0"
	  "b\n",
	  "line 1: expected \"a b\", got \"a\\u00a0b\"", "line 1: expected" },
	{ "an accent of its own", "\xc3\xa9\n", "e\xcc\x81\n",
	  "line 1: expected \"\xc3\xa9\", got \"e\\u0301\"", "line 1: expected" },
	{ "not UTF-8", "a\n", "\xff\xc3(\n", "line 1: expected \"a\", got \"\\xff\\xc3(\"",
	  "line 1: expected" },
	{ "turned text", "a\n",
	  "\xe2\x80\xae"
	  "b\n",
	  "line 1: expected \"a\", got \"\\xe2\\x80\\xaeb\"", "line 1: expected" },
};

START_TEST(one_row)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100000 };
	for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
		for (int exact = 0; exact < 2; exact++) {
			const char *want = exact ? rows[_i].exact : rows[_i].lines;
			struct comparison got = compare(exact ? COMPARE_EXACT : COMPARE_LINES,
							rows[_i].expected,
							strlen(rows[_i].expected), rows[_i].actual,
							strlen(rows[_i].actual), pieces[p]);
			ck_assert_msg(got.equal == (want == NULL), "%s, exact %d: '%s'",
				      rows[_i].label, exact, got.message);
			if (want)
				ck_assert_msg(strncmp(got.message, want, strlen(want)) == 0,
					      "%s, exact %d: '%s'", rows[_i].label, exact,
					      got.message);
		}
	}
}
END_TEST

START_TEST(nul_is_a_byte)
{
	struct comparison got = compare(COMPARE_LINES, "a\0b\n", 4, "a\0c\n", 4, 2);
	ck_assert_str_eq(got.message, "line 1: expected \"a\\x00b\", got \"a\\x00c\"");
	got = compare(COMPARE_EXACT, "a\0", 2, "a", 1, 1);
	ck_assert_str_eq(got.message, "line 1: expected \"a\\x00\", got \"a\"");
}
END_TEST

/* Equal bytes before and behind the difference in one line, and what is shown of it. */
static const struct {
	const char *label;
	int before, after;
	const char *unit; /* the line is made of it */
	const char *message;
} cuts[] = {
	{ "whole", 10, 10, "x",
	  "line 2: expected \"xxxxxxxxxxAxxxxxxxxxx\", got \"xxxxxxxxxx"
	  "Bxxxxxxxxxx\"" },
	{ "as much as is shown before", 36, 0, "x",
	  "line 2: expected \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxA\", "
	  "got \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxB\"" },
	{ "one more", 37, 0, "x",
	  "line 2: expected \"...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxA\", "
	  "got \"...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxB\"" },
	{ "as much as is shown after", 0, 71, "x",
	  "line 2: expected \"Axxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", got \"Bxxx" },
	{ "one more", 0, 72, "x",
	  "line 2: expected \"Axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\", got \"Bxxx" },
	{ "far inside", 200000, 200000, "x",
	  "line 2: expected \"...xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\", got \"...xxx" },
	{ "characters stay whole", 1001, 1001, "\xe2\x82\xac",
	  "line 2: expected \"...\xe2\x82\xac" },
	{ "escapes are long", 500, 500, "\001",
	  "line 2: expected \"...\\x01\\x01\\x01\\x01\\x01"
	  "\\x01\\x01\\x01\\x01A\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01...\", got" },
};

static char *long_line(int before, char c, int after, const char *unit)
{
	AUTO_BUF b = { 0 };
	buf_str(&b, "first\n");
	for (int i = 0; i < before; i++)
		buf_str(&b, unit);
	buf_add(&b, &c, 1);
	for (int i = 0; i < after; i++)
		buf_str(&b, unit);
	buf_str(&b, "\n");
	return buf_take(&b);
}

START_TEST(long_lines_are_cut)
{
	static const size_t pieces[] = { 5, 4096, 1 << 20 };
	AUTO_FREE char *e = long_line(cuts[_i].before, 'A', cuts[_i].after, cuts[_i].unit);
	AUTO_FREE char *a = long_line(cuts[_i].before, 'B', cuts[_i].after, cuts[_i].unit);
	for (size_t p = 0; p < 3; p++) {
		struct comparison got = compare(COMPARE_LINES, e, strlen(e), a, strlen(a),
						pieces[p]);
		ck_assert_msg(strncmp(got.message, cuts[_i].message, strlen(cuts[_i].message)) == 0,
			      "%s: '%s'", cuts[_i].label, got.message);
		ck_assert_msg(strlen(got.message) < sizeof got.message - 1, "%s", cuts[_i].label);
		ck_assert(strchr(got.message, 'B') != NULL);
		ck_assert_msg(utf8_valid(got.message, strlen(got.message)), "%s", got.message);
		ck_assert(!strstr(got.message, "\\xe2") && !strstr(got.message, "\\xac"));
	}
}
END_TEST

/* Around the borders of the blocks in which streams are read. */
START_TEST(blocks_have_no_borders)
{
	static const size_t sizes[] = { 65535, 65536, 65537, 131071, 131072, 131073 };
	size_t len = sizes[_i];
	AUTO_FREE char *e = mem_alloc(len + 2), *a = mem_alloc(len + 2);
	for (size_t i = 0; i < len; i++)
		e[i] = a[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 7);
	ck_assert(compare(COMPARE_EXACT, e, len, a, len, 1 << 20).equal);
	ck_assert(compare(COMPARE_LINES, e, len, a, len, 1000).equal);
	a[len - 1] = a[len - 1] == '#' ? '!' : '#';
	struct comparison got = compare(COMPARE_EXACT, e, len, a, len, 1 << 20);
	AUTO_FREE char *line = mem_printf("line %zu: ", (len - 1) / 50 + 1);
	ck_assert_msg(strncmp(got.message, line, strlen(line)) == 0, "'%s'", got.message);
	a[len - 1] = e[len - 1] = 'z';
	a[len] = ' ';
	ck_assert(compare(COMPARE_LINES, e, len, a, len + 1, 1 << 20).equal);
	ck_assert(!compare(COMPARE_EXACT, e, len, a, len + 1, 1 << 20).equal);
	a[len] = 'z';
	ck_assert(!compare(COMPARE_LINES, e, len, a, len + 1, 1 << 20).equal);
}
END_TEST

START_TEST(runs_of_blanks_have_no_limit)
{
	size_t len = 300000;
	AUTO_FREE char *blanks = mem_alloc(len + 3);
	memset(blanks, ' ', len);
	blanks[0] = 'a';
	strcpy(blanks + len, "\nb");
	ck_assert(compare(COMPARE_LINES, "a\nb", 3, blanks, len + 2, 1 << 20).equal);
	strcpy(blanks + len, "b");
	struct comparison got = compare(COMPARE_LINES, "a\nb", 3, blanks, len + 1, 1 << 20);
	ck_assert_msg(strncmp(got.message, "line 1: expected \"a\", got \"a   ", 31) == 0, "'%s'",
		      got.message);
}
END_TEST

/* A slow but obvious judge of `lines`. */
static char *normal(const char *text)
{
	AUTO_BUF b = { 0 };
	for (; *text; text++) {
		while (*text == '\n' && b.len && strchr(" \t\r", b.data[b.len - 1]))
			b.len--;
		buf_add(&b, text, 1);
	}
	while (b.len && strchr(" \t\r\n", b.data[b.len - 1]))
		b.len--;
	if (b.len)
		b.data[b.len] = '\0';
	return b.len ? buf_take(&b) : mem_strdup("");
}

START_TEST(agrees_with_a_slow_judge)
{
	static const char letters[] = "ab \t\n\n\r";
	unsigned seed = 1;
	for (int round = 0; round < ROUNDS(8000); round++) {
		char text[2][12] = { "", "" };
		for (int side = 0; side < 2; side++)
			for (size_t i = 0, n = (size_t)rand_r(&seed) % 10; i < n; i++)
				text[side][i] = side && i < 4 && rand_r(&seed) % 8 ?
							text[0][i] ? text[0][i] : 'a' :
							letters[rand_r(&seed) % 7];
		AUTO_FREE char *a = normal(text[0]), *b = normal(text[1]);
		struct comparison got = compare(COMPARE_LINES, text[0], strlen(text[0]), text[1],
						strlen(text[1]), 1 + (size_t)round % 5);
		ck_assert_msg(got.equal == (strcmp(a, b) == 0), "%d: %s", round, got.message);
		got = compare(COMPARE_EXACT, text[0], strlen(text[0]), text[1], strlen(text[1]),
			      1 + (size_t)round % 3);
		ck_assert_msg(got.equal == (strcmp(text[0], text[1]) == 0), "%d: %s", round,
			      got.message);
	}
}
END_TEST

START_TEST(nothing_is_compared)
{
	struct text e = { "a", 1, 0, 1, 0 }, a = { "b", 1, 0, 1, 0 }; /* would fail if read */
	struct comparison got = { .done = true };
	ck_assert_int_eq(compare_streams(COMPARE_NONE, read_text, &e, read_text, &a, &got, NULL),
			 0);
	ck_assert(!got.done && got.equal && !got.message[0]);
}
END_TEST

START_TEST(trouble_is_told_and_changes_nothing)
{
	static const char text[] = "one\ntwo\nthree\n";
	for (size_t at = 0; at < sizeof text; at++) {
		struct text e = { text, sizeof text - 1, 0, 1, _i ? SIZE_MAX : at };
		struct text a = { text, sizeof text - 1, 0, 1, _i ? at : SIZE_MAX };
		struct comparison got = { .message = "kept" };
		struct err err = { 0 };
		ck_assert_int_eq(
			compare_streams(COMPARE_LINES, read_text, &e, read_text, &a, &got, &err),
			-1);
		ck_assert_int_eq(err.fault, FAULT_INFRA);
		ck_assert_int_eq(err.sys, EIO);
		ck_assert_str_eq(got.message, "kept");
		ck_assert_msg(strstr(err.msg, _i ? "captured" : "expected"), "'%s'", err.msg);
	}
}
END_TEST

Suite *suite_result_compare(void)
{
	Suite *s = suite_create("result/compare");
	TCase *tc = tcase_create("compare");
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, nul_is_a_byte);
	tcase_add_loop_test(tc, long_lines_are_cut, 0, (int)(sizeof cuts / sizeof *cuts));
	tcase_add_loop_test(tc, blocks_have_no_borders, 0, 6);
	tcase_add_test(tc, runs_of_blanks_have_no_limit);
	tcase_add_test(tc, agrees_with_a_slow_judge);
	tcase_add_test(tc, nothing_is_compared);
	tcase_add_loop_test(tc, trouble_is_told_and_changes_nothing, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
