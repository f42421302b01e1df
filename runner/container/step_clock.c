/* step_clock.c - the wall time of a step, less what it waited for a processor.
 *
 * The kernel counts the time in which the box had something to run and no processor ran it. What its
 * own quota kept it from running is the step's own affair, and is taken off. Both are sums over
 * processors, weighted differently, so with several of them the difference is rather too small.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/pressure.h"
#include "container/running.h"

#define TEXT_MAX 65536

void running_start_clock(struct running *r)
{
	const int64_t wall = r->step->spec->limits.v[LIMIT_WALL];
	r->full_before_ns = pressure_full_ns(r->box->pressure);
	r->start_ns = clock_mono_ns();
	r->wall_due_ns = wall > INT64_MAX - r->start_ns ? INT64_MAX : r->start_ns + wall;
}

/* Where a group's waiting is not counted, that of one task is: it is the step's when it is the only one
 * that the step ever had. Return: -1 when it is not, or the kernel does not tell. */
static int64_t waited_alone(const struct running *r)
{
	pid_t pid = step_cgroup_only_process(r->cgroup);
	if (pid <= 0)
		return -1;
	AUTO_FREE char *tasks = mem_printf("/proc/%ld/task", (long)pid);
	AUTO_FREE char *file = mem_printf("/proc/%ld/schedstat", (long)pid);
	AUTO_BUF text = { 0 };
	int64_t ran, delay;
	struct stat st;
	/* Of a process with one thread the folder has three links: ".", ".." and one. */
	if (stat(tasks, &st) < 0 || st.st_nlink != 3 ||
	    file_read(AT_FDCWD, file, &text, TEXT_MAX) < 0 || !text.data ||
	    sscanf(text.data, "%" SCNd64 " %" SCNd64, &ran, &delay) != 2)
		return -1;
	return delay;
}

int64_t running_waited(const struct running *r)
{
	const int64_t full = pressure_full_ns(r->box->pressure);
	if (full < 0 || r->full_before_ns < 0)
		return waited_alone(r);
	const int64_t throttled = step_cgroup_throttled_ns(r->cgroup);
	const int64_t waited = full - r->full_before_ns - (throttled > 0 ? throttled : 0);
	return waited > 0 ? waited : 0;
}

bool running_wall_is_over(struct running *r, int64_t now)
{
	const int64_t wall = r->step->spec->limits.v[LIMIT_WALL];
	const int64_t most = wall > INT64_MAX / WAITED_MAX ? INT64_MAX : wall * WAITED_MAX;
	if (now <= r->wall_due_ns)
		return false;
	const int64_t waited = running_waited(r);
	r->facts->waited_ns = waited;
	r->facts->overloaded = waited > most;
	const int64_t moved = waited < 0 ? 0 : waited > most ? most : waited;
	r->wall_due_ns = r->start_ns + wall + moved;
	return now > r->wall_due_ns;
}
