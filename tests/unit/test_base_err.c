/* test_base_err.c - messages: one printable line of bounded length, whatever goes in. */
#include "base/err.h"

#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

Suite *suite_base_err(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))
#define ROOM (sizeof(((struct err *)0)->msg))

START_TEST(set_says_what_and_why)
{
	struct err err = { .fault = FAULT_STUDENT, .sys = 7, .code = "old", .msg = "old" };
	ck_assert_int_eq(err_set(&err, FAULT_INFRA, ENOENT, "cannot open '%s'", "a.tgz"), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_int_eq(err.sys, ENOENT);
	ck_assert_str_eq(err.code, "");
	ck_assert_str_eq(err.msg, "cannot open 'a.tgz': No such file or directory");

	ck_assert_int_eq(err_set_code(&err, "archive.x", FAULT_STUDENT, 0, "no %d", 5), -1);
	ck_assert_int_eq(err.fault, FAULT_STUDENT);
	ck_assert_int_eq(err.sys, 0);
	ck_assert_str_eq(err.code, "archive.x");
	ck_assert_str_eq(err.msg, "no 5");
}
END_TEST

START_TEST(wrap_keeps_the_owner)
{
	struct err err = { 0 };
	err_set_code(&err, "archive.x", FAULT_STUDENT, EACCES, "it failed");
	ck_assert_int_eq(err_wrap(&err, "student '%s'", "ada"), -1);
	ck_assert_int_eq(err_wrap(&err, "batch"), -1);
	ck_assert_str_eq(err.msg, "batch: student 'ada': it failed: Permission denied");
	ck_assert_int_eq(err.fault, FAULT_STUDENT);
	ck_assert_int_eq(err.sys, EACCES);
	ck_assert_str_eq(err.code, "archive.x");
}
END_TEST

START_TEST(own_message_as_argument)
{
	struct err err = { 0 };
	err_set(&err, FAULT_INFRA, 0, "inner");
	err_set(&err, FAULT_STUDENT, 0, "outer (%s)", err.msg);
	ck_assert_str_eq(err.msg, "outer (inner)");
	err_wrap(&err, "%s again", err.msg);
	ck_assert_str_eq(err.msg, "outer (inner) again: outer (inner)");
}
END_TEST

START_TEST(no_place_for_the_message)
{
	ck_assert_int_eq(err_set(NULL, FAULT_INFRA, EIO, "x"), -1);
	ck_assert_int_eq(err_set_code(NULL, "x", FAULT_INFRA, EIO, "x"), -1);
	ck_assert_int_eq(err_wrap(NULL, "x"), -1);
}
END_TEST

START_TEST(a_long_code_is_cut)
{
	struct err err = { .msg = "x" };
	char code[60];
	memset(code, 'c', sizeof code);
	code[59] = '\0';
	err_set_code(&err, code, FAULT_INFRA, 0, "said");
	ck_assert_uint_eq(strlen(err.code), sizeof err.code - 1);
	ck_assert_str_eq(err.msg, "said");
}
END_TEST

/* Lengths around what msg holds. */
static const struct {
	size_t len, want;
} lengths[] = {
	{ 0, 0 },
	{ 1, 1 },
	{ ROOM - 2, ROOM - 2 },
	{ ROOM - 1, ROOM - 1 },
	{ ROOM, ROOM - 1 },
	{ 3 * ROOM, ROOM - 1 },
	{ 5 * ROOM, ROOM - 1 },
};

START_TEST(length_is_bounded)
{
	char text[5 * ROOM + 1];
	struct err err = { 0 };
	memset(text, 'x', sizeof text);
	text[lengths[_i].len] = '\0';
	err_set(&err, FAULT_INFRA, 0, "%s", text);
	ck_assert_uint_eq(strlen(err.msg), lengths[_i].want);
	ck_assert_uint_eq(strspn(err.msg, "x"), lengths[_i].want);
}
END_TEST

START_TEST(a_cut_message_keeps_its_cause)
{
	char text[5 * ROOM + 1];
	struct err err = { 0 };
	memset(text, 'x', sizeof text);
	text[lengths[_i].len] = '\0';
	err_set(&err, FAULT_INFRA, ENOSPC, "%s", text);
	const char *cause = ": No space left on device";
	size_t end = strlen(err.msg), len = strlen(cause);
	ck_assert_uint_lt(end, ROOM);
	ck_assert_str_eq(err.msg + end - len, cause);
	ck_assert(lengths[_i].len < ROOM || end == ROOM - 1);
}
END_TEST

START_TEST(wrap_is_bounded)
{
	char text[5 * ROOM + 1];
	struct err err = { 0 };
	err_set(&err, FAULT_STUDENT, 0, "the end");
	memset(text, 'x', sizeof text);
	text[lengths[_i].len] = '\0';
	err_wrap(&err, "%s", text);
	size_t whole = lengths[_i].len + strlen(": the end");
	ck_assert_uint_eq(strlen(err.msg), whole < ROOM ? whole : ROOM - 1);
	ck_assert_uint_eq(strspn(err.msg, "x"), lengths[_i].want);
	ck_assert_int_eq(err.fault, FAULT_STUDENT);

	for (int i = 0; i < 200; i++)
		err_wrap(&err, "deeper");
	ck_assert_uint_eq(strlen(err.msg), ROOM - 1);
	ck_assert_mem_eq(err.msg, "deeper: deeper: ", 16);
}
END_TEST

/* "é" behind 0..3 letters: whatever the offset, no half character is left at the end. */
START_TEST(a_cut_falls_between_characters)
{
	static const char *const letters[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x99\x82" };
	char text[3 * ROOM] = "";
	struct err set = { 0 }, wrapped = { 0 };
	size_t len = (size_t)(_i % 4);
	memset(text, 'a', len);
	for (const char *c = letters[_i / 4]; len + 4 < sizeof text; len += strlen(c))
		memcpy(text + len, c, strlen(c) + 1);
	err_set(&set, FAULT_INFRA, _i % 2 ? EIO : 0, "%s", text);
	err_set(&wrapped, FAULT_INFRA, 0, "x");
	err_wrap(&wrapped, "%s", text);
	const char *msgs[] = { set.msg, wrapped.msg };
	for (int i = 0; i < 2; i++) {
		ck_assert(utf8_valid(msgs[i], strlen(msgs[i])));
		ck_assert_ptr_null(strchr(msgs[i], '?'));
		ck_assert_uint_gt(strlen(msgs[i]), ROOM - 5);
	}
}
END_TEST

/* What shrinks when it is made printable must not leave a half character at the end either. */
START_TEST(shrinking_text)
{
	char text[8 * ROOM] = "";
	struct err err = { 0 };
	for (size_t i = 0; i + 4 < sizeof text; i += 4)
		memcpy(text + i, "\xf0\x9f\xbf\xbf", 5); /* U+1FFFF, no character */
	err_set(&err, FAULT_INFRA, 0, "%s", text);
	ck_assert_uint_eq(strspn(err.msg, "?"), ROOM - 1);
}
END_TEST

/* clang-format off */
static const struct { const char *label, *in, *out; size_t len; } escapes[] = {
	{ "plain", "plain text", "plain text", 10 },
	{ "quotes", "'a' \"b\" \\", "'a' \"b\" \\", 9 },
	{ "newline", "a\nb\rc\td", "a?b?c?d", 7 },
	{ "NUL inside", "a\0b", "a?b", 3 },
	{ "terminal control", "\x1b[31mred\x1b[0m", "?[31mred?[0m", 12 },
	{ "delete", "\x7f", "?", 1 },
	{ "C1 control U+0085", "a\xc2\x85" "b", "a?b", 4 },
	{ "umlaut", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82", 9 },
	{ "Latin-1", "caf\xe9!", "caf?!", 5 },
	{ "stray continuation", "\x80\x80", "??", 2 },
	{ "cut at the end", "a\xe2\x82", "a??", 3 },
	{ "overlong slash", "\xc0\xaf", "??", 2 },
	{ "surrogate", "\xed\xa0\x80", "???", 3 },
	{ "right to left override", "a\xe2\x80\xae" "b", "a?b", 5 },
	{ "line separator", "\xe2\x80\xa8", "?", 3 },
	{ "byte order mark", "\xef\xbb\xbf" "a", "?a", 4 },
	{ "bytes that never occur", "\xfe\xff", "??", 2 },
	{ "nothing", "", "", 0 },
};
/* clang-format on */

START_TEST(escape)
{
	char out[64];
	memset(out, 'Z', sizeof out);
	err_escape(out, sizeof out, escapes[_i].in, escapes[_i].len);
	ck_assert_msg(strcmp(out, escapes[_i].out) == 0, "%s: '%s'", escapes[_i].label, out);
	if (strlen(escapes[_i].in) != escapes[_i].len)
		return;
	struct err err = { 0 }; /* set and wrap do the same */
	err_set(&err, FAULT_INFRA, 0, "%s", escapes[_i].in);
	ck_assert_str_eq(err.msg, escapes[_i].out);
	snprintf(out, sizeof out, "%s: m", escapes[_i].out);
	err_set(&err, FAULT_INFRA, 0, "m");
	err_wrap(&err, "%s", escapes[_i].in);
	ck_assert_msg(strcmp(err.msg, out) == 0, "%s: '%s'", escapes[_i].label, err.msg);
}
END_TEST

START_TEST(escape_stays_in_its_room)
{
	static const char *const wants[] = { "Z",
					     "",
					     "a",
					     "a",
					     "a\xe2\x82\xac",
					     "a\xe2\x82\xac"
					     "b",
					     "a\xe2\x82\xac"
					     "b" };
	static const size_t sizes[] = { 0, 1, 2, 4, 5, 6, 7 };
	char out[9] = "ZZZZZZZZ";
	err_escape(out, sizes[_i],
		   "a\xe2\x82\xac"
		   "b",
		   5);
	if (sizes[_i])
		ck_assert_str_eq(out, wants[_i]);
	for (size_t k = sizes[_i]; k < 8; k++)
		ck_assert_int_eq(out[k], 'Z');
}
END_TEST

START_TEST(names_of_faults)
{
	ck_assert_str_eq(fault_name(FAULT_NONE), "none");
	ck_assert_str_eq(fault_name(FAULT_STUDENT), "student");
	ck_assert_str_eq(fault_name(FAULT_ASSIGNMENT), "assignment");
	ck_assert_str_eq(fault_name(FAULT_INFRA), "infrastructure");
	ck_assert_str_eq(fault_name(FAULT_USAGE), "usage");
}
END_TEST

START_TEST(faults_of_paths)
{
	static const struct {
		int sys;
		enum fault fault;
	} rows[] = {
		{ ENOENT, FAULT_USAGE }, { ENOTDIR, FAULT_USAGE },
		{ ELOOP, FAULT_USAGE },  { ENAMETOOLONG, FAULT_USAGE },
		{ EISDIR, FAULT_USAGE }, { ENXIO, FAULT_USAGE },
		{ EXDEV, FAULT_USAGE },  { EIO, FAULT_INFRA },
		{ EACCES, FAULT_INFRA }, { EMFILE, FAULT_INFRA },
		{ ENOMEM, FAULT_INFRA }, { ESTALE, FAULT_INFRA },
		{ 0, FAULT_INFRA },
	};
	for (int i = 0; i < ROWS(rows); i++)
		ck_assert_msg(err_path_fault(rows[i].sys) == rows[i].fault, "%s: %s",
			      strerror(rows[i].sys), fault_name(err_path_fault(rows[i].sys)));
}
END_TEST

Suite *suite_base_err(void)
{
	Suite *s = suite_create("base/err");
	TCase *tc = tcase_create("err");
	tcase_add_test(tc, set_says_what_and_why);
	tcase_add_test(tc, wrap_keeps_the_owner);
	tcase_add_test(tc, own_message_as_argument);
	tcase_add_test(tc, no_place_for_the_message);
	tcase_add_test(tc, a_long_code_is_cut);
	tcase_add_loop_test(tc, length_is_bounded, 0, ROWS(lengths));
	tcase_add_loop_test(tc, a_cut_message_keeps_its_cause, 0, ROWS(lengths));
	tcase_add_loop_test(tc, wrap_is_bounded, 0, ROWS(lengths));
	tcase_add_loop_test(tc, a_cut_falls_between_characters, 0, 12);
	tcase_add_test(tc, shrinking_text);
	tcase_add_loop_test(tc, escape, 0, ROWS(escapes));
	tcase_add_loop_test(tc, escape_stays_in_its_room, 0, 7);
	tcase_add_test(tc, names_of_faults);
	tcase_add_test(tc, faults_of_paths);
	suite_add_tcase(s, tc);
	return s;
}
