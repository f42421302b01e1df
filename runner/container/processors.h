/* processors.h - which processors this process may use, and which of them a box has for itself.
 *
 * A processor is taken by a lock on a file below places->run, which all runners of the host share; the
 * kernel frees it when the runner ends, however that ends.
 */
#ifndef MOULETTE_CONTAINER_PROCESSORS_H
#define MOULETTE_CONTAINER_PROCESSORS_H

#include <sched.h>

#include "model/places.h"

#define PROCESSORS_MAX 64 /* of one box */

struct processors {
	int n; /* 0: none were taken, the box is not bound */
	int fds[PROCESSORS_MAX];
	int numbers[PROCESSORS_MAX];
};

/** processors_allowed() - how many this process can keep busy: those of its affinity, or the quota of a
 *  group around it, rounded down; at least 1. */
int processors_allowed(void);
/** processors_take() - @wanted of them, all or none, those of different cores first. */
void processors_take(const struct places *p, int wanted, struct processors *ret);
void processors_release(struct processors *ps);
/** processors_list() - "0,3", as cpuset.cpus has it; owned. */
char *processors_list(const struct processors *ps);
/** processors_set() - the same as a mask of sched_setaffinity(2). */
cpu_set_t processors_set(const struct processors *ps);

#endif
