/* walk.c - every entry of a tree in one order, and the digest over all of them. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "image/internal.h"

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

int xattr_names(int fd, char ***ret)
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

static int add_xattrs(struct digest *d, int fd, const char *path, struct err *err)
{
	AUTO_STRV names = NULL;
	if (xattr_names(fd, &names) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot list attributes of '%s'",
			       path_tail(path));
	for (char **n = names; *n; n++) {
		char value[65536]; /* XATTR_SIZE_MAX of Linux */
		if (strncmp(*n, "user.", 5) != 0)
			continue;
		ssize_t len = fgetxattr(fd, *n, value, sizeof(value));
		if (len < 0)
			return err_set(err, FAULT_INFRA, errno,
				       "cannot read attribute '%s' of '%s'", *n,
				       path_tail(path));
		char hex[DIGEST_HEX];
		digest_bytes(value, (size_t)len, hex);
		digest_add(d, *n, strlen(*n) + 1);
		digest_add(d, hex, sizeof(hex));
	}
	return 0;
}

static int add_open(struct digest *d, const struct walk_entry *e, struct err *err)
{
	AUTO_FD int fd = openat(e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", path_tail(e->path));
	if (S_ISREG(e->st->st_mode)) {
		char hex[DIGEST_HEX];
		if (digest_fd(fd, hex, NULL, err) < 0)
			return err_wrap(err, "'%s'", path_tail(e->path));
		digest_add(d, hex, sizeof(hex));
	}
	return add_xattrs(d, fd, e->path, err);
}

/* Fields end in NUL, which is in no path, link or number; contents enter as their digests. */
static int add_entry(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct digest *d = ctx;
	const struct stat *st = e->st;
	char line[160];

	if (e->after)
		return 0;
	digest_add(d, e->path, strlen(e->path) + 1);
	int n = snprintf(line, sizeof(line), "%o %u %u %" PRId64 ".%09ld",
			 (unsigned int)st->st_mode, st->st_uid, st->st_gid,
			 (int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	digest_add(d, line, (size_t)n + 1);
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
		return add_open(d, e, err);
	if (!S_ISLNK(st->st_mode))
		return 0;
	char target[IMAGE_MAX_PATH + 2];
	ssize_t len = readlinkat(e->dir, e->name, target, sizeof(target) - 1);
	if (len < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read link '%s'",
			       path_tail(e->path));
	target[len] = '\0';
	digest_add(d, target, (size_t)len + 1);
	return 0;
}

int tree_digest(int top, char **ret, struct err *err)
{
	static const char version[] = "moulette.tree/1";
	AUTO_DIGEST *d = digest_new();
	char hex[DIGEST_HEX];

	digest_add(d, version, sizeof(version));
	if (walk_tree(top, add_entry, d, err) < 0)
		return -1;
	digest_end(d, hex);
	*ret = mem_printf("sha256:%s", hex);
	return 0;
}
