/* test_submission_test_programs.c - which commands of an assignment the student's files set up. */
#include "submission/test_programs.h"

#include "submission/assignment.h"
#include "test_submission_tree.h"

/* @run of a test; @warned: words of each warning, "" for none. What is laid: harness.py, tests/ with
 * a.py and sub/Makefile. */
static const struct {
	const char *label, *run, *warned;
} rows[] = {
	{ "the student's program", "\"python3\", \"main.py\"", "" },
	{ "with options", "\"python3\", \"-B\", \"-W\", \"error\", \"-Xdev\", \"main.py\"", "" },
	{ "the student's module", "\"python3\", \"-m\", \"app\"", "" },
	{ "a mounted harness", "\"python3\", \"/grader/harness.py\"", "" },
	{ "a laid harness", "\"python3\", \"harness.py\"", "say python3 -I" },
	{ "by its whole path", "\"/usr/bin/python3.11\", \"-B\", \"/work/./harness.py\"",
	  "say python3 -I" },
	{ "dotted", "\"python\", \".//harness.py\"", "say python3 -I" },
	{ "in a laid folder", "\"pypy3\", \"tests/a.py\"", "say python3 -I" },
	{ "beside a laid folder", "\"python3\", \"tests2/a.py\"", "" },
	{ "not in a laid folder", "\"python3\", \"tests/b.py\"", "" },
	{ "isolated", "\"python3\", \"-I\", \"harness.py\"", "" },
	{ "isolated among letters", "\"python3\", \"-BI\", \"tests/a.py\"", "" },
	{ "-P", "\"python3\", \"-P\", \"harness.py\"", "" },
	{ "-I of the program", "\"python3\", \"harness.py\", \"-I\"", "say python3 -I" },
	{ "a laid module", "\"python3\", \"-m\", \"harness\"", "say python3 -I" },
	{ "a laid module in a folder", "\"python3\", \"-mtests.a\"", "say python3 -I" },
	{ "unittest", "\"python3\", \"-Bm\", \"unittest\"", "say python3 -I" },
	{ "code that imports", "\"python3\", \"-c\", \"import solution\"", "say python3 -I" },
	{ "code that does not", "\"python3\", \"-c\", \"print(1)\"", "" },
	{ "from stdin", "\"python3\", \"-\"", "say python3 -I" },
	{ "interactive", "\"python3\"", "" },
	{ "an option at the end", "\"python3\", \"-m\"", "" },
	{ "another program", "\"python3-config\", \"harness.py\"", "" },
	{ "pytest, mounted", "\"python3\", \"-I\", \"-m\", \"pytest\", \"-q\", \"/grader/tests\"",
	  "" },
	{ "pytest, not isolated", "\"python3\", \"-m\", \"pytest\", \"/grader/tests\"",
	  "say python3 -I" },
	{ "pytest in the work folder", "\"python3\", \"-I\", \"-mpytest\", \"tests\"",
	  "pytest obeys" },
	{ "pytest, both", "\"python3\", \"-m\", \"pytest\"", "say python3 -I|pytest obeys" },
	{ "pytest by its name", "\"pytest\", \"/work/tests\"", "pytest obeys" },
	{ "pytest, only settings", "\"pytest\", \"-c\", \"/grader/pytest.ini\"", "pytest obeys" },
	{ "pytest, an option's value", "\"pytest\", \"--rootdir\", \"/grader\", \"tests\"",
	  "pytest obeys" },
	{ "pytest, settings and no conftest",
	  "\"pytest\", \"--noconftest\", \"-c/dev/null\", \"tests\"", "" },
	{ "valgrind", "\"valgrind\", \"-q\", \"./a.out\"", "--command-line-only=yes" },
	{ "valgrind, of the program", "\"valgrind\", \"./a.out\", \"--command-line-only=yes\"",
	  "--command-line-only=yes" },
	{ "valgrind alone",
	  "\"/usr/bin/valgrind\", \"-q\", \"--command-line-only=yes\", \"./a.out\"", "" },
	{ "make", "\"make\", \"check\"", "say make -f" },
	{ "make in a folder", "\"make\", \"-C\", \"src\", \"check\"", "say make -f" },
	{ "make in a laid folder", "\"make\", \"-C\", \"tests/sub\"", "" },
	{ "make in a mounted folder", "\"make\", \"-C/grader\"", "" },
	{ "make with a file", "\"make\", \"-f\", \"/grader/rules.mk\", \"check\"", "" },
	{ "make with a file, long", "\"make\", \"--file=rules.mk\"", "" },
	{ "git", "\"git\", \"log\"", "git obeys" },
	{ "git clone", "\"git\", \"clone\", \"/work\", \"/tmp/r\"", "" },
	{ "a program of the same name", "\"./valgrinder\"", "" },
};

static struct assignment a;
static struct err err;
static char **warnings;

static void setup(void)
{
	tree_setup();
	memset(&a, 0, sizeof a);
	memset(&err, 0, sizeof err);
	warnings = NULL;
	put("harness.py", "");
	put("t/a.py", "");
	put("t/sub/Makefile", "");
}

static void teardown(void)
{
	strv_free(warnings);
	assignment_done(&a);
	tree_teardown();
}

static void load(const char *json)
{
	put("assignment.json", json);
	ck_assert_msg(assignment_load(tree, &a, &err) == 0, "%s", err.msg);
	test_programs_warn(&a, &warnings);
}

#define FILES \
	"\"files\": [{\"from\": \"harness.py\", \"to\": \"./\"}, {\"from\": \"t\", \"to\": \"tests\"}]"

START_TEST(one_row)
{
	AUTO_FREE char *json = mem_printf(
		"{" FILES ", \"tests\": [{\"name\": \"x\", \"run\": [%s]}]}", rows[_i].run);
	load(json);
	AUTO_FREE char *words = mem_strdup(rows[_i].warned);
	char *save = NULL;
	size_t n = 0;
	for (char *w = strtok_r(words, "|", &save); w; w = strtok_r(NULL, "|", &save), n++)
		ck_assert_msg(warnings && warnings[n] &&
				      strncmp(warnings[n], "test 'x': ", 10) == 0 &&
				      strstr(warnings[n], w),
			      "%s: %s", rows[_i].label,
			      warnings && warnings[n] ? warnings[n] : "no warning");
	ck_assert_msg(!warnings || !warnings[n], "%s: %s", rows[_i].label, warnings[n]);
}
END_TEST

/* The student's own makefile and repository are what a build is about. */
START_TEST(builds)
{
	load("{" FILES ", \"build\": [{\"run\": [\"make\"]}, {\"run\": [\"git\", \"log\"]}, "
	     "{\"run\": [\"python3\", \"harness.py\"]}], \"tests\": [{\"name\": \"x\"}]}");
	ck_assert_uint_eq(strv_len(warnings), 1);
	ck_assert_ptr_nonnull(strstr(warnings[0], "build step 'build 3': python takes"));
}
END_TEST

START_TEST(what_is_laid_is_the_teachers)
{
	put("t/Makefile", "");
	put("t/pytest.ini", "");
	put("t/conftest.py", "");
	load("{\"files\": [{\"from\": \"t/\", \"to\": \"./\"}], \"tests\": [{\"name\": \"x\", \"run\": [\"make\", "
	     "\"check\"]}, {\"name\": \"y\", \"run\": [\"pytest\"]}, {\"name\": \"z\", \"run\": [\"python3\", "
	     "\"sub/Makefile\"]}]}");
	ck_assert_uint_eq(strv_len(warnings), 1);
	ck_assert_ptr_nonnull(strstr(warnings[0], "test 'z': python takes"));
}
END_TEST

Suite *suite_submission_test_programs(void);

Suite *suite_submission_test_programs(void)
{
	Suite *s = suite_create("submission/test_programs");
	TCase *tc = tcase_create("test programs");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, builds);
	tcase_add_test(tc, what_is_laid_is_the_teachers);
	suite_add_tcase(s, tc);
	return s;
}
