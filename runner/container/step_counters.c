/* step_counters.c - what the kernel counted of a step, from files that are kept open. */
#include "container/step_counters.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

#define TEXT_MAX 4096
/* Where a group has no room for a large page or a piece of the kernel's own, it counts as full. */
#define NEARLY_FULL (INT64_C(4) << 20)

static const struct {
	enum cgroup_controller which;
	const char *v1, *v2;
} files[] = {
	[CG_FILE_USAGE] = { CG_MEMORY, "memory.usage_in_bytes", NULL },
	[CG_FILE_SOCKETS] = { CG_MEMORY, "memory.kmem.tcp.usage_in_bytes", NULL },
	[CG_FILE_PEAK] = { CG_MEMORY, "memory.max_usage_in_bytes", "memory.peak" },
	[CG_FILE_PEAK_SWAP] = { CG_MEMORY, "memory.memsw.max_usage_in_bytes", NULL },
	[CG_FILE_OOM] = { CG_MEMORY, "memory.oom_control", "memory.events" },
	[CG_FILE_PIDS_PEAK] = { CG_PIDS, "pids.peak", "pids.peak" },
	[CG_FILE_PIDS_EVENTS] = { CG_PIDS, "pids.events", "pids.events" },
	[CG_FILE_CPU] = { CG_CPUACCT, "cpuacct.usage", "cpu.stat" },
	[CG_FILE_THROTTLED] = { CG_CPU, "cpu.stat", "cpu.stat" },
};

/* A mark of memory is reset by writing to the file that tells it. */
static int mode_of(const struct step_cgroup *c, enum cgroup_file file)
{
	return (file == CG_FILE_PEAK && !c->host->v2 ? O_RDWR : O_RDONLY) | O_CLOEXEC;
}

void counters_close(struct step_cgroup *c)
{
	for (int i = 0; i < CG_FILE_COUNT; i++)
		fd_close(&c->files[i]);
}

void counters_open(struct step_cgroup *c)
{
	counters_close(c);
	for (int i = 0; i < CG_FILE_COUNT; i++) {
		const char *name = c->host->v2 ? files[i].v2 : files[i].v1;
		const char *group = i == CG_FILE_THROTTLED ? c->cpu_group : c->group;
		if (!name)
			continue;
		AUTO_FREE char *path = mem_printf("%s/%s/%s", c->host->root[files[i].which], group,
						  name);
		c->files[i] = open(path, mode_of(c, (enum cgroup_file)i));
	}
}

/* Return: false when there is no such file, or more in it than these files ever have. */
static bool read_text(const struct step_cgroup *c, enum cgroup_file file, char text[TEXT_MAX])
{
	ssize_t n = c->files[file] < 0 ? -1 : pread(c->files[file], text, TEXT_MAX - 1, 0);
	if (n < 0 || n == TEXT_MAX - 1)
		return false;
	text[n] = '\0';
	return true;
}

static int64_t read_number(const struct step_cgroup *c, enum cgroup_file file)
{
	char text[TEXT_MAX], *end;
	if (!read_text(c, file, text))
		return -1;
	long long value = strtoll(text, &end, 10);
	return end == text ? -1 : value;
}

/* The number behind @key in a text of "key number" lines; -1 when there is none. */
static int64_t find_keyed(const char *text, const char *key)
{
	size_t len = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return strtoll(line + len, NULL, 10);
		if (!*line)
			break;
	}
	return -1;
}

static int64_t read_keyed(const struct step_cgroup *c, enum cgroup_file file, const char *key)
{
	char text[TEXT_MAX];
	return read_text(c, file, text) ? find_keyed(text, key) : -1;
}

static int64_t in_ns(int64_t us)
{
	return us < 0 ? -1 : us * 1000;
}

int64_t counters_cpu(const struct step_cgroup *c)
{
	return c->host->v2 ? in_ns(read_keyed(c, CG_FILE_CPU, "usage_usec")) :
			     read_number(c, CG_FILE_CPU);
}

int64_t counters_oom(const struct step_cgroup *c)
{
	return read_keyed(c, CG_FILE_OOM, "oom_kill");
}

int64_t counters_throttled(const struct step_cgroup *c)
{
	return c->host->v2 ? in_ns(read_keyed(c, CG_FILE_THROTTLED, "throttled_usec")) :
			     read_keyed(c, CG_FILE_THROTTLED, "throttled_time");
}

void counters_read(const struct step_cgroup *c, struct cgroup_counters *ret)
{
	ret->memory_peak_bytes = read_number(c, CG_FILE_PEAK);
	ret->oom_kills = counters_oom(c);
	ret->processes_peak = read_number(c, CG_FILE_PIDS_PEAK);
	ret->pids_denied = read_keyed(c, CG_FILE_PIDS_EVENTS, "max");
	ret->cpu_ns = counters_cpu(c);
	ret->throttled_ns = counters_throttled(c);
}

/* Version 2 counts an OOM where the limit was; version 1 (6.18) has no such counter that moves. */
bool counters_full(const struct step_cgroup *c, int64_t limit)
{
	const int64_t room = limit / 4 < NEARLY_FULL ? limit / 4 : NEARLY_FULL;

	if (c->host->v2)
		return read_keyed(c, CG_FILE_OOM, "oom") != 0;
	return limit <= 0 || read_number(c, CG_FILE_PEAK) >= limit - room ||
	       read_number(c, CG_FILE_PEAK_SWAP) >= limit - room;
}

void counters_open_around(struct step_cgroup *c)
{
	const char *root = c->host->root[CG_PIDS];
	const size_t mount = strlen(root) - strlen(c->host->base);
	AUTO_FREE char *dir = mem_printf("%s/%s", root, c->group);
	for (char *end; c->host->v2 && (end = strrchr(dir, '/')) && (size_t)(end - dir) >= mount;) {
		*end = '\0';
		AUTO_FREE char *limit = mem_printf("%s/pids.max", dir);
		AUTO_FREE char *events = mem_printf("%s/pids.events", dir);
		int64_t max = INT64_MAX;
		if (file_read_i64(AT_FDCWD, limit, &max) < 0 || max == INT64_MAX ||
		    c->n_around == CG_AROUND_MAX)
			continue;
		int fd = open(events, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			c->around[c->n_around++] = fd;
	}
}

void counters_close_around(struct step_cgroup *c)
{
	for (size_t i = 0; i < c->n_around; i++)
		close(c->around[i]);
	c->n_around = 0;
}

int64_t counters_refused_around(const struct step_cgroup *c)
{
	int64_t sum = 0;
	for (size_t i = 0; i < c->n_around; i++) {
		char text[TEXT_MAX];
		ssize_t n = pread(c->around[i], text, sizeof text - 1, 0);
		text[n < 0 ? 0 : n] = '\0';
		int64_t count = find_keyed(text, "max");
		sum += count > 0 ? count : 0;
	}
	return sum;
}

int64_t counters_usage(const struct step_cgroup *c)
{
	return read_number(c, CG_FILE_USAGE);
}

int64_t counters_sockets(const struct step_cgroup *c)
{
	return read_number(c, CG_FILE_SOCKETS);
}
