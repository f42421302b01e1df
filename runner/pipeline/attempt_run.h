/* attempt_run.h - one step in the box of an attempt, unjudged. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_RUN_H
#define MOULETTE_PIPELINE_ATTEMPT_RUN_H

#include "pipeline/attempt_data.h"

/** attempt_run_planned() - step @i of the plan: its output goes to the log, and users may send it signals.
 *  @facts: initialised. FAULT_INFRA. */
int attempt_run_planned(struct attempt *a, size_t i, struct step_facts *facts, struct err *err);
/** attempt_ask() - a step of the runner itself: it has no number in the plan and takes no signals of a user. A
 *  box that fails is an error. @ret is to be freed by step_facts_done() in every case. */
int attempt_ask(struct attempt *a, const struct step_spec *spec, capture_sink_fn *sink, void *ctx,
		struct step_facts *ret, struct err *err);

#endif
