/* test_submission_plan.c - which steps the files of a submission lead to, with which limits. */
#include "submission/assignment.h"

#include <math.h>

#include "submission/sources.h"
#include "test_submission_tree.h"

Suite *suite_submission_plan(void);

#define S INT64_C(1000000000)
#define MIB (INT64_C(1) << 20)

static struct languages table;
static struct assignment a;
static struct plan plan;
static struct limits base, over;
static struct err err;

static void setup(void)
{
	tree_setup();
	memset(&a, 0, sizeof a);
	memset(&plan, 0, sizeof plan);
	memset(&err, 0, sizeof err);
	ck_assert_int_eq(languages_load("profiles/languages.json", &table, &err), 0);
	base = (struct limits){ { 10 * S, LIMIT_UNSET, 1024 * MIB, 100, MIB, 256 * MIB } };
	limits_init(&over);
}

static void teardown(void)
{
	plan_done(&plan);
	assignment_done(&a);
	languages_done(&table);
	tree_teardown();
}

/* The assignment lies beside the work folder, as it does in life. */
static void assign(const char *json)
{
	put(".assignment/assignment.json", json);
	AUTO_FREE char *dir = mem_printf("%s/.assignment", tree);
	int got = assignment_load(dir, &a, &err);
	ck_assert_msg(got == 0, "%s", err.msg);
}

static int make_plan(const struct assignment *of, bool has_check)
{
	return assignment_plan(of, &table, tree_fd, has_check, &base, &over, 1, &plan, &err);
}

static char *shown(void)
{
	AUTO_BUF b = { 0 };
	for (size_t i = 0; i < plan.n; i++) {
		const struct step_spec *s = &plan.steps[i];
		AUTO_FREE char *words = joined(s->argv);
		buf_printf(&b, "%s%s %s: %s (%g)", i ? "; " : "", step_kind_name(s->kind), s->name,
			   words, isnan(s->points) ? -1 : s->points);
	}
	return buf_take(&b);
}

#define CHECK                                  \
	"import sys; sys.tracebacklimit = 0; " \
	"compile(open(sys.argv[1], 'rb').read(), sys.argv[1], 'exec', dont_inherit=True)"
#define C_BUILD "build build: cc|-O2|-Wall|-o|a.out|"
#define CPP_BUILD "build build: c++|-std=gnu++20|-O2|-Wall|-x|c++|-o|a.out|"
#define PYTHON_CHECK(main) "build build: python3|-I|-S|-c|" CHECK "|" main " (-1); "
#define RUN_PYTHON(main) PYTHON_CHECK(main) "test run: python3|-B|" main " (1)"
#define RUN_C "; test run: ./a.out (1)"
#define FILES_MAX 6
/* Files are "name" or "name=text". NULL instead of steps: refused with these words. */
struct row {
	const char *label, *files[FILES_MAX];
	const char *steps, *language, *why;
};
static const struct row built_in[] = {
	{ "Makefile", { "Makefile", "x.c" }, "build build: make (1)", NULL, NULL },
	{ "makefile", { "makefile" }, "build build: make (1)", NULL, NULL },
	{ "GNUmakefile", { "GNUmakefile" }, "build build: make (1)", NULL, NULL },
	{ "Makefile before run.sh", { "Makefile", "run.sh" }, "build build: make (1)", NULL, NULL },
	{ "a folder is no Makefile",
	  { "Makefile/x.c" },
	  C_BUILD "Makefile/x.c|-lm (-1)" RUN_C,
	  "c",
	  NULL },
	{ "run.sh with a first line",
	  { "run.sh=#!/bin/bash\n" },
	  "test run: ./run.sh (1)",
	  NULL,
	  NULL },
	{ "run.sh without",
	  { "run.sh=echo\n", "x.c" },
	  "test run: /bin/sh|run.sh (1)",
	  NULL,
	  NULL },
	{ "empty run.sh", { "run.sh" }, "test run: /bin/sh|run.sh (1)", NULL, NULL },
	{ "run.sh further down is none",
	  { "a/run.sh=#!" },
	  "test run: ./a/run.sh (1)",
	  "shell",
	  NULL },
	{ "lone C", { "sum.c" }, C_BUILD "sum.c|-lm (-1)" RUN_C, "c", NULL },
	{ "lone C++", { "sum.cpp", "README" }, CPP_BUILD "sum.cpp|-lm (-1)" RUN_C, "cpp", NULL },
	{ "capitals",
	  { "SUM.CC", "b.Cpp", "sum.C", "x.c++", "y.cp" },
	  CPP_BUILD "SUM.CC|b.Cpp|sum.C|x.c++|y.cp|-lm (-1)" RUN_C,
	  "cpp",
	  NULL },
	{ "a capital C is C++ and no C",
	  { "a.c", "b.C" },
	  NULL,
	  NULL,
	  "sources of several languages: c (a.c), cpp (b.C)" },
	{ "Python in capitals", { "UTIL.PY", "MAIN.PY" }, RUN_PYTHON("MAIN.PY"), "python", NULL },
	{ "the exact name of a main one first",
	  { "Main.py", "main.py" },
	  RUN_PYTHON("main.py"),
	  "python",
	  NULL },
	{ "bash", { "sum.bash=ls" }, "test run: bash|sum.bash (1)", "shell", NULL },
	{ "bash with a first line",
	  { "sum.BASH=#!/bin/bash" },
	  "test run: ./sum.BASH (1)",
	  "shell",
	  NULL },
	{ "lone Python", { "sum.py" }, RUN_PYTHON("sum.py"), "python", NULL },
	{ "lone shell", { "sum.sh=#!/bin/bash" }, "test run: ./sum.sh (1)", "shell", NULL },
	{ "lone shell without a first line",
	  { "sum.sh=ls" },
	  "test run: /bin/sh|sum.sh (1)",
	  "shell",
	  NULL },
	{ "C sources are sorted",
	  { "z.c", "a/b.c", "a.c", "a.h", "B.c" },
	  C_BUILD "B.c|a.c|a/b.c|z.c|-lm (-1)" RUN_C,
	  "c",
	  NULL },
	{ "names that look like options",
	  { "-x.c", "@y.c", "+z.c" },
	  C_BUILD "./+z.c|./-x.c|./@y.c|-lm (-1)" RUN_C,
	  "c",
	  NULL },
	{ "main that looks like an option", { "-x.py" }, RUN_PYTHON("./-x.py"), "python", NULL },
	{ "script that looks like an option",
	  { "-x.sh" },
	  "test run: /bin/sh|./-x.sh (1)",
	  "shell",
	  NULL },
	{ "names with marks and blanks",
	  { "{binary}.py" },
	  RUN_PYTHON("./{binary}.py"),
	  "python",
	  NULL },
	{ "hidden things are passed over",
	  { ".x.c", ".git/y.c", "__MACOSX/z.c", "._a.c", "a.py" },
	  RUN_PYTHON("a.py"),
	  "python",
	  NULL },
	{ "main.py", { "a.py", "main.py" }, RUN_PYTHON("main.py"), "python", NULL },
	{ "main.py before __main__.py",
	  { "__main__.py", "main.py" },
	  RUN_PYTHON("main.py"),
	  "python",
	  NULL },
	{ "main.py at the top", { "main.py", "a/main.py" }, RUN_PYTHON("main.py"), "python", NULL },
	{ "__main__.py at the top before main.py below",
	  { "__main__.py", "a/main.py" },
	  RUN_PYTHON("__main__.py"),
	  "python",
	  NULL },
	{ "main.py below", { "x.py", "src/main.py" }, RUN_PYTHON("src/main.py"), "python", NULL },
	{ "two main.py below",
	  { "a/main.py", "b/main.py" },
	  NULL,
	  NULL,
	  "which of the 2 source files of python is the main one (a/main.py, b/main.py)? expected" },
	{ "no main",
	  { "a.py", "b.py" },
	  NULL,
	  NULL,
	  "which of the 2 source files of python is the main one (a.py, b.py)?" },
	{ "shell gives way", { "a.sh", "b.c" }, C_BUILD "b.c|-lm (-1)" RUN_C, "c", NULL },
	{ "shell gives way, found later", { "a.py", "b.sh" }, RUN_PYTHON("a.py"), "python", NULL },
	{ "two languages",
	  { "main.c", "main.py", "x.sh" },
	  NULL,
	  NULL,
	  "sources of several languages: c (main.c), python (main.py), shell (x.sh)" },
	{ "C and C++",
	  { "a.c", "b.cpp" },
	  NULL,
	  NULL,
	  "sources of several languages: c (a.c), "
	  "cpp (b.cpp)" },
	{ "a folder in the way",
	  { "a.out/x.c" },
	  "build build: "
	  "cc|-O2|-Wall|-o|a.out-2|a.out/x.c|-lm (-1); "
	  "test run: ./a.out-2 (1)",
	  "c",
	  NULL },
	{ "an old program is replaced",
	  { "a.out", "x.c" },
	  C_BUILD "x.c|-lm (-1)" RUN_C,
	  "c",
	  NULL },
	{ "nothing",
	  { NULL },
	  NULL,
	  NULL,
	  "nothing to run: no Makefile, no run.sh; found no "
	  "source file; looked "
	  "for c (.c), cpp (.cc .cpp .cxx .c++ .cp .C), python (.py), shell (.sh .bash)" },
	{ "only a header",
	  { "a.h" },
	  NULL,
	  NULL,
	  "found the header 'a.h', but no source file; looked for c (.c), cpp" },
	{ "only an extension",
	  { ".c", "a/.c", "c", ".C", "a.cx" },
	  NULL,
	  NULL,
	  "found no source file, only a.cx, c; looked for c (.c)" },
	{ "three other files",
	  { "d/b", "c.txt", "a.pdf" },
	  NULL,
	  NULL,
	  "found no source file, only a.pdf, c.txt, d/b; looked for" },
	{ "four other files",
	  { "4", "1", "2", "3" },
	  NULL,
	  NULL,
	  "found no source file, only 1, 2, 3, ...; looked for" },
	{ "an archive",
	  { "a/sum.zip" },
	  NULL,
	  NULL,
	  "found no source file, only a/sum.zip (not unpacked); looked for" },
};

static void put_all(const char *const *files)
{
	for (int i = 0; i < FILES_MAX && files[i]; i++) {
		const char *text = strchr(files[i], '=');
		AUTO_FREE char *name = mem_strndup(files[i], strcspn(files[i], "="));
		put(name, text ? text + 1 : "");
	}
}

static void check_row(const struct row *r, int got, const char *code)
{
	AUTO_FREE char *steps = shown();
	ck_assert_msg(got == (r->steps ? 0 : -1), "%s: %s", r->label, got ? err.msg : steps);
	if (!r->steps) {
		ck_assert_msg(strstr(err.msg, r->why), "%s: '%s'", r->label, err.msg);
		ck_assert_int_eq(err.fault, FAULT_STUDENT);
		ck_assert_msg(strcmp(err.code, code) == 0, "%s: %s", r->label, err.code);
		ck_assert_uint_eq(plan.n, 0);
		return;
	}
	ck_assert_msg(strcmp(steps, r->steps) == 0, "%s: %s", r->label, steps);
	ck_assert_msg(r->language ? plan.language && strcmp(plan.language, r->language) == 0 :
				    !plan.language,
		      "%s: %s", r->label, plan.language);
	for (size_t i = 0; i < plan.n; i++) {
		ck_assert_ptr_null(plan.steps[i].stdin_path);
		ck_assert_ptr_null(plan.steps[i].stdout_path);
		ck_assert_int_eq(plan.steps[i].exit, 0);
		for (int k = 0; k < LIMIT_COUNT; k++)
			ck_assert_int_gt(plan.steps[i].limits.v[k], 0);
	}
}

START_TEST(built_in_row)
{
	const struct row *r = &built_in[_i];
	put_all(r->files);
	bool nothing = r->why && !strstr(r->why, "which of") && !strstr(r->why, "several");
	check_row(r, make_plan(NULL, false),
		  nothing ? "submission.nothing_to_run" : "submission.language");
	bool make = r->steps && strstr(r->steps, ": make");
	ck_assert(assignment_wants_probe(NULL, tree_fd) == make);
	ck_assert(!assignment_wants_probe(&a, tree_fd));
}
END_TEST

/* Several rows of glue are ambiguous among themselves, and all give way to another row. */
START_TEST(glue_of_two_kinds)
{
	AUTO_FREE char *path = mem_printf("%s/.table", tree);
	put(".table", "{\"languages\": ["
		      "{\"name\": \"s\", \"extensions\": [\".s\"], \"run\": [\"s\"], \"glue\": "
		      "true},"
		      "{\"name\": \"t\", \"extensions\": [\".t\"], \"run\": [\"t\"], \"glue\": "
		      "true},"
		      "{\"name\": \"u\", \"extensions\": [\".u\"], \"run\": [\"u\"]}]}");
	languages_done(&table);
	ck_assert_msg(languages_load(path, &table, &err) == 0, "%s", err.msg);
	put("a.s", "");
	put("a.t", "");
	ck_assert_int_eq(make_plan(NULL, false), -1);
	ck_assert_msg(strstr(err.msg, "s (a.s), t (a.t)"), "%s", err.msg);
	put("a.u", "");
	ck_assert_int_eq(make_plan(NULL, false), 0);
	ck_assert_str_eq(plan.language, "u");
}
END_TEST

/* The limit that holds in the end: of the step, raised to the floor. */
START_TEST(words_know_the_memory_limit)
{
	AUTO_FREE char *path = mem_printf("%s/.table", tree);
	put(".table", "{\"languages\": [{\"name\": \"m\", \"extensions\": [\".m\"], "
		      "\"build\": [\"mc\", \"-m{memory}\"], \"run\": [\"m\", \"-m={memory}b\"], "
		      "\"build_limits\": {\"memory\": \"512M\"}}]}");
	languages_done(&table);
	ck_assert_msg(languages_load(path, &table, &err) == 0, "%s", err.msg);
	put("a.m", "");
	assign("{\"limits\": {\"memory\": \"64M\"}, \"tests\": [{\"name\": \"one\", \"args\": "
	       "[\"x\"]}, {\"name\": \"two\", \"limits\": {\"memory\": \"1M\"}}]}");
	ck_assert_int_eq(make_plan(&a, false), 0);
	AUTO_FREE char *steps = shown();
	ck_assert_str_eq(steps, "build build: mc|-m536870912 (-1); test one: m|-m=67108864b|x (1); "
				"test two: m|-m=1048576b (1)");
	plan_done(&plan);
	base.v[LIMIT_MEMORY] = LIMIT_UNSET;
	ck_assert_int_eq(make_plan(NULL, false), 0);
	AUTO_FREE char *without = shown();
	ck_assert_str_eq(without, "build build: mc (-1); test run: m (1)");
}
END_TEST

START_TEST(make_check_has_the_point)
{
	put("Makefile", "");
	ck_assert_int_eq(make_plan(NULL, true), 0);
	AUTO_FREE char *steps = shown();
	ck_assert_str_eq(steps, "build build: make (-1); test check: make|check (1)");
}
END_TEST

START_TEST(a_check_target_means_nothing_without_a_makefile)
{
	put("run.sh", "");
	ck_assert_int_eq(make_plan(NULL, true), 0);
	ck_assert_uint_eq(plan.n, 1);
	ck_assert_str_eq(plan.steps[0].argv[1], "run.sh");
}
END_TEST

START_TEST(links_are_not_followed)
{
	put("run.sh/", "");
	put("a/x.c", "");
	put_link("a", "b");
	put_link("a/x.c", "y.c");
	put_link("/etc", "etc");
	ck_assert_int_eq(make_plan(NULL, false), 0);
	AUTO_FREE char *steps = shown();
	ck_assert_str_eq(steps, C_BUILD "a/x.c|-lm (-1)" RUN_C);
	plan_done(&plan);
	ck_assert_int_eq(unlinkat(tree_fd, "run.sh", AT_REMOVEDIR), 0);
	put_link("/etc/passwd", "run.sh");
	ck_assert_int_eq(make_plan(NULL, false), 0);
	ck_assert_str_eq(plan.steps[0].argv[0], "./run.sh"); /* the box will see where it leads */
	plan_done(&plan);
	put_link("/nowhere", "Makefile");
	ck_assert(assignment_wants_probe(NULL, tree_fd));
	ck_assert_int_eq(make_plan(NULL, false), 0);
	ck_assert_str_eq(plan.steps[0].argv[0], "make");
}
END_TEST

/* --- assignments ------------------------------------------------------------------------------ */

static const struct {
	struct row row;
	const char *json;
} assigned[] = {
	{ { "all is given", { "x.c" }, "build build: make (-1); test one: ./a|b (1)", NULL, NULL },
	  "{\"build\": [{\"run\": [\"make\"]}], \"tests\": [{\"name\": \"one\", \"run\": "
	  "[\"./a\"], "
	  "\"args\": [\"b\"]}]}" },
	{ { "all is given, no files", { NULL }, "test one: ./a (2)", NULL, NULL },
	  "{\"build\": [], \"tests\": [{\"name\": \"one\", \"run\": [\"./a\"], \"points\": 2}]}" },
	{ { "all from the table",
	    { "x.c", "y.c" },
	    C_BUILD "x.c|y.c|-lm (-1); test one: "
		    "./a.out|5 (1); "
		    "test two: ./a.out (3)",
	    "c",
	    NULL },
	  "{\"tests\": [{\"name\": \"one\", \"args\": [\"5\"]}, {\"name\": \"two\", \"points\": "
	  "3}]}" },
	{ { "the same, in Python",
	    { "x.py" },
	    PYTHON_CHECK("x.py") "test one: python3|-B|x.py|5 (1)",
	    "python",
	    NULL },
	  "{\"tests\": [{\"name\": \"one\", \"args\": [\"5\"]}]}" },
	{ { "build from the table",
	    { "x.c" },
	    C_BUILD "x.c|-lm (-1); test one: ./a.out|x (1)",
	    "c",
	    NULL },
	  "{\"tests\": [{\"name\": \"one\", \"run\": [\"./a.out\", \"x\"]}]}" },
	{ { "nothing to build is no error", { "notes.txt" }, "test one: ./a (1)", NULL, NULL },
	  "{\"tests\": [{\"name\": \"one\", \"run\": [\"./a\"]}]}" },
	{ { "not checked beside another command",
	    { "a.py" },
	    "test one: python3|-B|a.py (1); test two: python3|try.py (1)",
	    "python",
	    NULL },
	  "{\"tests\": [{\"name\": \"one\"}, {\"name\": \"two\", \"run\": [\"python3\", \"try.py\"]}]}" },
	{ { "the main one is not asked for",
	    { "a.py", "b.py" },
	    "test one: python3|b.py (1)",
	    "python",
	    NULL },
	  "{\"tests\": [{\"name\": \"one\", \"run\": [\"python3\", \"b.py\"]}]}" },
	{ { "run from the table",
	    { "x.c" },
	    "build build: make (-1); test one: ./a.out (1)",
	    "c",
	    NULL },
	  "{\"build\": [{\"run\": [\"make\"]}], \"tests\": [{\"name\": \"one\"}]}" },
	{ { "the list decides",
	    { "x.c", "y.py" },
	    PYTHON_CHECK("y.py") "test one: python3|-B|y.py (1)",
	    "python",
	    NULL },
	  "{\"language\": [\"python\", \"c\"], \"tests\": [{\"name\": \"one\"}]}" },
	{ { "the list decides, second",
	    { "x.c", "y.cpp" },
	    C_BUILD "x.c|-lm (-1); test one: ./a.out (1)",
	    "c",
	    NULL },
	  "{\"language\": [\"python\", \"c\"], \"tests\": [{\"name\": \"one\"}]}" },
	{ { "the list decides for glue",
	    { "x.c", "y.sh" },
	    "test one: /bin/sh|y.sh (1)",
	    "shell",
	    NULL },
	  "{\"language\": [\"shell\", \"c\"], \"tests\": [{\"name\": \"one\"}]}" },
	{ { "not in the list",
	    { "x.c", "z.py" },
	    NULL,
	    NULL,
	    "found c (x.c), python (z.py), but the assignment takes cpp (.cc .cpp .cxx .c++ .cp .C)" },
	  "{\"language\": [\"cpp\"], \"tests\": [{\"name\": "
	  "\"one\"}]}" },
	{ { "no source",
	    { "x" },
	    NULL,
	    NULL,
	    "found no source file, only x; looked for cpp (.cc .cpp .cxx .c++ .cp .C)" },
	  "{\"language\": [\"cpp\"], \"tests\": [{\"name\": \"one\"}]}" },
	{ { "two languages", { "x.c", "y.py" }, NULL, NULL, "sources of several languages" },
	  "{\"tests\": [{\"name\": \"one\"}]}" },
	{ { "a Makefile does not count", { "Makefile" }, NULL, NULL, "found no source file" },
	  "{\"tests\": [{\"name\": \"one\"}]}" },
};

START_TEST(assigned_row)
{
	put_all(assigned[_i].row.files);
	assign(assigned[_i].json);
	check_row(&assigned[_i].row, make_plan(&a, true), "submission.language");
	ck_assert(!assignment_wants_probe(&a, tree_fd));
}
END_TEST

/* Either of both, also an empty build. */
START_TEST(commands_of_its_own)
{
	static const struct {
		const char *json;
		bool has;
	} rows[] = {
		{ "{\"tests\": [{\"name\": \"one\"}]}", false },
		{ "{\"build\": [], \"tests\": [{\"name\": \"one\"}]}", true },
		{ "{\"tests\": [{\"name\": \"one\"}, {\"name\": \"two\", \"run\": [\"x\"]}]}",
		  true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assign(rows[i].json);
		ck_assert_msg(assignment_has_commands(&a) == rows[i].has, "%s", rows[i].json);
		assignment_done(&a);
	}
	ck_assert(!assignment_has_commands(NULL));
}
END_TEST

START_TEST(a_language_that_the_table_lacks)
{
	assign("{\"name\": \"n\", \"language\": [\"c\", \"rust\"], \"build\": [], \"tests\": "
	       "[{\"name\": \"x\", \"run\": [\"a\"]}]}");
	ck_assert_int_eq(make_plan(&a, false), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_msg(
		strstr(err.msg,
		       "language 'rust' is not known; known: c, cpp, python, shell; for another"),
		"%s", err.msg);
	ck_assert_int_eq(assignment_check_languages(&a, &table, &err), -1);
	ck_assert_int_eq(assignment_check_languages(NULL, &table, &err), 0);
}
END_TEST

START_TEST(all_of_a_test_is_kept)
{
	put(".assignment/in", "");
	put(".assignment/out", "");
	assign("{\"env\": {\"A\": \"1\"}, \"build\": [], \"tests\": [{\"name\": \"x\", \"run\": "
	       "[\"a\"], "
	       "\"stdin\": \"in\", \"stdout\": \"out\", \"exit\": 3, \"compare\": \"exact\", "
	       "\"env\": {\"B\": \"2\"}}]}");
	ck_assert_int_eq(make_plan(&a, false), 0);
	const struct step_spec *s = &plan.steps[0];
	AUTO_FREE char *env = joined(s->env);
	ck_assert_str_eq(strrchr(s->stdin_path, '/'), "/in");
	ck_assert_str_eq(strrchr(s->stdout_path, '/'), "/out");
	ck_assert_int_eq(s->exit, 3);
	ck_assert_int_eq(s->compare, COMPARE_EXACT);
	ck_assert_str_eq(env, "B=2"); /* the assignment's own is the box's */
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

#define LIMITED                                                                   \
	"{\"limits\": {\"cpu\": \"1s\", \"memory\": \"64M\", \"processes\": 20, " \
	"\"disk\": \"16M\"}, "                                                    \
	"\"tests\": [{\"name\": \"one\", \"limits\": {\"cpu\": \"2s\"}}, "        \
	"{\"name\": \"two\"}]%s}"

static void expect(size_t step, int64_t cpu, int64_t wall, int64_t memory, int64_t processes,
		   int64_t output, int64_t disk)
{
	const struct limits want = { { cpu, wall, memory, processes, output, disk } };
	for (int i = 0; i < LIMIT_COUNT; i++)
		ck_assert_msg(plan.steps[step].limits.v[i] == want.v[i], "step %zu, %s: %lld", step,
			      limit_name((enum limit_id)i),
			      (long long)plan.steps[step].limits.v[i]);
}

static void plan_limited(const char *more, double factor)
{
	AUTO_FREE char *json = mem_printf(LIMITED, more);
	assign(json);
	put("x.c", "");
	int got = assignment_plan(&a, &table, tree_fd, false, &base, &over, factor, &plan, &err);
	ck_assert_msg(got == 0, "%s", err.msg);
}

START_TEST(floors_are_of_the_build_alone)
{
	plan_limited("", 1);
	expect(0, 30 * S, 95 * S, 512 * MIB, 64, MIB, 256 * MIB);
	expect(1, 2 * S, 11 * S, 64 * MIB, 20, MIB, 16 * MIB);
	expect(2, 1 * S, 8 * S, 64 * MIB, 20, MIB, 16 * MIB);
}
END_TEST

START_TEST(a_given_build_has_no_floors)
{
	plan_limited(", \"build\": [{\"run\": [\"cc\"]}, {\"run\": [\"ld\"], \"limits\": "
		     "{\"memory\": \"1G\"}}]",
		     1);
	expect(0, 1 * S, 8 * S, 64 * MIB, 20, MIB, 16 * MIB);
	expect(1, 1 * S, 8 * S, 1024 * MIB, 20, MIB, 16 * MIB);
	expect(3, 1 * S, 8 * S, 64 * MIB, 20, MIB, 16 * MIB);
}
END_TEST

START_TEST(the_command_line_wins_over_all_but_floors)
{
	over.v[LIMIT_CPU] = 3 * S;
	over.v[LIMIT_WALL] = 4 * S;
	over.v[LIMIT_MEMORY] = 8 * MIB;
	over.v[LIMIT_OUTPUT] = 1000;
	plan_limited("", 1);
	expect(0, 30 * S, 60 * S, 512 * MIB, 64, MIB, 256 * MIB);
	expect(1, 3 * S, 4 * S, 8 * MIB, 20, 1000, 16 * MIB);
}
END_TEST

START_TEST(the_time_factor_comes_last)
{
	plan_limited("", 2);
	expect(0, 60 * S, 190 * S, 512 * MIB, 64, MIB, 256 * MIB);
	expect(1, 4 * S, 22 * S, 64 * MIB, 20, MIB, 16 * MIB);
}
END_TEST

START_TEST(the_built_in_make_has_the_profile_s_limits)
{
	over.v[LIMIT_MEMORY] = 8 * MIB;
	put("Makefile", "");
	ck_assert_int_eq(make_plan(NULL, true), 0);
	expect(0, 10 * S, 35 * S, 8 * MIB, 100, MIB, 256 * MIB);
	expect(1, 10 * S, 35 * S, 8 * MIB, 100, MIB, 256 * MIB);
}
END_TEST

/* --- ceilings --------------------------------------------------------------------------------- */

START_TEST(sources_have_a_number)
{
	for (int i = 0; i < SOURCES_MAX + _i; i++) {
		char name[16];
		snprintf(name, sizeof name, "%d.c", i);
		put(name, "");
	}
	int got = make_plan(NULL, false);
	ck_assert_msg(got == (_i ? -1 : 0), "%s", err.msg);
	if (_i == 0) {
		ck_assert_uint_eq(strv_len(plan.steps[0].argv), SOURCES_MAX + 6);
		return;
	}
	ck_assert_msg(strstr(err.msg, "more than 2000 source files"), "%s", err.msg);
	ck_assert_int_eq(err.fault, FAULT_STUDENT);
	ck_assert_str_eq(err.code, "submission.too_many_sources");
}
END_TEST

/* 128 KiB of names, each 256 bytes with its NUL. */
START_TEST(names_of_sources_have_a_size)
{
	char name[256];
	memset(name, 'n', sizeof name);
	for (unsigned i = 0; i < SOURCES_NAMES_MAX / sizeof name; i++) {
		snprintf(name + sizeof name - 7, 7, "%04u.c", i);
		put(name, "");
	}
	if (_i)
		put("x.c", "");
	ck_assert_int_eq(make_plan(NULL, false), _i ? -1 : 0);
	ck_assert(!_i || strstr(err.msg, "more than 131072 bytes"));
	ck_assert(!_i || err.fault == FAULT_STUDENT);
}
END_TEST

START_TEST(folders_have_a_depth)
{
	AUTO_BUF path = { 0 };
	for (int i = 0; i < 128 + _i; i++)
		buf_str(&path, "d/");
	buf_str(&path, "x.c");
	put(path.data, "");
	ck_assert_int_eq(make_plan(NULL, false), _i ? -1 : 0);
	ck_assert(!_i || err.fault == FAULT_STUDENT);
}
END_TEST

/* --- the probe -------------------------------------------------------------------------------- */

static const struct {
	const char *label, *lines[8];
	bool found;
} probes[] = {
	{ "target", { "# Files", "", "check: all", "#  Phony target" }, true },
	{ "target without anything", { "check:" }, true },
	{ "double colon", { "check:: a" }, true },
	{ "not a target", { "# Not a target:", "check:" }, false },
	{ "a line between", { "# Not a target:", "all:", "check:" }, true },
	{ "not a target, then one", { "# Not a target:", "check:", "", "check: x" }, true },
	{ "longer name", { "checks:", "check-all:", "precheck:" }, false },
	{ "in a recipe", { "\tcheck:", " check:" }, false },
	{ "as a prerequisite", { "all: check" }, false },
	{ "in a comment", { "# check:" }, false },
	{ "in a variable", { "define X", "check:", "endef" }, false },
	{ "in a variable in a variable",
	  { "define X", "define Y", "endef", "check:", "endef" },
	  false },
	{ "after a variable", { "define X", "a", "endef", "check:" }, true },
	{ "after two variables", { "define X", "define Y", "endef", "endef", "check:" }, true },
	{ "empty", { "" }, false },
};

START_TEST(one_probe)
{
	int state = 0;
	bool found = false;
	for (int i = 0; i < 8 && probes[_i].lines[i]; i++)
		found |= assignment_probe_line(&state, probes[_i].lines[i],
					       strlen(probes[_i].lines[i]));
	ck_assert_msg(found == probes[_i].found, "%s", probes[_i].label);
}
END_TEST

/* What make itself prints; skipped by name where there is no make. */
static const struct {
	const char *makefile;
	bool found;
} makefiles[] = {
	{ "all:\n\t@true\n", false },
	{ "all: check\n", false },
	{ "check:\n\t@true\n", true },
	{ ".PHONY: check\ncheck: all\n\t@true\nall:\n\t@true\n", true },
	{ "X = check:\ndefine Y\ncheck:\nendef\nall:\n\t@true\n", false },
	{ "include rules.mk\n", true },
	{ "%:\n\t@true\n", false },
};

START_TEST(make_is_understood)
{
	char line[4096];
	int state = 0;
	bool found = false;
	put("Makefile", makefiles[_i].makefile);
	put("rules.mk", "check::\n\t@true\n");
	put("check", ""); /* a file of that name is no target */
	AUTO_FREE char *command = mem_printf("LC_ALL=C make -C %s --no-print-directory -pq "
					     ".moulette-none 2>/dev/null",
					     tree);
	FILE *f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	bool printed = false;
	while (fgets(line, sizeof line, f)) {
		printed = true;
		found |= assignment_probe_line(&state, line, strcspn(line, "\n"));
	}
	pclose(f);
	ck_assert_msg(found == makefiles[_i].found || !printed, "%s", makefiles[_i].makefile);
}
END_TEST

/* --- commands --------------------------------------------------------------------------------- */

START_TEST(a_command_is_the_only_step)
{
	char *const argv[] = { (char *)(uintptr_t) "ls", (char *)(uintptr_t) "-l", NULL };
	struct assignment c;
	put(".assignment/h/x", "");
	assign("{\"name\": \"n\", \"image\": \"i\", \"profile\": \"p\", \"env\": {\"A\": \"1\"}, "
	       "\"files\": [{\"from\": \"h\", \"to\": \"h\"}], \"limits\": {\"cpu\": \"1s\"}, "
	       "\"home\": \"work\", \"network\": {\"allow\": [\"dns\"]}, "
	       "\"build\": [{\"run\": [\"make\"]}], \"tests\": [{\"name\": \"x\"}]}");
	assignment_command(_i ? &a : NULL, argv, &c);
	put("a.c", "");
	put("b.py", "");
	ck_assert_msg(make_plan(&c, false) == 0, "%s", err.msg);
	AUTO_FREE char *steps = shown();
	ck_assert_str_eq(steps, "command command: ls|-l (-1)");
	ck_assert_ptr_null(plan.steps[0].stdin_path);
	ck_assert_ptr_null(plan.language);
	ck_assert_int_eq(plan.steps[0].limits.v[LIMIT_CPU], _i ? 1 * S : 10 * S);
	ck_assert_int_eq(c.network.kind, _i ? NETWORK_CARD : NETWORK_UNSET);
	ck_assert_int_eq(plan.steps[0].network.kind, NETWORK_UNSET);
	ck_assert_int_eq(c.home_in_work, _i);
	if (_i) {
		ck_assert_str_eq(c.name, "n");
		ck_assert_str_eq(c.image, "i");
		ck_assert_str_eq(c.profile, "p");
		ck_assert_str_eq(c.env[0], "A=1");
		ck_assert_str_eq(c.sha256, a.sha256);
		ck_assert_uint_eq(c.n_files, 1);
		ck_assert_str_eq(c.files[0].from, a.files[0].from);
		ck_assert_str_eq(c.files[0].to, "h");
		ck_assert(network_equal(&c.network, &a.network));
		ck_assert_ptr_ne(c.network.rules, a.network.rules);
	}
	assignment_done(&c);
}
END_TEST

#define N(rows) ((int)(sizeof(rows) / sizeof *(rows)))

/* A box that is ready before its submission has these limits in its config: no step may have more. */
static void under_ceiling(const struct assignment *of, double time_factor)
{
	struct limits most;
	assignment_ceiling(of, &table, &base, &over, time_factor, &most);
	int bad = assignment_plan(of, &table, tree_fd, true, &base, &over, time_factor, &plan,
				  &err);
	ck_assert_msg(!bad, "%s", err.msg);
	for (size_t i = 0; i < plan.n; i++)
		for (int l = 0; l < LIMIT_COUNT; l++)
			ck_assert_msg(plan.steps[i].limits.v[l] <= most.v[l], "step %zu, limit %d",
				      i, l);
	plan_done(&plan);
}

START_TEST(no_step_is_above_the_ceiling)
{
	static const char *const files[] = { "a.py", "run.sh", "x.c", "x.cpp" };
	assign("{\"name\": \"a\", \"limits\": {\"memory\": \"64M\"}, \"tests\": ["
	       "{\"name\": \"one\", \"limits\": {\"memory\": \"900M\", \"cpu\": \"1s\"}},"
	       "{\"name\": \"two\", \"limits\": {\"cpu\": \"30s\", \"processes\": 99}}]}");
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		put(files[i], "");
		under_ceiling(&a, 1);
		under_ceiling(&a, 7);
		under_ceiling(NULL, 1);
		ck_assert_int_eq(unlinkat(tree_fd, files[i], 0), 0);
	}
	put("Makefile", "");
	under_ceiling(NULL, 1);
	struct limits most;
	assignment_ceiling(&a, &table, &base, &over, 1, &most);
	ck_assert_int_eq(most.v[LIMIT_CPU], 30 * S);
	ck_assert_int_le(most.v[LIMIT_PROCESSES], 100);
	put("x.c", "");
	over.v[LIMIT_CPU] = S; /* of all steps; what a language needs to start is above it */
	under_ceiling(&a, 1);
}
END_TEST

Suite *suite_submission_plan(void)
{
	Suite *s = suite_create("submission/plan");
	TCase *tc = tcase_create("plan");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, built_in_row, 0, N(built_in));
	tcase_add_test(tc, glue_of_two_kinds);
	tcase_add_test(tc, words_know_the_memory_limit);
	tcase_add_test(tc, make_check_has_the_point);
	tcase_add_test(tc, a_check_target_means_nothing_without_a_makefile);
	tcase_add_test(tc, links_are_not_followed);
	tcase_add_loop_test(tc, assigned_row, 0, N(assigned));
	tcase_add_test(tc, commands_of_its_own);
	tcase_add_test(tc, a_language_that_the_table_lacks);
	tcase_add_test(tc, all_of_a_test_is_kept);
	tcase_add_test(tc, floors_are_of_the_build_alone);
	tcase_add_test(tc, a_given_build_has_no_floors);
	tcase_add_test(tc, the_command_line_wins_over_all_but_floors);
	tcase_add_test(tc, the_time_factor_comes_last);
	tcase_add_test(tc, the_built_in_make_has_the_profile_s_limits);
	tcase_add_loop_test(tc, sources_have_a_number, 0, 2);
	tcase_add_loop_test(tc, names_of_sources_have_a_size, 0, 2);
	tcase_add_loop_test(tc, folders_have_a_depth, 0, 2);
	tcase_add_loop_test(tc, one_probe, 0, N(probes));
	tcase_add_loop_test(tc, make_is_understood, 0, N(makefiles));
	tcase_add_loop_test(tc, a_command_is_the_only_step, 0, 2);
	tcase_add_test(tc, no_step_is_above_the_ceiling);
	suite_add_tcase(s, tc);
	return s;
}
