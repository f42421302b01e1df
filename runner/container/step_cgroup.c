/* step_cgroup.c - the group of a step: limits before it, counters after it.
 *
 * Version 1 resets a high-water mark of memory, so tests share one group, near 0 after each, since
 * what a test wrote is thrown away; only the pids group is replaced when its peak says more than
 * one. On version 2 neither mark can be reset everywhere, so each step has a new group.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup.h"
#include "container/step_counters.h"

#define USAGE_MAX (INT64_C(8) << 20)

/* "/ROOT/GROUP/FILE" of one controller. */
static char *path_of(const struct step_cgroup *c, enum cgroup_controller which, const char *file)
{
	return mem_printf("%s/%s/%s", c->host->root[which], c->group, file);
}

/* --- limits ------------------------------------------------------------------------------- */

static int put(const struct step_cgroup *c, enum cgroup_controller which, const char *file,
	       const char *value)
{
	AUTO_FREE char *path = path_of(c, which, file);
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -1 : fd_write_all(fd, value, strlen(value));
}

#define PIDS_MAX 4194304 /* the kernel's own ceiling (PID_MAX_LIMIT); pids.max takes no more */

static int put_limit(const struct step_cgroup *c, enum cgroup_controller which, const char *file,
		     int64_t value, const char *none)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRId64, value);
	return put(c, which, file, value > 0 ? text : none);
}

/* Memory and swap together are never below memory alone: so one order serves to lower both, the
 * other to raise both, and writing memory first and last serves both. */
static int set_all_memory_v1(const struct step_cgroup *c, int64_t bytes)
{
	int first = put_limit(c, CG_MEMORY, "memory.limit_in_bytes", bytes, "-1");
	int both = put_limit(c, CG_MEMORY, "memory.memsw.limit_in_bytes", bytes, "-1");
	if (both < 0 && errno != ENOENT)
		return -1; /* ENOENT: swap is not accounted on this host; doctor's business */
	return first < 0 ? put_limit(c, CG_MEMORY, "memory.limit_in_bytes", bytes, "-1") : 0;
}

/* Buffers of TCP and UDP are no memory to version 1, unless this limit is set while the group has no socket
 * yet; it is one of its own. Some kernels lack it: doctor's business. */
static int set_memory_v1(const struct step_cgroup *c, int64_t bytes)
{
	if (put_limit(c, CG_MEMORY, CGROUP_SOCKETS, bytes, "-1") < 0 && errno != ENOENT)
		return -1;
	return set_all_memory_v1(c, bytes);
}

static int set_memory_v2(const struct step_cgroup *c, int64_t bytes)
{
	if (put_limit(c, CG_MEMORY, "memory.max", bytes, "max") < 0 ||
	    put(c, CG_MEMORY, "memory.oom.group", "1") < 0)
		return -1;
	return put(c, CG_MEMORY, "memory.swap.max", "0") < 0 && errno != ENOENT ? -1 : 0;
}

/* Version 1 only: the kernel counts an OOM in the group of the victim and tells by an eventfd. */
static int watch_oom(struct step_cgroup *c)
{
	AUTO_FREE char *path = path_of(c, CG_MEMORY, "memory.oom_control");
	AUTO_FD int control = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_FD int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char text[64];
	if (control < 0 || event < 0)
		return -1;
	snprintf(text, sizeof text, "%d %d", event, control);
	if (put(c, CG_MEMORY, "cgroup.event_control", text) < 0)
		return -1;
	c->oom_event = fd_steal(&event);
	return 0;
}

static void close_procs(struct step_cgroup *c)
{
	for (size_t i = 0; i < c->n_procs; i++)
		close(c->procs[i]);
	c->n_procs = 0;
}

/* The files through which a process enters; hierarchies that are mounted together count once. */
static int open_procs(struct step_cgroup *c)
{
	/* cpu: PID 1 must not have to share its turn with what it is to kill. */
	const enum cgroup_controller used[] = { CG_MEMORY, CG_PIDS, CG_CPUACCT, CG_CPU };
	close_procs(c);
	for (size_t i = 0; i < (c->host->v2 ? 1 : sizeof used / sizeof *used); i++) {
		bool seen = false;
		for (size_t k = 0; k < i; k++)
			seen |= strcmp(c->host->root[used[i]], c->host->root[used[k]]) == 0;
		if (seen)
			continue;
		AUTO_FREE char *path = path_of(c, used[i], c->host->v2 ? "cgroup.procs" : "tasks");
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return -1;
		c->procs[c->n_procs++] = fd;
	}
	return 0;
}

/* A new group has no limits; on version 2 one group has both. */
static void forget_limits(struct step_cgroup *c, enum cgroup_controller which)
{
	if (which == CG_MEMORY || c->host->v2)
		c->set.memory_bytes = -1;
	if (which == CG_PIDS || c->host->v2)
		c->set.processes = -1;
}

/* Removed and made again: the only way to a peak of 0. */
static int replace(struct step_cgroup *c, enum cgroup_controller which)
{
	AUTO_FREE char *dir = path_of(c, which, ".");
	dir[strlen(dir) - 2] = '\0';
	/* A process that has just been reaped may be counted for a moment longer. */
	for (int i = 0; rmdir(dir) < 0; i++) {
		if (errno == ENOENT)
			break;
		if (errno != EBUSY || i == 1000)
			return -1;
		usleep(1000);
	}
	if (mkdir(dir, 0755) < 0)
		return -1;
	forget_limits(c, which);
	c->known = false;
	counters_open(c);
	return open_procs(c);
}

int step_cgroup_open(const struct cgroup_host *h, const char *group, const char *cpu_group,
		     struct step_cgroup *ret, struct err *err)
{
	struct step_cgroup c = { .host = h,
				 .group = mem_strdup(group),
				 .cpu_group = mem_strdup(cpu_group),
				 .oom_event = -1,
				 .set = { -1, -1 } };
	for (int i = 0; i < CG_FILE_COUNT; i++)
		c.files[i] = -1;
	if (cgroup_make(h, group, err) < 0) {
		step_cgroup_close(&c);
		return -1;
	}
	if (open_procs(&c) < 0 || (!h->v2 && watch_oom(&c) < 0)) {
		err_set(err, FAULT_INFRA, errno, "cannot use the cgroup '%s'", group);
		step_cgroup_close(&c);
		return -1;
	}
	counters_open(&c);
	counters_open_around(&c);
	*ret = c;
	return 0;
}

void step_cgroup_close(struct step_cgroup *c)
{
	close_procs(c);
	if (c->host)
		counters_close(c);
	counters_close_around(c);
	if (c->host && c->oom_event >= 0)
		close(c->oom_event);
	free(c->group);
	free(c->cpu_group);
	memset(c, 0, sizeof *c);
}

/* What is still charged to a group that several tests share is not the next one's: descriptors that
 * a test sent to itself in a circle pin their memory until the kernel looks for such circles, and a
 * connection that nobody answers keeps its buffers. Page cache of the image is not worth a new group. */
static bool is_burdened(const struct step_cgroup *c, int64_t limit)
{
	int64_t usage = counters_usage(c);
	return counters_sockets(c) > 0 || usage > USAGE_MAX || (limit > 0 && usage > limit / 8);
}

static int renew_memory(struct step_cgroup *c)
{
	close(c->oom_event);
	c->oom_event = -1;
	return replace(c, CG_MEMORY) < 0 ? -1 : watch_oom(c);
}

static int limit_memory(struct step_cgroup *c, int64_t bytes)
{
	if (c->set.memory_bytes == bytes)
		return 0;
	c->set.memory_bytes = -1;
	if ((c->host->v2 ? set_memory_v2(c, bytes) : set_memory_v1(c, bytes)) < 0)
		return -1;
	c->set.memory_bytes = bytes;
	return 0;
}

static int limit_processes(struct step_cgroup *c, int64_t processes)
{
	if (c->set.processes == processes)
		return 0;
	c->set.processes = -1;
	if (put_limit(c, CG_PIDS, "pids.max", processes <= PIDS_MAX ? processes : 0, "max") < 0)
		return -1;
	c->set.processes = processes;
	return 0;
}

int step_cgroup_begin(struct step_cgroup *c, const struct cgroup_limits *lim, struct err *err)
{
	if (!c->host->v2 && c->used && is_burdened(c, lim->memory_bytes) && renew_memory(c) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot replace the cgroup '%s'", c->group);
	c->used = true;
	if (limit_memory(c, lim->memory_bytes) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot limit the memory of cgroup '%s'",
			       c->group);
	if (limit_processes(c, lim->processes) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot limit the processes of cgroup '%s'",
			       c->group);
	if (!c->host->v2 && c->files[CG_FILE_PEAK] >= 0)
		(void)!pwrite(c->files[CG_FILE_PEAK], "0", 1, 0);
	uint64_t old;
	if (c->oom_event >= 0 && read(c->oom_event, &old, sizeof old) < 0 && errno != EAGAIN)
		return err_set(err, FAULT_INFRA, errno, "cannot reset the out-of-memory event");
	if (!c->known)
		counters_read(c, &c->before);
	c->refused_before = counters_refused_around(c);
	c->known = false;
	return 0;
}

static int64_t since(int64_t before, int64_t now)
{
	return before < 0 || now < 0 ? -1 : now - before;
}

int64_t step_cgroup_cpu_ns(const struct step_cgroup *c)
{
	return since(c->before.cpu_ns, counters_cpu(c));
}

int64_t step_cgroup_oom_kills(const struct step_cgroup *c)
{
	return since(c->before.oom_kills, counters_oom(c));
}

int64_t step_cgroup_throttled_ns(const struct step_cgroup *c)
{
	return since(c->before.throttled_ns, counters_throttled(c));
}

pid_t step_cgroup_only_process(const struct step_cgroup *c)
{
	struct cgroup_counters now;
	AUTO_FREE char *path = path_of(c, CG_PIDS, "cgroup.procs");
	int64_t pid = 0;
	counters_read(c, &now);
	return now.processes_peak == 1 && file_read_i64(AT_FDCWD, path, &pid) == 0 ? (pid_t)pid : 0;
}

/* At its own limit a group has had as many processes as it allows. */
static bool refused_around(const struct step_cgroup *c, const struct cgroup_counters *n)
{
	if (n->pids_denied > 0)
		return c->set.processes > 0 && n->processes_peak >= 0 &&
		       n->processes_peak < c->set.processes;
	return counters_refused_around(c) > c->refused_before;
}

static void difference(const struct step_cgroup *c, const struct cgroup_counters *now,
		       struct cgroup_counters *ret)
{
	const struct cgroup_counters *before = &c->before;
	ret->memory_peak_bytes = now->memory_peak_bytes;
	ret->processes_peak = now->processes_peak;
	ret->oom_kills = since(before->oom_kills, now->oom_kills);
	ret->pids_denied = since(before->pids_denied, now->pids_denied);
	ret->cpu_ns = since(before->cpu_ns, now->cpu_ns);
	ret->throttled_ns = since(before->throttled_ns, now->throttled_ns);
	ret->short_around = ret->oom_kills > 0 && !counters_full(c, c->set.memory_bytes);
	ret->processes_around = refused_around(c, ret);
}

void step_cgroup_look(const struct step_cgroup *c, struct cgroup_counters *ret)
{
	struct cgroup_counters now;
	counters_read(c, &now);
	difference(c, &now, ret);
}

/* A counter that was there before the step and is not after it: no verdict without it. */
static bool lost(const struct step_cgroup *c, const struct cgroup_counters *now)
{
	return (c->before.oom_kills >= 0 && now->oom_kills < 0) ||
	       (c->before.pids_denied >= 0 && now->pids_denied < 0) ||
	       (c->before.cpu_ns >= 0 && now->cpu_ns < 0);
}

int step_cgroup_end(struct step_cgroup *c, struct cgroup_counters *ret, struct err *err)
{
	struct cgroup_counters now;
	counters_read(c, &now);
	difference(c, &now, ret);
	if (lost(c, ret))
		return err_set(err, FAULT_INFRA, 0, "cannot read the counters of cgroup '%s'",
			       c->group);
	c->before = now;
	c->known = true;
	int bad = 0;
	if (c->host->v2)
		bad = replace(c, CG_MEMORY);
	else if (ret->processes_peak > 1)
		bad = replace(c, CG_PIDS);
	if (bad)
		return err_set(err, FAULT_INFRA, errno, "cannot replace the cgroup '%s'", c->group);
	return 0;
}
