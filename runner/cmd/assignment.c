/* assignment.c - look at an assignment before students are graded by it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "submission/assignment.h"

static int check_languages(const struct places *places, const struct assignment *a,
			   struct err *err)
{
	AUTO_FREE char *table = mem_printf("%s/languages.json", places->data);
	struct languages languages = { 0 };
	int bad = languages_load(table, &languages, err);
	if (!bad)
		bad = assignment_check_languages(a, &languages, err);
	languages_done(&languages);
	return bad;
}

static int check(const struct places *places, const char *dir, struct err *err)
{
	struct assignment a = { 0 };
	double points = 0;
	int bad = assignment_load(dir, &a, err);
	if (!bad)
		bad = assignment_check_tests(&a, err);
	if (!bad)
		bad = assignment_check_expected(a.tests, a.n_tests, &a.limits, err);
	if (!bad)
		bad = check_languages(places, &a, err);
	for (size_t i = 0; !bad && i < a.n_tests; i++)
		points += a.tests[i].points;
	if (!bad)
		printf("%s: valid: %zu test%s, %g point%s\n", a.name, a.n_tests,
		       a.n_tests == 1 ? "" : "s", points, points == 1 ? "" : "s");
	assignment_done(&a);
	return bad;
}

static int assignment_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	if (cli->n_args != 2 || strcmp(cli->args[0], "check") != 0)
		return usage_error(err, "assignment: expected 'check DIR'");
	return check(places, cli->args[1], err);
}

const struct command cmd_assignment = {
	.name = "assignment",
	.synopsis = "assignment check DIR",
	.summary = "check an assignment: its keys, its limits and the files that it names",
	.exec = assignment_exec,
};
