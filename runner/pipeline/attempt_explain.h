/* attempt_explain.h - words that a verdict's facts do not have, from files and streams of a step. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_EXPLAIN_H
#define MOULETTE_PIPELINE_ATTEMPT_EXPLAIN_H

#include "pipeline/attempt_data.h"

/** attempt_within_work() - what @path names within the work folder, where it may stand as "/work/x" or
 *  "./x"; borrowed. */
const char *attempt_within_work(const char *path);
/** attempt_read_hints() - f->hints, from the beginning of what the step wrote to stderr. */
void attempt_read_hints(const struct attempt *a, struct step_facts *f);
/** attempt_explain() - append to res->message what the step's program, its stderr and its memory say about a
 *  verdict.
 *  @res: judged, with log_begin and log_end in its facts. */
void attempt_explain(struct attempt *a, const struct step_spec *spec, struct step_result *res);
/** attempt_add_words() - "; @words" behind the message, or @words alone. */
void attempt_add_words(struct step_result *res, const char *words);

#endif
