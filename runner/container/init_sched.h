/* init_sched.h - how PID 1 of a box is scheduled, noted and set back. Internal to container/. */
#ifndef MOULETTE_CONTAINER_INIT_SCHED_H
#define MOULETTE_CONTAINER_INIT_SCHED_H

#include <sched.h>
#include <sys/types.h>

struct sched_note {
	unsigned char attr[128]; /* struct sched_attr of this kernel */
	cpu_set_t cpus;
	int policy, priority, nice;
};

void sched_note(pid_t pid, struct sched_note *ret);
/** sched_restore() - as it was noted, unless it still is. */
void sched_restore(pid_t pid, const struct sched_note *note);

#endif
