/* cgroup_seat.c - the weight of all boxes, and the group of those that watch them. */
#include "container/cgroup_seat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define TRIES 20

static const char *weight_file(const struct cgroup_host *h)
{
	return h->v2 ? "cpu.weight" : "cpu.shares";
}

static void weigh_parent(const struct cgroup_host *h)
{
	AUTO_FREE char *file = mem_printf("%s/" CGROUP_PARENT "/%s", h->root[CG_CPU],
					  weight_file(h));
	int64_t now = 0;
	if (file_read_i64(AT_FDCWD, file, &now) == 0 && now == (h->v2 ? 100 : CGROUP_SHARES))
		cgroup_set_shares(h, CGROUP_PARENT, CGROUP_SHARES * h->weight, NULL);
}

static const char *entry_file(const struct cgroup_host *h)
{
	return h->v2 ? "cgroup.procs" : "tasks";
}

static int enter(const char *file)
{
	AUTO_FD int fd = open(file, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -1 : fd_write_all(fd, "0", 1);
}

void cgroup_seat_take(const struct cgroup_host *h, struct cgroup_seat *ret)
{
	/* Without a way back it could not leave. */
	AUTO_FREE char *own = cgroup_own_folder(h, CG_CPU);
	AUTO_FREE char *file = mem_printf("%s/" CGROUP_SEAT "/%s", h->root[CG_CPU], entry_file(h));
	char *const roots[] = { h->root[CG_CPU], NULL };
	const struct cgroup_host only = { .v2 = h->v2, .carriers = (char **)roots };
	*ret = CGROUP_SEAT_NONE;
	if (!own)
		return;
	/* A sweep of another runner may remove what is empty between the steps. */
	for (int tries = 0; tries < TRIES; tries++) {
		if (cgroup_make(&only, CGROUP_SEAT, NULL) < 0)
			return;
		weigh_parent(h);
		cgroup_set_shares(h, CGROUP_SEAT, CGROUP_SHARES_MAX, NULL);
		if (enter(file) == 0) {
			ret->back = mem_printf("%s/%s", own, entry_file(h));
			return;
		}
		if (errno != ENOENT && errno != ENODEV)
			return;
	}
}

/* rmdir() with a deadline (CLOCK_MONOTONIC). */
static int remove_empty(const char *folder, int64_t deadline)
{
	while (rmdir(folder) < 0 && errno != ENOENT) {
		if (errno != EBUSY || clock_mono_ns() >= deadline)
			return -1;
		clock_pause_ms(10);
	}
	return 0;
}

void cgroup_seat_sweep(const struct cgroup_host *h, int64_t wait_ns)
{
	AUTO_FREE char *parent = mem_printf("%s/" CGROUP_PARENT, h->root[CG_CPU]);
	AUTO_FREE char *seat = mem_printf("%s/" CGROUP_SEAT, h->root[CG_CPU]);
	if (remove_empty(seat, clock_mono_ns() + wait_ns) < 0)
		return;
	AUTO_FD int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && !cgroup_limited(h, fd))
		rmdir(parent);
}

void cgroup_seat_leave(const struct cgroup_host *h, struct cgroup_seat *seat)
{
	if (!seat->back)
		return;
	/* What it came from may be gone, as a session of systemd is when its last process has left. */
	if (enter(seat->back) < 0) {
		AUTO_FREE char *top = mem_printf("%s/%s", h->root[CG_CPU], entry_file(h));
		enter(top);
	}
	cgroup_seat_sweep(h, 0);
	free(seat->back);
	seat->back = NULL;
}
