/* turns.h - which steps run at the same time: counted on the host, ordered among the workers of a batch.
 *
 * A running step holds a lock on its slot's byte of a file below places->run, so that another runner can
 * count it. A step that is to run alone waits until no other worker of its batch runs one, and keeps them
 * from beginning the next. Locks are of a process, and the kernel frees them with it.
 */
#ifndef MOULETTE_PIPELINE_TURNS_H
#define MOULETTE_PIPELINE_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/alive.h"
#include "base/err.h"
#include "model/places.h"

struct turns {
	int running;             /* the file of all runners; -1: not opened */
	_Atomic uint64_t *begun; /* its first bytes: how many steps of any runner have begun */
	int order;               /* of the workers of one batch; -1: there is one worker */
};
#define TURNS_NONE ((struct turns){ .running = -1, .order = -1 })

/** One step that runs. */
struct turn {
	int slot, beside;
	uint64_t number;
};

/** turns_open() - of this process. FAULT_INFRA. */
int turns_open(const struct places *p, struct turns *t, struct err *err);
/** turns_share() - before the workers are forked: their steps are ordered. FAULT_INFRA. */
int turns_share(struct turns *t, struct err *err);
void turns_close(struct turns *t);

/**
 * turn_begin() - the step of the box in @slot may run now
 * @alone:   no other worker of this batch runs one until turn_end()
 * @stop_fd: readable: do not wait any longer; not read here
 * @alive:   signs of life of the process that waits; NULL: not watched
 *
 * Return: 0; -1 with the code "interrupted", or FAULT_INFRA.
 */
int turn_begin(const struct turns *t, int slot, bool alone, int stop_fd, struct alive *alive,
	       struct turn *ret, struct err *err);
/** turn_end() - Return: most steps of other boxes that were seen to run meanwhile, of any runner. */
int turn_end(const struct turns *t, struct turn *turn);

#endif
