/* test_submission_language.c - the shipped table, and tables that are refused. */
#include "submission/language.h"

#include "test_submission_tree.h"

Suite *suite_submission_language(void);

static struct languages l;
static struct err err;

static void setup(void)
{
	tree_setup();
	memset(&l, 0, sizeof l);
	memset(&err, 0, sizeof err);
}

static void teardown(void)
{
	languages_done(&l);
	tree_teardown();
}

static int load(const char *json)
{
	AUTO_FREE char *path = mem_printf("%s/languages.json", tree);
	put("languages.json", json);
	return languages_load(path, &l, &err);
}

/* Tests run in the source tree. */
START_TEST(the_shipped_table)
{
	int got = languages_load("profiles/languages.json", &l, &err);
	ck_assert_msg(got == 0, "%s", err.msg);
	AUTO_FREE char *extensions = joined(l.extensions);
	ck_assert_str_eq(extensions, ".c|.cc|.cpp|.cxx|.c++|.cp|.C|.py|.sh|.bash");
	static const char *const names[] = { "c", "cpp", "python", "shell" };
	ck_assert_uint_eq(l.n, 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_str_eq(l.rows[i].name, names[i]);
		ck_assert_ptr_eq(languages_find(&l, names[i]), &l.rows[i]);
	}
	ck_assert_ptr_null(languages_find(&l, "rust"));
	ck_assert(l.rows[3].glue && !l.rows[0].glue);
	ck_assert_ptr_null(l.rows[2].build);
	ck_assert_ptr_eq(languages_compiler(&l, "cc"), &l.rows[0]);
	ck_assert_ptr_eq(languages_compiler(&l, "c++"), &l.rows[1]);
	ck_assert_ptr_eq(languages_compiler(&l, "python3"), &l.rows[2]);
	ck_assert_ptr_null(languages_compiler(&l, "make"));
	/* A compiler must work whatever a test may use. */
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_ge(l.rows[i].build_floor.v[LIMIT_MEMORY], 512 << 20);
		ck_assert_int_ge(l.rows[i].build_floor.v[LIMIT_PROCESSES], 20);
		ck_assert_int_eq(l.rows[i].run_floor.v[LIMIT_MEMORY], LIMIT_UNSET);
	}
}
END_TEST

#define ROW "\"name\": \"x\", \"extensions\": [\".x\"], \"run\": [\"x\", \"{main}\"]"
#define TABLE(row) "{\"languages\": [{" row "}]}"
static const struct {
	const char *label, *json, *why;
} rows[] = {
	{ "least", TABLE(ROW), NULL },
	{ "all",
	  TABLE(ROW ", \"headers\": [\".y\"], \"build\": [\"b\", \"-o{binary}\", "
		    "\"{sources}\"], "
		    "\"mains\": [\"m.x\"], \"glue\": true, \"build_limits\": {\"cpu\": 1}, "
		    "\"run_limits\": {\"memory\": \"1M\"}"),
	  NULL },
	{ "memory",
	  TABLE("\"name\": \"x\", \"extensions\": [\".x\"], \"run\": "
		"[\"x\", \"-m={memory}\"]"),
	  NULL },
	{ "memory twice", TABLE(ROW ", \"build\": [\"{memory}{memory}\"]"),
	  "'{memory}{memory}': expected" },
	{ "script", TABLE("\"name\": \"x\", \"extensions\": [\".x\"], \"run\": [\"{script}\"]"),
	  NULL },
	{ "no table", "[]", "expected an object" },
	{ "no rows", "{}", "'languages' has no rows" },
	{ "empty", "{\"languages\": []}", "'languages' has no rows" },
	{ "check", TABLE(ROW ", \"check\": [\"x\", \"{main}\"], \"probe\": \"p\""), NULL },
	{ "build and check", TABLE(ROW ", \"build\": [\"b\"], \"check\": [\"x\"]"),
	  "'build' or 'check', not both" },
	{ "newer", TABLE(ROW ", \"build\": [\"b\", \"-n\"], \"newer\": [\"-n\"]"), NULL },
	{ "newer that build lacks", TABLE(ROW ", \"build\": [\"b\"], \"newer\": [\"-n\"]"),
	  "newer: '-n' does not occur in 'build'" },
	{ "newer without build", TABLE(ROW ", \"newer\": [\"-n\"]"),
	  "newer: '-n' does not occur in 'build'" },
	{ "unknown key", TABLE(ROW ", \"compile\": []"), "languages[0]: unknown key 'compile'" },
	{ "no name", TABLE("\"extensions\": [\".x\"], \"run\": [\"x\"]"), "are needed" },
	{ "no extensions", TABLE("\"name\": \"x\", \"run\": [\"x\"]"), "are needed" },
	{ "no run", TABLE("\"name\": \"x\", \"extensions\": [\".x\"]"), "are needed" },
	{ "empty run", TABLE("\"name\": \"x\", \"extensions\": [\".x\"], \"run\": []"),
	  "run: expected at least one word" },
	{ "empty build", TABLE(ROW ", \"build\": []"), "build: expected at least one word" },
	{ "extension without a dot",
	  TABLE("\"name\": \"x\", \"extensions\": [\"x\"], \"run\": "
		"[\"x\"]"),
	  "extensions: 'x' is not an extension" },
	{ "header without a dot", TABLE(ROW ", \"headers\": [\".\"]"), "headers: '.' is not" },
	{ "unknown mark", TABLE(ROW ", \"build\": [\"{source}\"]"), "'{source}': expected" },
	{ "sources in a word", TABLE(ROW ", \"build\": [\"-x{sources}\"]"), "'-x{sources}'" },
	{ "two marks", TABLE(ROW ", \"build\": [\"{main}{binary}\"]"), "'{main}{binary}'" },
	{ "name twice", "{\"languages\": [{" ROW "}, {" ROW "}]}", "a second row 'x'" },
	{ "extension twice",
	  "{\"languages\": [{" ROW "}, {\"name\": \"y\", \"extensions\": "
	  "[\".x\"], "
	  "\"run\": [\"y\"]}]}",
	  "languages[1]: the extension '.x' belongs to another row" },
	{ "bad floor", TABLE(ROW ", \"run_limits\": {\"cpu\": \"1x\"}"), "run_limits.cpu: '1x'" },
};

START_TEST(one_row)
{
	l.n = 0;
	int got = load(rows[_i].json);
	ck_assert_msg(got == (rows[_i].why ? -1 : 0), "%s: %s", rows[_i].label, err.msg);
	if (!rows[_i].why)
		return;
	ck_assert_msg(strstr(err.msg, rows[_i].why), "%s: '%s'", rows[_i].label, err.msg);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_null(l.rows);
}
END_TEST

START_TEST(a_missing_table)
{
	ck_assert_int_eq(languages_load("/nonexistent/languages.json", &l, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
}
END_TEST

Suite *suite_submission_language(void)
{
	Suite *s = suite_create("submission/language");
	TCase *tc = tcase_create("language");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_shipped_table);
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, a_missing_table);
	suite_add_tcase(s, tc);
	return s;
}
