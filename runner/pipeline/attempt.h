/* attempt.h - runs and judges the steps of one submission in its box. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_H
#define MOULETTE_PIPELINE_ATTEMPT_H

#include "pipeline/attempt_data.h"

/** attempt_steps() - run and judge what job->result does not have yet. @ret_again: the box died,
 *  and another attempt is to go on from here. */
int attempt_steps(struct attempt *a, bool *ret_again, struct err *err);

#endif
