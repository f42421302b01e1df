/* attempt_box.h - the parts of an attempt that make its box, for attempt.c alone. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_BOX_H
#define MOULETTE_PIPELINE_ATTEMPT_BOX_H

#include "pipeline/attempt.h"

/** attempt_assignment() - what is asked; NULL: the built-in assignment. */
const struct assignment *attempt_assignment(const struct attempt *a);
/** attempt_open_work() - the work folder as it is built. */
int attempt_open_work(const struct attempt *a, int *ret, struct err *err);
/** attempt_plan() - the steps; @has_check as assignment_plan() has it. */
int attempt_plan(struct attempt *a, bool has_check, struct err *err);
/** attempt_check_volumes() - no -v where the plan's tests find a clean folder. FAULT_USAGE. */
int attempt_check_volumes(const struct attempt *a, struct err *err);
/** attempt_make_config() - a->config and a->env; steps have at most a->most. */
int attempt_make_config(struct attempt *a, struct err *err);
/** attempt_write_bundle() - rootfs and config.json in the room's bundle. */
int attempt_write_bundle(const struct attempt *a, struct err *err);
/** attempt_mount() - bind @source of the host at @destination in the box; before the config. */
void attempt_mount(struct attempt *a, const char *source, const char *destination, bool rw);
/** attempt_take_processors() - those of its own that the box is to have, where so many are free. */
int attempt_take_processors(struct attempt *a, struct err *err);
/** attempt_limit_cpu() - the config's share of processors, for the slot's group; after the box was started,
 *  which it does not slow down then. FAULT_INFRA. */
int attempt_limit_cpu(const struct attempt *a, struct err *err);
/** attempt_box_cgroup() - what the config says of the box's own group, into @opt. */
void attempt_box_cgroup(const struct attempt *a, struct box_options *opt);
/** attempt_tell_box() - others see the container that was started, and the result its processors. */
void attempt_tell_box(const struct attempt *a);
/** attempt_lay_files() - the assignment's files with a relative `to`, into the work folder. */
int attempt_lay_files(struct attempt *a, struct err *err);

#endif
