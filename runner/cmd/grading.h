/* grading.h - options that the grading commands share. */
#ifndef MOULETTE_CMD_GRADING_H
#define MOULETTE_CMD_GRADING_H

#include "cmd/command.h"
#include "model/assignment.h"
#include "pipeline/session.h"

struct grading {
	struct session_options opt; /* borrows from here */
	struct assignment assignment;
	char **env;
	struct mount_spec *mounts;
	int signals;
};

/** grading_open() - the assignment, -i, -p, -v, -e, --limit, --time-factor, --isolation,
 *  --engine-mode, and a signalfd for the signals that end programs. @command begins messages.
 *  FAULT_USAGE; *ret is to be closed in both cases. */
int grading_open(const struct places *places, const struct cli *cli, const char *command,
		 struct grading *ret, struct err *err);
void grading_close(struct grading *g);
/** grading_interrupted() - consume the pending signal and print "interrupted; WHAT". Return: the exit
 *  status. */
int grading_interrupted(int signals, const char *what);

#endif
