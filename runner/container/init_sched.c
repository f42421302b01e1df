/* init_sched.c - how PID 1 of a box is scheduled. It has the uid of the steps, which may change that, and
 * later steps inherit it. */
#include "container/init_sched.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Policy, nice value, priority, slice and clamps: whatever the kernel tells, in its own form. */
static void look(pid_t pid, struct sched_note *ret)
{
	memset(ret, 0, sizeof *ret);
	if (syscall(SYS_sched_getattr, pid, ret->attr, sizeof ret->attr, 0) < 0 ||
	    sched_getaffinity(pid, sizeof ret->cpus, &ret->cpus) < 0)
		ret->attr[0] = 0xff; /* like no other */
}

void sched_note(pid_t pid, struct sched_note *ret)
{
	struct sched_param param = { 0 };
	look(pid, ret);
	ret->policy = sched_getscheduler(pid);
	sched_getparam(pid, &param);
	ret->priority = param.sched_priority;
	ret->nice = getpriority(PRIO_PROCESS, (id_t)pid);
}

void sched_restore(pid_t pid, const struct sched_note *note)
{
	struct sched_note now;
	const struct sched_param param = { .sched_priority = note->priority };
	look(pid, &now);
	if (memcmp(now.attr, note->attr, sizeof now.attr) == 0 &&
	    memcmp(&now.cpus, &note->cpus, sizeof now.cpus) == 0)
		return;
	sched_setscheduler(pid, note->policy, &param);
	sched_setaffinity(pid, sizeof note->cpus, &note->cpus);
	setpriority(PRIO_PROCESS, (id_t)pid, note->nice);
}
