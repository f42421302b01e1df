/* cgroup_seat.h - how boxes and runners share the processors with the rest of the host.
 *
 * The parent of all boxes weighs as much as `weight` ordinary groups together, so that a busy host makes
 * grading hardly slower. Below it runners have a group of their own, which weighs more than all boxes
 * together: a box that spins must not keep the runner from ending it, nor the next box from being made.
 * What a runner starts (the engine, PID 1 of a box, who unpacks) is born there.
 *
 * All of it makes grading faster, nothing right: where the host refuses it, grading goes on without.
 */
#ifndef MOULETTE_CONTAINER_CGROUP_SEAT_H
#define MOULETTE_CONTAINER_CGROUP_SEAT_H

#include "container/cgroup.h"

#define CGROUP_SEAT CGROUP_PARENT "/run"

struct cgroup_seat {
	char *back; /* file by which this process enters the group from which it came; NULL: it is there */
};
#define CGROUP_SEAT_NONE ((struct cgroup_seat){ .back = NULL })

/** cgroup_seat_take() - this process, of one thread, goes into the group of runners. The weight of the
 *  parent is set unless an administrator gave it one. */
void cgroup_seat_take(const struct cgroup_host *h, struct cgroup_seat *ret);
/** cgroup_seat_leave() - back to where it was; the group goes with its last runner. */
void cgroup_seat_leave(const struct cgroup_host *h, struct cgroup_seat *seat);
/** cgroup_seat_sweep() - removes the group where killed runners left it empty.
 *  @param wait_ns how long others in it are waited for */
void cgroup_seat_sweep(const struct cgroup_host *h, int64_t wait_ns);

#endif
