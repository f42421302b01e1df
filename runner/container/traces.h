/* traces.h - what a step leaves in the namespaces of a box. Internal to container/. */
#ifndef MOULETTE_CONTAINER_TRACES_H
#define MOULETTE_CONTAINER_TRACES_H

#include "container/box_data.h"

/** traces_open() - note how everything stands before the first step. FAULT_INFRA. */
int traces_open(struct box *b, struct err *err);
/** traces_clean() - after a step, its processes dead: remove what it left; b->worn says that
 *  something stays that a later step could see. FAULT_INFRA. */
int traces_clean(struct box *b, const struct step_facts *f, struct err *err);
/** traces_close() - accepts a box of which nothing was noted. */
void traces_close(struct box *b);

#endif
