/* health_cpu.c - how boxes share the processors of this host, and whether the kernel counts what they wait. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/health.h"
#include "container/pressure.h"
#include "container/processors.h"

/* Return: how much the base group of version 2 weighs among its neighbours, as a product up to the mount
 * point; 1 for that one itself, and on version 1, where boxes lie there. */
static double weight_around(const struct cgroup_host *host)
{
	AUTO_FREE char *folder = mem_strdup(host->root[CG_CPU]);
	const size_t mount = strlen(folder) - strlen(host->base);
	double product = 1;
	while (strlen(folder) > mount) {
		AUTO_FREE char *file = mem_printf("%s/cpu.weight", folder);
		int64_t weight = 100;
		if (file_read_i64(AT_FDCWD, file, &weight) == 0)
			product *= (double)weight / 100;
		*strrchr(folder, '/') = '\0';
	}
	return product;
}

/* A weight counts among neighbours alone. */
static void look_at_weight(struct health *h, const struct cgroup_host *host)
{
	const double around = weight_around(host);
	const size_t base = strlen(host->base);
	const bool within = strlen(host->above[CG_CPU]) > base;
	health_add(h, FINDING_OK, "cpu weight", "boxes weigh %d times an ordinary group of '%s'%s",
		   host->weight, host->root[CG_CPU],
		   within ? "; their weight on the whole host is not visible from here" : "");
	if (base == 0)
		return;
	if (around * host->weight >= 10)
		health_add(h, FINDING_OK, "cpu weight",
			   "boxes weigh %g times an ordinary group of the host, the groups "
			   "above them included",
			   around * host->weight);
	else
		health_add(h, FINDING_WARNING, "cpu weight",
			   "boxes weigh only %g times an ordinary group of the host, the "
			   "groups above them included, so grading is slow beside other work; "
			   "set CPUWeight=10000 in a service",
			   around * host->weight);
}

static void look_at_pressure(struct health *h, const struct cgroup_host *host, const char *group)
{
	int folder = cgroup_pressure_make(host, group);
	AUTO_FD int fd = pressure_open(host, group, 0);
	fd_close(&folder);
	if (fd >= 0)
		health_add(h, FINDING_OK, "waiting",
			   "the time that a box waits for a processor is measured and does "
			   "not count against its wall limit");
	else
		health_add(h, FINDING_WARNING, "waiting",
			   "this kernel does not measure the time that a box waits for a "
			   "processor, so a step that slept to its wall limit is run twice; "
			   "boot Linux 5.13 or newer with psi=1");
}

static void look_at_binding(struct health *h, const struct cgroup_host *host, const char *group)
{
	cpu_set_t set;
	char first[16] = "0";
	AUTO_FD int tasks = -1;
	const int n = processors_allowed();
	for (size_t i = 0; sched_getaffinity(0, sizeof set, &set) == 0 && i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set)) {
			snprintf(first, sizeof first, "%zu", i);
			break;
		}
	if (cgroup_bind(host, group, first, &tasks) == 0)
		health_add(h, FINDING_OK, "processors", "%d for boxes, each bound to its own", n);
	else
		health_add(h, FINDING_OK, "processors",
			   "%d for boxes, each bound to its own by a mask, with a "
			   "quota: there is no controller 'cpuset'",
			   n);
}

void health_cpu(struct health *h, const struct cgroup_host *host, const char *group)
{
	look_at_weight(h, host);
	look_at_pressure(h, host, group);
	look_at_binding(h, host, group);
}
