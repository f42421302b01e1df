/* caller.h - what a program inherits from its caller besides arguments: limits, signals, stdio. */
#ifndef MOULETTE_BASE_CALLER_H
#define MOULETTE_BASE_CALLER_H

#include "base/err.h"

/**
 * caller_prepare() - make an inherited environment of a process safe to work in; called first by main()
 *
 * Resource limits are raised as far as the kernel allows. A write above the limit of file size fails
 * with EFBIG instead of ending the process; used up CPU time ends it with words and status 3. No
 * signal stays blocked, and children can be waited for. A closed descriptor 0, 1 or 2 is occupied, so
 * that no other file gets its number, and stays unusable: reading or writing it fails with EBADF.
 * The umask becomes 022.
 */
void caller_prepare(void);
/**
 * caller_check() - are the limits that could not be raised high enough for boxes?
 *
 * Boxes inherit them; without CAP_SYS_RESOURCE nothing raises them, and a program would fail by a
 * limit that is not one of its own. FAULT_INFRA, code "host.limits": names the limit and its remedy.
 */
int caller_check(struct err *err);

#endif
