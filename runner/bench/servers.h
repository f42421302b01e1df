/* servers.h - CPU time of processes that are not ours. */
#ifndef MOULETTE_BENCH_SERVERS_H
#define MOULETTE_BENCH_SERVERS_H

#include <stdint.h>
#include <sys/types.h>

/** process_cpu_ns() - of @pid and of the children that it has waited for, in steps of the kernel's
 *  clock tick (10 ms); 0: it is gone. *ret_parent may be NULL. */
int64_t process_cpu_ns(pid_t pid, pid_t *ret_parent);

/** servers_cpu_ns() - of all processes whose name is, or begins with, one of @names. */
int64_t servers_cpu_ns(const char *const *names);

/** tree_cpu_ns() - of @top and of all below it, now. */
int64_t tree_cpu_ns(pid_t top);

#endif
