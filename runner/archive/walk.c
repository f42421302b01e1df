/* walk.c - every entry of a tree in one order. */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "archive/ceilings.h"
#include "archive/walk.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

struct names {
	char **v;
	size_t n, cap;
};

static void names_cleanup(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(int fd, struct names *l)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		cleanup_fd(&copy);
		return -1;
	}
	errno = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (l->n == l->cap) {
			l->cap = l->cap ? 2 * l->cap : 16;
			l->v = mem_realloc(l->v, l->cap * sizeof(*l->v));
		}
		l->v[l->n++] = mem_strdup(e->d_name);
	}
	if (errno)
		return -1;
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_bytes);
	return 0;
}

struct walk {
	walk_fn *fn;
	void *ctx;
	dev_t dev;
	struct buf path; /* empty at the top */
};

static int visit(struct walk *w, int dir, const char *name, const struct stat *st, bool after,
		 struct err *err)
{
	struct walk_entry e = { .dir = dir, .name = name, .st = st, .after = after };
	e.path = w->path.len ? w->path.data : ".";
	return w->fn(w->ctx, &e, err);
}

static int walk_entry_at(struct walk *w, int dir, const char *name, int depth, struct err *err);

static int walk_inside(struct walk *w, int dir, const char *name, int depth, struct err *err)
{
	CLEANUP(names_cleanup) struct names l = { 0 };
	AUTO_FD int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || names_read(fd, &l) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read folder '%s'",
			       path_tail(w->path.len ? w->path.data : "."));
	if (l.n && depth >= IMAGE_MAX_DEPTH)
		return err_set(err, FAULT_USAGE, 0, "'%s' lies deeper than %d folders",
			       path_tail(w->path.data), IMAGE_MAX_DEPTH);
	size_t len = w->path.len;
	for (size_t i = 0; i < l.n; i++) {
		buf_printf(&w->path, "%s%s", len ? "/" : "", l.v[i]);
		int got = walk_entry_at(w, fd, l.v[i], depth + 1, err);
		w->path.len = len;
		if (w->path.data)
			w->path.data[len] = '\0';
		if (got < 0)
			return -1;
	}
	return 0;
}

static int walk_entry_at(struct walk *w, int dir, const char *name, int depth, struct err *err)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat '%s'",
			       path_tail(w->path.len ? w->path.data : "."));
	int got = visit(w, dir, name, &st, false, err);
	if (got != 0 || !S_ISDIR(st.st_mode))
		return got < 0 ? -1 : 0;
	if (st.st_dev == w->dev && walk_inside(w, dir, name, depth, err) < 0)
		return -1;
	return visit(w, dir, name, &st, true, err);
}

int walk_tree(int top, walk_fn *fn, void *ctx, struct err *err)
{
	struct walk w = { .fn = fn, .ctx = ctx };
	struct stat st;

	if (fstat(top, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat the top folder");
	w.dev = st.st_dev;
	int got = walk_entry_at(&w, top, ".", 0, err);
	buf_done(&w.path);
	return got;
}

int walk_xattr_names(int fd, char ***ret)
{
	ssize_t room = flistxattr(fd, NULL, 0);
	if (room < 0 && errno != ENOTSUP)
		return -1;
	AUTO_STRV list = strv_dup(NULL);
	if (room > 0) {
		AUTO_FREE char *text = mem_alloc((size_t)room + 1);
		ssize_t len = flistxattr(fd, text, (size_t)room);
		if (len < 0)
			return -1;
		for (char *s = text; s < text + len; s += strlen(s) + 1)
			strv_add(&list, s);
		qsort(list, strv_len(list), sizeof(*list), by_bytes);
	}
	*ret = ptr_steal(&list);
	return 0;
}
