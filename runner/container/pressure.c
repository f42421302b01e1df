/* pressure.c - reads what the kernel tells about waiting for processors. */
#include "container/pressure.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

#define TEXT_MAX 512
#define CGROUPS_MAX 65536

/* Lines "full avg10=0.00 avg60=0.00 avg300=0.00 total=1234", in microseconds. */
static int64_t total_ns(int fd, const char *line)
{
	static const char key[] = " total=";
	char text[TEXT_MAX];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	const char *begin = strstr(text, line);
	const char *total = begin ? strstr(begin, key) : NULL;
	return total ? strtoll(total + sizeof key - 1, NULL, 10) * 1000 : -1;
}

int64_t pressure_full_ns(int fd)
{
	return total_ns(fd, "full ");
}

int64_t pressure_some_ns(int fd)
{
	return total_ns(fd, "some ");
}

static bool ends_with(const char *path, const char *group)
{
	const size_t len = strlen(path), end = strlen(group);
	return len > end && path[len - end - 1] == '/' && strcmp(path + len - end, group) == 0;
}

/* v1: the group of cgroup2 that PID 1 is in: ours, or one that the engine made; owned. NULL: neither, and
 * what another one counts is not the box's. */
static char *group_of(const struct cgroup_host *h, const char *group, pid_t init)
{
	AUTO_FREE char *name = cgroup_pressure_name(h, group);
	AUTO_FREE char *made = mem_printf("%s/box", group);
	AUTO_FREE char *file = mem_printf("/proc/%ld/cgroup", (long)init);
	AUTO_BUF text = { 0 };
	if (init == 0)
		return ptr_steal(&name);
	if (file_read(AT_FDCWD, file, &text, CGROUPS_MAX) < 0 || !text.data)
		return NULL;
	AUTO_FREE char *path = cgroup_path_in(text.data, true, CG_CPU);
	if (path && ends_with(path, name))
		return ptr_steal(&name);
	return path && ends_with(path, made) ? ptr_steal(&made) : NULL;
}

int pressure_open(const struct cgroup_host *h, const char *group, pid_t init)
{
	if (!h->v2 && !h->has_pressure)
		return -1;
	AUTO_FREE char *in = h->v2 ? mem_printf("%s/%s", h->root[CG_CPU], group) :
				     group_of(h, group, init);
	AUTO_FREE char *path = in ? mem_printf("%s/cpu.pressure", in) : NULL;
	AUTO_FD int fd = path ? openat(h->v2 ? AT_FDCWD : h->pressure, path, O_RDONLY | O_CLOEXEC) :
				-1;
	return pressure_full_ns(fd) < 0 ? -1 : fd_steal(&fd);
}

int64_t pressure_host_ns(void)
{
	AUTO_FD int fd = open("/proc/pressure/cpu", O_RDONLY | O_CLOEXEC);
	return pressure_some_ns(fd);
}
