/* processes.h - processes that we do not wait for: their CPU time, and their end. */
#ifndef MOULETTE_BENCH_PROCESSES_H
#define MOULETTE_BENCH_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** process_is() - is this the name of @pid's program? */
bool process_is(pid_t pid, const char *name);

/** servers_cpu_ns() - of all processes whose name begins with one of @names, and of the children
 *  that they have waited for, in steps of the kernel's clock tick (10 ms). */
int64_t servers_cpu_ns(const char *const *names);

/** tree_cpu_ns() - the same of @top and of all below it. */
int64_t tree_cpu_ns(pid_t top);

/** tree_run_ns() - of @top and of all below it that are there now, to the nanosecond; without what
 *  has ended. */
int64_t tree_run_ns(pid_t top);

/**
 * tree_end() - end our child @top and all below it, and wait for them
 *
 * Its children are asked to end, as a program may have something to put away, and it has 5 s for
 * that; then all children of ours are killed, since what one leaves comes to who called
 * tree_adopt().
 */
void tree_end(pid_t top);
/** tree_adopt() - whoever loses its parent below us becomes our child. */
void tree_adopt(void);

#endif
