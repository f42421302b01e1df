/* attempt_box.h - the box of an attempt: unpack, plan, start, end. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_BOX_H
#define MOULETTE_PIPELINE_ATTEMPT_BOX_H

#include "pipeline/attempt_data.h"

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
/** attempt_end() - nothing of the box stays; accepts a half-begun one. It is zeroed then. */
void attempt_end(struct attempt *a);

/* The parts, for the attempt_*.c. */

/** attempt_assignment() - what is asked; NULL: the built-in assignment. */
const struct assignment *attempt_assignment(const struct attempt *a);
/** attempt_plan() - the steps; @has_check as assignment_plan() has it. */
int attempt_plan(struct attempt *a, bool has_check, struct err *err);
/** attempt_check_volumes() - no -v where the plan's tests find a clean folder. FAULT_USAGE. */
int attempt_check_volumes(const struct attempt *a, struct err *err);
/** attempt_describe() - into the cell's spec what the assignment, the plan and the command line ask for. */
int attempt_describe(struct attempt *a, struct err *err);
/** attempt_network() - what a step may reach: its own word, the assignment's, the profile's. NULL: it has no
 *  card. */
const struct network *attempt_network(const struct attempt *a, const struct step_spec *s);
/** attempt_want_network() - the box that is started next is for @s, and those after it that fit. */
void attempt_want_network(struct attempt *a, const struct step_spec *s);
/** attempt_network_fits() - may @s run in the box that there is? Its peers are known to one alone. */
bool attempt_network_fits(const struct attempt *a, const struct step_spec *s);
/** attempt_tell_box() - others see the container that was started, and the result its processors. */
void attempt_tell_box(const struct attempt *a);
/** attempt_lay_files() - the assignment's files with a relative `to`, into the work folder. */
int attempt_lay_files(struct attempt *a, struct err *err);

#endif
