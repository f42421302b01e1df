/* attempt_data.h - a submission on its way, and its box. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_DATA_H
#define MOULETTE_PIPELINE_ATTEMPT_DATA_H

#include <stdbool.h>

#include "base/framelog.h"
#include "cell/cell.h"
#include "container/live.h"
#include "model/result.h"
#include "pipeline/session.h"

#define BOX_FAILURES_MAX \
	2 /* failures of the box at one step; the last one is reported by its name */

struct peers;

/** A submission on its way; outlives attempts. */
struct job {
	struct session *session;
	struct submission *sub;
	char *const *command; /* what followed "--"; NULL: the assignment's steps */
	struct framelog *log;
	struct live *live;         /* what others see of it */
	struct run_result *result; /* steps are added as they are judged */
	int failures;              /* of the box, at the step that comes next */
	int reruns;                /* steps that were run once more */
	struct step_result
		*first; /* the first run of the step that comes next; NULL: it was not run yet */
	int64_t began_ns, host_waited_ns; /* clock and pressure_host_ns() when it was begun */
};

struct attempt {
	struct session *session;
	struct job *job; /* NULL: the box waits for one */
	struct cell cell;
	struct plan plan;
	bool ready; /* its box was started before there was a submission; until its end */
	struct assignment command; /* pseudo-assignment of a command */
	/* What the cell's spec borrows. */
	char **env;
	struct mount_spec *mounts;
	size_t n_mounts;
	struct cell_party party;
	char **names;                  /* of the party */
	const struct step_spec *among; /* the test whose peers the box is joined to; NULL: none */
	struct peers *peers;           /* that run beside the step; NULL: none */
	bool laid;                     /* the assignment's files lie in the work folder */
	char *looked_at;               /* program of tests of which the next is known; NULL: none */
	bool looks_for_leaks;          /* it was built with AddressSanitizer or LeakSanitizer */
	bool used;                     /* a step has run in this container */
};

#endif
