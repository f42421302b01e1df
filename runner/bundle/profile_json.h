/* profile_json.h - the digest of a merged profile. */
#ifndef MOULETTE_BUNDLE_PROFILE_JSON_H
#define MOULETTE_BUNDLE_PROFILE_JSON_H

#include "bundle/profile.h"

/** profile_digest() - p->sha256, over all that makes a box: neither its name nor its words, nor the
 *  order in which the files gave the keys. @seccomp: p->seccomp as an object. */
void profile_digest(struct profile *p, struct json_object *seccomp);

#endif
