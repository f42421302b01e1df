/* cgroup_box.c - the group of PID 1 of a box, when the runner makes it in the place of the engine; that
 * of unpacking is made likewise.
 *
 * The engine enters it before it is executed, so all that it starts is born there: nothing is moved,
 * which would wait for every processor. No step is in this group, so what it limits is PID 1, the
 * engine and the child that is about to enter a step's. Of version 1 only memory and processes are
 * limited, and only there is a group made.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup.h"

#define TEXT_MAX 16384

static const struct {
	enum cgroup_controller which;
	const char *name;
} used[] = {
	{ CG_MEMORY, "memory" },
	{ CG_PIDS, "pids" },
};
#define USED (sizeof used / sizeof *used)

static char *path_of(const struct cgroup_host *h, enum cgroup_controller which, const char *group,
		     const char *file)
{
	return mem_printf("%s/%s/%s", h->root[which], group, file);
}

/* --- making ------------------------------------------------------------------------------- */

static int put(const struct cgroup_host *h, enum cgroup_controller which, const char *group,
	       const char *file, int64_t value, struct err *err)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRId64, value);
	return cgroup_write(h, which, group, file, text, err);
}

/* A host that does not account swap has no such file. */
static int put_swap(const struct cgroup_host *h, const char *group, int64_t memory, struct err *err)
{
	const char *file = h->v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
	AUTO_FREE char *path = path_of(h, CG_MEMORY, group, file);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	return put(h, CG_MEMORY, group, file, h->v2 ? 0 : memory, err);
}

/* Memory and swap together are never below memory alone, so memory comes first; a group that is there
 * already has the same limits. */
static int limit(const struct cgroup_host *h, const char *group, const struct cgroup_limits *lim,
		 struct err *err)
{
	if (lim->memory_bytes > 0 &&
	    (put(h, CG_MEMORY, group, h->v2 ? "memory.max" : "memory.limit_in_bytes",
		 lim->memory_bytes, err) < 0 ||
	     put_swap(h, group, lim->memory_bytes, err) < 0))
		return -1;
	return lim->processes > 0 ? put(h, CG_PIDS, group, "pids.max", lim->processes, err) : 0;
}

void cgroup_entry_close(struct cgroup_entry *e)
{
	for (size_t i = 0; i < e->n; i++)
		close(e->fds[i]);
	e->n = 0;
}

void cgroup_entry_add(struct cgroup_entry *e, int fd)
{
	const int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy >= 0)
		e->fds[e->n++] = copy;
}

static bool mounted_together(const struct cgroup_host *h, size_t i)
{
	return i > 0 && strcmp(h->root[used[i].which], h->root[used[i - 1].which]) == 0;
}

static int open_entry(const struct cgroup_host *h, const char *group, struct cgroup_entry *ret,
		      struct err *err)
{
	for (size_t i = 0; i < USED; i++) {
		if (mounted_together(h, i))
			continue;
		AUTO_FREE char *path = path_of(h, used[i].which, group,
					       h->v2 ? "cgroup.procs" : "tasks");
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", path);
		ret->fds[ret->n++] = fd;
	}
	return 0;
}

static int make(const struct cgroup_host *h, const char *group, struct err *err)
{
	char *roots[USED + 1] = { NULL };
	size_t n = 0;
	for (size_t i = 0; i < USED; i++)
		if (!mounted_together(h, i))
			roots[n++] = h->root[used[i].which];
	const struct cgroup_host only = { .v2 = h->v2, .carriers = roots };
	return cgroup_make(&only, group, err);
}

int cgroup_entry_make(const struct cgroup_host *h, const char *group,
		      const struct cgroup_limits *lim, struct cgroup_entry *ret, struct err *err)
{
	struct cgroup_entry e = { .n = 0 };
	if (make(h, group, err) < 0 || limit(h, group, lim, err) < 0 ||
	    open_entry(h, group, &e, err) < 0) {
		cgroup_entry_close(&e);
		return -1;
	}
	*ret = e;
	return 0;
}

/* --- checking ----------------------------------------------------------------------------- */

static bool is_in(const struct cgroup_host *h, size_t i, const char *group, const char *text)
{
	AUTO_FREE char *wanted = mem_printf("%s/%s", h->above[used[i].which], group);
	AUTO_FREE char *path = cgroup_path_in(text, h->v2, used[i].which);
	return path && strcmp(path, wanted) == 0;
}

static int check_member(const struct cgroup_host *h, const char *group, pid_t pid, struct err *err)
{
	AUTO_FREE char *file = mem_printf("/proc/%ld/cgroup", (long)pid);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, file, &text, TEXT_MAX) < 0 || !text.data)
		return err_set_code(err, "box.unlimited", FAULT_INFRA, errno,
				    "cannot read the cgroups of the box");
	for (size_t i = 0; i < USED; i++)
		if (!is_in(h, i, group, text.data))
			return err_set_code(
				err, "box.unlimited", FAULT_INFRA, 0,
				"the box is not in its cgroup '%s' of '%s', so nothing was run in "
				"it",
				group, used[i].name);
	return 0;
}

/* Return: what the file says, -1 when that is no number ("max"), or there is no file. */
static int64_t read_limit(const struct cgroup_host *h, enum cgroup_controller which,
			  const char *group, const char *file)
{
	AUTO_FREE char *path = path_of(h, which, group, file);
	AUTO_BUF text = { 0 };
	char *end = NULL;
	if (file_read(AT_FDCWD, path, &text, TEXT_MAX) < 0 || !text.data)
		return -1;
	long long value = strtoll(text.data, &end, 10);
	return end == text.data ? -1 : value;
}

static int check_limit(const struct cgroup_host *h, enum cgroup_controller which, const char *group,
		       const char *file, int64_t wanted, int64_t unit, struct err *err)
{
	int64_t got = read_limit(h, which, group, file);
	if (wanted <= 0 || (got >= 0 && got / unit == wanted / unit))
		return 0;
	return err_set_code(
		err, "box.unlimited", FAULT_INFRA, 0,
		"the cgroup of the box '%s' has not the limit that it was to get: %s is "
		"%" PRId64 ", expected %" PRId64 "; nothing was run in it",
		group, file, got, wanted);
}

int box_cgroup_check(const struct cgroup_host *h, const char *group,
		     const struct cgroup_limits *lim, pid_t pid, struct err *err)
{
	const int64_t page = sysconf(_SC_PAGESIZE); /* the kernel counts memory in pages */
	if (check_member(h, group, pid, err) < 0 ||
	    check_limit(h, CG_MEMORY, group, h->v2 ? "memory.max" : "memory.limit_in_bytes",
			lim->memory_bytes, page, err) < 0)
		return -1;
	return check_limit(h, CG_PIDS, group, "pids.max", lim->processes, 1, err);
}
