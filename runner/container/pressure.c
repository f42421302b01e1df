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

int pressure_open(const struct cgroup_host *h, const char *group)
{
	AUTO_FREE char *path = h->v2 ? mem_printf("%s/%s/cpu.pressure", h->root[CG_CPU], group) :
				       mem_printf("%s/cpu.pressure", group);
	if (!h->v2 && !h->has_pressure)
		return -1;
	AUTO_FD int fd = openat(h->v2 ? AT_FDCWD : h->pressure, path, O_RDONLY | O_CLOEXEC);
	return pressure_full_ns(fd) < 0 ? -1 : fd_steal(&fd);
}

int64_t pressure_host_ns(void)
{
	AUTO_FD int fd = open("/proc/pressure/cpu", O_RDONLY | O_CLOEXEC);
	return pressure_some_ns(fd);
}
