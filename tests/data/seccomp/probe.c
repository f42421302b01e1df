/* probe.c - tries every system call and says what became of it, one line each: "CALL ARGUMENTS
 * OUTCOME". The outcome is ok, an errno or the signal that ended the child that tried. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define X32_BIT 0x40000000L

/* What would not come back to us, wait for ever, or go on in a copy that shares our stack. */
static int left_out(long nr)
{
	static const long calls[] = {
		SYS_exit,   SYS_exit_group, SYS_clone,    SYS_rt_sigreturn,
		SYS_execve, SYS_execveat,   SYS_pselect6, SYS_ppoll,
#ifdef SYS_select
		SYS_select, SYS_pause,      SYS_vfork,
#endif
	};
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (nr == calls[i])
			return 1;
	return 0;
}

/* In a child: a call may change or end it. */
static void report(const char *label, long nr, const long a[3], long rest)
{
	const struct itimerval late = { .it_value = { 5, 0 } };
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		setitimer(ITIMER_REAL, &late, NULL);
		long got = syscall(nr, a[0], a[1], a[2], rest, rest, rest);
		/* Not _exit: the call may have closed or unmapped what it needs. */
		syscall(SYS_exit_group, got == -1 ? errno : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		printf("%ld %s cannot be tried\n", nr, label);
	else if (WIFSIGNALED(status))
		printf("%ld %s signal %d\n", nr, label, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		printf("%ld %s errno %d\n", nr, label, WEXITSTATUS(status));
	else
		printf("%ld %s ok\n", nr, label);
}

#define HIGH (1L << 32)
#define ROW(call, a, b, c)                                  \
	{                                                   \
#call "(" #a "," #b "," #c ")", SYS_##call, \
		{                                           \
			a, b, c                             \
		}                                           \
	}

static const struct {
	const char *label;
	long nr, a[3];
} rows[] = {
	ROW(socket, 1, 1, 0),
	ROW(socket, 2, 1, 6),
	ROW(socket, 2, 1, 262),
	ROW(socket, 16, 3, 0),
	ROW(socket, 16, 2, 0),
	ROW(socket, 16, 3, 4),
	ROW(socket, 16, 3, 12),
	ROW(socket, HIGH + 16, 3, 4),
	ROW(socket, HIGH + 2, HIGH + 1, HIGH),
	ROW(socket, HIGH + 16, 3, 0),
	ROW(socket, 2, 3, 1),
	ROW(personality, 0xffffffff, 0, 0),
	ROW(personality, 0x40000, 0, 0),
	ROW(ioctl, 1, 0x5401, 0),
	ROW(ioctl, 1, 0x5412, 0),
	ROW(ioctl, 1, HIGH + 0x5412, 0),
	ROW(prlimit64, 1, 7, 0),
	ROW(prlimit64, 1, 7, HIGH),
	ROW(prlimit64, 0, 7, 0),
	ROW(setpriority, 0, 0, 5),
	ROW(setpriority, 0, 1, 5),
	ROW(setpriority, HIGH, HIGH, 5),
	ROW(mknodat, -100, 0, 0020644),
	ROW(mknodat, -100, 0, 0010644),
	ROW(clone, 0x10000011, 0, 0),
	ROW(clone, 0x20011, 0, 0),
};

int main(void)
{
	static const long zeros[3] = { 0, 0, 0 }, ones[3] = { -1, -1, -1 };
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, "Seccomp", 7) == 0 || strncmp(line, "NoNewPrivs", 10) == 0)
			fputs(line, stdout);
	for (long nr = 0; nr < 500; nr++) {
		if (left_out(nr))
			continue;
		report("zeros", nr, zeros, 0);
		report("ones", nr, ones, -1);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		report(rows[i].label, rows[i].nr, rows[i].a, 0);
#ifdef __x86_64__
	report("x32 getpid", X32_BIT | SYS_getpid, zeros, 0);
	report("x32 own", X32_BIT | 520, zeros, 0);
	fflush(stdout);
	pid_t pid = fork();
	int how = 0;
	if (pid == 0) {
		long got;
		__asm__ volatile("int $0x80"
				 : "=a"(got)
				 : "a"(20L)
				 : "memory"); /* getpid of i386 */
		_exit(got > 0 ? 0 : 1);
	}
	waitpid(pid, &how, 0);
	printf("i386 getpid %s %d\n", WIFSIGNALED(how) ? "signal" : "status",
	       WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
#endif
	return 0;
}
