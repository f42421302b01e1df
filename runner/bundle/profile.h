/* profile.h - load, check and merge profiles. */
#ifndef MOULETTE_BUNDLE_PROFILE_H
#define MOULETTE_BUNDLE_PROFILE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/digest.h"
#include "base/err.h"
#include "model/isolation.h"
#include "model/limits.h"
#include "model/network.h"
#include "model/submission.h"

struct profile {
	char *name;                 /* "default" */
	char *path;                 /* file it came from */
	char *extends;              /* as the file says; "" for base */
	char *description;          /* "" when the file has none */
	char sha256[DIGEST_HEX];    /* of the merged profile, canonical form */
	struct json_object *config; /* merged OCI part, seccomp not yet expanded into it */
	char *seccomp; /* linux.seccomp of the OCI spec, complete: JSON of one line, which most runs
			* hand on unread; profile_seccomp() reads it */
	char *filter;  /* the same compiled, seccomp_filter_text(); may be NULL */
	char **env;    /* `moulette.env`: over the image's, which is over config's */
	struct limits limits;        /* `moulette.limits`, all but wall set; memory and processes
				      * as linux.resources of the config has them */
	struct unpack_limits unpack; /* `moulette.unpack` */
	struct network network;      /* `moulette.network`; the last file that has one decides */
	enum isolation isolation;    /* `moulette.isolation`, likewise; never UNSET */
	/* Sizes of the tmpfs of /tmp and /dev/shm in the config; 0: the profile has none there. */
	int64_t tmp_bytes, shm_bytes;
	int64_t tmp_inodes, shm_inodes;
	char **warnings; /* what is allowed but weaker than base, one line each; may be NULL */
};

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
/** profile_load_kept() - the same; what takes longest is kept in the folder @kept, which is written by
 *  nobody else than root, and found there the next time (NULL: no folder) */
int profile_load_kept(const char *name, char *const *dirs, const char *kept, struct profile *ret,
		      struct err *err);
/** profile_list() - names found in @dirs, sorted, without doubles; other JSON files that lie there
 *  (lists of system calls, tables) are no profiles. */
int profile_list(char *const *dirs, char ***ret, struct err *err);
/** profile_json() - the merged profile as people read it: name, description, sha256, extends,
 *  config with the system calls, moulette. The caller owns it. */
struct json_object *profile_json(const struct profile *p);
/** profile_seccomp() - p->seccomp as an object; the caller owns it. */
struct json_object *profile_seccomp(const struct profile *p);
void profile_done(struct profile *p);

#endif
