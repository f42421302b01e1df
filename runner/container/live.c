/* live.c - the marks of live runs, and what is done about those whose runner was killed. */
#include "container/live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

int live_begin(const struct places *p, const char *id, int *ret_fd, struct err *err)
{
	AUTO_FREE char *path = mem_printf("%s/%s", p->live, id);
	/* Locked before it has its name, so that no sweep finds it unlocked. */
	AUTO_FD int fd = open(p->live, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EOPNOTSUPP)
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ||
	    dprintf(fd, "%ld\n", (long)getpid()) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot mark the run in '%s'", p->live);
	char self[64];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
		return err_set(err, FAULT_INFRA, errno, "cannot mark the run as '%s'", path);
	*ret_fd = fd_steal(&fd);
	return 0;
}

void live_end(const struct places *p, const char *id, int fd)
{
	AUTO_FREE char *path = mem_printf("%s/%s", p->live, id);
	unlink(path);
	close(fd);
}

static int sweep_one(const struct places *p, int dirfd, const char *id,
		     int (*stored)(void *ctx, const char *id, struct err *err), void *ctx,
		     int *ret_swept, struct err *err)
{
	AUTO_FD int fd = openat(dirfd, id, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0; /* alive, or swept by somebody else */
	int there = stored(ctx, id, err);
	if (there < 0)
		return -1;
	AUTO_FREE char *log = mem_printf("%s/%s.log", p->logs, id);
	if (!there && unlink(log) < 0 && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot remove '%s'", log);
	if (unlinkat(dirfd, id, 0) < 0 && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot remove '%s/%s'", p->live, id);
	++*ret_swept;
	return 0;
}

int live_sweep(const struct places *p, int (*stored)(void *ctx, const char *id, struct err *err),
	       void *ctx, int *ret_swept, struct err *err)
{
	AUTO_DIR DIR *dir = opendir(p->live);
	if (!dir)
		return errno == ENOENT ? 0 : err_set(err, FAULT_INFRA, errno, "cannot read '%s'",
						     p->live);
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.' &&
		    sweep_one(p, dirfd(dir), e->d_name, stored, ctx, ret_swept, err) < 0)
			return -1;
	return 0;
}
