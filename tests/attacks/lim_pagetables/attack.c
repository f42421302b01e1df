#define _GNU_SOURCE
#include <sys/mman.h>

int main(void)
{
	const unsigned long range = 1UL << 40, step = 2UL << 20;
	char *p = mmap(0, range, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return 1;
	madvise(p, range, MADV_NOHUGEPAGE);
	for (unsigned long at = 0; at < range; at += step)
		p[at] = 1;
	return 0;
}
