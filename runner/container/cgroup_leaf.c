/* cgroup_leaf.c - moves the processes of the base group into a leaf, and back.
 *
 * Order. To enter: the leaf, the processes into it, then the controllers. To leave: the controllers
 * off, then the processes back, then the leaf. A process that forks while it is moved leaves its child
 * behind, so moving goes on until the group is empty; a controller that is refused because a process
 * came meanwhile is tried again. A process that enters the container from outside (docker exec) finds
 * the base group closed to processes: runc and crun then put it beside PID 1 of the container, which is
 * in the leaf.
 */
#include "container/cgroup_leaf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define PROCS_MAX (4u << 20)
#define WAIT_NS (10 * NSEC_PER_SEC)

#define NEEDED "memory pids cpu"

/* --- one group ---------------------------------------------------------------------------- */

static int open_group(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int put(int group, const char *file, const char *text)
{
	AUTO_FD int fd = openat(group, file, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -1 : fd_write_all(fd, text, strlen(text));
}

/* Return: a file of the group is empty; false where it cannot be read. */
static bool is_empty(int group, const char *file)
{
	AUTO_BUF text = { 0 };
	return file_read(group, file, &text, PROCS_MAX) == 0 &&
	       (text.len == 0 || text.data[0] == '\n');
}

/* Every process that is in @from now. Return: how many were there, or -1 with errno. A process of
 * another pid namespace, a runtime on its way in, is "0" here: it leaves by itself. */
static int move_once(int from, int to)
{
	AUTO_BUF text = { 0 };
	char *save = NULL;
	int n = 0;
	if (file_read(from, "cgroup.procs", &text, PROCS_MAX) < 0)
		return -1;
	for (char *pid = text.data ? strtok_r(text.data, "\n", &save) : NULL; pid;
	     pid = strtok_r(NULL, "\n", &save), n++)
		if (strcmp(pid, "0") != 0 && put(to, "cgroup.procs", pid) < 0 && errno != ESRCH)
			return -1;
	return n;
}

static int move_all(int from, int to, int64_t deadline)
{
	for (;;) {
		int n = move_once(from, to);
		if (n <= 0)
			return n;
		if (clock_mono_ns() > deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (!is_empty(from, "cgroup.procs"))
			clock_pause_ms(1);
	}
}

/* All of them, or none. @names: with blanks between. */
static int set_controllers(int group, char sign, const char *names)
{
	AUTO_BUF text = { 0 };
	AUTO_FREE char *copy = mem_strdup(names);
	char *save = NULL;
	for (char *word = strtok_r(copy, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		buf_printf(&text, "%c%s ", sign, word);
	return text.len ? put(group, "cgroup.subtree_control", text.data) : 0;
}

/* --- the base and its leaf ---------------------------------------------------------------- */

/* Return: its folder, locked; -1 with errno. */
static int lock_base(const struct cgroup_host *h)
{
	const int64_t deadline = clock_mono_ns() + WAIT_NS;
	AUTO_FD int fd = open_group(AT_FDCWD, h->root[CG_MEMORY]);
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || clock_mono_ns() > deadline)
			return -1;
		clock_pause_ms(5);
	}
	return fd < 0 ? -1 : fd_steal(&fd);
}

/* The processes in, the controllers on, until both hold. */
static int fill(int base, int leaf, const char *controllers)
{
	const int64_t deadline = clock_mono_ns() + WAIT_NS;
	for (;;) {
		if (move_all(base, leaf, deadline) < 0)
			return -1;
		if (set_controllers(base, '+', controllers) == 0)
			return 0;
		if (errno != EBUSY || clock_mono_ns() > deadline)
			return -1;
		clock_pause_ms(1);
	}
}

/* Does a group of the base beside the leaf use the controllers? It has groups of its own or limits. */
static bool is_used_by_others(const struct cgroup_host *h, int base)
{
	int copy = open_group(base, ".");
	AUTO_DIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.' ||
		    strcmp(e->d_name, CGROUP_LEAF) == 0)
			continue;
		AUTO_FD int group = open_group(base, e->d_name);
		if (group >= 0 &&
		    (cgroup_limited(h, group) || !is_empty(group, "cgroup.subtree_control")))
			return true;
	}
	return !dir;
}

/* The controllers off, the processes back. An engine that makes a group itself enables all that there
 * are. Return: 0; -1, and all is as it was. */
static int drain(int base, int leaf)
{
	const int64_t deadline = clock_mono_ns() + WAIT_NS;
	AUTO_BUF on = { 0 };
	if (file_read(base, "cgroup.subtree_control", &on, PROCS_MAX) < 0)
		return -1;
	const char *controllers = on.len ? on.data : "";
	if (set_controllers(base, '-', controllers) < 0)
		return -1;
	do {
		if (move_all(leaf, base, deadline) < 0)
			break;
		if (unlinkat(base, CGROUP_LEAF, AT_REMOVEDIR) == 0)
			return 0;
	} while (errno == EBUSY && clock_mono_ns() < deadline);
	fill(base, leaf, controllers);
	return -1;
}

/* The base is locked. Return: 1 the leaf is gone, 0 it is needed. */
static int restore(const struct cgroup_host *h, int base, int leaf)
{
	if (flock(leaf, LOCK_EX | LOCK_NB) < 0 || is_used_by_others(h, base))
		return 0;
	return drain(base, leaf) == 0;
}

static int refuse(const struct cgroup_host *h, struct err *err)
{
	return err_set_code(err, "cgroup.base", FAULT_INFRA, errno,
			    "cannot move the processes of the cgroup '%s' into '%s', which is "
			    "needed to make cgroups of boxes below it",
			    h->root[CG_MEMORY], CGROUP_LEAF);
}

int cgroup_leaf_enter(const struct cgroup_host *h, struct cgroup_leaf *ret, struct err *err)
{
	ret->fd = -1;
	if (!h->v2)
		return 0;
	AUTO_FD int base = lock_base(h);
	if (base < 0)
		return refuse(h, err);
	/* The host's topmost group has processes and hands controllers down; it alone has no type. */
	if (faccessat(base, "cgroup.type", F_OK, 0) < 0)
		return 0;
	AUTO_FD int leaf = open_group(base, CGROUP_LEAF);
	if (leaf < 0 && is_empty(base, "cgroup.procs"))
		return 0;
	bool made = leaf < 0;
	if (made &&
	    (mkdirat(base, CGROUP_LEAF, 0755) < 0 || (leaf = open_group(base, CGROUP_LEAF)) < 0))
		return refuse(h, err);
	if (flock(leaf, LOCK_SH | LOCK_NB) < 0 || fill(base, leaf, NEEDED) < 0) {
		refuse(h, err);
		if (made) {
			move_all(leaf, base, clock_mono_ns() + WAIT_NS);
			unlinkat(base, CGROUP_LEAF, AT_REMOVEDIR);
		}
		return -1;
	}
	ret->fd = fd_steal(&leaf);
	return 0;
}

void cgroup_leaf_leave(const struct cgroup_host *h, struct cgroup_leaf *leaf)
{
	if (leaf->fd < 0)
		return;
	/* What cannot be restored now, the next run or `gc` restores. */
	AUTO_FD int base = lock_base(h);
	if (base >= 0)
		restore(h, base, leaf->fd);
	fd_close(&leaf->fd);
}

int cgroup_leaf_sweep(const struct cgroup_host *h, int *ret_swept, struct err *err)
{
	if (!h->v2 || !cgroup_leaf_there(h))
		return 0;
	AUTO_FD int base = lock_base(h);
	if (base < 0)
		return refuse(h, err);
	AUTO_FD int leaf = open_group(base, CGROUP_LEAF);
	if (leaf >= 0)
		*ret_swept += restore(h, base, leaf);
	return 0;
}

bool cgroup_leaf_there(const struct cgroup_host *h)
{
	AUTO_FREE char *path = mem_printf("%s/%s", h->root[CG_MEMORY], CGROUP_LEAF);
	return h->v2 && access(path, F_OK) == 0;
}
