/* test_submission_assignment.c - every key of assignment.json, what is refused, what the digest is
 * over. */
#include "submission/assignment.h"

#include <math.h>

#include "test_submission_loaded.h"

Suite *suite_submission_assignment(void);

static void setup(void)
{
	loaded_setup();
	put("t/1.in", "in\n");
	put("t/1.out", "out\n");
	put("h/x.h", "");
	put("h/deep/y.h", "");
	put("fifo/", "");
	ck_assert_int_eq(mkfifoat(tree_fd, "fifo/f", 0644), 0);
}

START_TEST(every_key_arrives)
{
	must_load(
		"{ // comments are allowed\n"
		"\"name\": \"strings\", \"image\": \"debian-c\", \"profile\": \"strict\","
		"\"env\": {\"A\": \"1\", \"B\": \"x=y\"}, \"home\": \"work\", \"language\": [\"python\", \"c\"],"
		"\"limits\": {\"cpu\": \"2s\", \"memory\": \"64M\"},"
		"\"network\": {\"allow\": [\"host:8080\", \"dns\"]},"
		"\"files\": [{\"from\": \"h/\", \"to\": \"/grader\"}],"
		"\"build\": [{\"run\": [\"make\"], \"args\": [\"-s\"], \"env\": {\"C\": \"2\"},"
		"  \"network\": {\"allow\": [\"internet\"]},"
		"  \"limits\": {\"cpu\": 30}}, {\"run\": [\"./b\"]},"
		"  {\"name\": \"link\", \"run\": [\"ld\"]}],"
		"\"tests\": [{\"name\": \"one\", \"run\": [\"./a\", \"b c\"], \"args\": [\"\", "
		"\"d\"],"
		"  \"stdin\": \"t/1.in\", \"stdout\": \"./t/../t/1.out\", \"exit\": 255,"
		"  \"points\": 2.5, \"compare\": \"exact\", \"env\": {\"D\": \"\"},"
		"  \"limits\": {\"wall\": \"9s\"}, \"network\": null},"
		"  {\"name\": \"two\", \"args\": [\"z\"]}]}");
	AUTO_FREE char *env = joined(a.env), *languages = joined(a.languages);
	AUTO_FREE char *make = joined(a.build[0].argv), *run = joined(a.tests[0].argv);
	ck_assert_str_eq(a.name, "strings");
	ck_assert_str_eq(a.image, "debian-c");
	ck_assert_str_eq(a.profile, "strict");
	ck_assert_str_eq(a.dir, tree);
	ck_assert_str_eq(env, "A=1|B=x=y");
	ck_assert(a.home_in_work);
	ck_assert_str_eq(languages, "python|c");
	ck_assert_int_eq(a.limits.v[LIMIT_CPU], 2000000000);
	ck_assert_int_eq(a.limits.v[LIMIT_MEMORY], 64 << 20);
	ck_assert_int_eq(a.limits.v[LIMIT_WALL], LIMIT_UNSET);
	ck_assert_uint_eq(a.n_files, 1);
	ck_assert_int_eq(a.network.kind, NETWORK_CARD);
	ck_assert_uint_eq(a.network.n_rules, 2);

	ck_assert(a.has_build);
	ck_assert_uint_eq(a.n_build, 3);
	ck_assert_str_eq(make, "make|-s");
	ck_assert_str_eq(a.build[0].name, "build");
	ck_assert_str_eq(a.build[1].name, "build 2");
	ck_assert_str_eq(a.build[2].name, "link");
	ck_assert_int_eq(a.build[0].kind, STEP_BUILD);
	ck_assert(isnan(a.build[0].points));
	ck_assert_int_eq(a.build[0].limits.v[LIMIT_CPU], 30000000000);
	ck_assert_str_eq(a.build[0].env[0], "C=2");
	ck_assert_int_eq(a.build[0].network.rules[0].target, NETWORK_INTERNET);
	ck_assert_int_eq(a.build[1].network.kind, NETWORK_UNSET);

	const struct step_spec *one = &a.tests[0], *two = &a.tests[1];
	AUTO_FREE char *in = mem_printf("%s/t/1.in", tree), *out = mem_printf("%s/t/1.out", tree);
	ck_assert_uint_eq(a.n_tests, 2);
	ck_assert_str_eq(one->name, "one");
	ck_assert_int_eq(one->kind, STEP_TEST);
	ck_assert_str_eq(run, "./a|b c||d");
	ck_assert_str_eq(one->stdin_path, in);
	ck_assert_str_eq(one->stdout_path, out);
	ck_assert_int_eq(one->exit, 255);
	ck_assert_double_eq(one->points, 2.5);
	ck_assert_int_eq(one->compare, COMPARE_EXACT);
	ck_assert_str_eq(one->env[0], "D=");
	ck_assert_int_eq(one->limits.v[LIMIT_WALL], 9000000000);
	ck_assert_int_eq(one->network.kind, NETWORK_NONE);
	ck_assert_int_eq(two->network.kind, NETWORK_UNSET);
	ck_assert_uint_eq(two->n_peers, 0);
	ck_assert_ptr_null(two->argv);
	ck_assert_str_eq(two->args[0], "z");
	ck_assert_ptr_null(two->stdin_path);
	ck_assert_ptr_null(two->stdout_path);
	ck_assert_int_eq(two->exit, 0);
	ck_assert_double_eq(two->points, 1); /* each test without points counts 1 */
	ck_assert_int_eq(two->compare, COMPARE_LINES);
	ck_assert_int_eq(assignment_check_tests(&a, &err), 0);
}
END_TEST

START_TEST(nothing_has_to_be_there)
{
	must_load("{}");
	ck_assert_str_eq(a.name, strrchr(tree, '/') + 1);
	ck_assert(!a.home_in_work);
	ck_assert_ptr_null(a.image);
	ck_assert_ptr_null(a.languages);
	ck_assert(!a.has_build);
	ck_assert_int_eq(a.network.kind, NETWORK_UNSET);
	ck_assert_int_eq(assignment_check_tests(&a, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_msg(strstr(err.msg, "has no tests"), "%s", err.msg);
	assignment_done(&a);
	must_load("{\"build\": [], \"tests\": [], \"language\": \"auto\"}");
	ck_assert(a.has_build);
	ck_assert_ptr_null(a.languages);
	ck_assert_int_eq(assignment_check_tests(&a, &err), -1);
}
END_TEST

static const struct {
	const char *label, *text, *why;
} compares[] = {
	{ "nothing is said", "\"points\": 1", NULL },
	{ "none", "\"compare\": \"none\"", NULL },
	{ "lines with an output", "\"compare\": \"lines\", \"stdout\": \"t/1.out\"", NULL },
	{ "lines", "\"compare\": \"lines\"", "tests[1].compare: there is nothing to compare with" },
	{ "exact", "\"compare\": \"exact\", \"stdin\": \"t/1.in\"",
	  "name a file with the expected output" },
};

START_TEST(what_is_compared_has_something_to_compare_with)
{
	AUTO_FREE char *json = mem_printf("{\"tests\": [{\"name\": \"x\"}, {\"name\": \"y\", %s}]}",
					  compares[_i].text);
	must_load(json);
	ck_assert_int_eq(assignment_check_tests(&a, &err), compares[_i].why ? -1 : 0);
	ck_assert_msg(!compares[_i].why ||
			      (err.fault == FAULT_USAGE && strstr(err.msg, compares[_i].why)),
		      "%s: '%s'", compares[_i].label, err.msg);
}
END_TEST

#define BYTES(s) s, sizeof(s) - 1
static const struct {
	const char *label, *bytes;
	size_t len;
	const char *why;
} encodings[] = {
	{ "nothing", BYTES(""), NULL },
	{ "text", BYTES("4\n"), NULL },
	{ "one byte of a mark", BYTES("\xef"), NULL },
	{ "letters of UTF-8", BYTES("\xef\xbb\xbe"), NULL },
	{ "a mark",
	  BYTES("\xef\xbb\xbf"
		"4\n"),
	  "byte order mark" },
	{ "a mark alone", BYTES("\xef\xbb\xbf"), "byte order mark" },
	{ "a mark later on", BYTES("4\xef\xbb\xbf\n"), NULL },
	{ "UTF-16",
	  BYTES("\xff\xfe"
		"4\0\n\0"),
	  "is in UTF-16" },
	{ "UTF-16, the other order", BYTES("\xfe\xff\0004\0\n"), "is in UTF-16" },
	{ "UTF-16 without a mark", BYTES("4\0\n\0"), "is in UTF-16" },
	{ "the other order", BYTES("\0004\0\n"), "is in UTF-16" },
	{ "UTF-32", BYTES("\xff\xfe\0\0004\0\0\0"), "is in UTF-32" },
	{ "zeros", BYTES("\0\0\0\0"), NULL },
	{ "a text with a zero", BYTES("a\0bc"), NULL },
	{ "a zero alone", BYTES("\0"), NULL },
};

START_TEST(an_encoding_is_warned_of)
{
	static const char *const rest[] = { "\"stdin\": \"t/e\"", "\"stdout\": \"t/e\"",
					    "\"stdout\": \"t/e\", \"compare\": \"none\"" };
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
		AUTO_FREE char *json = mem_printf("{\"tests\": [{\"name\": \"x\", %s}]}", rest[i]);
		AUTO_STRV warnings = strv_dup(NULL);
		put("t/e", "");
		AUTO_FD int fd = openat(tree_fd, "t/e", O_WRONLY | O_TRUNC);
		ck_assert(write(fd, encodings[_i].bytes, encodings[_i].len) ==
			  (ssize_t)encodings[_i].len);
		must_load(json);
		ck_assert_int_eq(assignment_warnings(&a, &warnings, &err), 0);
		const char *why = i == 2 ? NULL : encodings[_i].why;
		ck_assert_msg(strv_len(warnings) == (why ? 1 : 0), "%s", encodings[_i].label);
		ck_assert_msg(!why || (strstr(warnings[0], why) && strstr(warnings[0], "t/e")),
			      "%s", encodings[_i].label);
		assignment_done(&a);
	}
}
END_TEST

static const struct {
	const char *label, *json;
	bool warned;
} sanitized[] = {
	{ "address", "\"build\": [{\"run\": [\"cc\", \"-fsanitize=undefined,address\"]}]", true },
	{ "leak",
	  "\"build\": [{\"run\": [\"true\"]}, {\"run\": [\"cc\", \"-fsanitize=leak\"]}], \"profile\": \"strict\"",
	  true },
	{ "in a script",
	  "\"build\": [{\"run\": [\"sh\", \"-c\", \"cc -fsanitize=undefined x.c; cc -fsanitize=address y.c\"]}]",
	  true },
	{ "no leaks",
	  "\"build\": [{\"run\": [\"sh\", \"-c\", \"cc -fsanitize=thread -o address\"]}]", false },
	{ "debug",
	  "\"build\": [{\"run\": [\"cc\", \"-fsanitize=address\"]}], \"profile\": \"debug\"",
	  false },
	{ "said",
	  "\"build\": [{\"run\": [\"cc\", \"-fsanitize=address\"]}], \"env\": {\"ASAN_OPTIONS\": \"detect_leaks=0\"}",
	  false },
	{ "said of the build",
	  "\"build\": [{\"run\": [\"cc\", \"-fsanitize=leak\"], \"env\": {\"LSAN_OPTIONS\": \"a=1:detect_leaks=0\"}}]",
	  false },
};

START_TEST(a_leak_that_nobody_looks_for_is_warned_of)
{
	AUTO_FREE char *json = mem_printf("{%s, \"tests\": [{\"name\": \"x\"}]}",
					  sanitized[_i].json);
	AUTO_STRV warnings = strv_dup(NULL);
	must_load(json);
	ck_assert_int_eq(assignment_warnings(&a, &warnings, &err), 0);
	ck_assert_msg(strv_len(warnings) == (sanitized[_i].warned ? 1 : 0), "%s",
		      sanitized[_i].label);
	ck_assert_msg(!sanitized[_i].warned || strstr(warnings[0], "LeakSanitizer"), "%s",
		      sanitized[_i].label);
	assignment_done(&a);
}
END_TEST

/* What the text T is replaced by in {"tests": [{"name": "x", T}]}, B in {"build": [{B}]}; else the
 * whole. NULL: accepted. */
static const struct {
	const char *label, *where, *text, *why;
} rows[] = {
	{ "run", "T", "\"run\": [\"./a\"]", NULL },
	{ "run is a string", "T", "\"run\": \"./a\"",
	  "tests[0].run: expected an array of words, as [\"./prog\", \"-v\"], got a string" },
	{ "args is a string", "T", "\"args\": \"a\"", "tests[0].args: expected an array of words" },
	{ "run is empty", "T", "\"run\": []", "expected a program as the first word" },
	{ "program is empty", "T", "\"run\": [\"\", \"a\"]", "a program as the first word" },
	{ "word is no string", "T", "\"run\": [\"a\", 1]", "expected an array of strings" },
	{ "exit 0", "T", "\"exit\": 0", NULL },
	{ "exit 255", "T", "\"exit\": 255", NULL },
	{ "exit 256", "T", "\"exit\": 256",
	  "tests[0].exit: expected a whole number from 0 to "
	  "255" },
	{ "exit -1", "T", "\"exit\": -1", "from 0 to 255" },
	{ "exit is a text", "T", "\"exit\": \"0\"", "from 0 to 255" },
	{ "points 0", "T", "\"points\": 0", NULL },
	{ "points below 0", "T", "\"points\": -0.5", "tests[0].points: expected a number" },
	{ "points at most", "T", "\"points\": 1e9", NULL },
	{ "points above", "T", "\"points\": 1.1e9", "expected a number" },
	{ "points without end", "T", "\"points\": 1e999", "expected a number" },
	{ "points is a text", "T", "\"points\": \"1\"", "expected a number" },
	{ "compare exact", "T", "\"compare\": \"exact\"", NULL },
	{ "compare lines", "T", "\"compare\": \"lines\"", NULL },
	{ "compare none", "T", "\"compare\": \"none\"", NULL },
	{ "compare tokens", "T", "\"compare\": \"tokens\"",
	  "'tokens' is not known to this version; known: exact, lines, none" },
	{ "compare float", "T", "\"compare\": \"float:1e-6\"", "not known to this version" },
	{ "compare checker", "T", "\"compare\": {\"checker\": [\"./c\"]}",
	  "a checker is not known to this version" },
	{ "compare is a number", "T", "\"compare\": 1", "expected a string" },
	{ "stdin", "T", "\"stdin\": \"t/1.in\"", NULL },
	{ "stdin is missing", "T", "\"stdin\": \"t/2.in\"",
	  "tests[0].stdin: cannot read 't/2.in': No such file or directory" },
	{ "stdout is missing", "T", "\"stdout\": \"t/2.out\"", "tests[0].stdout: cannot read" },
	{ "stdin is absolute", "T", "\"stdin\": \"/etc/passwd\"", "'/etc/passwd' is absolute" },
	{ "stdout is absolute", "T", "\"stdout\": \"/etc/passwd\"", "is absolute" },
	{ "stdin leaves by ..", "T", "\"stdin\": \"../../etc/passwd\"", "leaves the assignment" },
	{ "stdin leaves by a link", "T", "\"stdin\": \"away\"", "'away' leaves the assignment" },
	{ "stdout leaves by a link to a folder", "T", "\"stdout\": \"etc/passwd\"",
	  "leaves the assignment" },
	{ "a link that stays", "T", "\"stdin\": \"stays\"", NULL },
	{ "stdin is the input itself", "T", "\"stdin\": \"1 2\\n\"",
	  "tests[0].stdin: expected the path of a file, got \"1 2\\n\"" },
	{ "stdin is a folder", "T", "\"stdin\": \"t\"", "'t' is not a file" },
	{ "stdin is a fifo", "T", "\"stdin\": \"fifo/f\"", "'fifo/f' is not a file" },
	{ "stdin is empty", "T", "\"stdin\": \"\"", "tests[0].stdin: an empty path" },
	{ "limits", "T", "\"limits\": {\"cpu\": \"0s\"}", "tests[0].limits.cpu: '0s'" },
	{ "unknown limit", "T", "\"limits\": {\"time\": 1}",
	  "tests[0].limits: unknown key 'time'" },
	{ "env", "T", "\"env\": {\"1A\": \"\"}", "tests[0].env: expected an object of NAME" },
	{ "unknown key", "T", "\"stdn\": \"\"", "tests[0]: unknown key 'stdn'; known: name, run" },
	{ "each", "T", "\"each\": \"*\"", "tests[0]: 'each' is not known to this version" },
	{ "hidden", "T", "\"hidden\": true", "'hidden' is not known to this version" },
	{ "group", "T", "\"group\": \"a\"", "'group' is not known to this version" },
	{ "requires", "T", "\"requires\": []", "'requires' is not known to this version" },
	{ "no peers", "T", "\"peers\": []", NULL },
	{ "network of a test", "T", "\"network\": {}", NULL },
	{ "no network of a test", "T", "\"network\": null", NULL },
	{ "network of a test is bad", "T", "\"network\": {\"allow\": [\"a.example\"]}",
	  "tests[0].network.allow[0]: 'a.example': host names are not accepted" },
	{ "files of a test", "T", "\"files\": []", "'files' is not known to this version" },
	{ "profile of a test", "T", "\"profile\": \"\"", "'profile' is not known to this version" },

	{ "build", "B", "\"run\": [\"make\"]", NULL },
	{ "build without run", "B", "\"name\": \"x\"", "build[0]: 'run' is missing" },
	{ "build run is a string", "B", "\"run\": \"make\"", "build[0].run: expected an array" },
	{ "points of a build", "B", "\"run\": [\"a\"], \"points\": 1", "unknown key 'points'" },
	{ "profile of a build", "B", "\"run\": [\"a\"], \"profile\": \"x\"",
	  "build[0]: 'profile' is not known to this version" },

	{ "network of a build", "B", "\"run\": [\"a\"], \"network\": {\"allow\": [\"dns\"]}",
	  NULL },
	{ "network of a build is bad", "B", "\"run\": [\"a\"], \"network\": {\"allow\": [\"::1\"]}",
	  "build[0].network.allow[0]: '::1': an IPv6 address" },
	{ "peers of a build", "B", "\"run\": [\"a\"], \"peers\": []",
	  "build[0].peers: a build step has no peers; give them to the tests" },

	{ "no object", "", "[]", "expected an object" },
	{ "no JSON", "", "{\"tests\": [}", "assignment.json: line 1" },
	{ "unknown key at the top", "", "{\"test\": []}", "assignment: unknown key 'test'" },
	{ "groups", "", "{\"groups\": {}}", "'groups' is not known to this version" },
	{ "solutions", "", "{\"solutions\": []}", "'solutions' is not known to this version" },
	{ "network", "", "{\"network\": {}}", NULL },
	{ "network is bad", "", "{\"network\": {\"allow\": [\"10.1.2.0/16\"]}}",
	  "assignment.network.allow[0]: '10.1.2.0/16': bits beyond the prefix are set; expected "
	  "10.1.0.0/16" },
	{ "peers at the top", "", "{\"peers\": []}", "assignment: unknown key 'peers'" },
	{ "tests is an object", "", "{\"tests\": {}}", "assignment.tests: expected an array" },
	{ "tests is null", "", "{\"tests\": null}", "assignment.tests: expected an array" },
	{ "a test is null", "", "{\"tests\": [null]}", "tests[0]: expected an object" },
	{ "build is a command", "", "{\"build\": [\"make\"]}", "build[0]: expected an object" },
	{ "test without a name", "", "{\"tests\": [{}]}", "tests[0]: 'name' is missing" },
	{ "name is empty", "", "{\"tests\": [{\"name\": \"\"}]}", "tests[0].name: an empty name" },
	{ "name with a newline", "", "{\"tests\": [{\"name\": \"a\\nb\"}]}", "cannot be shown" },
	{ "name that turns text", "", "{\"tests\": [{\"name\": \"\\u202ea\"}]}",
	  "cannot be shown" },
	{ "name beyond ASCII", "", "{\"tests\": [{\"name\": \"\xc3\xa9t\xc3\xa9\"}]}", NULL },
	{ "name twice", "",
	  "{\"tests\": [{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": "
	  "\"a\"}]}",
	  "tests[2].name: 'a' is the name of an earlier one" },
	{ "build name twice", "",
	  "{\"build\": [{\"run\": [\"a\"]}, {\"name\": \"build\", \"run\": "
	  "[\"b\"]}]}",
	  "build[1].name: 'build' is the name of an earlier one" },
	{ "a test may be called as a build", "",
	  "{\"build\": [{\"run\": [\"a\"]}], \"tests\": "
	  "[{\"name\": \"build\"}]}",
	  NULL },
	{ "assignment's name is empty", "", "{\"name\": \"\"}", "assignment.name: an empty name" },
	{ "image is empty", "", "{\"image\": \"\"}", "assignment.image: an empty name" },
	{ "profile is a number", "", "{\"profile\": 1}", "assignment.profile: expected a string" },
	{ "another home", "", "{\"home\": \"/home\"}",
	  "assignment.home: '/home': expected \"work\"" },
	{ "home is no text", "", "{\"home\": true}", "home" },
	{ "language is a name", "", "{\"language\": \"c\"}", "expected \"auto\" or an array" },
	{ "no language", "", "{\"language\": []}", "expected \"auto\" or an array" },
	{ "limits is a list", "", "{\"limits\": []}", "assignment.limits: expected an object" },
};

START_TEST(one_row)
{
	AUTO_FREE char *json = mem_printf(rows[_i].where[0] == 'T' ?
						  "{\"tests\": [{\"name\": \"x\", %s}]}" :
					  rows[_i].where[0] == 'B' ? "{\"build\": [{%s}]}" :
								     "%s",
					  rows[_i].text);
	put_link("/etc/passwd", "away");
	put_link("/etc", "etc");
	put_link("t/1.in", "stays");
	ck_row(json, rows[_i].label, rows[_i].why, "assignment.json");
}
END_TEST

START_TEST(names_have_a_length)
{
	char name[202];
	memset(name, 'n', sizeof name);
	name[200 + _i] = '\0';
	AUTO_FREE char *json = mem_printf("{\"tests\": [{\"name\": \"%s\"}]}", name);
	ck_assert_int_eq(load(json), _i ? -1 : 0);
	ck_assert(!_i || strstr(err.msg, "more than 200 bytes"));
}
END_TEST

/* 128 KiB with the NUL of each of three words. */
START_TEST(words_have_a_length)
{
	size_t len = 128 * 1024 - 3 - 2 + (size_t)_i;
	AUTO_FREE char *word = mem_alloc(len + 1);
	memset(word, 'w', len);
	AUTO_FREE char *json = mem_printf("{\"tests\": [{\"name\": \"x\", \"run\": [\"a\", "
					  "\"%s\"], "
					  "\"args\": [\"b\"]}]}",
					  word);
	ck_assert_int_eq(load(json), _i ? -1 : 0);
	ck_assert(!_i || strstr(err.msg, "more than 131072 bytes"));
}
END_TEST

START_TEST(it_is_found_by_folder_and_by_file)
{
	AUTO_FREE char *file = mem_printf("%s/assignment.json", tree);
	AUTO_FREE char *slash = mem_printf("%s/", tree), *missing = mem_printf("%s/no", tree);
	must_load("{\"tests\": [{\"name\": \"x\", \"stdin\": \"t/1.in\"}]}");
	assignment_done(&a);
	ck_assert_int_eq(assignment_load(slash, &a, &err), 0);
	assignment_done(&a);
	ck_assert_int_eq(assignment_load(file, &a, &err), 0);
	ck_assert_str_eq(a.dir, tree);
	assignment_done(&a);
	ck_assert_int_eq(chdir(tree), 0);
	ck_assert_int_eq(assignment_load("assignment.json", &a, &err), 0);
	ck_assert_str_eq(a.dir, tree);
	assignment_done(&a);
	ck_assert_int_eq(chdir("/"), 0);

	ck_assert_int_eq(assignment_load(missing, &a, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_int_eq(unlinkat(tree_fd, "assignment.json", 0), 0);
	ck_assert_int_eq(assignment_load(tree, &a, &err), -1);
	ck_assert_msg(strstr(err.msg, "has no assignment.json"), "%s", err.msg);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	put("problem.yaml", "");
	ck_assert_int_eq(assignment_load(tree, &a, &err), -1);
	ck_assert_msg(strstr(err.msg, "problem package"), "%s", err.msg);
	put("assignment.json/x", "");
	ck_assert_int_eq(assignment_load(tree, &a, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
}
END_TEST

/* Paths count from where assignment.json is named, not from where a link to it leads. */
START_TEST(a_linked_assignment_json)
{
	put("common/a.json", "{\"tests\": [{\"name\": \"x\", \"stdin\": \"t/1.in\"}]}");
	put_link("common/a.json", "assignment.json");
	ck_assert_msg(assignment_load(tree, &a, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(a.dir, tree);
}
END_TEST

#define JSON                                                                                \
	"{\"tests\": [{\"name\": \"x\", \"stdin\": \"t/1.in\", \"stdout\": \"t/1.out\"}], " \
	"\"files\": [{\"from\": \"h\", \"to\": \"h\"}]}"

static void digest_of(const char *json, char hex[DIGEST_HEX])
{
	must_load(json);
	memcpy(hex, a.sha256, DIGEST_HEX);
	assignment_done(&a);
}

/* What is changed, and whether that makes another assignment. */
static const struct {
	const char *label, *path, *text;
	const char *json;
	bool other;
} changes[] = {
	{ "nothing", "t/1.in", "in\n", JSON, false },
	{ "a file that is not named", "t/2.in", "x", JSON, false },
	{ "blanks and comments", "t/1.in", "in\n", "// a\n " JSON "\n/* b */", false },
	{ "input", "t/1.in", "in", JSON, true },
	{ "expected output", "t/1.out", "out", JSON, true },
	{ "a file of files", "h/deep/y.h", "y", JSON, true },
	{ "a new file of files", "h/z.h", "", JSON, true },
	{ "a new folder of files", "h/empty/", "", JSON, true },
	{ "a key", "t/1.in", "in\n", "{\"name\": \"n\"}", true },
};

START_TEST(the_digest_is_over_everything)
{
	char before[DIGEST_HEX], after[DIGEST_HEX];
	digest_of(JSON, before);
	ck_assert_uint_eq(strlen(before), 64);
	put(changes[_i].path, changes[_i].text);
	digest_of(changes[_i].json, after);
	ck_assert_msg((strcmp(before, after) != 0) == changes[_i].other, "%s", changes[_i].label);
}
END_TEST

/* Bytes that move from one file into the next, x bits, and names must not read the same. */
START_TEST(digests_do_not_collide)
{
	char before[DIGEST_HEX], after[DIGEST_HEX];
	put("t/1.in", "ab");
	put("t/1.out", "c");
	digest_of(JSON, before);
	put("t/1.in", "a");
	put("t/1.out", "bc");
	digest_of(JSON, after);
	ck_assert_str_ne(before, after);
	ck_assert_int_eq(fchmodat(tree_fd, "h/x.h", 0744, 0), 0);
	digest_of(JSON, before);
	ck_assert_str_ne(before, after);
	ck_assert_int_eq(renameat(tree_fd, "h/x.h", tree_fd, "h/w.h"), 0);
	digest_of(JSON, after);
	ck_assert_str_ne(before, after);
}
END_TEST

Suite *suite_submission_assignment(void)
{
	Suite *s = suite_create("submission/assignment");
	TCase *tc = tcase_create("assignment");
	tcase_add_checked_fixture(tc, setup, loaded_teardown);
	tcase_add_test(tc, every_key_arrives);
	tcase_add_test(tc, nothing_has_to_be_there);
	tcase_add_loop_test(tc, what_is_compared_has_something_to_compare_with, 0,
			    (int)(sizeof compares / sizeof *compares));
	tcase_add_loop_test(tc, an_encoding_is_warned_of, 0,
			    (int)(sizeof encodings / sizeof *encodings));
	tcase_add_loop_test(tc, a_leak_that_nobody_looks_for_is_warned_of, 0,
			    (int)(sizeof sanitized / sizeof *sanitized));
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_loop_test(tc, names_have_a_length, 0, 2);
	tcase_add_loop_test(tc, words_have_a_length, 0, 2);
	tcase_add_test(tc, it_is_found_by_folder_and_by_file);
	tcase_add_test(tc, a_linked_assignment_json);
	tcase_add_loop_test(tc, the_digest_is_over_everything, 0,
			    (int)(sizeof changes / sizeof *changes));
	tcase_add_test(tc, digests_do_not_collide);
	suite_add_tcase(s, tc);
	return s;
}
