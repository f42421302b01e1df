/* test_base_utf8.c - which bytes are characters, which characters are shown, where text is cut. */
#include "base/utf8.h"

#include <check.h>
#include <string.h>

Suite *suite_base_utf8(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))

/* clang-format off */
static const struct { const char *label, *bytes; size_t len, want; uint32_t c; } decode[] = {
	{ "nothing",                   "",                 0, 0, 0 },
	{ "NUL",                       "\0",               1, 1, 0 },
	{ "last of one byte",          "\x7f",             1, 1, 0x7f },
	{ "first of two",              "\xc2\x80",         2, 2, 0x80 },
	{ "last of two",               "\xdf\xbf",         2, 2, 0x7ff },
	{ "first of three",            "\xe0\xa0\x80",     3, 3, 0x800 },
	{ "before the surrogates",     "\xed\x9f\xbf",     3, 3, 0xd7ff },
	{ "behind the surrogates",     "\xee\x80\x80",     3, 3, 0xe000 },
	{ "last of three",             "\xef\xbf\xbf",     3, 3, 0xffff },
	{ "first of four",             "\xf0\x90\x80\x80", 4, 4, 0x10000 },
	{ "last of all",               "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff },
	{ "more bytes behind",         "\xc3\xa4\xff",     3, 2, 0xe4 },
	{ "overlong NUL",              "\xc0\x80",         2, 0, 0 },
	{ "overlong two",              "\xc1\xbf",         2, 0, 0 },
	{ "overlong three",            "\xe0\x9f\xbf",     3, 0, 0 },
	{ "overlong four",             "\xf0\x8f\xbf\xbf", 4, 0, 0 },
	{ "first surrogate",           "\xed\xa0\x80",     3, 0, 0 },
	{ "last surrogate",            "\xed\xbf\xbf",     3, 0, 0 },
	{ "above U+10FFFF",            "\xf4\x90\x80\x80", 4, 0, 0 },
	{ "F5",                        "\xf5\x80\x80\x80", 4, 0, 0 },
	{ "five bytes",                "\xf8\x88\x80\x80\x80", 5, 0, 0 },
	{ "stray continuation",        "\x80",             1, 0, 0 },
	{ "FE",                        "\xfe",             1, 0, 0 },
	{ "FF",                        "\xff",             1, 0, 0 },
	{ "two cut",                   "\xc3\xa4",         1, 0, 0 },
	{ "three cut",                 "\xe2\x82\xac",     2, 0, 0 },
	{ "four cut",                  "\xf0\x9f\x99\x82", 3, 0, 0 },
	{ "no continuation",           "\xc3" "a",         2, 0, 0 },
	{ "start as continuation",     "\xe2\x82\xc3",     3, 0, 0 },
	{ "last byte wrong",           "\xf0\x9f\x99" "a", 4, 0, 0 },
};

/* In a text, in a name. */
#define NEVER false, false
#define IN_TEXT true, false
#define ALWAYS true, true
static const struct { uint32_t c; bool text, name; } shown[] = {
	{ 0, NEVER }, { 0x1b, NEVER }, { 0x1f, NEVER }, { 0x20, ALWAYS }, { 0x7e, ALWAYS },
	{ 0x7f, NEVER }, { 0x80, NEVER }, { 0x9f, NEVER }, { 0xa0, IN_TEXT }, { 0xa1, ALWAYS },
	{ 0xac, ALWAYS }, { 0xad, NEVER }, { 0xae, ALWAYS }, /* soft hyphen */
	{ 0x34e, ALWAYS }, { 0x34f, NEVER }, { 0x350, ALWAYS }, /* grapheme joiner */
	{ 0x605, ALWAYS }, { 0x61b, ALWAYS }, { 0x61c, NEVER }, { 0x61d, ALWAYS }, { 0x6dd, ALWAYS },
	{ 0x115e, ALWAYS }, { 0x115f, NEVER }, { 0x1160, NEVER }, { 0x1161, ALWAYS }, /* fillers */
	{ 0x1680, IN_TEXT }, { 0x17b3, ALWAYS }, { 0x17b4, NEVER }, { 0x17b5, NEVER }, { 0x17b6, ALWAYS },
	{ 0x180a, ALWAYS }, { 0x180b, IN_TEXT }, { 0x180e, NEVER }, { 0x180f, IN_TEXT }, { 0x1810, ALWAYS },
	{ 0x1fff, ALWAYS }, { 0x2000, IN_TEXT }, { 0x200a, IN_TEXT }, { 0x200b, NEVER },
	{ 0x200c, IN_TEXT }, { 0x200d, IN_TEXT }, { 0x200e, NEVER }, { 0x200f, NEVER }, { 0x2010, ALWAYS },
	{ 0x2027, ALWAYS }, { 0x2028, NEVER }, { 0x2029, NEVER },
	{ 0x202a, NEVER }, { 0x202e, NEVER }, { 0x202f, IN_TEXT }, { 0x2030, ALWAYS },
	{ 0x205e, ALWAYS }, { 0x205f, IN_TEXT }, { 0x2060, NEVER }, { 0x2065, NEVER }, { 0x2066, NEVER },
	{ 0x206f, NEVER }, { 0x2070, ALWAYS }, { 0x2800, IN_TEXT }, { 0x2801, ALWAYS }, /* braille */
	{ 0x3000, IN_TEXT }, { 0x3001, ALWAYS }, { 0x3163, ALWAYS }, { 0x3164, NEVER }, { 0x3165, ALWAYS },
	{ 0xfdcf, ALWAYS }, { 0xfdd0, NEVER }, { 0xfdef, NEVER }, { 0xfdf0, ALWAYS },
	{ 0xfdff, ALWAYS }, { 0xfe00, IN_TEXT }, { 0xfe0f, IN_TEXT }, { 0xfe10, ALWAYS },
	{ 0xfefe, ALWAYS }, { 0xfeff, NEVER }, { 0xff00, ALWAYS }, { 0xff9f, ALWAYS }, { 0xffa0, NEVER },
	{ 0xffef, ALWAYS }, { 0xfff0, NEVER }, { 0xfff9, NEVER }, { 0xfffb, NEVER }, { 0xfffc, ALWAYS },
	{ 0xfffd, ALWAYS }, { 0xfffe, NEVER }, { 0xffff, NEVER }, { 0x10000, ALWAYS },
	{ 0x1342f, ALWAYS }, { 0x13430, NEVER }, { 0x1343f, NEVER }, { 0x13440, ALWAYS },
	{ 0x1bca0, NEVER }, { 0x1bca3, NEVER }, { 0x1d173, NEVER }, { 0x1d17a, NEVER },
	{ 0x1f642, ALWAYS }, { 0x1fffd, ALWAYS }, { 0x1fffe, NEVER }, { 0x1ffff, NEVER },
	{ 0xdfffd, ALWAYS }, { 0xe0000, NEVER }, { 0xe0001, NEVER }, { 0xe0020, NEVER }, { 0xe007f, NEVER },
	{ 0xe00ff, NEVER }, { 0xe0100, IN_TEXT }, { 0xe01ef, IN_TEXT }, { 0xe01f0, NEVER },
	{ 0xe0fff, NEVER }, { 0xe1000, ALWAYS },
	{ 0x10fffd, ALWAYS }, { 0x10fffe, NEVER }, { 0x10ffff, NEVER },
};

static const struct { const char *label, *text; size_t len, max, want; } cuts[] = {
	{ "fits",                      "abc",                   3, 4, 3 },
	{ "fits exactly",              "abc",                   3, 3, 3 },
	{ "ASCII",                     "abc",                   3, 2, 2 },
	{ "nothing allowed",           "abc",                   3, 0, 0 },
	{ "nothing allowed of two",    "\xc3\xa4",              2, 0, 0 },
	{ "nothing there",             "",                      0, 0, 0 },
	{ "two, cut inside",           "a\xc3\xa4" "b",         4, 2, 1 },
	{ "two, cut behind",           "a\xc3\xa4" "b",         4, 3, 3 },
	{ "three, one byte in",        "a\xe2\x82\xac",         4, 2, 1 },
	{ "three, two bytes in",       "a\xe2\x82\xac",         4, 3, 1 },
	{ "four, one byte in",         "a\xf0\x9f\x99\x82",     5, 2, 1 },
	{ "four, three bytes in",      "a\xf0\x9f\x99\x82",     5, 4, 1 },
	{ "four, nothing before",      "\xf0\x9f\x99\x82",      4, 3, 0 },
	{ "continuations only",        "\x80\x80\x80\x80\x80\x80", 6, 5, 5 },
	{ "one stray continuation",    "a\x80" "b",             3, 1, 1 },
	{ "a continuation too many",   "a\xc3\xa4\x80" "b",     5, 3, 3 },
	{ "a character without end",   "ab\xe2\x82",            4, 3, 3 },
	{ "Latin-1",                   "\xe9\xe9\xe9",          3, 2, 2 },
};
/* clang-format on */

START_TEST(one_character)
{
	uint32_t c = 0xabcdef;
	size_t got = utf8_decode(decode[_i].bytes, decode[_i].len, &c);
	ck_assert_msg(got == decode[_i].want, "%s: got %zu", decode[_i].label, got);
	ck_assert_msg(c == (got ? decode[_i].c : 0xabcdef), "%s: U+%04X", decode[_i].label, c);
	/* What is one character is a text, and what is none is not. */
	if (decode[_i].len == 0 || got == decode[_i].len)
		ck_assert(utf8_valid(decode[_i].bytes, decode[_i].len));
	if (decode[_i].len && !got)
		ck_assert(!utf8_valid(decode[_i].bytes, decode[_i].len));
}
END_TEST

static size_t encode(uint32_t c, char out[4])
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

/* Every code point there is, and those around: nothing else is a character. */
START_TEST(all_characters)
{
	for (uint32_t c = 0; c < 0x200000; c++) {
		char bytes[4];
		uint32_t got = 0;
		size_t len = encode(c, bytes);
		bool is = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
		if (utf8_decode(bytes, len, &got) != (is ? len : 0) || got != (is ? c : 0))
			ck_abort_msg("U+%04X: U+%04X", c, got);
	}
}
END_TEST

START_TEST(whole_texts)
{
	ck_assert(utf8_valid("", 0));
	ck_assert(utf8_valid("a\0b", 3));
	ck_assert(utf8_valid("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82z", 11));
	ck_assert(!utf8_valid("a\xc3\xa4\xe2\x82", 5)); /* cut at the end */
	ck_assert(!utf8_valid("a\xff", 2));
	ck_assert(utf8_valid("a\xff", 1)); /* not read */
}
END_TEST

START_TEST(what_is_shown)
{
	ck_assert_msg(utf8_is_printable(shown[_i].c) == shown[_i].text, "U+%04X", shown[_i].c);
	ck_assert_msg(utf8_is_distinct(shown[_i].c) == shown[_i].name, "name, U+%04X", shown[_i].c);
}
END_TEST

START_TEST(cut_head)
{
	size_t got = utf8_cut_head(cuts[_i].text, cuts[_i].len, cuts[_i].max);
	ck_assert_msg(got == cuts[_i].want, "%s: got %zu", cuts[_i].label, got);
}
END_TEST

Suite *suite_base_utf8(void)
{
	Suite *s = suite_create("base/utf8");
	TCase *tc = tcase_create("utf8");
	tcase_add_loop_test(tc, one_character, 0, ROWS(decode));
	tcase_add_test(tc, all_characters);
	tcase_add_test(tc, whole_texts);
	tcase_add_loop_test(tc, what_is_shown, 0, ROWS(shown));
	tcase_add_loop_test(tc, cut_head, 0, ROWS(cuts));
	suite_add_tcase(s, tc);
	return s;
}
