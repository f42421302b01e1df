/* pressure.h - time that was lost because no processor was free, as the kernel counts it (PSI).
 *
 * The line `full` of a group's cpu.pressure grows while the group has a task that is ready to run and
 * none that runs: so what its own tasks wait for each other does not count. The line `some` of
 * /proc/pressure/cpu grows while any task of the host waits.
 * Source: Documentation/accounting/psi.rst; the line `full` of a group is there since Linux 5.13.
 */
#ifndef MOULETTE_CONTAINER_PRESSURE_H
#define MOULETTE_CONTAINER_PRESSURE_H

#include <stdint.h>

#include "container/cgroup.h"

/** pressure_open() - of a box in the slot's @group, whose PID 1 is @init (0: not known, it is taken to be
 *  where it was to begin); -1 where the kernel does not count. */
int pressure_open(const struct cgroup_host *h, const char *group, pid_t init);
/** pressure_full_ns() - the sum since the group was made, of the descriptor of pressure_open(). Return:
 *  -1 where it cannot be read. */
int64_t pressure_full_ns(int fd);
/** pressure_some_ns() - the same of the line `some`. */
int64_t pressure_some_ns(int fd);
/** pressure_host_ns() - of the whole host, since it was started; -1 where the kernel does not count. */
int64_t pressure_host_ns(void);

#endif
