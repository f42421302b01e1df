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

/* Return: a locked descriptor, -1 with EWOULDBLOCK when somebody else has it. */
static int lock(int dirfd, const char *name, int flags)
{
	AUTO_FD int fd = openat(dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return fd_steal(&fd);
}

static void group_name(int number, char buf[32])
{
	snprintf(buf, 32, "moulette/s%d", number);
}

static bool marked(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_size > 0;
}

/* The slot is locked by us: whoever wrote the mark is gone. */
static int clean(int fd, int number, const struct cgroup_host *h, struct err *err)
{
	char group[32];
	group_name(number, group);
	if (cgroup_remove(h, group, err) < 0)
		return -1;
	return ftruncate(fd, 0) < 0 ? err_set(err, FAULT_INFRA, errno, "cannot clear a mark") : 0;
}

static int write_mark(int fd, const struct places *p, const char *id, struct err *err)
{
	AUTO_FREE char *mark = mem_printf("%ld %s %s\n", (long)getpid(), id, p->home);
	if (pwrite(fd, mark, strlen(mark), 0) != (ssize_t)strlen(mark))
		return err_set(err, FAULT_INFRA, errno, "cannot mark a slot in '%s'", p->run);
	return 0;
}

int slot_take(const struct places *p, const struct cgroup_host *h, const char *id,
	      struct slot *ret, struct err *err)
{
	AUTO_FD int dir = open_dir(p, err);
	if (dir < 0)
		return -1;
	for (int i = 0; i < SLOTS_MAX; i++) {
		char name[16];
		snprintf(name, sizeof name, "%d", i);
		AUTO_FD int fd = lock(dir, name, O_CREAT);
		if (fd < 0 && errno == EWOULDBLOCK)
			continue;
		if (fd < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot take a slot in '%s/slots'",
				       p->run);
		/* What cannot be removed now keeps its mark, and others get another slot. */
		if (marked(fd) && clean(fd, i, h, err) < 0)
			continue;
		if (write_mark(fd, p, id, err) < 0)
			return -1;
		*ret = (struct slot){ .fd = fd_steal(&fd), .number = i, .host = h,
				      .uid_base = p->uid_base + (uint32_t)i * SLOT_UIDS };
		group_name(i, ret->group);
		return 0;
	}
	return err_set(err, FAULT_INFRA, 0, "all %d slots in '%s/slots' are taken", SLOTS_MAX, p->run);
}

int slot_release(struct slot *s, struct err *err)
{
	if (s->fd < 0)
		return 0;
	int bad = clean(s->fd, s->number, s->host, err);
	close(s->fd); /* a mark that could not be cleared is left for the next sweep */
	s->fd = -1;
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
	return bad;
}
