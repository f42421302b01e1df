/* cgroup_remove.c - ends what is in a group, and the group. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup.h"

#define PROCS_MAX (4u << 20)
#define REMOVE_WAIT_NS (10 * NSEC_PER_SEC)

/* Sends SIGKILL to every process of the folder's group. Return: how many there were. */
static int kill_members(int dirfd)
{
	AUTO_BUF text = { 0 };
	int n = 0;
	/* An empty file is read without a kill; a group without the file has no members. */
	if (file_read(dirfd, "cgroup.procs", &text, PROCS_MAX) < 0 || !text.data)
		return 0;
	char *save = NULL;
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		long pid = strtol(line, NULL, 10);
		if (pid > 1 && pid != getpid())
			kill((pid_t)pid, SIGKILL);
		n++;
	}
	return n;
}

void cgroup_kill(const struct cgroup_host *h, const char *group)
{
	AUTO_FREE char *path = mem_printf("%s/%s", h->root[CG_MEMORY], group);
	AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		kill_members(fd);
}

/* Bottom up; the depth is ours (three levels) and what an engine adds, so recursion is bounded by
 * the kernel's own limit on what was made. */
static int remove_below(int parent, const char *name, int64_t deadline)
{
	/* Mostly nothing is in it any more, and to look for what is takes longer. */
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	AUTO_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	AUTO_DIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.' &&
		    remove_below(fd, e->d_name, deadline) < 0)
			return -1;
	for (int wait = 1;; wait = wait < 20 ? wait * 2 : 20) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_mono_ns() > deadline)
			return -1;
		kill_members(fd);
		clock_pause_ms(wait);
	}
}

static int remove_in(const struct cgroup_host *h, const char *root, const char *group,
		     int64_t deadline, struct err *err)
{
	int bad = 0;
	AUTO_FREE char *path = mem_printf("%s/%s", root, group);
	char *name = strrchr(path, '/');
	*name++ = '\0';
	/* Mostly a hierarchy has no group of ours, nor their common parent. */
	AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (remove_below(fd, name, deadline) < 0)
		bad = err_set(err, FAULT_INFRA, errno, "cannot remove the cgroup '%s/%s'", root,
			      group);
	/* The common parent goes with its last group; limits on it are an administrator's. */
	if (strchr(group, '/') && !cgroup_limited(h, fd))
		rmdir(path);
	return bad;
}

int cgroup_remove(const struct cgroup_host *h, const char *group, struct err *err)
{
	int64_t deadline = clock_mono_ns() + REMOVE_WAIT_NS;
	AUTO_FREE char *pressure = h->has_pressure ? cgroup_pressure_name(h, group) : NULL;
	int bad = 0;
	for (char **root = h->hierarchies; root && *root; root++)
		bad |= remove_in(h, *root, group, deadline, err);
	if (pressure)
		cgroup_pressure_remove(h, pressure, group);
	return bad;
}
