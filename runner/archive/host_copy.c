/* host_copy.c - a folder of the host, copied through directory descriptors, links unfollowed. */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "archive/ceilings.h"
#include "archive/host_copy.h"
#include "archive/rootfs_writer.h"
#include "archive/walk.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

/* A file with several names, by its inode: the second name becomes a hard link. */
struct known_file {
	ino_t ino;
	char *path;
};

struct copy {
	struct writer *w;
	const char *to; /* prefix of every path */
	bool only_public;
	dev_t store_dev; /* the folder that is being written, which must not be copied */
	ino_t store_ino;
	void *known;
};

static int by_inode(const void *a, const void *b)
{
	ino_t x = ((const struct known_file *)a)->ino, y = ((const struct known_file *)b)->ino;
	return x < y ? -1 : x > y;
}

static void known_free(void *p)
{
	struct known_file *k = p;
	free(k->path);
	free(k);
}

/* The path under which this file was written first; NULL: now. */
static const char *known_path(struct copy *c, ino_t ino, const char *path)
{
	struct known_file key = { .ino = ino };
	struct known_file **at = tfind(&key, &c->known, by_inode);

	if (at)
		return (*at)->path;
	struct known_file *k = mem_alloc(sizeof(*k));
	*k = (struct known_file){ .ino = ino, .path = mem_strdup(path) };
	tsearch(k, &c->known, by_inode);
	return NULL;
}

static struct entry_attr attr_of(const struct stat *st)
{
	return (struct entry_attr){
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime = st->st_mtim,
	};
}

static int put_xattrs(int from, int to, struct writer *w, struct err *err)
{
	AUTO_STRV names = NULL;
	if (walk_xattr_names(from, &names) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot list its attributes");
	for (char **n = names; *n; n++) {
		char value[65536]; /* XATTR_SIZE_MAX of Linux */
		ssize_t len = fgetxattr(from, *n, value, sizeof(value));
		if (len < 0 && errno == ENODATA)
			continue;
		if (len < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot read attribute '%s'", *n);
		if (rootfs_writer_xattr(w, to, *n, value, (size_t)len, err) < 0)
			return -1;
	}
	return 0;
}

static int put_data(int from, int to, struct writer *w, struct err *err)
{
	char chunk[65536];

	for (int64_t at = 0;;) {
		ssize_t n = pread(from, chunk, sizeof(chunk), at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot read");
		if (n == 0)
			return 0;
		if (rootfs_writer_data(w, to, at, chunk, (size_t)n, err) < 0)
			return -1;
		at += n;
	}
}

int host_copy_file(int source, const char *to, struct writer *w, struct err *err)
{
	AUTO_FD int fd = -1;
	struct stat st;

	if (fstat(source, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat '%s'", path_tail(to));
	if (!S_ISREG(st.st_mode))
		return err_set(err, FAULT_INFRA, 0, "'%s' was replaced while it was copied",
			       path_tail(to));
	struct entry_attr attr = attr_of(&st);
	if (rootfs_writer_file(w, to, &fd, err) < 0)
		return -1;
	if (put_data(source, fd, w, err) < 0 || put_xattrs(source, fd, w, err) < 0 ||
	    rootfs_writer_seal(w, fd, &attr, err) < 0)
		return err_wrap(err, "entry '%s'", path_tail(to));
	return 0;
}

static int put_regular(struct copy *c, const struct walk_entry *e, const char *to, struct err *err)
{
	const char *first = e->st->st_nlink > 1 ? known_path(c, e->st->st_ino, to) : NULL;
	if (first)
		return rootfs_writer_hardlink(c->w, to, first, err);
	AUTO_FD int fd = openat(e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", path_tail(e->path));
	return host_copy_file(fd, to, c->w, err);
}

static int put_link(struct copy *c, const struct walk_entry *e, const char *to, struct err *err)
{
	struct entry_attr attr = attr_of(e->st);
	char target[IMAGE_MAX_PATH + 2];
	ssize_t len = readlinkat(e->dir, e->name, target, sizeof(target) - 1);
	if (len < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read link '%s'",
			       path_tail(e->path));
	target[len] = '\0';
	return rootfs_writer_symlink(c->w, to, target, &attr, err);
}

static int put_folder(struct copy *c, const struct walk_entry *e, const char *to, struct err *err)
{
	struct entry_attr attr = attr_of(e->st);
	AUTO_FD int from = -1, fd = -1;

	if (e->st->st_dev == c->store_dev && e->st->st_ino == c->store_ino)
		return err_set(err, FAULT_USAGE, 0,
			       "the folder holds the image store itself ('%s')",
			       path_tail(e->path));
	from = openat(e->dir, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", path_tail(e->path));
	if (rootfs_writer_folder(c->w, to, &attr, &fd, err) < 0)
		return -1;
	if (put_xattrs(from, fd, c->w, err) < 0)
		return err_wrap(err, "entry '%s'", path_tail(to));
	return 0;
}

static int put_entry(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct copy *c = ctx;
	mode_t type = e->st->st_mode & S_IFMT;
	struct entry_attr attr = attr_of(e->st);

	if (e->after)
		return 0;
	if (c->only_public && type != S_IFLNK && !(e->st->st_mode & S_IROTH))
		return 1;
	AUTO_FREE char *to = mem_printf("%s/%s", c->to, e->path);
	switch (type) {
	case S_IFREG:
		return put_regular(c, e, to, err);
	case S_IFDIR:
		return put_folder(c, e, to, err);
	case S_IFLNK:
		return put_link(c, e, to, err);
	default:
		return rootfs_writer_drop(c->w, to, &attr, err);
	}
}

int host_copy_folder(int source, const char *to, bool only_public, struct writer *w,
		     struct err *err)
{
	struct copy c = { .w = w, .to = to, .only_public = only_public };
	struct stat st;

	if (fstat(w->root, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat the new tree");
	c.store_dev = st.st_dev;
	c.store_ino = st.st_ino;
	int got = walk_tree(source, put_entry, &c, err);
	tdestroy(c.known, known_free);
	return got;
}
