/* cgroup_leaf.h - cgroup v2: a leaf for the processes of the base group, so that boxes may lie below it.
 *
 * A group other than the host's topmost one either has processes or hands controllers down to groups
 * below it ("no internal processes"). In a container or a service the base group (cgroup_base_find())
 * has processes: they are moved into a leaf, and back when the last runner ends. The leaf's folder is
 * locked (flock) by each runner as long as it needs the leaf; it is moved by whoever holds the lock of
 * the base group's folder.
 */
#ifndef MOULETTE_CONTAINER_CGROUP_LEAF_H
#define MOULETTE_CONTAINER_CGROUP_LEAF_H

#include <stdbool.h>

#include "base/err.h"
#include "container/cgroup.h"

struct cgroup_leaf {
	int fd; /* of the leaf's folder, with a shared lock; -1: no leaf is needed */
};
#define CGROUP_LEAF_NONE \
	{                \
		.fd = -1 \
	}

/** cgroup_leaf_enter() - make the base group of @h ready for groups with controllers. FAULT_INFRA; then all
 *  is as before. */
int cgroup_leaf_enter(const struct cgroup_host *h, struct cgroup_leaf *ret, struct err *err);
/** cgroup_leaf_leave() - this runner needs it no more. The last one takes the controllers away, moves the
 *  processes back and removes the leaf; it stays where another group of the base needs the controllers. */
void cgroup_leaf_leave(const struct cgroup_host *h, struct cgroup_leaf *leaf);
/** cgroup_leaf_sweep() - the same after runners that were killed; @ret_swept counts a leaf removed.
 *  FAULT_INFRA. */
int cgroup_leaf_sweep(const struct cgroup_host *h, int *ret_swept, struct err *err);
/** cgroup_leaf_there() - is there a leaf now, of whichever runner? */
bool cgroup_leaf_there(const struct cgroup_host *h);

#endif
