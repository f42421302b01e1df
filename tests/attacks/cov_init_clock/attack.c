#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ~1 << 3, and the kind of CPU time: 0 to 2 of a process, 4 to 6 of a thread. */
#define CLOCK(kind) (-16 + (kind))

/* PID 1 wakes up for each. */
static void leave(void)
{
	for (int i = 0; i < 200; i++) {
		kill(1, SIGIO);
		if (fork() == 0)
			_exit(fork() < 0);
		wait(NULL);
	}
}

static int look(void)
{
	int bad = 0;
	for (int kind = 0; kind < 7; kind++) {
		struct timespec t = { 0, 0 };
		timer_t timer;
		struct sigevent e = { .sigev_notify = SIGEV_NONE };
		const long ids[] = { CLOCK(kind), (unsigned)CLOCK(kind),
				     CLOCK(kind) & 0xffffffffL };
		for (unsigned i = 0; i < sizeof ids / sizeof *ids; i++) {
			if (syscall(SYS_clock_gettime, ids[i], &t) == 0) {
				printf("clock %d: %ld.%09ld\n", kind, (long)t.tv_sec, t.tv_nsec);
				bad = 1;
			}
			if (syscall(SYS_timer_create, ids[i], &e, &timer) == 0) {
				printf("clock %d: a timer\n", kind);
				bad = 1;
			}
		}
	}
	return bad;
}

int main(int argc, char **argv)
{
	struct timespec t;
	/* That of any other process can be read. */
	clockid_t own;
	if (clock_getcpuclockid(getpid(), &own) != 0 || clock_gettime(own, &t) != 0)
		return 2;
	if (argc > 1 && strcmp(argv[1], "leave") == 0)
		leave();
	return argc > 1 && strcmp(argv[1], "look") == 0 ? look() : 0;
}
