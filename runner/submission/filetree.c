/* filetree.c - walks trees of the teacher: trusted, but not free of mistakes. */
#include "submission/filetree.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define DEPTH_MAX 64
#define ENTRIES_MAX 100000

struct walk {
	const char *inside;
	filetree_fn *fn;
	void *ctx;
	unsigned entries;
};

bool filetree_is_inside(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	if (n == 1) /* "/" */
		return true;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

int filetree_resolve(const char *dir, const char *given, char **ret, struct err *err)
{
	if (!given[0])
		return err_set(err, FAULT_USAGE, 0, "an empty path");
	if (given[0] == '/')
		return err_set(err, FAULT_USAGE, 0,
			       "'%s' is absolute; paths are relative to the "
			       "assignment",
			       given);
	AUTO_FREE char *path = mem_printf("%s/%s", dir, given);
	AUTO_FREE char *real = realpath(path, NULL);
	if (!real)
		return err_set(err, err_path_fault(errno), errno, "cannot read '%s'", given);
	if (!filetree_is_inside(real, dir))
		return err_set(err, FAULT_USAGE, 0, "'%s' leaves the assignment", given);
	*ret = ptr_steal(&real);
	return 0;
}

static int check_link(const struct walk *w, const char *path, struct err *err)
{
	struct stat st;
	if (!w->inside)
		return 0;
	if (lstat(path, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read '%s'", path);
	if (!S_ISLNK(st.st_mode))
		return 0;
	AUTO_FREE char *real = realpath(path, NULL);
	if (!real)
		return err_set(err, err_path_fault(errno), errno, "cannot follow the link '%s'",
			       path);
	if (!filetree_is_inside(real, w->inside))
		return err_set(err, FAULT_USAGE, 0, "the link '%s' leaves the assignment '%s'",
			       path, w->inside);
	if (filetree_is_inside(path, real) && strcmp(path, real) != 0)
		return err_set(err, FAULT_USAGE, 0,
			       "the link '%s' leads to a folder that it lies in", path);
	return 0;
}

static int is_real_name(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int visit_entry(struct walk *w, const char *path, const char *rel, int depth,
		       struct err *err);

static int visit_folder(struct walk *w, const char *path, const char *rel, int depth,
			struct err *err)
{
	struct dirent **list;
	int n = scandir(path, &list, is_real_name, by_bytes), bad = 0;
	if (n < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read the folder '%s'",
			       path);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *below = mem_printf("%s/%s", path, list[i]->d_name);
		AUTO_FREE char *name = mem_printf("%s%s%s", rel, *rel ? "/" : "", list[i]->d_name);
		if (!bad)
			bad = visit_entry(w, below, name, depth + 1, err);
		free(list[i]);
	}
	free(list);
	return bad;
}

static int visit_entry(struct walk *w, const char *path, const char *rel, int depth,
		       struct err *err)
{
	struct stat st;
	struct filetree_entry e = { .path = path, .rel = rel, .st = &st, .fd = -1 };
	if (depth > DEPTH_MAX)
		return err_set(err, FAULT_USAGE, 0, "'%s' is deeper than %d folders", path,
			       DEPTH_MAX);
	if (++w->entries > ENTRIES_MAX)
		return err_set(err, FAULT_USAGE, 0, "more than %d files and folders at '%s'",
			       ENTRIES_MAX, path);
	if (check_link(w, path, err) < 0)
		return -1;
	/* O_NONBLOCK: opening a fifo must not block. */
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(err, FAULT_USAGE, 0, "'%s' is neither a file nor a folder", path);
	if (S_ISREG(st.st_mode))
		e.fd = fd;
	if (w->fn(w->ctx, &e, err) < 0)
		return -1;
	return S_ISDIR(st.st_mode) ? visit_folder(w, path, rel, depth, err) : 0;
}

int filetree_walk(const char *root, const char *inside, filetree_fn *fn, void *ctx, struct err *err)
{
	struct walk w = { .inside = inside, .fn = fn, .ctx = ctx };
	return visit_entry(&w, root, "", 0, err);
}
