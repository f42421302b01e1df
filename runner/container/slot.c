/* slot.c - host-wide slots: locked, marked, swept. */
#include "container/slot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup_leaf.h"
#include "container/cgroup_seat.h"

#define MARK_MAX 8192
#define CLAIM_TRIES 100

static int open_dir(const struct places *p, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/slots", p->run);
	if (fd_mkdir_p(path, 0711) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder '%s'", path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the folder '%s'", path);
	return fd;
}

/* Return: a locked descriptor, -1 with EWOULDBLOCK when another process has locked the file. */
static int lock(int dirfd, const char *name, int flags)
{
	AUTO_FD int fd = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return fd_steal(&fd);
}

static void group_name(int number, char buf[32])
{
	snprintf(buf, 32, CGROUP_PARENT "/s%d", number);
}

/* --- the group ---------------------------------------------------------------------------- */

/* Return: the locked folder of the group; -1 with EWOULDBLOCK when another runner has locked it, ENOENT
 * when it is not there or has just been removed. */
static int lock_group(const struct cgroup_host *h, const char *group)
{
	AUTO_FREE char *path = mem_printf("%s/%s", h->root[CG_MEMORY], group);
	AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat mine, there;
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &mine) < 0 ||
	    stat(path, &there) < 0)
		return -1;
	if (mine.st_ino != there.st_ino || mine.st_dev != there.st_dev) {
		errno = ENOENT;
		return -1;
	}
	return fd_steal(&fd);
}

/* Removes the group unless another runner has it now. */
static int remove_group(const struct cgroup_host *h, const char *group, struct err *err)
{
	AUTO_FD int fd = lock_group(h, group);
	if (fd < 0 && errno == EWOULDBLOCK)
		return 0;
	return cgroup_remove(h, group, err);
}

/* Makes and locks the group. Return: 0; 1 another runner has it; -1. */
static int claim_group(const struct cgroup_host *h, const char *group, int *ret, struct err *err)
{
	/* Between the steps a sweep of another runner may take and remove what we made. */
	for (int tries = 0; tries < CLAIM_TRIES; tries++) {
		AUTO_FD int old = lock_group(h, group);
		if (old < 0 && errno == EWOULDBLOCK)
			return 1;
		/* Nothing of a killed runner may stay in it. */
		if ((old >= 0 && cgroup_remove(h, group, err) < 0) ||
		    cgroup_make(h, group, err) < 0)
			return -1;
		*ret = lock_group(h, group);
		if (*ret >= 0)
			return 0;
		if (errno == EWOULDBLOCK)
			return 1;
		if (errno != ENOENT)
			break;
	}
	return err_set(err, FAULT_INFRA, errno, "cannot lock the cgroup '%s/%s'",
		       h->root[CG_MEMORY], group);
}

/* --- the mark ----------------------------------------------------------------------------- */

static bool marked(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_size > 0;
}

/* Lines: process and run; base group; home. Return: the base group below which the runner that wrote the
 * mark made its groups; owned. */
static char *base_of(int fd)
{
	char text[MARK_MAX];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	text[n < 0 ? 0 : n] = '\0';
	const char *second = strchr(text, '\n');
	return second ? mem_strndup(second + 1, strcspn(second + 1, "\n")) : mem_strdup("");
}

static int write_mark(int fd, const struct places *p, const struct cgroup_host *h, const char *id,
		      struct err *err)
{
	AUTO_FREE char *mark = mem_printf("%ld %s\n%s\n%s\n", (long)getpid(), id, h->base, p->home);
	if (pwrite(fd, mark, strlen(mark), 0) != (ssize_t)strlen(mark))
		return err_set(err, FAULT_INFRA, errno, "cannot write the owner of a slot in '%s'",
			       p->run);
	return 0;
}

/* The slot is locked by us: the runner that wrote the mark is gone. */
static int clean(int fd, int number, const struct cgroup_host *h, struct err *err)
{
	char group[32];
	struct cgroup_host there = { 0 };
	AUTO_FREE char *base = base_of(fd);
	int swept = 0;
	group_name(number, group);
	cgroup_host_at(h, base, &there);
	int bad = remove_group(&there, group, err) < 0;
	if (!bad && strcmp(base, h->base) != 0) {
		cgroup_seat_sweep(&there, 0);
		bad = cgroup_leaf_sweep(&there, &swept, err) < 0;
	}
	cgroup_host_done(&there);
	if (bad)
		return -1;
	return ftruncate(fd, 0) < 0 ?
		       err_set(err, FAULT_INFRA, errno, "cannot clear the owner of a slot") :
		       0;
}

/* Return: 0 the slot is @ret; 1 it is another runner's; -1. */
static int take_one(int dir, int number, const struct places *p, const struct cgroup_host *h,
		    const char *id, struct slot *ret, struct err *err)
{
	char name[16];
	struct slot s = { .number = number,
			  .host = h,
			  .group_fd = -1,
			  .uid_base = p->uid_base + (uint32_t)number * SLOT_UIDS };
	snprintf(name, sizeof name, "%d", number);
	group_name(number, s.group);
	AUTO_FD int fd = lock(dir, name, O_CREAT);
	if (fd < 0 && errno == EWOULDBLOCK)
		return 1;
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot take a slot in '%s/slots'", p->run);
	/* What cannot be removed now keeps its mark, and others get another slot. */
	if (marked(fd) && clean(fd, number, h, err) < 0)
		return 1;
	if (write_mark(fd, p, h, id, err) < 0)
		return -1;
	int got = claim_group(h, s.group, &s.group_fd, err);
	if (got != 0) {
		(void)!ftruncate(fd, 0);
		return got;
	}
	cgroup_keep_sockets(h);
	s.fd = fd_steal(&fd);
	*ret = s;
	return 0;
}

int slot_take(const struct places *p, const struct cgroup_host *h, const char *id, struct slot *ret,
	      struct err *err)
{
	AUTO_FD int dir = open_dir(p, err);
	if (dir < 0)
		return -1;
	for (int i = 0; i < SLOTS_MAX; i++) {
		int got = take_one(dir, i, p, h, id, ret, err);
		if (got <= 0)
			return got;
	}
	return err_set(err, FAULT_INFRA, 0,
		       "all %d slots in '%s/slots' are in use; wait until other runs on "
		       "this host end",
		       SLOTS_MAX, p->run);
}

int slot_release(struct slot *s, struct err *err)
{
	if (s->fd < 0)
		return 0;
	int bad = cgroup_remove(s->host, s->group, err);
	if (!bad && ftruncate(s->fd, 0) < 0)
		bad = err_set(err, FAULT_INFRA, errno, "cannot clear the owner of a slot");
	close(s->group_fd);
	close(s->fd); /* a mark that could not be cleared is left for the next sweep */
	s->fd = s->group_fd = -1;
	return bad;
}

/* Does a mark in this /run tell of the slot, or a lock? */
static bool is_known(int dirfd, int number)
{
	char name[16];
	snprintf(name, sizeof name, "%d", number);
	AUTO_FD int fd = lock(dirfd, name, 0);
	return fd < 0 ? errno == EWOULDBLOCK : marked(fd);
}

/* Groups of slots that no runner has locked and of which this /run knows nothing: their runner had
 * another one. */
static int sweep_groups(int dirfd, const struct cgroup_host *h, int *ret_swept, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/" CGROUP_PARENT, h->root[CG_MEMORY]);
	AUTO_DIR DIR *dir = opendir(path);
	int bad = 0;
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char group[32], *end;
		if (e->d_name[0] != 's' || e->d_name[1] < '0' || e->d_name[1] > '9')
			continue;
		long number = strtol(e->d_name + 1, &end, 10);
		if (*end || number >= SLOTS_MAX || is_known(dirfd, (int)number))
			continue;
		group_name((int)number, group);
		AUTO_FD int fd = lock_group(h, group);
		if (fd < 0)
			continue;
		if (cgroup_remove(h, group, err) < 0)
			bad = -1;
		else
			++*ret_swept;
	}
	return bad;
}

int slot_sweep(const struct places *p, const struct cgroup_host *h, slot_sweep_fn *also, void *ctx,
	       int *ret_swept, struct err *err)
{
	AUTO_FD int dirfd = open_dir(p, err);
	int copy = dirfd < 0 ? -1 : fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	AUTO_DIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return -1;
	int bad = 0;
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		AUTO_FD int fd = lock(dirfd, e->d_name, 0);
		if (fd < 0 || !marked(fd))
			continue;
		int number = atoi(e->d_name);
		/* The mark goes last. */
		if ((also && also(ctx, number, err) < 0) || clean(fd, number, h, err) < 0)
			bad = -1;
		else
			++*ret_swept;
	}
	if (sweep_groups(dirfd, h, ret_swept, err) < 0)
		bad = -1;
	cgroup_seat_sweep(h, 0);
	cgroup_pressure_sweep(h);
	if (cgroup_leaf_sweep(h, ret_swept, err) < 0)
		bad = -1;
	return bad;
}
