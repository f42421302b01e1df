/* processors.c - counts processors, and takes some of them for a box. */
#include "container/processors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/cgroup.h"

#define TEXT_MAX 65536

/* --- how many ----------------------------------------------------------------------------- */

/* Return: processors that the quota of one group lets its tasks use; 0: it has none. */
static double quota_of(const char *folder, bool v2)
{
	AUTO_FREE char *file = mem_printf("%s/%s", folder, v2 ? "cpu.max" : "cpu.cfs_quota_us");
	AUTO_FREE char *other = mem_printf("%s/cpu.cfs_period_us", folder);
	AUTO_BUF text = { 0 };
	int64_t quota = 0, period = 0;
	if (!v2)
		return file_read_i64(AT_FDCWD, file, &quota) == 0 && quota > 0 &&
				       file_read_i64(AT_FDCWD, other, &period) == 0 && period > 0 ?
			       (double)quota / (double)period :
			       0;
	if (file_read(AT_FDCWD, file, &text, TEXT_MAX) < 0 || !text.data ||
	    sscanf(text.data, "%" SCNd64 " %" SCNd64, &quota, &period) != 2 || period <= 0)
		return 0;
	return (double)quota / (double)period;
}

/* The narrowest quota of this process's group and those around it, as far as they are to be seen. */
static double quota_around(void)
{
	struct cgroup_host h = { 0 };
	double least = 0;
	if (cgroup_host_find(&h, NULL) < 0)
		return 0;
	const size_t mount = strlen(h.root[CG_CPU]) - strlen(h.base);
	AUTO_FREE char *own = cgroup_own_folder(&h, CG_CPU);
	AUTO_FREE char *folder = own ? mem_strdup(own) : mem_strndup(h.root[CG_CPU], mount);
	for (char *slash = folder + strlen(folder); slash && (size_t)(slash - folder) >= mount;
	     slash = strrchr(folder, '/')) {
		*slash = '\0';
		const double quota = quota_of(folder, h.v2);
		least = quota > 0 && (least <= 0 || quota < least) ? quota : least;
	}
	cgroup_host_done(&h);
	return least;
}

int processors_allowed(void)
{
	cpu_set_t set;
	const double quota = quota_around();
	const int n = sched_getaffinity(0, sizeof set, &set) == 0 ?
			      CPU_COUNT(&set) :
			      (int)sysconf(_SC_NPROCESSORS_ONLN);
	const int most = quota > 0 && quota < n ? (int)quota : n;
	return most < 1 ? 1 : most;
}

/* --- which -------------------------------------------------------------------------------- */

/* Is @cpu the first of those that share its core? */
static bool is_first_of_core(int cpu)
{
	AUTO_FREE char *file =
		mem_printf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
	int64_t first = cpu;
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, file, &text, TEXT_MAX) == 0 && text.data)
		sscanf(text.data, "%" SCNd64, &first);
	return first == cpu;
}

static int take_one(int folder, int cpu, struct processors *ps)
{
	char name[16];
	snprintf(name, sizeof name, "%d", cpu);
	AUTO_FD int fd = openat(folder, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	ps->numbers[ps->n] = cpu;
	ps->fds[ps->n++] = fd_steal(&fd);
	return 0;
}

/* From where we run now, which the scheduler found the least busy one. */
static void take_of(int folder, const cpu_set_t *allowed, bool first_of_core, int wanted,
		    struct processors *ps)
{
	const int here = sched_getcpu() < 0 ? 0 : sched_getcpu();
	for (int i = 0; i < CPU_SETSIZE && ps->n < wanted; i++) {
		const int cpu = (here + i) % CPU_SETSIZE;
		if (CPU_ISSET((size_t)cpu, allowed) && is_first_of_core(cpu) == first_of_core)
			take_one(folder, cpu, ps);
	}
}

void processors_take(const struct places *p, int wanted, struct processors *ret)
{
	AUTO_FREE char *path = mem_printf("%s/processors", p->run);
	cpu_set_t allowed;
	ret->n = 0;
	if (wanted < 1 || wanted > PROCESSORS_MAX || fd_mkdir_p(path, 0711) < 0 ||
	    sched_getaffinity(0, sizeof allowed, &allowed) < 0)
		return;
	AUTO_FD int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0)
		return;
	take_of(folder, &allowed, true, wanted, ret);
	take_of(folder, &allowed, false, wanted, ret);
	if (ret->n < wanted)
		processors_release(ret);
}

void processors_release(struct processors *ps)
{
	for (int i = 0; i < ps->n; i++)
		close(ps->fds[i]);
	ps->n = 0;
}

char *processors_list(const struct processors *ps)
{
	AUTO_BUF text = { 0 };
	for (int i = 0; i < ps->n; i++)
		buf_printf(&text, "%s%d", i > 0 ? "," : "", ps->numbers[i]);
	return mem_strdup(text.data ? text.data : "");
}

cpu_set_t processors_set(const struct processors *ps)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	for (int i = 0; i < ps->n; i++)
		CPU_SET((size_t)ps->numbers[i], &set);
	return set;
}
