/* find_run.h - what an id on the command line means: a live run, or a stored result. */
#ifndef MOULETTE_CMD_FIND_RUN_H
#define MOULETTE_CMD_FIND_RUN_H

#include "base/err.h"
#include "model/live_run.h"
#include "model/places.h"
#include "store/store.h"

struct found_run {
	char id[27];
	int mark;             /* open mark of a run that lives or died; -1: it is a result */
	struct live_run live; /* what the mark says, when there is one */
	struct store *store;  /* NULL: there is none yet */
};

/**
 * find_run() - by an id or the begin of exactly one, in any case
 *
 * Of a run that has a mark any begin serves, of a result at least 4 characters. Return: 0, or -1
 * with FAULT_USAGE when nothing or more than one thing is meant, or FAULT_INFRA.
 */
int find_run(const struct places *p, const char *given, struct found_run *ret, struct err *err);
void found_run_done(struct found_run *f);
#define AUTO_FOUND_RUN __attribute__((cleanup(found_run_done))) struct found_run

#endif
