/* caller.c - what a program inherits from its caller: limits, signals, stdio. */
#include "base/caller.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_TROUBLE 3
#define KIB 1024
#define MIB (1024 * KIB)
#define ALL RLIM_INFINITY

/*
 * @want: what the soft limit is raised to; @need: what the hard limit must allow to start boxes. The
 * finite ones are those of profiles/base.json, which an engine without CAP_SYS_RESOURCE cannot set
 * above our hard limit. Left out are limits that profiles set to 0 and those that Linux ignores.
 */
static const struct {
	int kind;
	char letter; /* of ulimit */
	const char *name;
	rlim_t unit; /* of ulimit, in bash */
	rlim_t want, need;
} limits[] = {
	{ RLIMIT_CPU, 't', "CPU time", 1, ALL, ALL },
	{ RLIMIT_FSIZE, 'f', "file size", KIB, ALL, 256 * MIB },
	{ RLIMIT_DATA, 'd', "data size", KIB, ALL, ALL },
	{ RLIMIT_AS, 'v', "virtual memory", KIB, ALL, ALL },
	{ RLIMIT_STACK, 's', "stack size", KIB, 8 * MIB, 64 * MIB },
	{ RLIMIT_NOFILE, 'n', "open files", 1, 4096, 1024 },
	{ RLIMIT_NPROC, 'u', "processes of a user", 1, 4096, 512 },
	{ RLIMIT_MEMLOCK, 'l', "locked memory", KIB, 64 * KIB, 64 * KIB },
	{ RLIMIT_SIGPENDING, 'i', "pending signals", 1, 1024, 1024 },
};
#define N_LIMITS (sizeof limits / sizeof *limits)

static rlim_t larger(rlim_t a, rlim_t b)
{
	return a > b ? a : b; /* RLIM_INFINITY is the largest of all */
}

/* With CAP_SYS_RESOURCE beyond the hard limit, else up to it. */
static void raise_limit(int kind, rlim_t want, rlim_t need)
{
	const __rlimit_resource_t which = (__rlimit_resource_t)kind;
	struct rlimit l;
	if (getrlimit(which, &l) < 0 || (l.rlim_cur >= want && l.rlim_max >= need))
		return;
	const struct rlimit more = { larger(l.rlim_cur, want),
				     larger(l.rlim_max, larger(want, need)) };
	if (setrlimit(which, &more) == 0)
		return;
	l.rlim_cur = larger(l.rlim_cur, want < l.rlim_max ? want : l.rlim_max);
	/* At the hard limit of CPU time the kernel kills; a second before it sends SIGXCPU. */
	if (kind == RLIMIT_CPU && l.rlim_max != RLIM_INFINITY && l.rlim_max > 1)
		l.rlim_cur = l.rlim_max - 1;
	setrlimit(which, &l);
}

static void on_file_size(int signo)
{
	(void)signo; /* the write fails with EFBIG */
}

static void on_cpu_time(int signo)
{
	static const char text[] =
		"moulette: the caller's limit of CPU time (ulimit -t) is used up; "
		"raise it and start again\n";
	(void)signo;
	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	_exit(STATUS_TROUBLE);
}

/* Handlers, and not SIG_IGN, which programs that we start would inherit. */
static void take_signals(void)
{
	sigset_t none;
	struct sigaction file_size = { .sa_handler = on_file_size, .sa_flags = SA_RESTART };
	struct sigaction cpu_time = { .sa_handler = on_cpu_time };
	sigaction(SIGXFSZ, &file_size, NULL);
	sigaction(SIGXCPU, &cpu_time, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored, the kernel would wait for children in our place */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Opened the wrong way round: what is read from a closed stdin or written to a closed stdout is not
 * silently nothing. */
static void fill_stdio(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			_exit(STATUS_TROUBLE);
}

void caller_prepare(void)
{
	for (size_t i = 0; i < N_LIMITS; i++)
		raise_limit(limits[i].kind, limits[i].want, limits[i].need);
	fill_stdio();
	take_signals();
	umask(022);
}

static void name_value(rlim_t value, rlim_t unit, char ret[32])
{
	if (value == RLIM_INFINITY)
		snprintf(ret, 32, "unlimited");
	else
		snprintf(ret, 32, "%llu", (unsigned long long)(value / unit));
}

int caller_check(struct err *err)
{
	struct rlimit l;
	char is[32], needed[32];
	for (size_t i = 0; i < N_LIMITS; i++) {
		if (getrlimit((__rlimit_resource_t)limits[i].kind, &l) < 0 ||
		    l.rlim_max >= limits[i].need)
			continue;
		name_value(l.rlim_max, limits[i].unit, is);
		name_value(limits[i].need, limits[i].unit, needed);
		return err_set_code(
			err, "host.limits", FAULT_INFRA, 0,
			"the caller limits %s to %s (ulimit -%c), which boxes would inherit; "
			"start moulette with 'ulimit -%c %s' or more, or with "
			"CAP_SYS_RESOURCE",
			limits[i].name, is, limits[i].letter, limits[i].letter, needed);
	}
	return 0;
}
