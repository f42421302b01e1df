/* rights.h - may this process do to its host what boxes need? */
#ifndef MOULETTE_BASE_RIGHTS_H
#define MOULETTE_BASE_RIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** rights_root() - is it root? @why ends the sentence "must be root: ...". FAULT_INFRA, code
 *  "host.not_root". */
int rights_root(const char *why, struct err *err);
/** rights_ids() - the same, and has its user namespace the @count uids and gids from @first? Root of
 *  one without them starts no box. Code "host.user_namespace". */
int rights_ids(const char *why, uint32_t first, uint64_t count, struct err *err);
/** rights_boxes() - the same, and the capabilities that starting a box takes. A message names those
 *  that are missing, and docker's option. Code "host.capabilities". */
int rights_boxes(uint32_t first, uint64_t count, struct err *err);
/** rights_trace() - of root: may it look into a process that must not be traced? Code
 *  "host.capabilities", too. */
int rights_trace(struct err *err);

/* For tests. */
/** rights_map_has() - @map is the text of /proc/PID/uid_map; are all ids inside it? */
int rights_map_has(const char *map, uint32_t first, uint64_t count);
/** rights_missing() - the names of those that boxes need and @held (a bit each, by number) has not:
 *  "CAP_SYS_ADMIN and CAP_NET_ADMIN", "" for none. Return: how many. */
int rights_missing(uint64_t held, char *buf, size_t size);

#endif
