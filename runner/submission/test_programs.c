/* test_programs.c - finds commands that take settings or modules from the submission. */
#include "submission/test_programs.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "model/spec.h"
#include "submission/sources.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define MANUAL "; see TEST PROGRAMS in moulette-assignment(5)"

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* --- paths -------------------------------------------------------------------------------- */

/* @path as seen from the work folder; NULL: it lies elsewhere in the box. */
static const char *in_work(const char *path)
{
	const size_t len = strlen(SPEC_WORK_PATH);
	if (path_within(path, SPEC_WORK_PATH))
		path += len + strspn(path + len, "/");
	else if (path[0] == '/')
		return NULL;
	while (strncmp(path, "./", 2) == 0)
		path += 2 + strspn(path + 2, "/");
	return path;
}

/* Does `files` lay @path, which is relative to the work folder? */
static bool lays_path(const struct assignment *a, const char *path)
{
	for (size_t i = 0; i < a->n_files; i++) {
		const struct file_spec *f = &a->files[i];
		const size_t len = strlen(f->to);
		const bool all = strcmp(f->to, ".") == 0;
		if (strcmp(path, f->to) == 0)
			return true;
		if (!all && !path_within(path, f->to))
			continue;
		AUTO_FREE char *from = mem_printf("%s/%s", f->from, all ? path : path + len + 1);
		if (access(from, F_OK) == 0)
			return true;
	}
	return false;
}

/* --- python ------------------------------------------------------------------------------- */

/* The program that a command line of python runs: one of script, module and code. */
struct python {
	const char *script, *module, *code;
	bool isolated;     /* the work folder is not looked into for modules */
	char *const *args; /* behind the module */
};

static bool is_python(const char *program)
{
	static const char *const names[] = { "python", "pypy" };
	for (size_t i = 0; i < COUNT(names); i++) {
		const size_t len = strlen(names[i]);
		if (strncmp(program, names[i], len) == 0 &&
		    program[len + strspn(program + len, "0123456789.")] == '\0')
			return true;
	}
	return false;
}

/* Reads the letters of one argument, as "-Bm". Return: the number of arguments used; 0: options end. */
static int take_letters(char *const *arg, struct python *ret)
{
	for (const char *p = *arg + 1; *p; p++) {
		if (*p == 'c') {
			ret->code = p[1] ? p + 1 : arg[1];
			return 0;
		}
		if (*p == 'm') {
			ret->module = p[1] ? p + 1 : arg[1];
			ret->args = p[1] || !arg[1] ? arg + 1 : arg + 2;
			return 0;
		}
		if (*p == 'I' || *p == 'P')
			ret->isolated = true;
		if (*p == 'W' || *p == 'X')
			return p[1] || !arg[1] ? 1 : 2;
	}
	return 1;
}

static void read_python(char *const *argv, struct python *ret)
{
	for (char *const *arg = argv + 1; *arg;) {
		if ((*arg)[0] != '-') {
			ret->script = *arg;
			return;
		}
		if (!(*arg)[1]) {
			ret->code = "import"; /* a program on stdin likely imports modules */
			return;
		}
		const int took = (*arg)[1] == '-' ? 1 : take_letters(arg, ret);
		if (took == 0)
			return;
		arg += took;
	}
}

static bool lays_module(const struct assignment *a, const char *module)
{
	AUTO_FREE char *folder = mem_strdup(module);
	for (char *dot = folder; (dot = strchr(dot, '.'));)
		*dot = '/';
	AUTO_FREE char *file = mem_printf("%s.py", folder);
	return lays_path(a, file) || lays_path(a, folder);
}

/* With a script python searches the folder of the script, which matters only in the work folder. */
static bool python_is_open(const struct assignment *a, char *const *argv)
{
	static const char *const tools[] = { "pytest", "unittest", "doctest",
					     "nose2",  "coverage", "mypy",
					     "pylint", "flake8",   "pycodestyle" };
	struct python p = { .script = NULL };
	read_python(argv, &p);
	const char *script = p.script ? in_work(p.script) : NULL;
	if (p.isolated)
		return false;
	return (p.code && strstr(p.code, "import")) ||
	       (p.module &&
		(is_one_of(p.module, tools, COUNT(tools)) || lays_module(a, p.module))) ||
	       (script && lays_path(a, script));
}

/* --- pytest ------------------------------------------------------------------------------- */

/* pytest looks for settings from the tests upwards, and finds none of the student's above a mount. */
static bool pytest_args_open(const struct assignment *a, char *const *args)
{
	static const char *const with_value[] = {
		"-c",        "-k",           "-m",        "-o", "-p", "-W", "-n", "--config-file",
		"--rootdir", "--confcutdir", "--junitxml"
	};
	bool settings = lays_path(a, "pytest.ini"), conftest = lays_path(a, "conftest.py");
	for (; args && *args; args++) {
		if ((*args)[0] != '-' && !in_work(*args))
			return false;
		conftest |= strcmp(*args, "--noconftest") == 0;
		settings |= strncmp(*args, "-c", 2) == 0 ||
			    strncmp(*args, "--config-file", 13) == 0;
		if (args[1] && is_one_of(*args, with_value, COUNT(with_value)))
			args++;
	}
	return !settings || !conftest;
}

static bool pytest_is_open(const struct assignment *a, char *const *argv)
{
	static const char *const names[] = { "pytest", "pytest-3", "py.test" };
	const char *program = path_last(argv[0]);
	struct python p = { .script = NULL };
	if (is_one_of(program, names, COUNT(names)))
		return pytest_args_open(a, argv + 1);
	if (is_python(program))
		read_python(argv, &p);
	return p.module && strcmp(p.module, "pytest") == 0 && pytest_args_open(a, p.args);
}

/* --- others ------------------------------------------------------------------------------- */

static bool valgrind_is_open(char *const *argv)
{
	for (char *const *arg = argv + 1; *arg && (*arg)[0] == '-'; arg++)
		if (strcmp(*arg, "--command-line-only=yes") == 0)
			return false;
	return true;
}

/* The folder of -C, "" without; NULL: none of the work folder's. */
static const char *make_folder(char *const *argv)
{
	for (char *const *arg = argv + 1; *arg; arg++) {
		const char *dir = NULL;
		if (strncmp(*arg, "-C", 2) == 0)
			dir = (*arg)[2] ? *arg + 2 : arg[1];
		else if (strncmp(*arg, "--directory=", 12) == 0)
			dir = *arg + 12;
		if (dir)
			return in_work(dir);
	}
	return "";
}

static bool make_is_open(const struct assignment *a, char *const *argv)
{
	for (char *const *arg = argv + 1; *arg; arg++)
		if (strncmp(*arg, "-f", 2) == 0 || strncmp(*arg, "--file", 6) == 0 ||
		    strncmp(*arg, "--makefile", 10) == 0)
			return false;
	const char *folder = make_folder(argv);
	for (char *const *name = sources_makefiles; folder && *name; name++) {
		AUTO_FREE char *path = mem_printf("%s%s%s", folder, *folder ? "/" : "", *name);
		if (lays_path(a, path))
			return false;
	}
	return folder != NULL;
}

/* --- the list ----------------------------------------------------------------------------- */

static void add_warning(const struct step_spec *s, const char *words, char ***ret)
{
	AUTO_FREE char *line = mem_printf(
		"%s '%s': %s" MANUAL, s->kind == STEP_TEST ? "test" : "build step", s->name, words);
	strv_add(ret, line);
}

/* In tests alone: many builds use the student's makefile or repository on purpose. */
static void warn_of_test(const struct assignment *a, const struct step_spec *s, const char *program,
			 char ***ret)
{
	if ((strcmp(program, "make") == 0 || strcmp(program, "gmake") == 0) &&
	    make_is_open(a, s->argv))
		add_warning(
			s,
			"make takes the submission's makefile, which can pass anything; lay one by 'files' or "
			"say make -f FILE",
			ret);
	if (strcmp(program, "git") == 0 && s->argv[1] && strcmp(s->argv[1], "clone") != 0)
		add_warning(
			s,
			"git obeys .git/config of the submission, which can name programs; work in a clone",
			ret);
}

static void warn_of_step(const struct assignment *a, const struct step_spec *s, char ***ret)
{
	if (!s->argv || !s->argv[0])
		return; /* the table's command is the student's program */
	const char *program = path_last(s->argv[0]);
	if (is_python(program) && python_is_open(a, s->argv))
		add_warning(
			s,
			"python takes modules from the work folder first, so a file of the submission can stand "
			"for one of the library; say python3 -I",
			ret);
	if (pytest_is_open(a, s->argv))
		add_warning(
			s,
			"pytest obeys conftest.py, pytest.ini and setup.cfg of the submission; keep the tests in a "
			"mounted folder",
			ret);
	if (strcmp(program, "valgrind") == 0 && valgrind_is_open(s->argv))
		add_warning(
			s,
			"valgrind obeys .valgrindrc of the submission; say valgrind --command-line-only=yes",
			ret);
	if (s->kind == STEP_TEST)
		warn_of_test(a, s, program, ret);
}

void test_programs_warn(const struct assignment *a, char ***ret)
{
	for (size_t i = 0; i < a->n_build; i++)
		warn_of_step(a, &a->build[i], ret);
	for (size_t i = 0; i < a->n_tests; i++)
		warn_of_step(a, &a->tests[i], ret);
}
