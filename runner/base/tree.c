/*
 * tree.c - removal of trees that strangers made.
 *
 * Depth is theirs to choose, so there is no recursion and no path. In each pass every folder of
 * the top one is emptied: files go, folders that hold something are lifted into the top one, where
 * the next pass finds them. Stack and descriptors stay constant, and no link is ever followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

struct removal {
	int top;
	unsigned long lifted; /* number of the next lifted folder: makes its name new */
	int sys;              /* errno of the first failure of this pass */
	bool moved;           /* did this pass change anything? */
};

static DIR *open_folder(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	return d;
}

static struct dirent *next_entry(DIR *d)
{
	struct dirent *e;
	do
		e = readdir(d);
	while (e && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0));
	return e;
}

/* A file or an empty folder goes. Return: true when it is gone. */
static bool unlink_entry(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0)
		return true;
	int first = errno; /* of a folder EISDIR; EPERM on some file systems, but also of a file */
	if (first != EISDIR && first != EPERM)
		return false;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return true;
	if (errno == ENOTDIR)
		errno = first;
	return false;
}

static void fail(struct removal *r)
{
	if (!r->sys)
		r->sys = errno;
}

static void lift(struct removal *r, int dir, const char *name)
{
	char to[48];
	do
		snprintf(to, sizeof(to), ".moulette-gone-%lu", r->lifted++);
	while (faccessat(r->top, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	if (renameat(dir, name, r->top, to) < 0)
		fail(r);
	else
		r->moved = true;
}

static void empty_one(struct removal *r, const char *name)
{
	AUTO_DIR DIR *d = open_folder(r->top, name);
	if (!d) {
		fail(r);
		return;
	}
	for (struct dirent *e; (e = next_entry(d));) {
		if (unlink_entry(dirfd(d), e->d_name))
			r->moved = true;
		else if (errno == ENOTEMPTY || errno == EEXIST)
			lift(r, dirfd(d), e->d_name);
		else
			fail(r);
	}
	if (unlinkat(r->top, name, AT_REMOVEDIR) == 0)
		r->moved = true;
	else
		fail(r);
}

int tree_remove(int dirfd)
{
	struct removal r = { .top = dirfd };

	do {
		AUTO_DIR DIR *d = open_folder(dirfd, ".");
		if (!d)
			return -1;
		r.sys = 0;
		r.moved = false;
		for (struct dirent *e; (e = next_entry(d));) {
			if (unlink_entry(dirfd, e->d_name))
				r.moved = true;
			else if (errno == ENOTEMPTY || errno == EEXIST)
				empty_one(&r, e->d_name);
			else
				fail(&r);
		}
	} while (r.moved);
	errno = r.sys;
	return r.sys ? -1 : 0;
}

/* Is a component of @path ".", ".." : could it lead elsewhere than below? */
static bool has_dots(const char *path)
{
	for (; *path; path += strcspn(path, "/")) {
		path += strspn(path, "/");
		size_t len = strcspn(path, "/");
		if (len > 0 && len <= 2 && strspn(path, ".") >= len)
			return true;
	}
	return false;
}

int tree_remove_at(int dirfd, const char *name)
{
	if (has_dots(name)) {
		errno = EINVAL;
		return -1;
	}
	if (unlink_entry(dirfd, name) || errno == ENOENT)
		return 0;
	/* Anything else is no folder, or a mount point: what is mounted there is not emptied. */
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	AUTO_FD int dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || tree_remove(dir) < 0)
		return -1;
	return unlinkat(dirfd, name, AT_REMOVEDIR);
}
