/*
 * snapshot.c - a private copy of a submission: its bytes are digested and graded.
 *
 * The student may be able to write to the file at any moment. One copy is digested, unpacked and perhaps
 * unpacked again, so a later write cannot make these differ.
 */
#include "submission/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/copy.h"

#define FIRST_PAUSE_MS 100
#define LONGER 4
/* Times of files stand still for a tick of the kernel, 10 ms at most: what was written within one may not show. */
#define TICKS_NS (2 * 10 * NSEC_PER_MS)
#define SPARE_BYTES (1 << 20)

struct snapshot {
	struct submission *s;
	const struct snapshot_place *place;
	int64_t max_bytes;
	int fd; /* of the copy */
	struct stat before,
		copy; /* the file when the last copy was begun, the copy when it was made */
};

static int cannot_read(const struct submission *s, struct err *err)
{
	return err_set(err, FAULT_INFRA, errno, "cannot read submission '%s'", s->path);
}

static int home_full(const struct snapshot *c, int sys, struct err *err)
{
	return err_set_code(err, "home.full", FAULT_INFRA, sys,
			    "no room in '%s' for a copy of submission '%.160s' (%" PRId64
			    " KiB): make room, as by "
			    "'moulette gc --older-than 30d'",
			    c->place->home, c->s->file, (int64_t)c->before.st_blocks / 2);
}

static int interrupted(struct err *err)
{
	return err_set_code(err, "interrupted", FAULT_NONE, 0, "copying was interrupted");
}

/* A file with a hole may have any size, and reading it to its end takes hours. */
static int check_size(struct snapshot *c, int64_t bytes, struct err *err)
{
	if (bytes <= c->max_bytes)
		return 0;
	c->s->bytes = bytes;
	return err_set_code(err, "archive.too_large", FAULT_STUDENT, 0,
			    "submission '%.160s' has %" PRId64 " MiB, more than any that could be "
			    "accepted (%" PRId64 " MiB); `bytes` and `entries` in the profile's "
			    "`moulette.unpack` are the limits",
			    c->s->file, bytes >> 20, c->max_bytes >> 20);
}

static bool is_interrupted(const struct snapshot *c, int wait_ms)
{
	struct pollfd p = { .fd = c->place->interrupt_fd, .events = POLLIN };
	return poll(&p, 1, wait_ms) > 0;
}

/* Called between pieces of a copy; false ends it. */
static bool go_on(void *ctx)
{
	const struct snapshot *c = ctx;
	alive_for(c->place->alive, 0);
	return !is_interrupted(c, 0);
}

/* Refuses a copy that would fill the disk, which keeps the results of others. */
static int check_room(const struct snapshot *c, struct err *err)
{
	struct statvfs fs;
	if (fstatvfs(c->fd, &fs) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at '%s'", c->place->home);
	const uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
	/* Some file systems report no size. */
	return fs.f_blocks > 0 && room < (uint64_t)c->before.st_blocks * 512 + SPARE_BYTES ?
		       home_full(c, ENOSPC, err) :
		       0;
}

static int fill_copy(struct snapshot *c, struct err *err)
{
	if (copy_share(c->s->fd, c->fd) == 0)
		return 0;
	if (check_room(c, err) < 0)
		return -1;
	if (copy_bytes(c->s->fd, c->fd, c->before.st_size, go_on, c) == 0)
		return 0;
	if (errno == ECANCELED)
		return interrupted(err);
	if (errno == ENOSPC || errno == EDQUOT)
		return home_full(c, errno, err);
	return err_set(err, FAULT_INFRA, errno, "cannot copy submission '%s' to '%s'", c->s->path,
		       c->place->home);
}

static int copy_once(struct snapshot *c, struct err *err)
{
	if (fstat(c->s->fd, &c->before) < 0)
		return cannot_read(c->s, err);
	if (check_size(c, c->before.st_size, err) < 0 || fill_copy(c, err) < 0)
		return -1;
	if (fstat(c->fd, &c->copy) < 0)
		return cannot_read(c->s, err);
	return check_size(c, c->copy.st_size, err);
}

static bool is_untouched(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && clock_ns(a->st_mtim) == clock_ns(b->st_mtim) &&
	       clock_ns(a->st_ctim) == clock_ns(b->st_ctim);
}

/* Return: 1: the copy holds what the file holds, 0, or -1. */
static int is_whole(const struct snapshot *c, struct err *err)
{
	struct stat now;
	if (fstat(c->s->fd, &now) < 0)
		return cannot_read(c->s, err);
	if (c->copy.st_size != now.st_size)
		return 0;
	if (is_untouched(&c->before, &now) && clock_real_ns() - clock_ns(now.st_ctim) > TICKS_NS)
		return 1;
	const int same = copy_same(c->s->fd, c->fd, now.st_size);
	return same < 0 ? cannot_read(c->s, err) : same;
}

/* Copies until one is whole, at most SNAPSHOT_COPIES times. */
static int copy_all(struct snapshot *c, bool *ret_changed, struct err *err)
{
	int pause_ms = FIRST_PAUSE_MS, whole = 0;
	for (int n = 1;; n++, pause_ms *= LONGER) {
		alive_for(c->place->alive, 0);
		if (copy_once(c, err) < 0 || (whole = is_whole(c, err)) < 0)
			return -1;
		if (whole || n == SNAPSHOT_COPIES)
			break;
		if (is_interrupted(c, pause_ms))
			return interrupted(err);
		if (ftruncate(c->fd, 0) < 0)
			return cannot_read(c->s, err);
	}
	*ret_changed = !whole;
	return 0;
}

/* The copy for reading alone: it is handed to a child that reads foreign bytes, and must not change them. Mode and
 * time are those of the file, which unpacking of a source file gives to the one in the work folder. */
static int reopen_copy(const struct snapshot *c, int *ret, struct err *err)
{
	const struct timespec times[2] = { c->before.st_atim, c->before.st_mtim };
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", c->fd);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fchmod(c->fd, c->before.st_mode & 0777) < 0 || futimens(c->fd, times) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot use the copy of submission '%s'",
			       c->s->path);
	*ret = fd_steal(&fd);
	return 0;
}

int snapshot_take(struct submission *s, int64_t max_bytes, const struct snapshot_place *p,
		  struct err *err)
{
	AUTO_FD int home = open(p->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int copy = home < 0 ? -1 : copy_nameless(home);
	AUTO_FD int readable = -1;
	struct snapshot c = { .s = s, .place = p, .max_bytes = max_bytes, .fd = copy };
	bool changed = false;

	if (copy < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot copy submission '%s' to '%s'",
			       s->path, p->home);
	if (copy_all(&c, &changed, err) < 0 || reopen_copy(&c, &readable, err) < 0)
		return -1;
	close(s->fd);
	s->fd = fd_steal(&readable);
	s->bytes = c.copy.st_size;
	s->changed = changed;
	return 0;
}
