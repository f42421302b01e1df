/* profile_calls.h - the system calls of a chain of profiles. */
#ifndef MOULETTE_BUNDLE_PROFILE_CALLS_H
#define MOULETTE_BUNDLE_PROFILE_CALLS_H

#include "bundle/profile_chain.h"
#include "bundle/profile_data.h"

/** profile_calls_path() - the list file that the last profile of the chain to speak of one names; an
 *  owned path. FAULT_USAGE: none is named, or it is not there. */
int profile_calls_path(const struct profile_chain *c, char *const *dirs, char **ret,
		       struct err *err);

/** profile_calls_load() - p->seccomp, p->filter and more of p->warnings: the list @text, read from
 *  @path, after every edit of the chain. p->network is known already. @ret: p->seccomp as an object,
 *  the caller's. FAULT_USAGE: names file and key. */
int profile_calls_load(const struct profile_chain *c, const char *path, const struct buf *text,
		       struct profile *p, struct json_object **ret, struct err *err);

#endif
