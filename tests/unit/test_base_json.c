/* test_base_json.c - strict JSON with comments, merge patches, checked access by key. */
#include "base/json.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

Suite *suite_base_json(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))

/* clang-format off */
/* @out is what json-c prints again; NULL: refused, and the error contains @why. */
static const struct { const char *label, *in, *out, *why; } texts[] = {
	{ "object",                   "{\"a\":[1,\"b\",null]}", "{\"a\":[1,\"b\",null]}", NULL },
	{ "blanks",                   " \t\r\n1\t\r\n ", "1", NULL },
	{ "null",                     "null", "null", NULL },
	{ "numbers",                  "[0,-0,10,-1.5,1e5,1E-5,1.5e+3]", "[0,0,10,-1.5,1e5,1E-5,1.5e+3]", NULL },
	{ "escapes",                  "\"\\n\\u00e4\\\"\\\\\"", "\"\\n\xc3\xa4\\\"\\\\\"", NULL },
	{ "UTF-8",                    "\"\xf0\x9f\x99\x82\"", "\"\xf0\x9f\x99\x82\"", NULL },
	{ "letters in key and value", "{\"f\xc3\xbcr\":\"\xe2\x82\xac\"}", "{\"f\xc3\xbcr\":\"\xe2\x82\xac\"}", NULL },
	{ "letters in comments",      "/* f\xc3\xbcr */1 // \xf0\x9f\x99\x82", "1", NULL },
	{ "least and last of UTF-8",  "[\"\xc2\x80\",\"\xdf\xbf\",\"\xe0\xa0\x80\",\"\xed\x9f\xbf\",\"\xee\x80\x80\",\"\xef\xbf\xbf\","
				      "\"\xf0\x90\x80\x80\",\"\xf4\x8f\xbf\xbf\"]",
				      "[\"\xc2\x80\",\"\xdf\xbf\",\"\xe0\xa0\x80\",\"\xed\x9f\xbf\",\"\xee\x80\x80\",\"\xef\xbf\xbf\","
				      "\"\xf0\x90\x80\x80\",\"\xf4\x8f\xbf\xbf\"]", NULL },
	{ "a letter behind an escape", "\"\\\\\xc3\xa4\\n\xc3\xa4\"", "\"\\\\\xc3\xa4\\n\xc3\xa4\"", NULL },
	{ "every escape",             "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u004A\"", "\"\\\"\\\\/\\b\\f\\n\\r\\tJ\"", NULL },
	{ "words and empty ones",     "[true,false,null,{},[],\"\",{\"\":[]}]", "[true,false,null,{},[],\"\",{\"\":[]}]", NULL },
	{ "extremes of 64 bits",      "[-9223372036854775808,18446744073709551615]", "[-9223372036854775808,18446744073709551615]", NULL },
	{ "NUL in a value",           "[\"a\\u0000b\"]", "[\"a\\u0000b\"]", NULL },
	{ "a key in two objects",     "[{\"a\":1},{\"a\":{\"a\":2}}]", "[{\"a\":1},{\"a\":{\"a\":2}}]", NULL },
	{ "keys that begin alike",    "{\"a\":1,\"aa\":2,\"A\":3,\"\":4}", "{\"a\":1,\"aa\":2,\"A\":3,\"\":4}", NULL },
	{ "byte order mark",          "\xef\xbb\xbf[1]", "[1]", NULL },
	{ "line comment",             "// one\n[1, // two\n2]// three", "[1,2]", NULL },
	{ "block comment",            "/* one */[1,/**/2/* \n * two **/]", "[1,2]", NULL },
	{ "block within line",        "1 // /* one", "1", NULL },
	{ "line within block",        "/* // */1", "1", NULL },
	{ "quote in a comment",       "[ /* \" */ 1, // '\"\n 2]", "[1,2]", NULL },
	{ "Latin-1 in a comment",     "1 // f\xfcr", "1", NULL },
	{ "comment signs in a string", "[\"/*\",\"//\",\"*/\"]", "[\"/*\",\"//\",\"*/\"]", NULL },
	{ "quote before such a sign", "[\"\\\"//\",\"\\\\\"]//\"", "[\"\\\"//\",\"\\\\\"]", NULL },

	{ "a key twice",              "{\"a\":1,\n\"b\":2,\n\"a\":\n1}", NULL, "line 3: \"a\": the key is given twice" },
	{ "a key three times",        "{\"b\":0,\n\"a\":1,\n\"a\":2,\n\"a\":3}", NULL, "line 3: \"a\": the key is" },
	{ "two keys twice",           "{\"b\":0,\"a\":1,\n\"b\":2,\n\"a\":3}", NULL, "line 2: \"b\": the key is" },
	{ "a key twice, deep down",   "[{\"a\":{\"b\":[{\n\"c\":{},\n\"c\" : {}}]}}]", NULL, "line 3: \"c\": the key is" },
	{ "a key twice, escaped",     "{\"\xc3\xa4\xf0\x9f\x99\x82\":1,\"\\u00e4\\ud83d\\ude42\":2}", NULL, "the key is given twice" },
	{ "an empty key twice",       "{\"\":1,\"\":1}", NULL, "line 1: \"\": the key is given twice" },
	{ "a key twice by a comment", "{\"a\":1,/* \"x\": */\"a\":2}", NULL, "line 1: \"a\": the key is given twice" },

	{ "nothing",                  "", NULL, "f: line 1: the JSON text ends too early" },
	{ "blanks only",              " \n ", NULL, "f: line 2: the JSON text ends too early" },
	{ "a comment only",           "// {}", NULL, "f: line 1: " },
	{ "comment without end",      "1 /* two", NULL, "f: a comment does not end" },
	{ "comment ends in itself",   "1 /*/", NULL, "f: a comment does not end" },
	{ "comment ends half",        "1 /* *", NULL, "f: a comment does not end" },
	{ "comment in a number",      "1/**/2", NULL, "line 1: " },
	{ "comment in a word",        "tr/**/ue", NULL, "line 1: " },
	{ "object ends in a comma",   "{\"a\":1,", NULL, "line 1: the JSON text ends too early" },
	{ "object ends in a key",     "{\"a\"", NULL, "line 1: the JSON text ends too early" },
	{ "object ends in a colon",   "{\"a\":", NULL, "line 1: the JSON text ends too early" },
	{ "array without end",        "[\n", NULL, "line 2: the JSON text ends too early" },
	{ "half a word",              "nul", NULL, "line 1: not a JSON value" },
	{ "a word and more",          "[nullx]", NULL, "line 1: expected ',' or ']'" },
	{ "comma alone",              "[,]", NULL, "line 1: not a JSON value" },
	{ "comma alone in an object", "{,}", NULL, "line 1: expected a key" },
	{ "no comma in an object",    "{\"a\":1 \"b\":2}", NULL, "line 1: expected ',' or '}'" },
	{ "number as a key",          "{1:2}", NULL, "line 1: expected a key" },
	{ "one slash",                "{} /", NULL, "line 1: text after" },
	{ "object without end",       "{\"a\":1", NULL, "line 1: the JSON text ends too early" },
	{ "string without end",       "\"abc", NULL, "line 1: the JSON text ends too early" },
	{ "string ends in backslash", "\"abc\\", NULL, "line 1: the JSON text ends too early" },
	{ "comma before the end",     "{\n\"a\":1,\n}", NULL, "line 3: a comma before '}'" },
	{ "comma in an array",        "[1,\n]", NULL, "line 2: a comma before ']'" },
	{ "no comma",                 "[1 2]", NULL, "line 1: expected ',' or ']'" },
	{ "no colon",                 "{\"a\" 1}", NULL, "line 1: expected ':' after a key" },
	{ "no quotes",                "{a:1}", NULL, "line 1: expected a key in double quotes" },
	{ "wrong bracket",            "[1}", NULL, "line 1: expected ',' or ']'" },
	{ "text behind",              "{}\n\n\nx", NULL, "line 4: text after the JSON value" },
	{ "a second value",           "{} {}", NULL, "line 1: text after" },
	{ "form feed",                "{}\f", NULL, "line 1: text after" },
	{ "single quotes and comma",  "{'a':1,}", NULL, "line 1: single quotes" },
	{ "single quotes",            "[1,\n'a']", NULL, "line 2: " },
	{ "single quotes, key",       "{'a':1}", NULL, "line 1: single quotes" },
	{ "single quotes hide one",   "{'\"':1}", NULL, "line 1: single quotes" },
	{ "words in other case",      "[True]", NULL, "line 1: not a JSON value" },
	{ "NaN",                      "[NaN]", NULL, "line 1: not a JSON value" },
	{ "infinity",                 "Infinity", NULL, "line 1: not a JSON value" },
	{ "minus infinity",           "\n-Infinity", NULL, "line 2: not a JSON number" },
	{ "leading zeros",            "00", NULL, "line 1: not a JSON number" },
	{ "leading zero, negative",   "[-01]", NULL, "line 1: not a JSON number" },
	{ "leading zero",             "01", NULL, "line 1: " },
	{ "no digits behind the point", "[1.]", NULL, "line 1: not a JSON number" },
	{ "no digits before it",      ".5", NULL, "line 1: " },
	{ "plus",                     "+1", NULL, "line 1: " },
	{ "minus alone",              "-", NULL, "line 1: " },
	{ "no exponent",              "[1e]", NULL, "line 1: " },
	{ "hexadecimal",              "0x10", NULL, "line 1: " },
	{ "newline in a string",      "[1,\n\"a\nb\"]", NULL, "line 2: a control character" },
	{ "tab in a string",          "\"a\tb\"", NULL, "line 1: a control character" },
	{ "unknown escape",           "\"\\x41\"", NULL, "line 1: an escape that JSON does not have" },
	{ "half an escape",           "\"\\u12\"", NULL, "line 1: an escape that JSON does not have" },
	{ "NUL in a key",             "{\"a\\u0000b\" : 1}", NULL, "line 1: a key with a NUL" },
	{ "Latin-1",                  "[1,\n\"f\xfcr\"]", NULL, "line 2: not UTF-8" },
	{ "Latin-1 in a key",         "{\n\"f\xfcr\": 1}", NULL, "line 2: not UTF-8" },
	{ "Latin-1 beside a string",  "[\n\xfc]", NULL, "line 2: not a JSON value" },
	{ "Latin-1 behind the value", "{}\n\xfc", NULL, "line 2: text after the JSON value" },
	{ "a letter beside a string", "[\n\xc3\xa4]", NULL, "line 2: not a JSON value" },
	{ "a letter behind the value", "1\n\xc3\xa4", NULL, "line 2: text after the JSON value" },
	{ "a letter as a key",        "{\xc3\xa4:1}", NULL, "line 1: expected a key in double quotes" },
	{ "overlong slash",           "\"\xc0\xaf\"", NULL, "line 1: not UTF-8" },
	{ "overlong, three bytes",    "\"\xe0\x9f\xbf\"", NULL, "line 1: not UTF-8" },
	{ "overlong, four bytes",     "\"\xf0\x8f\xbf\xbf\"", NULL, "line 1: not UTF-8" },
	{ "overlong in a key",        "{\"a\xc1\xbf\":1}", NULL, "line 1: not UTF-8" },
	{ "surrogate in UTF-8",       "\n\"\xed\xa0\x80\"", NULL, "line 2: not UTF-8" },
	{ "the last surrogate",       "\"\xed\xbf\xbf\"", NULL, "line 1: not UTF-8" },
	{ "above U+10FFFF",           "\"\xf4\x90\x80\x80\"", NULL, "line 1: not UTF-8" },
	{ "five bytes",               "\"\xf8\x88\x80\x80\x80\"", NULL, "line 1: not UTF-8" },
	{ "byte of no character",     "\"\xff\"", NULL, "line 1: not UTF-8" },
	{ "continuation alone",       "\"a\x80\"", NULL, "line 1: not UTF-8" },
	{ "character cut by a quote", "[\n\"\xf0\x9f\x99\"]", NULL, "line 2: not UTF-8" },
	{ "character cut by the end", "\"\xc3", NULL, "line 1: not UTF-8" },
	{ "byte order mark inside",   "{\xef\xbb\xbf}", NULL, "line 1: expected a key" },
	{ "above 64 bits",            "[1,\n18446744073709551616]", NULL, "line 2: a whole number that 64 bits do not hold" },
	{ "the key is named",         "{\"a\": 1, \"size\" :\n 18446744073709551616}", NULL, "line 2: \"size\": a whole number" },
	{ "a key with a quote",       "{\"a\\\"b\": tru}", NULL, "line 1: \"a\\\"b\": not a JSON value" },
	{ "below 64 bits",            "-9223372036854775809", NULL, "line 1: a whole number that 64" },
};
/* clang-format on */

START_TEST(one_text)
{
	struct json_object *mark = json_object_new_int(7), *o = mark;
	struct err err = { 0 };
	int got = json_parse("f", texts[_i].in, strlen(texts[_i].in), &o, &err);
	ck_assert_msg(got == (texts[_i].out ? 0 : -1), "%s: got %d '%s'", texts[_i].label, got,
		      err.msg);
	if (texts[_i].out) {
		int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
		const char *out = json_object_to_json_string_ext(o, flags);
		ck_assert_msg(strcmp(out, texts[_i].out) == 0, "%s: '%s'", texts[_i].label, out);
		json_object_put(o);
	} else {
		ck_assert_msg(err.fault == FAULT_USAGE, "%s", texts[_i].label);
		ck_assert_msg(strncmp(err.msg, "f: ", 3) == 0 && strstr(err.msg, texts[_i].why),
			      "%s: '%s'", texts[_i].label, err.msg);
		ck_assert_ptr_eq(o, mark);
	}
	json_object_put(mark);
}
END_TEST

START_TEST(of_a_foreign_text_the_last_key_counts)
{
	AUTO_JSON *o = NULL;
	struct err err = { 0 };
	const char *text = "{\"a\":1,\"b\":{\"a\":2,\"a\":3},\"a\":4}";
	ck_assert_msg(json_parse_foreign("f", text, strlen(text), &o, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
			 "{\"a\":4,\"b\":{\"a\":3}}");
	ck_assert_int_eq(json_parse_foreign("f", "{\"a\":1,}", 8, &o, &err), -1);
}
END_TEST

START_TEST(length_counts)
{
	AUTO_JSON *o = NULL;
	struct err err = { 0 };
	ck_assert_int_eq(json_parse("f", "[1]x", 3, &o, &err), 0);
	ck_assert_int_eq(json_parse("f", "[1]\0", 4, &o, &err), -1); /* a NUL is no blank */
	ck_assert_str_eq(err.msg, "f: not a JSON text");
	ck_assert_int_eq(json_parse("f", "\0", 1, &o, &err), -1);
}
END_TEST

START_TEST(depth)
{
	char text[66];
	struct err err = { 0 };
	for (int n = 32; n <= 33; n++) {
		AUTO_JSON *o = NULL;
		memset(text, '[', (size_t)n);
		memset(text + n, ']', (size_t)n);
		ck_assert_int_eq(json_parse("f", text, (size_t)n * 2, &o, &err), n == 32 ? 0 : -1);
	}
	ck_assert_str_eq(err.msg, "f: line 1: more than 32 values within each other");
	/* What lies in the innermost one counts as well. */
	for (int n = 31; n <= 32; n++) {
		AUTO_JSON *o = NULL;
		memset(text, '[', (size_t)n);
		text[n] = '1';
		memset(text + n + 1, ']', (size_t)n);
		ck_assert_int_eq(json_parse("f", text, (size_t)n * 2 + 1, &o, &err),
				 n == 31 ? 0 : -1);
	}
}
END_TEST

START_TEST(files)
{
	char dir[] = "/tmp/moulette-unit-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(dir));
	AUTO_FREE char *good = mem_printf("%s/good.json", dir), *bad = mem_printf("%s/bad", dir);
	AUTO_FREE char *below = mem_printf("%s/good.json/x", dir);
	ck_assert_int_eq(file_write(AT_FDCWD, good, "{\"a\": 1} // one\n"), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, bad, "{\n\"a\": \n"), 0);

	AUTO_JSON *o = NULL;
	struct err err = { 0 };
	ck_assert_int_eq(json_load(good, &o, &err), 0);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(o, "a")), 1);
	struct json_object *was = o;
	ck_assert_int_eq(json_load(bad, &o, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	AUTO_FREE char *says = mem_printf("%s: line 3: the JSON text ends too early", bad);
	ck_assert_str_eq(err.msg, says);

	static const int errnos[] = { ENOENT, EISDIR, ENOTDIR };
	const char *paths[] = { "/nonexistent/x.json", dir, below };
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(json_load(paths[i], &o, &err), -1);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_int_eq(err.sys, errnos[i]);
		ck_assert_ptr_nonnull(strstr(err.msg, paths[i]));
	}
	ck_assert_ptr_eq(o, was);
	unlink(good);
	unlink(bad);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* 16 MiB are read, one byte more is not. Holes read as NUL, so the text itself is refused. */
START_TEST(a_file_has_a_maximum)
{
	char path[] = "/tmp/moulette-unit-XXXXXX";
	AUTO_FD int fd = mkstemp(path);
	AUTO_JSON *o = NULL;
	struct err err = { 0 };
	ck_assert_int_eq(ftruncate(fd, 16 << 20), 0);
	ck_assert_int_eq(json_load(path, &o, &err), -1);
	ck_assert_int_eq(err.sys, 0);
	ck_assert_int_eq(ftruncate(fd, (16 << 20) + 1), 0);
	ck_assert_int_eq(json_load(path, &o, &err), -1);
	ck_assert_int_eq(err.sys, EFBIG);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	unlink(path);
}
END_TEST

/* A fifo without a writer must not block. */
START_TEST(a_fifo_does_not_block)
{
	char dir[] = "/tmp/moulette-unit-XXXXXX";
	ck_assert_ptr_nonnull(mkdtemp(dir));
	AUTO_FREE char *path = mem_printf("%s/fifo", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	AUTO_JSON *o = NULL;
	struct err err = { 0 };
	ck_assert_int_eq(json_load(path, &o, &err), -1);
	unlink(path);
	rmdir(dir);
}
END_TEST

static struct json_object *parse(const char *text)
{
	struct json_object *o = NULL;
	struct err err = { 0 };
	ck_assert_msg(json_parse("test", text, strlen(text), &o, &err) == 0, "%s", err.msg);
	return o;
}

/* RFC 7386, Appendix A; then rows of our own. */
static const struct {
	const char *target, *patch, *want;
} patches[] = {
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
	{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
	{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
	{ "{\"a\":\"foo\"}", "null", "null" },
	{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
	{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
	{ "null", "{\"a\":{\"b\":null,\"c\":[null]}}", "{\"a\":{\"c\":[null]}}" },
	{ "{\"a\":1}", "{}", "{\"a\":1}" },
	{ "{\"a\":{\"b\":1},\"z\":2}", "{\"a\":{\"c\":{\"d\":3}}}",
	  "{\"a\":{\"b\":1,\"c\":{\"d\":3}},\"z\":2}" },
};

START_TEST(merge_patch)
{
	struct json_object *target = parse(patches[_i].target), *patch = parse(patches[_i].patch);
	json_merge_patch(&target, patch);
	ck_assert_str_eq(json_object_to_json_string_ext(target, JSON_C_TO_STRING_PLAIN),
			 patches[_i].want);
	ck_assert_str_eq(json_object_to_json_string_ext(patch, JSON_C_TO_STRING_PLAIN),
			 patches[_i].patch);
	/* Nothing is shared: the patch may go, and a second merge changes the target alone. */
	json_object_put(patch);
	patch = parse(patches[_i].patch);
	json_merge_patch(&target, patch);
	json_object_put(patch);
	ck_assert_str_eq(json_object_to_json_string_ext(target, JSON_C_TO_STRING_PLAIN),
			 patches[_i].want);
	json_object_put(target);
}
END_TEST

START_TEST(find)
{
	AUTO_JSON *list = parse(
		"[1,{\"type\":7},{\"x\":\"a\"},{\"type\":\"ab\"},{\"type\":\"a\",\"n\":1},"
		"{\"type\":\"a\",\"n\":2},{\"type\":null}]");
	AUTO_JSON *text = parse("\"a\"");
	struct json_object *o = json_find(list, "type", "a");
	ck_assert_ptr_nonnull(o);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(o, "n")), 1);
	ck_assert_ptr_null(json_find(list, "type", "7"));
	ck_assert_ptr_null(json_find(list, "type", ""));
	ck_assert_ptr_null(json_find(text, "type", "a"));
	ck_assert_ptr_null(json_find(NULL, "type", "a"));
}
END_TEST

START_TEST(only_keys)
{
	static const char *const keys[] = { "cpu", "wall", NULL }, *const none[] = { NULL };
	AUTO_JSON *good = parse("{\"wall\":null,\"cpu\":2}");
	AUTO_JSON *bad = parse("{\"cpu\":1,\"Wall\":2}");
	AUTO_JSON *list = parse("[]"), *empty = parse("{}");
	struct err err = { 0 };
	ck_assert_int_eq(json_only_keys(good, "f: limits", keys, &err), 0);
	ck_assert_int_eq(json_only_keys(empty, "f: limits", keys, &err), 0);
	ck_assert_int_eq(json_only_keys(empty, "f: limits", none, &err), 0);
	ck_assert_int_eq(json_only_keys(bad, "f: limits", keys, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_str_eq(err.msg, "f: limits: unknown key 'Wall'; known: cpu, wall");
	ck_assert_int_eq(json_only_keys(bad, "f", none, &err), -1);
	ck_assert_str_eq(err.msg, "f: unknown key 'cpu'; known: none");
	ck_assert_int_eq(json_only_keys(list, "f", keys, &err), -1);
	ck_assert_str_eq(err.msg, "f: expected an object");
	ck_assert_int_eq(json_only_keys(NULL, "f", keys, &err), -1);
}
END_TEST

/* Each row: one object, one kind of access, what comes out. */
enum kind { STR, I64, BOOL, STRV, ENV, OBJ, ARRAY };
/* clang-format off */
static const struct { const char *label; enum kind kind; const char *json, *want, *why; } gets[] = {
	{ "no string",         STR,    "{}", "old", NULL },
	{ "a string",          STR,    "{\"k\":\"new\"}", "new", NULL },
	{ "an empty string",   STR,    "{\"k\":\"\"}", "", NULL },
	{ "number for string", STR,    "{\"k\":1}", NULL, "w.k: expected a string, got 1" },
	{ "null for string",   STR,    "{\"k\":null}", NULL, "w.k: expected a string, got null" },
	{ "NUL in a string",   STR,    "{\"k\":\"a\\u0000b\"}", NULL, "w.k: expected a string" },
	{ "no number",         I64,    "{}", "7", NULL },
	{ "least",             I64,    "{\"k\":-5}", "-5", NULL },
	{ "below the least",   I64,    "{\"k\":-6}", NULL, "w.k: expected a whole number from -5 to 100, got -6" },
	{ "most",              I64,    "{\"k\":100}", "100", NULL },
	{ "above the most",    I64,    "{\"k\":101}", NULL, "w.k: expected a whole number" },
	{ "fraction",          I64,    "{\"k\":1.5}", NULL, "got 1.5" },
	{ "whole as fraction", I64,    "{\"k\":1.0}", NULL, "got 1.0" },
	{ "exponent",          I64,    "{\"k\":1e1}", NULL, "got 1e1" },
	{ "text for number",   I64,    "{\"k\":\"5\"}", NULL, "got \"5\"" },
	{ "true for number",   I64,    "{\"k\":true}", NULL, "got true" },
	{ "no bool",           BOOL,   "{}", "true", NULL },
	{ "a bool",            BOOL,   "{\"k\":false}", "false", NULL },
	{ "0 for bool",        BOOL,   "{\"k\":0}", NULL, "w.k: expected true or false, got 0" },
	{ "no strings",        STRV,   "{}", "old,", NULL },
	{ "strings",           STRV,   "{\"k\":[\"a\",\"\",\"b\"]}", "a,,b,", NULL },
	{ "an empty array",    STRV,   "{\"k\":[]}", "", NULL },
	{ "a number among",    STRV,   "{\"k\":[\"a\",1]}", NULL, "w.k: expected an array of strings, got [\"a\",1]" },
	{ "a null among",      STRV,   "{\"k\":[\"a\",null]}", NULL, "expected an array of strings" },
	{ "a NUL among",       STRV,   "{\"k\":[\"a\",\"b\\u0000\"]}", NULL, "expected an array of strings" },
	{ "string for array",  STRV,   "{\"k\":\"a\"}", NULL, "got \"a\"" },
	{ "no environment",    ENV,    "{}", "old=1,", NULL },
	{ "environment",       ENV,    "{\"k\":{\"A_1\":\"x=y\",\"old\":\"2\",\"_b\":\"\"}}", "old=2,A_1=x=y,_b=,", NULL },
	{ "digit first",       ENV,    "{\"k\":{\"B\":\"1\",\"1A\":\"x\"}}", NULL, "w.k: expected an object of NAME: \"value\"" },
	{ "empty name",        ENV,    "{\"k\":{\"old\":\"2\",\"\":\"x\"}}", NULL, "NAME" },
	{ "name with =",       ENV,    "{\"k\":{\"old\":\"2\",\"A=B\":\"x\"}}", NULL, "NAME" },
	{ "name with a dash",  ENV,    "{\"k\":{\"old\":\"2\",\"A-B\":\"x\"}}", NULL, "NAME" },
	{ "number as value",   ENV,    "{\"k\":{\"old\":\"2\",\"A\":1}}", NULL, "NAME" },
	{ "NUL in a value",    ENV,    "{\"k\":{\"old\":\"2\",\"A\":\"\\u0000\"}}", NULL, "NAME" },
	{ "list as env",       ENV,    "{\"k\":[\"A=1\"]}", NULL, "w.k: expected an object" },
	{ "no object",         OBJ,    "{}", "null", NULL },
	{ "an object",         OBJ,    "{\"k\":{\"x\":1}}", "{\"x\":1}", NULL },
	{ "array for object",  OBJ,    "{\"k\":[]}", NULL, "w.k: expected an object, got []" },
	{ "null for object",   OBJ,    "{\"k\":null}", NULL, "w.k: expected an object, got null" },
	{ "no array",          ARRAY,  "{}", "null", NULL },
	{ "an array",          ARRAY,  "{\"k\":[1]}", "[1]", NULL },
	{ "object for array",  ARRAY,  "{\"k\":{}}", NULL, "w.k: expected an array, got {}" },
};
/* clang-format on */

struct values {
	char *str;
	int64_t i64;
	bool b;
	char **strv, **env;
	struct json_object *obj, *array;
};

static int get(struct json_object *o, enum kind kind, struct values *v, struct err *err)
{
	switch (kind) {
	case STR:
		return json_get_str(o, "w", "k", &v->str, err);
	case I64:
		return json_get_i64(o, "w", "k", -5, 100, &v->i64, err);
	case BOOL:
		return json_get_bool(o, "w", "k", &v->b, err);
	case STRV:
		return json_get_strv(o, "w", "k", &v->strv, err);
	case ENV:
		return json_get_env(o, "w", "k", &v->env, err);
	case OBJ:
		return json_get_obj(o, "w", "k", &v->obj, err);
	case ARRAY:
		return json_get_array(o, "w", "k", &v->array, err);
	}
	return -2;
}

static void print(const struct values *v, enum kind kind, struct buf *b)
{
	buf_add(b, "", 0);
	if (kind == STR)
		buf_str(b, v->str);
	else if (kind == I64)
		buf_printf(b, "%lld", (long long)v->i64);
	else if (kind == BOOL)
		buf_str(b, v->b ? "true" : "false");
	else if (kind == OBJ || kind == ARRAY)
		buf_str(b, json_object_to_json_string_ext(kind == OBJ ? v->obj : v->array,
							  JSON_C_TO_STRING_PLAIN));
	char *const *list = kind == STRV ? v->strv : kind == ENV ? v->env : NULL;
	for (; list && *list; list++)
		buf_printf(b, "%s,", *list);
}

START_TEST(one_access)
{
	struct values v = { .str = mem_strdup("old"), .i64 = 7, .b = true };
	struct err err = { 0 };
	strv_add(&v.strv, "old");
	strv_add(&v.env, "old=1");
	AUTO_BUF before = { 0 }, after = { 0 };
	print(&v, gets[_i].kind, &before);
	AUTO_JSON *o = parse(gets[_i].json);
	int got = get(o, gets[_i].kind, &v, &err);
	ck_assert_msg(got == (gets[_i].want ? 0 : -1), "%s: got %d '%s'", gets[_i].label, got,
		      err.msg);
	print(&v, gets[_i].kind, &after);
	const char *want = gets[_i].want ? gets[_i].want : before.data; /* nothing changed */
	if (gets[_i].want || gets[_i].kind < OBJ)
		ck_assert_msg(strcmp(after.data, want) == 0, "%s: '%s'", gets[_i].label,
			      after.data);
	if (gets[_i].why) {
		ck_assert_msg(strstr(err.msg, gets[_i].why), "%s: '%s'", gets[_i].label, err.msg);
		ck_assert_msg(strncmp(err.msg, "w.k: ", 5) == 0, "'%s'", err.msg);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
	}
	free(v.str);
	strv_free(v.strv);
	strv_free(v.env);
}
END_TEST

/* json-c saturates: what does not fit must not become the nearest number that does. */
static const struct {
	const char *number;
	bool fits;
} big[] = {
	{ "9223372036854775806", true },  { "9223372036854775807", false },
	{ "9223372036854775808", false }, { "18446744073709551615", false },
	{ "-9223372036854775807", true }, { "-9223372036854775808", false },
};

START_TEST(big_numbers)
{
	AUTO_FREE char *text = mem_printf("{\"k\":%s}", big[_i].number);
	AUTO_JSON *o = parse(text);
	struct err err = { 0 };
	int64_t n = 7;
	int got = json_get_i64(o, "w", "k", INT64_MIN, INT64_MAX, &n, &err);
	ck_assert_msg(got == (big[_i].fits ? 0 : -1), "%s: got %d", big[_i].number, got);
	AUTO_FREE char *again = mem_printf("%lld", (long long)n);
	ck_assert_str_eq(again, big[_i].fits ? big[_i].number : "7");
}
END_TEST

START_TEST(a_missing_object_clears_the_last_one)
{
	AUTO_JSON *with = parse("{\"k\":{\"x\":1}}"), *list = parse("{\"k\":[1]}");
	AUTO_JSON *without = parse("{}");
	struct json_object *o = NULL, *a = NULL;
	struct err err = { 0 };
	ck_assert_int_eq(json_get_obj(with, "w", "k", &o, &err), 0);
	ck_assert_int_eq(json_get_obj(without, "w", "k", &o, &err), 0);
	ck_assert_ptr_null(o);
	ck_assert_int_eq(json_get_array(list, "w", "k", &a, &err), 0);
	ck_assert_int_eq(json_get_array(without, "w", "k", &a, &err), 0);
	ck_assert_ptr_null(a);
}
END_TEST

START_TEST(a_long_value_is_cut_in_the_message)
{
	char text[400] = "{\"k\":\"";
	memset(text + 6, 'x', 300);
	strcpy(text + 306, "\"}");
	AUTO_JSON *o = parse(text);
	struct err err = { 0 };
	int64_t n = 0;
	ck_assert_int_eq(json_get_i64(o, "w", "k", 0, 1, &n, &err), -1);
	ck_assert_uint_lt(strlen(err.msg), 150);
}
END_TEST

Suite *suite_base_json(void)
{
	Suite *s = suite_create("base/json");
	TCase *tc = tcase_create("json");
	tcase_add_loop_test(tc, one_text, 0, ROWS(texts));
	tcase_add_test(tc, of_a_foreign_text_the_last_key_counts);
	tcase_add_test(tc, length_counts);
	tcase_add_test(tc, depth);
	tcase_add_test(tc, files);
	tcase_add_test(tc, a_file_has_a_maximum);
	tcase_add_test(tc, a_fifo_does_not_block);
	tcase_add_loop_test(tc, merge_patch, 0, ROWS(patches));
	tcase_add_test(tc, find);
	tcase_add_test(tc, only_keys);
	tcase_add_loop_test(tc, one_access, 0, ROWS(gets));
	tcase_add_loop_test(tc, big_numbers, 0, ROWS(big));
	tcase_add_test(tc, a_missing_object_clears_the_last_one);
	tcase_add_test(tc, a_long_value_is_cut_in_the_message);
	suite_add_tcase(s, tc);
	return s;
}
