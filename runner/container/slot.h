/* slot.h - what one box needs for itself on the whole host: a uid range and a name for cgroups.
 *
 * A slot is a locked file below places->run, shared by all homes. While it is taken the file holds
 * a mark; a lock that can be had beside a mark means that the runner was killed, and its cgroups
 * are removed before the slot is used again.
 *
 * Runners whose /run is not the same may still share a hierarchy of cgroups: so the folder of the slot's
 * group is locked, too, and a slot whose group another runner has locked is passed over.
 */
#ifndef MOULETTE_CONTAINER_SLOT_H
#define MOULETTE_CONTAINER_SLOT_H

#include <stdint.h>

#include "base/err.h"
#include "container/cgroup.h"
#include "model/places.h"

#define SLOT_UIDS 65536u
/* With the default base, 0x60000000, the last uid stays below 2^31, which some programs take for
 * negative. */
#define SLOTS_MAX 4096
#define SLOTS_UIDS ((uint64_t)SLOTS_MAX * SLOT_UIDS)

struct slot {
	int fd;       /* of its file, locked; -1: none */
	int group_fd; /* of its group's folder, locked */
	int number;
	uint32_t uid_base;
	char group[32];                 /* "moulette/s0"; made by slot_take() */
	const struct cgroup_host *host; /* borrowed */
};

/** slot_take() - the first free one; @id is written into its mark. FAULT_INFRA. */
int slot_take(const struct places *p, const struct cgroup_host *h, const char *id, struct slot *ret,
	      struct err *err);
/** slot_release() - its cgroups are removed and it is free. Return: as cgroup_remove(). */
int slot_release(struct slot *s, struct err *err);
typedef int slot_sweep_fn(void *ctx, int number, struct err *err);

/** slot_sweep() - what killed runners left in any slot: groups, marks, a leaf of cgroup_leaf.h. @also (NULL: nothing) removes what others
 *  keep for a slot, which is held while it is called. @ret_swept counts slots. All are tried; -1
 *  names one that could not be swept. */
int slot_sweep(const struct places *p, const struct cgroup_host *h, slot_sweep_fn *also, void *ctx,
	       int *ret_swept, struct err *err);

#endif
