/* attempt_run.h - one step in the box of an attempt, unjudged. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_RUN_H
#define MOULETTE_PIPELINE_ATTEMPT_RUN_H

#include "pipeline/attempt.h"

/** attempt_run() - as box_run(), with the environment of the box, and what its card counted.
 *  @number: of the step in the plan; -1: a step of the runner itself, which takes no signals of a user.
 *  @alone: while no other worker of this batch runs a step. */
int attempt_run(struct attempt *a, const struct step_spec *spec, int number, bool alone,
		capture_sink_fn *sink, void *ctx, struct step_facts *facts, struct err *err);

#endif
