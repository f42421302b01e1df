#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int leave(void)
{
	cpu_set_t one;
	struct sched_param p = { 0 };
	const struct rlimit none = { 0, 0 };
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	for (int pid = 0; pid < 2; pid++) {
		sched_setaffinity(pid, sizeof one, &one);
		sched_setscheduler(pid, SCHED_IDLE | SCHED_RESET_ON_FORK, &p);
		sched_setscheduler(pid, SCHED_BATCH, &p);
		setpriority(PRIO_PROCESS, (id_t)pid, 19);
		syscall(SYS_ioprio_set, 1, pid, 3 << 13 | 7);
		/* Without any CPU it would itself be killed at the next tick of the clock. */
		for (int i = 0; i < RLIM_NLIMITS; i++)
			if (pid != 0 || i != RLIMIT_CPU)
				prlimit(pid, (enum __rlimit_resource)i, &none, NULL);
	}
	prctl(PR_SET_TIMERSLACK, 1000000000, 0, 0, 0);
	return 0;
}

int main(int argc, char **argv)
{
	cpu_set_t now;
	struct rlimit l;
	if (argc > 1 && strcmp(argv[1], "leave") == 0)
		return leave();
	if (sched_getscheduler(0) != SCHED_OTHER || getpriority(PRIO_PROCESS, 0) != 0)
		return 2;
	if (sched_getaffinity(0, sizeof now, &now) < 0 ||
	    CPU_COUNT(&now) != sysconf(_SC_NPROCESSORS_ONLN))
		return 3;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur < 256 || getrlimit(RLIMIT_AS, &l) < 0 ||
	    l.rlim_cur != RLIM_INFINITY)
		return 4;
	return prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) > 1000000 ? 5 : 0;
}
