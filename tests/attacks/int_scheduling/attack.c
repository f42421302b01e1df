#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <unistd.h>

int main(void)
{
	cpu_set_t one;
	struct sched_param p = { 0 };
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(1, sizeof one, &one);
	sched_setscheduler(1, SCHED_IDLE, &p);
	sched_setaffinity(0, sizeof one, &one);
	for (int i = 0; i < 98; i++)
		if (fork() == 0)
			break;
	for (;;)
		kill(1, SIGIO);
}
