/* writer.c - writes accepted entries beneath one folder, and through no link. */
#include "unpack/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define YEAR_2100 INT64_C(4102444800)

/* openat2 gives up with EAGAIN when anything on the host is mounted or renamed while it walks a
 * "..": tried again this often before it is trouble. */
#define RESOLVE_TRIES 1000

void writer_init(struct writer *w, int dest, const struct unpack_limits *lim,
		 struct entry_totals *tot)
{
	*w = (struct writer){ .dest = dest, .limits = lim, .totals = tot, .parent_fd = -1 };
}

void writer_done(struct writer *w)
{
	cleanup_fd(&w->parent_fd);
	w->parent_fd = -1;
	buf_done(&w->links);
	buf_done(&w->times);
}

/*
 * The destination is larger than what the limits admit, so a full disk is ours; but when inodes
 * went to more objects than there may be entries (folders without an entry count beside them), it
 * is the archive that is too large for a destination made to measure.
 */
static int failed(const struct writer *w, int sys, const char *path, const char *what,
		  struct err *err)
{
	if ((sys == ENOSPC || sys == EDQUOT) &&
	    w->totals->entries + w->totals->folders > w->limits->entries)
		return entry_refuse(err, "archive.too_many", path,
				    "more files and folders than the destination has room for");
	return entry_trouble(err, sys, path, what);
}

/* @path (@len bytes of it) stands in the way of a folder. */
static int blocked(const char *entry, const char *path, size_t len, mode_t type, struct err *err)
{
	if (S_ISLNK(type))
		return entry_refuse(err, "archive.link_escape", entry,
				    "lies behind the symbolic link '%.*s'",
				    len > 100 ? 100 : (int)len, path);
	return entry_refuse(err, "archive.type_change", entry, "'%.*s' is a file and a folder",
			    len > 100 ? 100 : (int)len, path);
}

/* One step down, made when it is not there. @path is a whole entry, @len ends the step's name. */
static int step_down(struct writer *w, int at, const char *path, size_t begin, size_t len,
		     int *ret_fd, struct err *err)
{
	char name[ENTRY_NAME_MAX + 1];
	struct stat st;

	memcpy(name, path + begin, len - begin);
	name[len - begin] = '\0';
	int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		if (entry_policy_folder(w->limits, w->totals, path, err) < 0)
			return -1;
		if (mkdirat(at, name, 0755) < 0)
			return failed(w, errno, path, "cannot make its folder", err);
		fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP) &&
	    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return blocked(path, path, len, st.st_mode, err);
	if (fd < 0)
		return failed(w, errno, path, "cannot open its folder", err);
	*ret_fd = fd;
	return 0;
}

/*
 * The folder of @path and the last component. The folder of the entry before is kept open: nothing
 * but this process changes the tree, and no folder of it is ever removed or replaced.
 */
static int open_parent(struct writer *w, const char *path, int *ret_fd, const char **ret_name,
		       struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*ret_name = slash ? slash + 1 : path;
	if (len == 0) {
		*ret_fd = w->dest;
		return 0;
	}
	if (w->parent_fd >= 0 && strlen(w->parent) == len && memcmp(w->parent, path, len) == 0) {
		*ret_fd = w->parent_fd;
		return 0;
	}

	AUTO_FD int at = -1;
	for (size_t begin = 0; begin < len;) {
		size_t end = begin + strcspn(path + begin, "/");
		int fd = -1;
		if (step_down(w, at < 0 ? w->dest : at, path, begin, end, &fd, err) < 0)
			return -1;
		cleanup_fd(&at);
		at = fd;
		begin = end + 1;
	}
	cleanup_fd(&w->parent_fd);
	w->parent_fd = fd_steal(&at);
	memcpy(w->parent, path, len);
	w->parent[len] = '\0';
	*ret_fd = w->parent_fd;
	return 0;
}

static const char *type_name(mode_t mode)
{
	return S_ISDIR(mode) ? "a folder" : S_ISLNK(mode) ? "a symbolic link" : "a file";
}

/* Something has the name already: the same type makes room, another one is refused. */
static int make_room(struct writer *w, int dir, const char *name, const char *path, mode_t type,
		     struct err *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(w, errno, path, "cannot look at what has its name", err);
	if ((st.st_mode & S_IFMT) != type)
		return entry_refuse(err, "archive.type_change", path, "was %s before and is now %s",
				    type_name(st.st_mode), type_name(type));
	if (type != S_IFDIR && unlinkat(dir, name, 0) < 0)
		return failed(w, errno, path, "cannot replace the one before", err);
	return 0;
}

static struct timespec as_timespec(const struct entry_time *t)
{
	return (struct timespec){ .tv_sec = t->sec, .tv_nsec = t->nsec };
}

/* make compares times, so they are kept; but nobody's clock is before 1970 or after 2100. */
static bool is_sane(const struct entry_time *t)
{
	return t->is_set && t->sec >= 0 && t->sec < YEAR_2100 && t->nsec >= 0 &&
	       t->nsec < 1000000000L;
}

int writer_folder(struct writer *w, const char *path, const struct entry_time *t, struct err *err)
{
	const char *name;
	int dir;

	if (*path == '\0')
		return 0;
	if (open_parent(w, path, &dir, &name, err) < 0)
		return -1;
	if (mkdirat(dir, name, 0755) < 0) {
		if (errno != EEXIST)
			return failed(w, errno, path, "cannot make the folder", err);
		if (make_room(w, dir, name, path, S_IFDIR, err) < 0)
			return -1;
	}
	if (is_sane(t)) {
		struct timespec ts = as_timespec(t);
		buf_add(&w->times, &ts, sizeof(ts));
		buf_add(&w->times, path, strlen(path) + 1);
	}
	return 0;
}

int writer_symlink(struct writer *w, const char *path, const char *target, struct err *err)
{
	const char *name;
	int dir;

	if (open_parent(w, path, &dir, &name, err) < 0)
		return -1;
	int got = symlinkat(target, dir, name);
	if (got < 0 && errno == EEXIST) {
		if (make_room(w, dir, name, path, S_IFLNK, err) < 0)
			return -1;
		got = symlinkat(target, dir, name);
	}
	if (got < 0)
		return failed(w, errno, path, "cannot make the symbolic link", err);
	buf_add(&w->links, path, strlen(path) + 1);
	return 0;
}

/* A hard link to a symbolic link would carry its words to another folder, where they may lead out:
 * it becomes a symbolic link of its own and is checked as such. */
static int copy_symlink(struct writer *w, const char *path, int dir, const char *name,
			struct err *err)
{
	char target[ENTRY_PATH_SIZE];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return failed(w, errno, path, "cannot read the link that it links to", err);
	target[n] = '\0';
	if (entry_policy_link(w->limits, path, target, err) < 0)
		return -1;
	return writer_symlink(w, path, target, err);
}

/* Looks for what a hard link names, making nothing on the way. */
static int find_target(struct writer *w, const char *path, const char *target, int *ret_dir,
		       struct stat *st, struct err *err)
{
	const char *slash = strrchr(target, '/');
	AUTO_FD int dir = dup(w->dest);

	for (const char *p = target; dir >= 0 && slash && p < slash;) {
		char name[ENTRY_NAME_MAX + 1];
		size_t n = strcspn(p, "/");
		memcpy(name, p, n);
		name[n] = '\0';
		int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int saved = errno;
		struct stat way;
		if (fd < 0 && saved == ENOTDIR &&
		    fstatat(dir, name, &way, AT_SYMLINK_NOFOLLOW) == 0)
			return blocked(path, target, (size_t)(p - target) + n, way.st_mode, err);
		cleanup_fd(&dir);
		dir = fd;
		errno = saved;
		p += n + 1;
	}
	if (dir < 0 || fstatat(dir, slash ? slash + 1 : target, st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return failed(w, errno, path, "cannot look at what it links to", err);
		return entry_refuse(
			err, "archive.link", path,
			"a hard link to '%.100s', which no earlier entry of the archive contains",
			target);
	}
	if (S_ISDIR(st->st_mode))
		return entry_refuse(err, "archive.link", path, "a hard link to a folder");
	*ret_dir = fd_steal(&dir);
	return 0;
}

int writer_hard_link(struct writer *w, const char *path, const char *target, struct err *err)
{
	const char *slash = strrchr(target, '/'), *from = slash ? slash + 1 : target, *name;
	AUTO_FD int target_dir = -1;
	struct stat st, old;
	int dir;

	if (find_target(w, path, target, &target_dir, &st, err) < 0 ||
	    open_parent(w, path, &dir, &name, err) < 0)
		return -1;
	bool exists = fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
	if (exists && old.st_ino == st.st_ino && old.st_dev == st.st_dev)
		return 0; /* to itself, or the same link again */
	if (S_ISLNK(st.st_mode))
		return copy_symlink(w, path, target_dir, from, err);
	if (exists && make_room(w, dir, name, path, S_IFREG, err) < 0)
		return -1;
	if (linkat(target_dir, from, dir, name, 0) < 0)
		return failed(w, errno, path, "cannot make the hard link", err);
	return 0;
}

int writer_file(struct writer *w, const char *path, int *ret_fd, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	const char *name;
	int dir;

	if (open_parent(w, path, &dir, &name, err) < 0)
		return -1;
	int fd = openat(dir, name, flags, 0644);
	if (fd < 0 && errno == EEXIST) {
		if (make_room(w, dir, name, path, S_IFREG, err) < 0)
			return -1;
		fd = openat(dir, name, flags, 0644);
	}
	if (fd < 0)
		return failed(w, errno, path, "cannot make the file", err);
	*ret_fd = fd;
	return 0;
}

int writer_add(struct writer *w, const char *path, int fd, const void *data, size_t len,
	       struct err *err)
{
	if (fd_write_all(fd, data, len) < 0)
		return failed(w, errno, path, "cannot write", err);
	return 0;
}

int writer_file_end(struct writer *w, const char *path, int fd, mode_t mode,
		    const struct entry_time *t, struct err *err)
{
	struct timespec ts[2] = { { .tv_nsec = UTIME_OMIT }, as_timespec(t) };

	if (fchmod(fd, mode) < 0)
		return failed(w, errno, path, "cannot set its mode", err);
	if (is_sane(t) && futimens(fd, ts) < 0)
		return failed(w, errno, path, "cannot set its time", err);
	return 0;
}

static int check_link(struct writer *w, const char *path, struct err *err)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	long fd;

	for (int i = 0; i < RESOLVE_TRIES; i++) {
		fd = syscall(SYS_openat2, w->dest, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	if (fd >= 0) {
		close((int)fd);
		return 0;
	}
	switch (errno) {
	case ENOENT: /* points to nothing, through a file, or in a circle: inside all the same */
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return 0;
	case EXDEV:
		return entry_refuse(err, "archive.link_escape", path,
				    "a symbolic link that leaves the submission by way of another");
	default:
		return entry_trouble(err, errno, path, "cannot follow the symbolic link");
	}
}

int writer_finish(struct writer *w, struct err *err)
{
	for (size_t at = 0; at < w->links.len; at += strlen(w->links.data + at) + 1) {
		if (check_link(w, w->links.data + at, err) < 0)
			return -1;
	}
	for (size_t at = 0; at < w->times.len;) {
		struct timespec ts[2] = { { .tv_nsec = UTIME_OMIT } };
		memcpy(&ts[1], w->times.data + at, sizeof(ts[1]));
		const char *path = w->times.data + at + sizeof(ts[1]);
		/* No component is a link: none is passed, and a folder never becomes one. */
		if (utimensat(w->dest, path, ts, AT_SYMLINK_NOFOLLOW) < 0)
			return failed(w, errno, path, "cannot set its time", err);
		at += sizeof(ts[1]) + strlen(path) + 1;
	}
	return 0;
}
