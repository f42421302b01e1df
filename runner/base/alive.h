/* alive.h - a sign of life: until when a process may be silent, in memory that it shares with its parent. */
#ifndef MOULETTE_BASE_ALIVE_H
#define MOULETTE_BASE_ALIVE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct alive {
	_Atomic int64_t until_ns; /* CLOCK_MONOTONIC */
};

#define ALIVE_WAITS INT64_MAX /* it waits for its parent, however long */

/** alive_map() - @n words that forks share. Return: NULL with errno. */
struct alive *alive_map(size_t n);
void alive_unmap(struct alive *all, size_t n);

/** alive_for() - the caller is alive, and will be silent for @ns at most while all is well.
 *  @a: NULL: this process has no parent that watches it, and the call does nothing; likewise below. */
void alive_for(struct alive *a, int64_t ns);
/** alive_wait() - the caller waits for its parent. */
void alive_wait(struct alive *a);
/** alive_until() - when silence ends to be normal; ALIVE_WAITS. */
int64_t alive_until(const struct alive *a);

#endif
