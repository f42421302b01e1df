/* files.c - the files of an assignment: digests, copies, and laying into work folders that students
 * wrote to. */
#include "submission/files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "submission/filetree.h"
#include "submission/sources.h"

static mode_t mode_of(const struct stat *st)
{
	return S_ISDIR(st->st_mode) || st->st_mode & 0111 ? 0755 : 0644;
}

/* --- digest ------------------------------------------------------------------------------- */

/* Names follow their lengths and digests have one length, so that different trees give different bytes. */
static int add_to_digest(void *ctx, const struct filetree_entry *e, struct err *err)
{
	char head[64], hex[DIGEST_HEX];
	int n = snprintf(head, sizeof head, "%c %03o %zu:", e->fd < 0 ? 'd' : 'f',
			 (unsigned)mode_of(e->st), strlen(e->rel));
	digest_add(ctx, head, (size_t)n);
	digest_add(ctx, e->rel, strlen(e->rel));
	if (e->fd < 0)
		return 0;
	if (digest_fd(e->fd, DIGEST_ALL, hex, err) < 0)
		return err_wrap(err, "'%s'", e->path);
	digest_add(ctx, hex, sizeof hex - 1);
	return 0;
}

int files_digest(const struct file_spec *f, char hex[DIGEST_HEX], struct err *err)
{
	AUTO_DIGEST *d = digest_new();
	if (filetree_walk(f->from, NULL, add_to_digest, d, err) < 0)
		return -1;
	digest_end(d, hex);
	return 0;
}

/* --- writing ------------------------------------------------------------------------------ */

struct laying {
	int dir;        /* everything is written beneath it */
	const char *to; /* the root of the entry in it; "." is the folder itself */
	uid_t uid;      /* (uid_t)-1: the runner's */
	gid_t gid;
	char ***replaced;
	char ***makefiles; /* paths of those that were laid; NULL: others may stand beside them */
};

static int cannot_lay(const char *path, struct err *err)
{
	int sys = errno;
	if (sys == ENOSPC || sys == EDQUOT)
		return err_set(err, FAULT_INFRA, sys,
			       "no room for the assignment's file '%s' in "
			       "the box",
			       path);
	return err_set(err, FAULT_INFRA, sys, "cannot put the assignment's '%s' into the box",
		       path);
}

static int set_owner(const struct laying *l, int fd, mode_t mode)
{
	if (l->uid != (uid_t)-1 && fchown(fd, l->uid, l->gid) < 0)
		return -1;
	return fchmod(fd, mode);
}

/* Removes @name, of any kind, from the open folder @at; *replaced gets its @path. */
static int remove_entry(const struct laying *l, int at, const char *name, const char *path)
{
	struct stat st;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (tree_remove_at(at, name) < 0)
		return -1;
	if (l->replaced)
		strv_add(l->replaced, path);
	return 0;
}

static int open_folder(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* An existing folder stays with its content; anything else is replaced by a new folder. */
static int enter_folder(const struct laying *l, int at, const char *name, const char *path)
{
	int fd = open_folder(at, name);
	if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP))
		return fd;
	if (remove_entry(l, at, name, path) < 0 || mkdirat(at, name, 0755) < 0)
		return -1;
	AUTO_FD int made = open_folder(at, name);
	if (made < 0 || set_owner(l, made, 0755) < 0)
		return -1;
	return fd_steal(&made);
}

/* The folder of @path beneath l->dir, made where it is missing; *ret_name is the last component,
 * within @path. Return: descriptor, -1 with errno. */
static int enter_parent(const struct laying *l, const char *path, const char **ret_name)
{
	AUTO_FD int at = openat(l->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *name = path;
	for (const char *slash; at >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
		AUTO_FREE char *so_far = mem_strndup(path, (size_t)(slash - path));
		int next = enter_folder(l, at, so_far + (name - path), so_far);
		close(at);
		at = next;
	}
	*ret_name = name;
	return fd_steal(&at);
}

static int copy_bytes(int from, int to)
{
	char chunk[65536];
	off_t at = 0;
	for (;;) {
		ssize_t n = pread(from, chunk, sizeof chunk, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		if (fd_write_all(to, chunk, (size_t)n) < 0)
			return -1;
		at += n;
	}
}

static int lay_folder(const struct laying *l, int at, const char *name, const char *path)
{
	AUTO_FD int fd = enter_folder(l, at, name, path);
	return fd < 0 ? -1 : set_owner(l, fd, 0755);
}

/* Removes the student's makefiles beside the makefile @name, so that make takes this one. Makefiles that
 * the assignment lays stay. */
static int remove_other_makefiles(const struct laying *l, int at, const char *name,
				  const char *path)
{
	const size_t folder = strlen(path) - strlen(name);
	strv_add(l->makefiles, path);
	for (char *const *one = sources_makefiles; *one; one++) {
		AUTO_FREE char *other = mem_printf("%.*s%s", (int)folder, path, *one);
		if (!strv_has(*l->makefiles, other) && remove_entry(l, at, *one, other) < 0)
			return -1;
	}
	return 0;
}

static int lay_file(const struct laying *l, int at, const char *name, const char *path,
		    const struct filetree_entry *e)
{
	if (remove_entry(l, at, name, path) < 0 ||
	    (l->makefiles && strv_has(sources_makefiles, name) &&
	     remove_other_makefiles(l, at, name, path) < 0))
		return -1;
	AUTO_FD int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				0600);
	return fd < 0 || copy_bytes(e->fd, fd) < 0 ? -1 : set_owner(l, fd, mode_of(e->st));
}

static int lay_entry(void *ctx, const struct filetree_entry *e, struct err *err)
{
	const struct laying *l = ctx;
	bool top = strcmp(l->to, ".") == 0;
	if (top && !*e->rel)
		return 0;
	AUTO_FREE char *path = top ? mem_strdup(e->rel) :
				     mem_printf("%s%s%s", l->to, *e->rel ? "/" : "", e->rel);
	const char *name;
	AUTO_FD int at = enter_parent(l, path, &name);
	if (at < 0)
		return cannot_lay(e->path, err);
	int bad = e->fd < 0 ? lay_folder(l, at, name, path) : lay_file(l, at, name, path, e);
	return bad ? cannot_lay(e->path, err) : 0;
}

int files_lay(const struct file_spec *files, size_t n, int work_fd, uint32_t uid, uint32_t gid,
	      char ***replaced, struct err *err)
{
	AUTO_STRV makefiles = strv_dup(NULL);
	for (size_t i = 0; i < n; i++) {
		struct laying l = { .dir = work_fd,
				    .to = files[i].to,
				    .uid = uid,
				    .gid = gid,
				    .replaced = replaced,
				    .makefiles = &makefiles };
		if (l.to[0] != '/' && filetree_walk(files[i].from, NULL, lay_entry, &l, err) < 0)
			return -1;
	}
	return 0;
}

static int open_new_place(const struct file_spec *f, const char *to_path, char **ret_name,
			  struct err *err)
{
	struct stat st;
	if (stat(f->from, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read '%s'", f->from);
	const char *slash = strrchr(to_path, '/');
	AUTO_FREE char *dir = S_ISDIR(st.st_mode) ? mem_strdup(to_path) :
			      slash ? mem_strndup(to_path, (size_t)(slash + 1 - to_path)) :
				      mem_strdup(".");
	if (S_ISDIR(st.st_mode) && mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder '%s'", dir);
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Whatever the umask is: the box's user has to read it. */
	if (fd < 0 || (S_ISDIR(st.st_mode) && fchmod(fd, 0755) < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot open the folder '%s'", dir);
	*ret_name = mem_strdup(S_ISDIR(st.st_mode) ? "." : slash ? slash + 1 : to_path);
	return fd_steal(&fd);
}

int files_copy(const struct file_spec *f, const char *to_path, struct err *err)
{
	AUTO_FREE char *name = NULL;
	AUTO_FD int dir = open_new_place(f, to_path, &name, err);
	if (dir < 0)
		return -1;
	struct laying l = { .dir = dir, .to = name, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	return filetree_walk(f->from, NULL, lay_entry, &l, err);
}
