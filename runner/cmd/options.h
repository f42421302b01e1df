/* options.h - the command line, and options that several commands share. */
#ifndef MOULETTE_CMD_OPTIONS_H
#define MOULETTE_CMD_OPTIONS_H

#include <stdio.h>

#include "cmd/command.h"
#include "model/spec.h"

/**
 * cli_parse() - parse the arguments of a command by its option table
 * @argv: argv[0] is the command's name; reordered
 * @ret_help: --help was given: print cmd_help()
 */
int cli_parse(const struct command *cmd, int argc, char **argv, struct cli *ret, bool *ret_help,
	      struct err *err);
void cli_done(struct cli *cli);
/** cmd_end() - print @err when @got is -1, and close stdout; output that could
 *  not be written there is an error.
 *  Return: the exit status, @got unless something went wrong. */
int cmd_end(int got, const struct err *err);
/** cmd_check_stdout() - check that stdout is open for writing, before long work.
 *  FAULT_INFRA. */
int cmd_check_stdout(struct err *err);
/** cmd_help() - what --help prints. */
void cmd_help(const struct command *cmd, FILE *out);

/* Options of run, spec and bundle alike: rows for their tables. */
/* clang-format off */
#define OPTION_ASSIGNMENT { "assignment", 'a', "DIR", "folder of the assignment (default: the " \
	"current folder if it has an assignment.json, else the built-in assignment)" }
#define OPTION_IMAGE { "image", 'i', "NAME", "image to run in (default: that of the " \
	"assignment, else host)" }
#define OPTION_PROFILE { "profile", 'p', "NAME", "profile, by name or as a file (default: " \
	"that of the assignment, else default)" }
#define OPTION_VOLUME { "volume", 'v', "SRC:DST[:ro|:rw]", "mount a file or folder of the " \
	"host in the box, read-only unless :rw is given" }
#define OPTION_ENV { "env", 'e', "NAME=VALUE", "set an environment variable in the box" }
#define OPTION_LIMIT { "limit", 'l', "NAME=VALUE", "override a limit: cpu, wall, memory, processes, " \
	"output, disk" }
#define OPTION_TIME_FACTOR { "time-factor", 't', "X", "multiply every time limit by X, for a slow " \
	"machine" }
#define OPTION_ISOLATION { "isolation", 0, "HOW", "box (default): all tests in one container; strict: " \
	"a new container for each test" }
#define OPTION_ENGINE_MODE { "engine-mode", 0, "MODE", "lean (default): start crun the fast way; plain: " \
	"start it as a shell would" }
/* All that grading_open() takes beside the assignment, the image and the profile. */
#define OPTIONS_OF_GRADING OPTION_VOLUME, OPTION_ENV, OPTION_LIMIT, OPTION_TIME_FACTOR, OPTION_ISOLATION, \
	OPTION_ENGINE_MODE
#define OPTION_END { NULL, 0, NULL, NULL }
/* clang-format on */

/** cli_mounts() - the values of --volume; sources are made absolute and must exist. A folder or
 *  file that programs of a box cannot read is named on stderr. */
int cli_mounts(const struct cli *cli, struct mount_spec **ret, size_t *ret_n, struct err *err);
void mounts_free(struct mount_spec *mounts, size_t n);
/** cli_plain_engine() - the value of --engine-mode, else of MOULETTE_ENGINE_MODE: is it "plain"? */
int cli_plain_engine(const struct cli *cli, const char *command, bool *ret, struct err *err);
/** cli_env() - the values of --env. */
int cli_env(const struct cli *cli, char ***ret, struct err *err);

#endif
