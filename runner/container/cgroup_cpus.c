/* cgroup_cpus.c - which processors a box runs on, and where the kernel counts what it waits for them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup.h"

#define TEXT_MAX 4096
#define TRIES 20

/* --- cpuset ------------------------------------------------------------------------------- */

static int put(int folder, const char *file, const char *text)
{
	AUTO_FD int fd = openat(folder, file, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -1 : fd_write_all(fd, text, strlen(text));
}

/* A group of version 1 takes no process before it has processors and memory nodes. */
static int inherit(int folder, const char *file)
{
	AUTO_FREE char *above = mem_printf("../%s", file);
	AUTO_BUF own = { 0 }, theirs = { 0 };
	if (file_read(folder, file, &own, TEXT_MAX) < 0)
		return -1;
	if (own.len > 1)
		return 0;
	return file_read(folder, above, &theirs, TEXT_MAX) < 0 || !theirs.data ?
		       -1 :
		       put(folder, file, theirs.data);
}

/* Return: the folder of the group, with memory nodes; the last one without processors of its own. */
static int make_v1(const struct cgroup_host *h, const char *group)
{
	AUTO_FREE char *path = mem_printf("%s/%s", h->cpuset, group);
	char *last = strrchr(path, '/');
	*last = '\0';
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -1;
	AUTO_FD int parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*last = '/';
	if (parent < 0 || inherit(parent, "cpuset.cpus") < 0 ||
	    inherit(parent, "cpuset.mems") < 0 || (mkdir(path, 0755) < 0 && errno != EEXIST))
		return -1;
	AUTO_FD int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0 || inherit(folder, "cpuset.mems") < 0 ? -1 : fd_steal(&folder);
}

int cgroup_bind(const struct cgroup_host *h, const char *group, const char *processors,
		int *ret_tasks)
{
	*ret_tasks = -1;
	if (!h->cpuset)
		return -1;
	AUTO_FREE char *path = mem_printf("%s/%s", h->cpuset, group);
	AUTO_FD int folder = h->v2 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
				     make_v1(h, group);
	if (folder < 0 || put(folder, "cpuset.cpus", processors) < 0)
		return -1;
	if (h->v2)
		return 0;
	*ret_tasks = openat(folder, "tasks", O_WRONLY | O_CLOEXEC);
	return *ret_tasks < 0 ? -1 : 0;
}

/* --- what a box waits for ----------------------------------------------------------------- */

char *cgroup_pressure_name(const struct cgroup_host *h, const char *group)
{
	AUTO_FREE char *path = mem_printf("%s/%s", h->root[CG_MEMORY], group);
	struct stat st = { .st_ino = 0 };
	stat(path, &st);
	return mem_printf("%s.%lu", group, (unsigned long)st.st_ino);
}

int cgroup_pressure_make(const struct cgroup_host *h, const char *group)
{
	if (!h->has_pressure)
		return -1;
	AUTO_FREE char *name = cgroup_pressure_name(h, group);
	/* Another runner may remove the common parent between the two. */
	for (int tries = 0; tries < TRIES; tries++) {
		mkdirat(h->pressure, CGROUP_PARENT, 0755);
		if (mkdirat(h->pressure, name, 0755) == 0 || errno != ENOENT)
			break;
	}
	return openat(h->pressure, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A process that has just ended may be counted for a moment longer. */
static void remove_empty(int at, const char *path)
{
	for (int tries = 0; unlinkat(at, path, AT_REMOVEDIR) < 0 && errno == EBUSY && tries < TRIES;
	     tries++)
		clock_pause_ms(1);
}

void cgroup_pressure_remove(const struct cgroup_host *h, const char *name, const char *group)
{
	AUTO_FREE char *box = mem_printf("%s/box", group);
	if (!h->has_pressure)
		return;
	remove_empty(h->pressure, name);
	remove_empty(h->pressure, box);
	remove_empty(h->pressure, group);
	unlinkat(h->pressure, CGROUP_PARENT, AT_REMOVEDIR);
}

void cgroup_pressure_sweep(const struct cgroup_host *h)
{
	int fd = h->has_pressure ?
			 openat(h->pressure, CGROUP_PARENT, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
			 -1;
	AUTO_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && strchr(e->d_name, '.'))
			unlinkat(fd, e->d_name, AT_REMOVEDIR);
	if (dir)
		unlinkat(h->pressure, CGROUP_PARENT, AT_REMOVEDIR);
}
