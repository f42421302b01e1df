/* test_base_json_table.c - an object is read into a struct by a table of its keys. */
#include "base/json_table.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"

Suite *suite_base_json_table(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))

struct target {
	char *str, *name;
	bool flag;
	int whole;
	uint32_t unsigned_whole;
	int64_t wide;
	double real;
	char **list, **env;
	struct json_object *object, *array;
	struct buf each; /* "WHERE=VALUE;" of each entry */
	char *by;        /* the same of one value */
};

static int add_entry(struct json_object *v, const char *where, void *member, struct err *err)
{
	const char *text = json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN);
	if (v && json_object_is_type(v, json_type_boolean))
		return json_expected(v, where, "no truth", err);
	buf_printf(member, "%s=%s;", where, text);
	return 0;
}

static int read_by(struct json_object *v, const char *where, void *member, struct err *err)
{
	struct buf text = { 0 };
	if (add_entry(v, where, &text, err) < 0)
		return -1;
	*(char **)member = buf_take(&text);
	return 0;
}

/* clang-format off */
static const struct json_key keys[] = {
	{ "str",   JSON_STR,   JSON_AT(struct target, str) },
	{ "name",  JSON_NAME,  JSON_AT(struct target, name) },
	{ "flag",  JSON_BOOL,  JSON_AT(struct target, flag) },
	{ "whole", JSON_WHOLE, JSON_AT(struct target, whole), .least = -5, .most = 100 },
	{ "uns",   JSON_WHOLE, JSON_AT(struct target, unsigned_whole), .most = UINT32_MAX },
	{ "wide",  JSON_WHOLE, JSON_AT(struct target, wide), .least = INT64_MIN, .most = INT64_MAX },
	{ "real",  JSON_REAL,  JSON_AT(struct target, real), .least = -1, .most = 1000000 },
	{ "list",  JSON_STRV,  JSON_AT(struct target, list) },
	{ "env",   JSON_ENV,   JSON_AT(struct target, env) },
	{ "obj",   JSON_OBJ,   JSON_AT(struct target, object) },
	{ "arr",   JSON_ARRAY, JSON_AT(struct target, array) },
	{ "each",  JSON_EACH,  JSON_AT(struct target, each), .most = 2, .read = add_entry },
	{ "many",  JSON_EACH,  JSON_AT(struct target, each), .read = add_entry },
	{ "by",    JSON_BY,    JSON_AT(struct target, by), .read = read_by },
	{ "else",  .kind = JSON_ELSEWHERE },
	{ "later", .kind = JSON_LATER },
	{ "never", JSON_REFUSED, .why = "not here; write it there" },
	JSON_END,
};

#define KNOWN "known: str, name, flag, whole, uns, wide, real, list, env, obj, arr, each, many, by, else"

/* @want: what print() makes of the target, NULL: refused, and the error is @why and changes nothing. */
static const struct { const char *label, *json, *want, *why; } rows[] = {
	{ "nothing",            "{}", "", NULL },
	{ "a string",           "{\"str\":\"new\"}", "str=new ", NULL },
	{ "an empty string",    "{\"str\":\"\"}", "str= ", NULL },
	{ "number for string",  "{\"str\":1}", NULL, "w.str: expected a string, got 1" },
	{ "null for string",    "{\"str\":null}", NULL, "w.str: expected a string, got null" },
	{ "NUL in a string",    "{\"str\":\"a\\u0000b\"}", NULL, "w.str: expected a string, got \"a\\u0000b\"" },
	{ "name of one",        "{\"name\":\"x\"}", "name=x ", NULL },
	{ "name of none",       "{\"name\":\"\"}", NULL, "w.name: an empty name" },
	{ "array for name",     "{\"name\":[]}", NULL, "w.name: expected a string, got []" },
	{ "true",               "{\"flag\":true}", "flag ", NULL },
	{ "1 for true",         "{\"flag\":1}", NULL, "w.flag: expected true or false, got 1" },
	{ "least",              "{\"whole\":-5}", "whole=-5 ", NULL },
	{ "below the least",    "{\"whole\":-6}", NULL, "w.whole: expected a whole number from -5 to 100, got -6" },
	{ "most",               "{\"whole\":100}", "whole=100 ", NULL },
	{ "above the most",     "{\"whole\":101}", NULL, "w.whole: expected a whole number from -5 to 100, got 101" },
	{ "text for whole",     "{\"whole\":\"5\"}", NULL, "w.whole: expected a whole number from -5 to 100, got \"5\"" },
	{ "a fraction",         "{\"whole\":5.5}", NULL, "w.whole: expected a whole number from -5 to 100, got 5.5" },
	{ "32 bits",            "{\"uns\":4294967295}", "uns=4294967295 ", NULL },
	{ "33 bits",            "{\"uns\":4294967296}", NULL, "w.uns: expected a whole number from 0 to 4294967295, got 4294967296" },
	{ "most of 64 bits",    "{\"wide\":9223372036854775806}", "wide=9223372036854775806 ", NULL },
	{ "one more",           "{\"wide\":9223372036854775807}", NULL, "w.wide: expected a whole number from -9223372036854775808 to "
				"9223372036854775807, got 9223372036854775807" },
	{ "real",               "{\"real\":1.5}", "real=1.5 ", NULL },
	{ "least real",         "{\"real\":-1}", "real=-1 ", NULL },
	{ "below it",           "{\"real\":-1.01}", NULL, "w.real: expected a number from -1 to 1e+06, got -1.01" },
	{ "most real",          "{\"real\":1e6}", "real=1e+06 ", NULL },
	{ "above it",           "{\"real\":1000000.5}", NULL, "w.real: expected a number from -1 to 1e+06, got 1000000.5" },
	{ "infinite real",      "{\"real\":1e400}", NULL, "w.real: expected a number from -1 to 1e+06, got 1e400" },
	{ "text for real",      "{\"real\":\"1\"}", NULL, "w.real: expected a number from -1 to 1e+06, got \"1\"" },
	{ "strings",            "{\"list\":[\"a\",\"\"]}", "list=a,, ", NULL },
	{ "no strings",         "{\"list\":[]}", "list= ", NULL },
	{ "string for strings", "{\"list\":\"a\"}", NULL, "w.list: expected an array of strings, got \"a\"" },
	{ "a number among",     "{\"list\":[\"a\",1]}", NULL, "w.list: expected an array of strings, got [\"a\",1]" },
	{ "variables",          "{\"env\":{\"A\":\"1\",\"B\":\"\"}}", "env=A=1,B=, ", NULL },
	{ "array for those",    "{\"env\":[]}", NULL, "w.env: expected an object, got []" },
	{ "name of a variable", "{\"env\":{\"1\":\"\"}}", NULL, "w.env: expected an object of NAME: \"value\", got {\"1\":\"\"}" },
	{ "an object",          "{\"obj\":{\"x\":1}}", "obj={\"x\":1} ", NULL },
	{ "array for object",   "{\"obj\":[]}", NULL, "w.obj: expected an object, got []" },
	{ "an array",           "{\"arr\":[1]}", "arr=[1] ", NULL },
	{ "object for array",   "{\"arr\":{}}", NULL, "w.arr: expected an array, got {}" },
	{ "two entries",        "{\"each\":[1,null]}", "each=w.each[0]=1;w.each[1]=null; ", NULL },
	{ "three entries",      "{\"each\":[1,2,3]}", NULL, "w.each: expected at most 2 entries, got 3" },
	{ "any number of them", "{\"many\":[1,2,3]}", "each=w.many[0]=1;w.many[1]=2;w.many[2]=3; ", NULL },
	{ "no array of them",   "{\"each\":{}}", NULL, "w.each: expected an array, got {}" },
	{ "a bad entry",        "{\"each\":[true]}", NULL, "w.each[0]: expected no truth, got true" },
	{ "by a function",      "{\"by\":null}", "by=w.by=null; ", NULL },
	{ "a function refuses", "{\"by\":true}", NULL, "w.by: expected no truth, got true" },
	{ "read elsewhere",     "{\"else\":7}", "", NULL },
	{ "a later version's",  "{\"later\":1}", NULL, "w: 'later' is not known to this version" },
	{ "a refused one",      "{\"never\":1}", NULL, "w.never: not here; write it there" },
	{ "unknown",            "{\"Str\":\"x\"}", NULL, "w: unknown key 'Str'; " KNOWN },
	{ "unknown before bad", "{\"str\":1,\"x\":1}", NULL, "w: unknown key 'x'; " KNOWN },
	{ "later before that",  "{\"x\":1,\"later\":1}", NULL, "w: 'later' is not known to this version" },
	{ "in the table's order", "{\"flag\":1,\"str\":1}", NULL, "w.str: expected a string, got 1" },
	{ "no object",          "[]", NULL, "w: expected an object" },
	{ "null",               "null", NULL, "w: expected an object" },
};
/* clang-format on */

static void print_list(struct buf *b, const char *key, char *const *list)
{
	if (!list)
		return;
	buf_printf(b, "%s=", key);
	for (; *list; list++)
		buf_printf(b, "%s,", *list);
	buf_str(b, " ");
}

static void print_text(struct buf *b, const char *key, const char *text)
{
	if (text)
		buf_printf(b, "%s=%s ", key, text);
}

static void print_json(struct buf *b, const char *key, struct json_object *o)
{
	if (o)
		print_text(b, key, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static void print(struct buf *b, const struct target *t)
{
	buf_add(b, "", 0);
	print_text(b, "str", t->str);
	print_text(b, "name", t->name);
	buf_str(b, t->flag ? "flag " : "");
	if (t->whole)
		buf_printf(b, "whole=%d ", t->whole);
	if (t->unsigned_whole)
		buf_printf(b, "uns=%u ", t->unsigned_whole);
	if (t->wide)
		buf_printf(b, "wide=%lld ", (long long)t->wide);
	if (t->real > 0 || t->real < 0)
		buf_printf(b, "real=%g ", t->real);
	print_list(b, "list", t->list);
	print_list(b, "env", t->env);
	print_json(b, "obj", t->object);
	print_json(b, "arr", t->array);
	print_text(b, "each", t->each.data);
	print_text(b, "by", t->by);
}

static void target_cleanup(struct target *t)
{
	free(t->str);
	free(t->name);
	strv_free(t->list);
	strv_free(t->env);
	buf_done(&t->each);
	free(t->by);
}

static struct json_object *parse(const char *text)
{
	struct json_object *o = NULL;
	struct err err = { 0 };
	ck_assert_msg(json_parse("w", text, strlen(text), &o, &err) == 0, "%s", err.msg);
	return o;
}

START_TEST(one_row)
{
	CLEANUP(target_cleanup) struct target t = { .str = NULL };
	AUTO_BUF got = { 0 };
	AUTO_JSON *o = parse(rows[_i].json);
	struct err err = { 0 };
	int bad = json_table_read(keys, o, "w", &t, &err);
	ck_assert_msg(bad == (rows[_i].want ? 0 : -1), "%s: got %d '%s'", rows[_i].label, bad,
		      err.msg);
	print(&got, &t);
	ck_assert_msg(strcmp(got.data, rows[_i].want ? rows[_i].want : "") == 0, "%s: '%s'",
		      rows[_i].label, got.data);
	ck_assert_msg(!rows[_i].why || strcmp(err.msg, rows[_i].why) == 0, "%s: '%s'",
		      rows[_i].label, err.msg);
	ck_assert_int_eq(err.fault, rows[_i].want ? FAULT_NONE : FAULT_USAGE);
}
END_TEST

/* The members beside a narrow one keep their bytes. */
START_TEST(a_number_stays_in_its_member)
{
	struct pair {
		int32_t before, at, behind;
	} pair = { 1, 2, 3 };
	static const struct json_key table[] = {
		{ "at", JSON_WHOLE, JSON_AT(struct pair, at), .least = -1 },
		JSON_END,
	};
	AUTO_JSON *o = parse("{\"at\":-1}");
	struct err err = { 0 };
	ck_assert_int_eq(json_table_read(table, o, "w", &pair, &err), 0);
	ck_assert_int_eq(pair.before, 1);
	ck_assert_int_eq(pair.at, -1);
	ck_assert_int_eq(pair.behind, 3);
}
END_TEST

START_TEST(a_required_key)
{
	static const struct json_key table[] = {
		{ "run", JSON_STRV, JSON_AT(struct target, list), .required = ", as [\"make\"]" },
		{ "name", JSON_NAME, JSON_AT(struct target, name), .required = "" },
		JSON_END,
	};
	static const struct {
		const char *json, *why;
	} cases[] = {
		{ "{\"run\":[],\"name\":\"x\"}", "" },
		{ "{\"name\":\"x\"}", "w: 'run' is missing, as [\"make\"]" },
		{ "{\"run\":[]}", "w: 'name' is missing" },
		{ "{\"run\":[],\"name\":null}", "w.name: expected a string, got null" },
		{ "{\"nam\":\"x\"}", "w: unknown key 'nam'; known: run, name" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP(target_cleanup) struct target t = { .str = NULL };
		AUTO_JSON *o = parse(cases[i].json);
		struct err err = { 0 };
		ck_assert_int_eq(json_table_read(table, o, "w", &t, &err), *cases[i].why ? -1 : 0);
		ck_assert_str_eq(err.msg, cases[i].why);
	}
}
END_TEST

/* Whatever was there is replaced, and freed. */
START_TEST(read_again)
{
	CLEANUP(target_cleanup) struct target t = { .str = NULL };
	struct err err = { 0 };
	for (int i = 0; i < 2; i++) {
		AUTO_JSON *o = parse(i ? "{\"str\":\"b\",\"list\":[\"b\"],\"env\":{\"A\":\"2\"}}" :
					 "{\"str\":\"a\",\"list\":[\"a\"],\"env\":{\"A\":\"1\"}}");
		ck_assert_int_eq(json_table_read(keys, o, "w", &t, &err), 0);
	}
	AUTO_BUF got = { 0 };
	print(&got, &t);
	ck_assert_str_eq(got.data, "str=b list=b, env=A=2, ");
}
END_TEST

/* The text is refused before a table sees it. */
START_TEST(a_key_twice)
{
	AUTO_JSON *o = NULL;
	struct err err = { 0 };
	const char *text = "{\"str\":\"a\",\n\"str\":\"b\"}";
	ck_assert_int_eq(json_parse("w", text, strlen(text), &o, &err), -1);
	ck_assert_str_eq(err.msg, "w: line 2: \"str\": the key is given twice, keep one");
}
END_TEST

Suite *suite_base_json_table(void)
{
	Suite *s = suite_create("base/json_table");
	TCase *tc = tcase_create("core");
	tcase_add_loop_test(tc, one_row, 0, ROWS(rows));
	tcase_add_test(tc, a_number_stays_in_its_member);
	tcase_add_test(tc, a_required_key);
	tcase_add_test(tc, read_again);
	tcase_add_test(tc, a_key_twice);
	suite_add_tcase(s, tc);
	return s;
}
