/* profile_data.h - a loaded profile, which the files that load it, keep it and print it share. */
#ifndef MOULETTE_BUNDLE_PROFILE_DATA_H
#define MOULETTE_BUNDLE_PROFILE_DATA_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/digest.h"
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
			* hand on unread; profile_json_seccomp() reads it */
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

#endif
