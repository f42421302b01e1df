/*
 * rootfs_writer.c - writes entries beneath a folder, whatever their names say (place.c).
 *
 * Every write goes to a file that was made here (O_EXCL). What an image has no use for (devices,
 * sockets) holds its place as an empty file until finish.c removes it: so it replaces, is replaced
 * and is hidden as everything else, and what is counted is what the whole image lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/xattr.h>

#include "archive/ceilings.h"
#include "archive/marks.h"
#include "archive/place.h"
#include "archive/rootfs_writer.h"
#include "archive/tally.h"
#include "archive/walk.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "model/limits.h"

int rootfs_writer_init(struct writer *w, int root, int64_t max_bytes, struct err *err)
{
	*w = (struct writer){ .root = root, .max_bytes = max_bytes };
	if (fchmod(root, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot prepare the tree");
	return 0;
}

static int begin(struct writer *w, const char *raw, struct place *p, struct err *err)
{
	p->parent = -1;
	return tally_entry(w, err) < 0 ? -1 : place_find(w, raw, true, p, err);
}

/* For all but folders: the name must be free. */
static int make_room(const struct place *p, struct err *err)
{
	if (!*p->path)
		return err_set(err, FAULT_USAGE, 0, "the top of the image is not a folder");
	if (tree_remove_at(p->parent, p->name) == 0)
		return 0;
	return err_set(err, FAULT_INFRA, errno, "cannot replace '%s'", path_tail(p->path));
}

static int write_failed(const char *what, struct err *err)
{
	return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", path_tail(what));
}

static int check_owner(const struct entry_attr *a, struct err *err)
{
	/* (uid_t)-1 means "leave it" to chown(2). */
	if (a->uid < 0 || a->uid >= UINT32_MAX || a->gid < 0 || a->gid >= UINT32_MAX)
		return err_set(err, FAULT_USAGE, 0,
			       "owner %" PRId64 ":%" PRId64 ", expected numbers from 0 to %u",
			       a->uid, a->gid, UINT32_MAX - 1);
	return 0;
}

/* Owner and mode of an open file or folder; set-id bits go. */
static int put_attr(struct writer *w, int fd, const struct entry_attr *a, struct err *err)
{
	mode_t mode = a->mode & 01777;

	if (check_owner(a, err) < 0)
		return -1;
	if (fchown(fd, (uid_t)a->uid, (gid_t)a->gid) < 0 || fchmod(fd, mode) < 0 ||
	    (a->mode & (S_ISUID | S_ISGID) && mark_add(w, fd, MARK_SETID) < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot set owner and mode");
	return 0;
}

/* A new, empty file; what was known of a removed one with the same inode is forgotten. */
static int new_file(struct writer *w, const struct place *p)
{
	int fd = openat(p->parent, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);
	if (fd >= 0)
		mark_clear(w, fd);
	return fd;
}

int rootfs_writer_drop(struct writer *w, const char *path, const struct entry_attr *a,
		       struct err *err)
{
	bool device = S_ISCHR(a->mode) || S_ISBLK(a->mode);
	AUTO_PLACE p;
	if (begin(w, path, &p, err) < 0 || make_room(&p, err) < 0)
		return -1;
	AUTO_FD int fd = new_file(w, &p);
	if (fd < 0 || mark_add(w, fd, device ? MARK_DEVICE : MARK_GONE) < 0)
		return write_failed(p.path, err);
	return 0;
}

/* A folder that is said again is as it is said last. */
static int forget_xattrs(int fd)
{
	AUTO_STRV names = NULL;

	if (walk_xattr_names(fd, &names) < 0)
		return -1;
	for (char **n = names; *n; n++)
		if (walk_xattr_is_kept(*n) && fremovexattr(fd, *n) < 0)
			return -1;
	return 0;
}

int rootfs_writer_folder(struct writer *w, const char *path, const struct entry_attr *a,
			 int *ret_fd, struct err *err)
{
	AUTO_PLACE p;
	struct entry_attr attr = *a;
	if (begin(w, path, &p, err) < 0)
		return -1;
	const char *name = *p.path ? p.name : ".";
	struct stat st;
	if (fstatat(p.parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
	    make_room(&p, err) < 0)
		return -1;
	bool old = mkdirat(p.parent, name, 0700) < 0;
	if (old && errno != EEXIST)
		return write_failed(p.path, err);
	AUTO_FD int fd = openat(p.parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || tally_time(w, fd, a->mtime) < 0 || (old && forget_xattrs(fd) < 0))
		return write_failed(p.path, err);
	mark_clear(w, fd);
	/* The top is often made by mktemp -d (0700): nothing in the box could be reached. */
	if (!*p.path)
		attr.mode |= 0755;
	if (put_attr(w, fd, &attr, err) < 0)
		return err_wrap(err, "entry '%s'", path_tail(p.path));
	if (ret_fd)
		*ret_fd = fd_steal(&fd);
	return 0;
}

int rootfs_writer_file(struct writer *w, const char *path, int *ret_fd, struct err *err)
{
	AUTO_PLACE p;
	if (begin(w, path, &p, err) < 0 || make_room(&p, err) < 0)
		return -1;
	int fd = new_file(w, &p);
	if (fd < 0)
		return write_failed(p.path, err);
	*ret_fd = fd;
	return 0;
}

static int too_large(const struct writer *w, struct err *err)
{
	char limit[32];

	size_format(w->max_bytes, limit);
	return err_set(err, FAULT_USAGE, 0,
		       "holds more than %s unpacked; a larger image needs --max-size", limit);
}

int rootfs_writer_claim(const struct writer *w, int64_t len, struct err *err)
{
	return len <= w->max_bytes - w->bytes ? 0 : too_large(w, err);
}

int rootfs_writer_data(struct writer *w, int fd, int64_t offset, const void *data, size_t len,
		       struct err *err)
{
	struct stat st;

	/* Sparse archives choose the offset; checked first, so that the sum cannot overflow. */
	if (offset < 0 || offset > w->max_bytes)
		return too_large(w, err);
	int64_t end = offset + (int64_t)len;
	if (fstat(fd, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write");
	/* Holes count: whoever copies or reads the file meets them. */
	int64_t more = end > st.st_size ? end - st.st_size : 0;
	if (rootfs_writer_claim(w, more, err) < 0)
		return -1;
	w->bytes += more;
	if (len == 0 && more > 0 && ftruncate(fd, end) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write");
	for (const char *s = data; len > 0;) {
		ssize_t n = pwrite(fd, s, len, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot write");
		s += n;
		offset += n;
		len -= (size_t)n;
	}
	return 0;
}

int rootfs_writer_seal(struct writer *w, int fd, const struct entry_attr *a, struct err *err)
{
	const struct timespec times[2] = { a->mtime, a->mtime };

	if (put_attr(w, fd, a, err) < 0)
		return -1;
	if (futimens(fd, times) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot set the time");
	return 0;
}

/* No name and no value of an attribute: too long, or nothing behind "user.". */
static bool is_no_xattr(int sys)
{
	return sys == ERANGE || sys == E2BIG || sys == EINVAL;
}

int rootfs_writer_xattr(struct writer *w, int fd, const char *name, const void *value, size_t len,
			struct err *err)
{
	if (strcmp(name, "security.capability") == 0 && mark_add(w, fd, MARK_CAPABILITY) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at the file");
	if (!walk_xattr_is_kept(name))
		return 0;
	if (fsetxattr(fd, name, value, len, 0) < 0)
		return err_set(err, is_no_xattr(errno) ? FAULT_USAGE : FAULT_INFRA, errno,
			       "cannot keep attribute '%.80s'", name);
	return 0;
}

int rootfs_writer_symlink(struct writer *w, const char *path, const char *target,
			  const struct entry_attr *a, struct err *err)
{
	const struct timespec times[2] = { a->mtime, a->mtime };
	AUTO_PLACE p;

	if (begin(w, path, &p, err) < 0 || make_room(&p, err) < 0)
		return -1;
	if (check_owner(a, err) < 0)
		return err_wrap(err, "entry '%s'", path_tail(p.path));
	if (!*target || strlen(target) > IMAGE_MAX_PATH)
		return err_set(err, FAULT_USAGE, 0,
			       "link '%s' has no target, or one above %d bytes", path_tail(p.path),
			       IMAGE_MAX_PATH);
	if (symlinkat(target, p.parent, p.name) < 0 ||
	    fchownat(p.parent, p.name, (uid_t)a->uid, (gid_t)a->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(p.parent, p.name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return write_failed(p.path, err);
	return 0;
}

int rootfs_writer_link(struct writer *w, const char *path, int dir, const char *name,
		       unsigned int marks, struct err *err)
{
	AUTO_PLACE p;
	struct stat st;

	if (begin(w, path, &p, err) < 0 || make_room(&p, err) < 0)
		return -1;
	if (linkat(dir, name, p.parent, p.name, 0) < 0 ||
	    fstatat(p.parent, p.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return write_failed(p.path, err);
	w->bytes += st.st_size;
	if (marks && mark_inode(w, st.st_ino, marks) < 0)
		return write_failed(p.path, err);
	return 0;
}

int rootfs_writer_hardlink(struct writer *w, const char *path, const char *target, struct err *err)
{
	AUTO_PLACE to, from;
	struct stat a, b;

	from.parent = -1;
	if (begin(w, path, &to, err) < 0)
		return -1;
	if (place_find(w, target, false, &from, err) < 0 ||
	    fstatat(from.parent, from.name, &a, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(a.st_mode))
		return err_set(err, FAULT_USAGE, 0,
			       "hard link '%s' points to '%s', which is no file of the image "
			       "before it",
			       path_tail(to.path), path_tail(target));
	/* A link to itself must not remove what it links to. */
	if (fstatat(to.parent, to.name, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_ino == b.st_ino)
		return 0;
	if (make_room(&to, err) < 0)
		return -1;
	if (linkat(from.parent, from.name, to.parent, to.name, 0) == 0)
		return 0;
	if (errno == ENOENT)
		return err_set(err, FAULT_USAGE, 0,
			       "hard link '%s' points to '%s', which it replaces",
			       path_tail(to.path), path_tail(target));
	if (errno == EMLINK)
		return err_set(err, FAULT_USAGE, errno, "hard link '%s' is one name too many",
			       path_tail(to.path));
	return write_failed(to.path, err);
}
