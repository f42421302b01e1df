/* assignment.c - check an assignment before submissions are graded with it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "bundle/profile.h"
#include "cmd/command.h"
#include "image/store.h"
#include "submission/assignment.h"

static int check_languages(const struct places *places, const struct assignment *a, struct err *err)
{
	AUTO_FREE char *table = mem_printf("%s/languages.json", places->data);
	struct languages languages = { 0 };
	int bad = languages_load(table, &languages, err);
	if (!bad)
		bad = assignment_check_languages(a, &languages, err);
	languages_done(&languages);
	return bad;
}

static int check_profile(const struct places *places, const char *name, struct err *err)
{
	struct profile p = { 0 };
	if (!name)
		return 0;
	int bad = profile_load(name, places->profiles, &p, err);
	profile_done(&p);
	return bad;
}

/* Builds nothing: an image exists if a recipe can make it. */
static int check_boxes(const struct places *places, const struct assignment *a, struct err *err)
{
	if ((a->image && image_check(places, a->image, err) < 0) ||
	    check_profile(places, a->profile, err) < 0)
		return err_wrap(err, "assignment '%s'", a->name);
	for (size_t i = 0; i < a->n_tests; i++)
		for (size_t k = 0; k < a->tests[i].n_peers; k++)
			if (check_profile(places, a->tests[i].peers[k].profile, err) < 0)
				return err_wrap(err, "test '%s', peer '%s'", a->tests[i].name,
						a->tests[i].peers[k].name);
	return 0;
}

static int check_all(const struct places *places, const struct assignment *a, struct err *err)
{
	return assignment_check_tests(a, err) < 0 ||
			       assignment_check_expected(a->tests, a->n_tests, &a->limits, err) <
				       0 ||
			       check_languages(places, a, err) < 0 ||
			       check_boxes(places, a, err) < 0 ?
		       -1 :
		       0;
}

static void print_valid(const struct assignment *a, char *const *warnings)
{
	double points = 0;
	for (; warnings && *warnings; warnings++)
		fprintf(stderr, "moulette: warning: %s\n", *warnings);
	for (size_t i = 0; i < a->n_tests; i++)
		points += a->tests[i].points;
	printf("%s: valid: %zu test%s, %g point%s\n", a->name, a->n_tests,
	       a->n_tests == 1 ? "" : "s", points, points == 1 ? "" : "s");
}

static int check(const struct places *places, const char *dir, struct err *err)
{
	struct assignment a = { 0 };
	AUTO_STRV warnings = NULL;
	int bad = assignment_load(dir, &a, err);
	if (!bad)
		bad = check_all(places, &a, err);
	if (!bad)
		bad = assignment_warnings(&a, &warnings, err);
	if (!bad)
		print_valid(&a, warnings);
	assignment_done(&a);
	return bad;
}

static int assignment_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	if (cli->n_args > 0 && strcmp(cli->args[0], "check") != 0)
		return usage_error(err, "assignment: unknown action '%s'; expected check DIR",
				   cli->args[0]);
	if (cli->n_args != 2)
		return usage_error(err, "assignment: expected 'assignment check DIR'");
	return check(places, cli->args[1], err);
}

const struct command cmd_assignment = {
	.name = "assignment",
	.synopsis = "assignment check DIR",
	.summary = "check an assignment: its keys, its limits and its files",
	.exec = assignment_exec,
};
