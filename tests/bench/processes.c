/* processes.c - reads /proc/PID/stat, proc(5), and walks down the tree. */
#include "bench/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#define GRACE_NS (5 * NSEC_PER_SEC)

struct process {
	pid_t pid, parent;
	int64_t cpu_ns;
	char name[32];
	bool below; /* of the tree that is asked for */
};

/* The name may hold blanks and brackets: what follows counts from the last bracket. */
static bool read_process(pid_t pid, struct process *ret)
{
	char path[64], line[1024];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	AUTO_FILE FILE *f = fopen(path, "re");
	size_t len = f ? fread(line, 1, sizeof line - 1, f) : 0;
	line[len] = '\0';
	const char *open = strchr(line, '('), *end = strrchr(line, ')');
	long long parent, ticks[4];
	if (!open || !end ||
	    sscanf(end,
		   ") %*c %lld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld "
		   "%lld %lld",
		   &parent, &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 5)
		return false;
	*ret = (struct process){ .pid = pid, .parent = (pid_t)parent };
	snprintf(ret->name, sizeof ret->name, "%.*s", (int)(end - open - 1), open + 1);
	ret->cpu_ns = (ticks[0] + ticks[1] + ticks[2] + ticks[3]) *
		      (NSEC_PER_SEC / sysconf(_SC_CLK_TCK));
	return true;
}

bool process_is(pid_t pid, const char *name)
{
	struct process p;
	return read_process(pid, &p) && strcmp(p.name, name) == 0;
}

static size_t read_all(struct process **ret)
{
	AUTO_DIR DIR *d = opendir("/proc");
	struct process *all = NULL;
	size_t n = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		all = mem_realloc(all, (n + 1) * sizeof *all);
		if (read_process((pid_t)atoi(e->d_name), &all[n]))
			n++;
	}
	*ret = all;
	return n;
}

int64_t servers_cpu_ns(const char *const *names)
{
	struct process *all = NULL;
	size_t n = read_all(&all);
	int64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		for (const char *const *name = names; *name; name++)
			if (strncmp(all[i].name, *name, strlen(*name)) == 0) {
				sum += all[i].cpu_ns;
				break;
			}
	free(all);
	return sum;
}

static bool is_below(struct process *all, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].pid == pid)
			return all[i].below;
	return false;
}

static size_t read_tree(pid_t top, struct process **ret)
{
	size_t n = read_all(ret);
	struct process *all = *ret;
	bool more = true;
	for (size_t i = 0; i < n; i++)
		all[i].below = all[i].pid == top;
	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++)
			if (!all[i].below && is_below(all, n, all[i].parent))
				more = all[i].below = true;
	}
	return n;
}

int64_t tree_cpu_ns(pid_t top)
{
	struct process *all = NULL;
	size_t n = read_tree(top, &all);
	int64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += all[i].below ? all[i].cpu_ns : 0;
	free(all);
	return sum;
}

/* The process' own clock, threads that have ended included. */
static int64_t run_ns_of(pid_t pid)
{
	clockid_t clock;
	struct timespec t;
	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return clock_ns(t);
}

int64_t tree_run_ns(pid_t top)
{
	struct process *all = NULL;
	size_t n = read_tree(top, &all);
	int64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += all[i].below ? run_ns_of(all[i].pid) : 0;
	free(all);
	return sum;
}

/* --- the end of it ------------------------------------------------------------------------ */

void tree_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void nap(void)
{
	const struct timespec t = { .tv_nsec = 10000000 };
	nanosleep(&t, NULL);
}

static void signal_children(pid_t parent, int signal)
{
	struct process *all = NULL;
	size_t n = read_all(&all);
	for (size_t i = 0; i < n; i++)
		if (all[i].parent == parent)
			kill(all[i].pid, signal);
	free(all);
}

void tree_end(pid_t top)
{
	const int64_t until = clock_mono_ns() + GRACE_NS;
	pid_t got;
	signal_children(top, SIGTERM);
	while (waitpid(top, NULL, WNOHANG) == 0 && clock_mono_ns() < until)
		nap();
	while ((got = waitpid(-1, NULL, WNOHANG)) >= 0)
		if (got == 0) {
			signal_children(getpid(), SIGKILL);
			nap();
		}
}
