/* attempt.h - one submission in one box: unpack, plan, start, run steps. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_H
#define MOULETTE_PIPELINE_ATTEMPT_H

#include "pipeline/attempt_data.h"

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
