/* main.c - argv to a command, its outcome to an exit status. */
#include <stdio.h>
#include <string.h>

#include "base/caller.h"
#include "cmd/command.h"
#include "cmd/options.h"

static void print_help(FILE *out)
{
	fprintf(out,
		"usage: moulette COMMAND [OPTION]... [ARG]...\n\n"
		"Grades what students hand in, each submission in a box of its own.\n\ncommands:\n");
	for (const struct command *const *c = command_table; *c; c++)
		if (!(*c)->hidden)
			fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	fprintf(out,
		"\n'moulette COMMAND --help' lists the options of a command.\n"
		"exit status: 0 passed (batch: graded), 1 not passed, 2 usage, 3 trouble of this host\n");
}

static const struct command *find(const char *name)
{
	for (const struct command *const *c = command_table; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct err err = { 0 };
	struct cli cli = { 0 };
	struct places places = { 0 };
	bool help = false;
	int got = cli_parse(cmd, argc, argv, &cli, &help, &err);
	if (got == 0 && help)
		cmd_help(cmd, stdout);
	else if (got == 0 && (got = places_find(&places, &err)) == 0)
		got = cmd->exec(&places, &cli, &err);
	cli_done(&cli);
	places_done(&places);
	return cmd_end(got, &err);
}

int main(int argc, char **argv)
{
	caller_prepare();
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return cmd_end(EXIT_ALL_PASSED, NULL);
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("moulette %s\n", MOULETTE_VERSION);
		return cmd_end(EXIT_ALL_PASSED, NULL);
	}
	const struct command *cmd = find(argv[1]);
	if (!cmd) {
		fprintf(stderr, "moulette: unknown command '%s'; 'moulette --help' lists them\n",
			argv[1]);
		return EXIT_USAGE;
	}
	return run(cmd, argc - 1, argv + 1);
}
