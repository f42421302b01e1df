/* profile.h - load, check and merge profiles. */
#ifndef MOULETTE_BUNDLE_PROFILE_H
#define MOULETTE_BUNDLE_PROFILE_H

#include "base/err.h"
#include "bundle/profile_data.h"

/**
 * profile_load() - NAME, or a path that contains a slash or ends in .json
 * @dirs: folders searched, NULL-terminated; the first that has NAME.json wins
 *
 * Merged from `base` down by RFC 7386, then the lists of `moulette` (mounts, env, seccomp); its
 * `network` and `isolation` are not merged, the last file that has one decides. A file without
 * `extends` builds on `base`. FAULT_USAGE: names file and key; unknown names list what there is; a
 * box without one of its walls (user namespace, filter, read-only root, no_new_privs ...) is
 * refused. After a failure *ret is untouched.
 */
int profile_load(const char *name, char *const *dirs, struct profile *ret, struct err *err);
/** profile_load_kept() - the same; the slowest parts are kept in the folder @kept, which only root may
 *  write, and read from there the next time (NULL: no folder) */
int profile_load_kept(const char *name, char *const *dirs, const char *kept, struct profile *ret,
		      struct err *err);
void profile_done(struct profile *p);

#endif
