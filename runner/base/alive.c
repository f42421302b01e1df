/* alive.c - one atomic word a process: a store costs nothing, and there is no queue that could be full. */
#include "base/alive.h"

#include <sys/mman.h>

#include "base/clock.h"

struct alive *alive_map(size_t n)
{
	void *all = mmap(NULL, n * sizeof(struct alive), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return all == MAP_FAILED ? NULL : all;
}

void alive_unmap(struct alive *all, size_t n)
{
	if (all)
		munmap(all, n * sizeof *all);
}

void alive_for(struct alive *a, int64_t ns)
{
	if (a)
		atomic_store(&a->until_ns, clock_mono_ns() + ns);
}

void alive_wait(struct alive *a)
{
	if (a)
		atomic_store(&a->until_ns, ALIVE_WAITS);
}

int64_t alive_until(const struct alive *a)
{
	return atomic_load(&a->until_ns);
}
