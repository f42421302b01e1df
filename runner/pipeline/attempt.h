/* attempt.h - one submission in one box: unpack, plan, start, run steps. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_H
#define MOULETTE_PIPELINE_ATTEMPT_H

#include <stdbool.h>

#include "base/framelog.h"
#include "cell/cell.h"
#include "container/live.h"
#include "model/result.h"
#include "pipeline/session.h"

#define BOX_FAILURES_MAX 2 /* the same place twice is told by name */

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

/** job_done() - what attempts left in it, however they ended. */
void job_done(struct job *job);
/** attempt_begin() - from the submission to a running box. A refusal is FAULT_STUDENT. */
int attempt_begin(struct job *job, struct attempt *ret, struct err *err);
/** attempt_can_wait() - can boxes be started before there is a submission? Not with an engine that
 *  serves one step, nor where the rules of a card depend on the steps. */
bool attempt_can_wait(const struct session *s);
/** attempt_prepare() - all of attempt_begin() that needs no submission: a box that waits for one. @stop_fd:
 *  readable: stop. The caller ends it in any case. */
int attempt_prepare(struct session *s, int stop_fd, struct attempt *ret, struct err *err);
/** attempt_take() - the rest, for @job, which has no command: afterwards as after attempt_begin(). */
int attempt_take(struct attempt *a, struct job *job, struct err *err);
/** attempt_steps() - run and judge what job->result does not have yet. @ret_again: the box died,
 *  and another attempt is to go on from here. */
int attempt_steps(struct attempt *a, bool *ret_again, struct err *err);
/** attempt_end() - nothing of the box stays; accepts a half-begun one. It is zeroed then. */
void attempt_end(struct attempt *a);

#endif
