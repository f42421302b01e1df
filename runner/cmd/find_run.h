/* find_run.h - the run or the stored result that an id on the command line names. */
#ifndef MOULETTE_CMD_FIND_RUN_H
#define MOULETTE_CMD_FIND_RUN_H

#include "base/err.h"
#include "model/live_run.h"
#include "model/places.h"
#include "store/store.h"

struct found_run {
	char id[27];
	int mark;             /* open record of a run that goes on or died; -1: it is a result */
	struct live_run live; /* content of the record, if there is one */
	struct store *store;  /* NULL: there is none yet */
};

/**
 * find_run() - look up an id or an unambiguous prefix, ignoring case
 *
 * Any prefix of a run with a record is accepted, and at least 4 characters for a result. Return: 0, or -1
 * with FAULT_USAGE when none or several match, or FAULT_INFRA.
 */
int find_run(const struct places *p, const char *given, struct found_run *ret, struct err *err);
void found_run_done(struct found_run *f);
#define AUTO_FOUND_RUN __attribute__((cleanup(found_run_done))) struct found_run

#endif
