/* attempt_box.h - the parts of an attempt that make its box, for attempt.c alone. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_BOX_H
#define MOULETTE_PIPELINE_ATTEMPT_BOX_H

#include "pipeline/attempt_data.h"

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
