/* plan.c - from an assignment and the files of a submission to the steps that are run. */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "submission/assignment.h"
#include "submission/choice.h"
#include "submission/sources.h"

#define NOTHING "submission.nothing_to_run"
#define LANGUAGE "submission.language"

/* The input of all steps of a plan, and the plan. */
struct planner {
	const struct assignment *assignment; /* NULL: the built-in one */
	const struct limits *base, *over;
	double time_factor;
	int work_fd;
	struct choice choice;
	struct plan plan;
};

static void set_limits(const struct planner *p, struct step_spec *s, const struct limits *floor)
{
	struct limits l = *p->base;
	if (p->assignment)
		limits_over(&l, &p->assignment->limits);
	limits_over(&l, &s->limits);
	limits_over(&l, p->over);
	if (floor)
		limits_raise(&l, floor);
	limits_finish(&l, p->time_factor);
	s->limits = l;
}

static struct step_spec *add_copy(struct planner *p, const struct step_spec *from)
{
	struct step_spec *s = plan_add(&p->plan, from->kind, from->name);
	free(s->name);
	step_spec_copy(s, from);
	return s;
}

/* @runs_all: the row runs every test. Only then its `check` decides: other commands may accept a source
 * that does not compile. */
static int add_table_build(struct planner *p, bool runs_all, struct err *err)
{
	const struct language *row = p->choice.row;
	char *const *words = !row ? NULL : row->build ? row->build : runs_all ? row->check : NULL;
	if (!words)
		return 0;
	struct step_spec *s = plan_add(&p->plan, STEP_BUILD, "build");
	set_limits(p, s, &row->build_floor);
	return choice_words(&p->choice, p->work_fd, s->limits.v[LIMIT_MEMORY], words, &s->argv,
			    err);
}

static int take_table_run(struct planner *p, struct step_spec *s, struct err *err)
{
	const struct language *row = p->choice.row;
	set_limits(p, s, &row->run_floor);
	if (choice_words(&p->choice, p->work_fd, s->limits.v[LIMIT_MEMORY], row->run, &s->argv,
			 err) < 0)
		return -1;
	for (char *const *arg = s->args; arg && *arg; arg++)
		strv_add(&s->argv, *arg);
	return 0;
}

/* --- an assignment ------------------------------------------------------------------------ */

int assignment_check_tests(const struct assignment *a, struct err *err)
{
	if (a->n_tests == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "'%s/assignment.json' has no tests; add some, or "
			       "give a command after --",
			       a->dir);
	for (size_t i = 0; i < a->n_tests; i++) {
		const struct step_spec *s = &a->tests[i];
		if (s->has_compare && s->compare != COMPARE_NONE && !s->stdout_path)
			return err_set(
				err, FAULT_USAGE, 0,
				"'%s/assignment.json': tests[%zu].compare: "
				"there is nothing to compare with; name a file with the expected "
				"output in \"stdout\"",
				a->dir, i);
	}
	return 0;
}

int assignment_check_expected(const struct step_spec *steps, size_t n,
			      const struct limits *otherwise, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct step_spec *s = &steps[i];
		int64_t limit = s->limits.v[LIMIT_OUTPUT];
		struct stat st;
		char size[32], most[32];
		if (limit == LIMIT_UNSET && otherwise)
			limit = otherwise->v[LIMIT_OUTPUT];
		if (limit == LIMIT_UNSET || !s->stdout_path || s->compare == COMPARE_NONE ||
		    stat(s->stdout_path, &st) < 0 || st.st_size <= limit)
			continue;
		size_format(st.st_size, size);
		limit_format(LIMIT_OUTPUT, limit, most);
		return err_set(err, FAULT_USAGE, 0,
			       "test '%s': the expected output '%s' has %s, more "
			       "than its limit output of %s; raise limits.output",
			       s->name, s->stdout_path, size, most);
	}
	return 0;
}

static int refuse_language(const struct assignment *a, const struct languages *langs,
			   const char *name, struct err *err)
{
	AUTO_BUF known = { 0 };
	for (size_t i = 0; i < langs->n; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", langs->rows[i].name);
	return err_set(err, FAULT_USAGE, 0,
		       "assignment '%s': language '%.64s' is not known; known: %s; for another "
		       "leave out \"language\" and give \"build\" and \"run\"",
		       a->name, name, known.data);
}

int assignment_check_languages(const struct assignment *a, const struct languages *langs,
			       struct err *err)
{
	for (char *const *name = a ? a->languages : NULL; name && *name; name++)
		if (!languages_find(langs, *name))
			return refuse_language(a, langs, *name, err);
	return 0;
}

bool assignment_has_commands(const struct assignment *a)
{
	bool any = a && a->has_build;
	for (size_t i = 0; a && i < a->n_tests; i++)
		any = any || a->tests[i].argv;
	return any;
}

/* The number of tests that the table of languages runs. */
static size_t table_runs(const struct assignment *a)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n_tests; i++)
		n += !a->tests[i].argv;
	return n;
}

static int choose_language(struct planner *p, const struct languages *langs, struct err *err)
{
	const struct assignment *a = p->assignment;
	if (a->has_build && table_runs(a) == 0)
		return 0;
	if (choice_make(langs, a->languages, p->work_fd, &p->choice, err) < 0)
		return -1;
	if (!p->choice.row && table_runs(a) > 0)
		return err_set_code(err, LANGUAGE, FAULT_STUDENT, 0, "%s", p->choice.missing);
	return 0;
}

static int plan_assigned(struct planner *p, const struct languages *langs, struct err *err)
{
	const struct assignment *a = p->assignment;
	if (choose_language(p, langs, err) < 0)
		return -1;
	for (size_t i = 0; i < a->n_build; i++)
		set_limits(p, add_copy(p, &a->build[i]), NULL);
	if (!a->has_build && add_table_build(p, table_runs(a) == a->n_tests, err) < 0)
		return -1;
	for (size_t i = 0; i < a->n_tests; i++) {
		struct step_spec *s = add_copy(p, &a->tests[i]);
		if (!s->argv && take_table_run(p, s, err) < 0)
			return -1;
		if (a->tests[i].argv)
			set_limits(p, s, NULL);
	}
	return 0;
}

/* --- the built-in assignment -------------------------------------------------------------- */

/* A link counts: make follows it in the box. */
static bool has_file(int work_fd, const char *name)
{
	struct stat st;
	return fstatat(work_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode));
}

static bool has_makefile(int work_fd)
{
	for (char *const *name = sources_makefiles; *name; name++)
		if (has_file(work_fd, *name))
			return true;
	return false;
}

static void plan_make(struct planner *p, bool has_check)
{
	struct step_spec *s = plan_add(&p->plan, STEP_BUILD, "build");
	strv_add(&s->argv, "make");
	set_limits(p, s, NULL);
	if (has_check) {
		s = plan_add(&p->plan, STEP_TEST, "check");
		strv_add(&s->argv, "make");
		strv_add(&s->argv, "check");
		set_limits(p, s, NULL);
	}
	s->points = 1;
}

static struct step_spec *add_run(struct planner *p)
{
	struct step_spec *s = plan_add(&p->plan, STEP_TEST, "run");
	s->compare = COMPARE_NONE;
	s->points = 1;
	return s;
}

static void plan_script(struct planner *p)
{
	struct step_spec *s = add_run(p);
	choice_script(p->work_fd, "run.sh", &s->argv);
	set_limits(p, s, NULL);
}

static int plan_sources(struct planner *p, const struct languages *langs, struct err *err)
{
	if (choice_make(langs, NULL, p->work_fd, &p->choice, err) < 0)
		return -1;
	if (!p->choice.row)
		return err_set_code(err, NOTHING, FAULT_STUDENT, 0,
				    "nothing to run: no Makefile, "
				    "no run.sh; %s",
				    p->choice.missing);
	if (add_table_build(p, true, err) < 0)
		return -1;
	return take_table_run(p, add_run(p), err);
}

static int plan_built_in(struct planner *p, const struct languages *langs, bool has_check,
			 struct err *err)
{
	if (has_makefile(p->work_fd))
		plan_make(p, has_check);
	else if (has_file(p->work_fd, "run.sh"))
		plan_script(p);
	else
		return plan_sources(p, langs, err);
	return 0;
}

/* --- entry points ------------------------------------------------------------------------- */

int assignment_plan(const struct assignment *a, const struct languages *langs, int work_fd,
		    bool has_check, const struct limits *base, const struct limits *over,
		    double time_factor, struct plan *ret, struct err *err)
{
	struct planner p = { .assignment = a,
			     .base = base,
			     .over = over,
			     .time_factor = time_factor,
			     .work_fd = work_fd };
	int bad = assignment_check_languages(a, langs, err);
	if (!bad)
		bad = a ? plan_assigned(&p, langs, err) : plan_built_in(&p, langs, has_check, err);
	if (!bad && p.choice.row)
		p.plan.language = mem_strdup(p.choice.row->name);
	choice_done(&p.choice);
	if (bad)
		plan_done(&p.plan);
	else
		*ret = p.plan;
	return bad;
}

static void raise_by_steps(const struct planner *p, const struct step_spec *steps, size_t n,
			   const struct limits *floors, struct limits *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct step_spec s = { .limits = steps[i].limits };
		set_limits(p, &s, floors);
		limits_cover(ret, &s.limits);
	}
}

void assignment_ceiling(const struct assignment *a, const struct languages *langs,
			const struct limits *base, const struct limits *over, double time_factor,
			struct limits *ret)
{
	const struct planner p = { .assignment = a,
				   .base = base,
				   .over = over,
				   .time_factor = time_factor };
	struct step_spec any = { .name = NULL };
	struct limits floors;
	limits_init(&any.limits); /* a step of the table of languages, or of make */
	limits_init(&floors);
	for (size_t i = 0; i < langs->n; i++) {
		limits_cover(&floors, &langs->rows[i].build_floor);
		limits_cover(&floors, &langs->rows[i].run_floor);
	}
	limits_init(ret);
	raise_by_steps(&p, &any, 1, &floors, ret);
	raise_by_steps(&p, a ? a->build : NULL, a ? a->n_build : 0, &floors, ret);
	raise_by_steps(&p, a ? a->tests : NULL, a ? a->n_tests : 0, &floors, ret);
}

bool assignment_wants_probe(const struct assignment *a, int work_fd)
{
	return !a && has_makefile(work_fd);
}

/* The state after the lines so far; from PROBE_IN_DEFINE on it counts nested defines. */
enum { PROBE_PLAIN, PROBE_NOT_A_TARGET, PROBE_IN_DEFINE };

static bool begins_with(const char *line, size_t len, const char *with)
{
	size_t n = strlen(with);
	return len >= n && memcmp(line, with, n) == 0;
}

bool assignment_probe_line(int *state, const char *line, size_t len)
{
	bool defines = begins_with(line, len, "define ");
	if (*state >= PROBE_IN_DEFINE) {
		/* The text of a variable may contain any line. */
		if (defines)
			++*state;
		else if (len == 5 && begins_with(line, len, "endef"))
			*state = *state == PROBE_IN_DEFINE ? PROBE_PLAIN : *state - 1;
		return false;
	}
	bool found = *state == PROBE_PLAIN && begins_with(line, len, "check:");
	*state = defines                                  ? PROBE_IN_DEFINE :
		 begins_with(line, len, "# Not a target") ? PROBE_NOT_A_TARGET :
							    PROBE_PLAIN;
	return found;
}

void assignment_command(const struct assignment *a, char *const *argv, struct assignment *ret)
{
	struct assignment c = { .has_build = true };
	limits_init(&c.limits);
	if (a) {
		c.name = mem_strdup(a->name);
		c.dir = mem_strdup(a->dir);
		c.image = mem_strdup(a->image);
		c.profile = mem_strdup(a->profile);
		c.env = a->env ? strv_dup(a->env) : NULL;
		c.home_in_work = a->home_in_work;
		c.limits = a->limits;
		memcpy(c.sha256, a->sha256, sizeof c.sha256);
		network_copy(&c.network, &a->network);
		c.files = file_specs_copy(a->files, a->n_files);
		c.n_files = a->n_files;
	}
	struct plan one = { .n = 0 };
	plan_add(&one, STEP_COMMAND, "command")->argv = strv_dup(argv);
	one.steps[0].compare = COMPARE_NONE;
	c.tests = one.steps;
	c.n_tests = one.n;
	*ret = c;
}
