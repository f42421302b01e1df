/* step_counters.h - the counters of a step's group. Internal to container/. */
#ifndef MOULETTE_CONTAINER_STEP_COUNTERS_H
#define MOULETTE_CONTAINER_STEP_COUNTERS_H

#include "container/cgroup.h"

/** counters_open() - the files of the group as it is now: those of one that was made again are other
 *  ones. What a kernel lacks is not measured. */
void counters_open(struct step_cgroup *c);
void counters_close(struct step_cgroup *c);

/* Totals since the group was made; -1: not counted. */
void counters_read(const struct step_cgroup *c, struct cgroup_counters *ret);
int64_t counters_cpu(const struct step_cgroup *c);
int64_t counters_throttled(const struct step_cgroup *c);
int64_t counters_oom(const struct step_cgroup *c);
/** counters_full() - was memory ever as large as @limit? */
bool counters_full(const struct step_cgroup *c, int64_t limit);
/** counters_open_around() - the groups above that limit processes, for counters_refused_around(): how often
 *  one of them refused a process, to this step or another. Linux 6.11 and later count that nowhere else;
 *  before, and in version 1, the group of the process that was refused counts it. */
void counters_open_around(struct step_cgroup *c);
void counters_close_around(struct step_cgroup *c);
int64_t counters_refused_around(const struct step_cgroup *c);
/** counters_usage() - memory that is charged now; version 1 only. */
int64_t counters_usage(const struct step_cgroup *c);
/** counters_sockets() - likewise, buffers of sockets, which are not in it. */
int64_t counters_sockets(const struct step_cgroup *c);

#endif
