/* help_table.c - the option tables for programs: completions and the check of the manual. */
#include <stdio.h>

#include "cmd/command.h"

static void print_command(const struct command *c)
{
	printf("command\t%s\t%s\n", c->name, c->summary);
	for (const struct option_spec *o = c->options; o && o->name; o++)
		printf("option\t%s\t--%s\t%.*s\t%s\t%s\n", c->name, o->name, o->letter ? 2 : 0,
		       (char[]){ '-', o->letter, 0 }, o->arg ? o->arg : "", o->help);
}

static int help_table_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	(void)places;
	if (cli->n_args)
		return usage_error(err, "help-table: expected no arguments");
	for (const struct command *const *c = command_table; *c; c++)
		if (!(*c)->hidden)
			print_command(*c);
	return EXIT_ALL_PASSED;
}

const struct command cmd_help_table = {
	.name = "help-table",
	.synopsis = "help-table",
	.summary = "print commands and options, one a line, separated by tabs",
	.hidden = true,
	.exec = help_table_exec,
};
