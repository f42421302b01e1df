/*
 * root_copy.c - copies of trees, through directory descriptors.
 *
 * The source is an image that staff made, or the host's own /usr, and nobody else writes to the
 * copy; still nothing is looked up by a path of more than one component, so that neither a link in
 * the image nor a rename of a neighbour leads out.
 */
#include "bundle/root_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <search.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/signals.h"

/* Two descriptors a level: half of the usual RLIMIT_NOFILE of 1,024. Debian's /usr has 17. */
#define MAX_DEPTH 256

/* A file with several names: where its first copy lies below the top. */
struct link_seen {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct root_copy {
	int top;
	void *seen; /* tsearch(3) */
};

/* A place in the copy. */
struct place {
	int dir;          /* folder that gets the entry */
	const char *path; /* of that folder below the top, "" or "a/b" */
	int depth;
};

static int by_inode(const void *a, const void *b)
{
	const struct link_seen *x = a, *y = b;
	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static void seen_free(void *p)
{
	struct link_seen *s = p;
	free(s->path);
	free(s);
}

struct root_copy *root_copy_new(int top_fd)
{
	struct root_copy *c = mem_alloc(sizeof(*c));
	c->top = top_fd;
	return c;
}

void root_copy_free(struct root_copy *c)
{
	if (c)
		tdestroy(c->seen, seen_free);
	free(c);
}

void root_copy_cleanup(struct root_copy **c)
{
	root_copy_free(*c);
}

static char *join(const char *path, const char *name)
{
	return *path ? mem_printf("%s/%s", path, name) : mem_strdup(name);
}

static int fail(const char *what, const char *path, struct err *err)
{
	return err_set(err, FAULT_INFRA, errno, "cannot %s '/%s' of the bundle", what, path);
}

static bool interrupted(void)
{
	sigset_t pending, ending, both;
	signals_ending(&ending);
	return sigpending(&pending) == 0 && sigandset(&both, &pending, &ending) == 0 &&
	       !sigisemptyset(&both);
}

/* Blocks shared with the source where the file system can, else copied in the kernel, else by hand
 * (EXDEV, EINVAL and EOPNOTSUPP: file systems that cannot). */
static int copy_bytes(int from, int to)
{
	char chunk[65536];
	ssize_t n;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while ((n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
		;
	if (n == 0)
		return 0;
	while ((n = read(from, chunk, sizeof(chunk))) > 0)
		if (fd_write_all(to, chunk, (size_t)n) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

/* Owner first: chown takes set-id bits away, and root's chmod would bring them back. */
static int copy_meta(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 01777) < 0)
		return -1;
	return futimens(fd, times);
}

/* Return: 1 when the file was linked to its earlier copy, 0 when it must be copied. */
static int link_again(struct root_copy *c, const struct place *to, const char *name,
		      const char *path, const struct stat *st, struct err *err)
{
	if (st->st_nlink < 2)
		return 0;
	struct link_seen *s = mem_alloc(sizeof(*s));
	*s = (struct link_seen){ st->st_dev, st->st_ino, mem_strdup(path) };
	struct link_seen **found = tsearch(s, &c->seen, by_inode);
	if (found && *found == s)
		return 0;
	seen_free(s);
	if (!found) {
		errno = ENOMEM;
		return fail("copy", path, err);
	}
	if (linkat(c->top, (*found)->path, to->dir, name, 0) < 0)
		return fail("link", path, err);
	return 1;
}

static int copy_regular(struct root_copy *c, int from_dir, const struct place *to, const char *name,
			const char *path, struct err *err)
{
	struct stat st;
	AUTO_FD int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (from < 0 || fstat(from, &st) < 0)
		return fail("read", path, err);
	if (!S_ISREG(st.st_mode)) {
		errno = ESTALE; /* it was one when it was looked at */
		return fail("read", path, err);
	}
	int linked = link_again(c, to, name, path, &st, err);
	if (linked)
		return linked < 0 ? -1 : 0;
	AUTO_FD int out = openat(to->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0 || copy_bytes(from, out) < 0 || copy_meta(out, &st) < 0)
		return fail("write", path, err);
	return 0;
}

static int copy_link(int from_dir, const struct place *to, const char *name, const char *path,
		     const struct stat *st, struct err *err)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[4097];
	ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return fail("read", path, err);
	target[n] = '\0';
	if (symlinkat(target, to->dir, name) < 0 ||
	    fchownat(to->dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to->dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("write", path, err);
	return 0;
}

static int copy_fifo(const struct place *to, const char *name, const char *path,
		     const struct stat *st, struct err *err)
{
	if (mkfifoat(to->dir, name, 0600) < 0 ||
	    fchownat(to->dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to->dir, name, st->st_mode & 0777, 0) < 0)
		return fail("write", path, err);
	return 0;
}

static int copy_folder(struct root_copy *c, int from_fd, const struct place *to, struct err *err);

static int copy_subfolder(struct root_copy *c, int from_dir, const struct place *to,
			  const char *name, const char *path, struct err *err)
{
	AUTO_FD int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return fail("read", path, err);
	if (mkdirat(to->dir, name, 0700) < 0)
		return fail("write", path, err);
	AUTO_FD int out = openat(to->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return fail("write", path, err);
	struct place inner = { out, path, to->depth + 1 };
	return copy_folder(c, from, &inner, err);
}

static int copy_entry(struct root_copy *c, int from_dir, const struct place *to, const char *name,
		      struct err *err)
{
	AUTO_FREE char *path = join(to->path, name);
	struct stat st;

	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail("read", path, err);
	if (interrupted())
		return err_set_code(err, "interrupted", FAULT_INFRA, 0, "interrupted");
	if (S_ISREG(st.st_mode))
		return copy_regular(c, from_dir, to, name, path, err);
	if (S_ISDIR(st.st_mode))
		return copy_subfolder(c, from_dir, to, name, path, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(from_dir, to, name, path, &st, err);
	if (S_ISFIFO(st.st_mode))
		return copy_fifo(to, name, path, &st, err);
	return 0; /* devices, sockets */
}

static int copy_folder(struct root_copy *c, int from_fd, const struct place *to, struct err *err)
{
	struct stat st;
	int fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	if (!d || fstat(fd, &st) < 0)
		return fail("read", to->path, err);
	if (to->depth > MAX_DEPTH) {
		errno = ELOOP;
		return fail("copy", to->path, err);
	}
	errno = 0;
	for (struct dirent *e; (e = readdir(d)); errno = 0) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (copy_entry(c, fd, to, e->d_name, err) < 0)
			return -1;
	}
	/* Last, because every entry changes the folder's times. */
	if (errno || copy_meta(to->dir, &st) < 0)
		return fail("copy", to->path, err);
	return 0;
}

int root_copy_tree(struct root_copy *c, int from_fd, const char *path, struct err *err)
{
	AUTO_FD int dir = fd_open_beneath(c->top, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return fail("open", path, err);
	struct place to = { dir, path, 0 };
	return copy_folder(c, from_fd, &to, err);
}

int root_copy_file(struct root_copy *c, int from_fd, const char *path, struct err *err)
{
	struct stat st;
	AUTO_FD int out = fd_open_beneath(c->top, path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (out < 0 || fstat(from_fd, &st) < 0 || copy_bytes(from_fd, out) < 0 ||
	    copy_meta(out, &st) < 0)
		return fail("write", path, err);
	return 0;
}
