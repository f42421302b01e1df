/* command.h - a command of the program: name, help, options and function. */
#ifndef MOULETTE_CMD_COMMAND_H
#define MOULETTE_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/places.h"

enum { EXIT_ALL_PASSED = 0, EXIT_NOT_PASSED = 1, EXIT_USAGE = 2, EXIT_TROUBLE = 3 };

/** One option; feeds getopt_long, --help, the completions and the check of the manual pages. */
struct option_spec {
	const char *name; /* long name, without dashes; NULL ends the list */
	char letter;      /* 0: none */
	const char *arg;  /* name of the argument; NULL: takes none */
	const char *help; /* one line */
};

/** The parsed command line: options with their values, in order. */
struct option_value {
	const struct option_spec *spec;
	const char *value; /* NULL for an option without argument */
};
struct cli {
	struct option_value *given;
	size_t n_given;
	char **args; /* operands; NULL-terminated, borrowed from argv */
	size_t n_args;
	char **command; /* what followed "--"; NULL: there was no "--" */
};

/** cli_get() - last value given for @name ("" for an option without argument); NULL: not given. */
const char *cli_get(const struct cli *cli, const char *name);
bool cli_has(const struct cli *cli, const char *name);

struct command {
	const char *name;
	const char *synopsis; /* without the program's name: "run [OPTION]... SUBMISSION"; a line
				 for each way to call it */
	const char *summary;  /* one line */
	const struct option_spec *options; /* --help is added to each */
	bool hidden;                       /* internal: not in --help */
	bool takes_command;                /* "-- COMMAND ARG..." is allowed */
	/** Return: exit status; with -1 main prints @err and maps its fault to a status. */
	int (*exec)(const struct places *places, const struct cli *cli, struct err *err);
};

/* Each in the file of its name. */
extern const struct command cmd_run, cmd_batch, cmd_spec, cmd_bundle, cmd_image, cmd_profile,
	cmd_assignment, cmd_list, cmd_state, cmd_kill, cmd_logs, cmd_gc, cmd_network, cmd_doctor,
	cmd_help_table;
extern const struct command *const command_table[]; /* NULL-terminated */

/** usage_error() - sets FAULT_USAGE with a hint at --help. Return: -1. */
int usage_error(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
