/* main.c - argv to a command, its outcome to an exit status. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/caller.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "report/escape.h"

static void print_help(FILE *out)
{
	fprintf(out, "usage: moulette COMMAND [OPTION]... [ARG]...\n\n"
		     "Grade submissions of students, each in a container of its own (a box).\n\n"
		     "commands:\n");
	for (const struct command *const *c = command_table; *c; c++)
		if (!(*c)->hidden)
			fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	fprintf(out,
		"  %-12s %s\n\n"
		"'moulette help COMMAND' lists the options of a command.\n"
		"exit status: 0 passed (batch: graded), 1 not passed, 2 usage error,\n"
		"             3 trouble with this host or the assignment\n",
		"help", "show this help, or that of a command");
}

static bool is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static const struct command *find(const char *name)
{
	for (const struct command *const *c = command_table; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static int unknown_command(const char *name)
{
	AUTO_BUF shown = { 0 };
	escape_name(&shown, name, strlen(name));
	fprintf(stderr, "moulette: unknown command '%s'; 'moulette help' lists the commands\n",
		shown.data);
	return EXIT_USAGE;
}

/* "help" and "help COMMAND" print the same as "--help" and "COMMAND --help". */
static int help(char *const *words)
{
	const char *name = words[0];
	if (name && words[1]) {
		fprintf(stderr, "moulette: help: expected at most one COMMAND\n");
		return EXIT_USAGE;
	}
	const struct command *cmd = name ? find(name) : NULL;
	if (cmd)
		cmd_help(cmd, stdout);
	else if (!name || is_help(name))
		print_help(stdout);
	else
		return unknown_command(name);
	return cmd_end(EXIT_ALL_PASSED, NULL);
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
	if (is_help(argv[1]))
		return help(argv + 2);
	if (strcmp(argv[1], "--version") == 0) {
		printf("moulette %s\n", MOULETTE_VERSION);
		return cmd_end(EXIT_ALL_PASSED, NULL);
	}
	const struct command *cmd = find(argv[1]);
	if (!cmd)
		return unknown_command(argv[1]);
	return run(cmd, argc - 1, argv + 1);
}
