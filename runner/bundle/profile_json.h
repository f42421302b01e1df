/* profile_json.h - a loaded profile as JSON, and its digest. */
#ifndef MOULETTE_BUNDLE_PROFILE_JSON_H
#define MOULETTE_BUNDLE_PROFILE_JSON_H

#include <json-c/json.h>

#include "bundle/profile_data.h"

/** profile_json() - the merged profile as people read it: name, description, sha256, extends,
 *  config with the system calls, moulette. The caller owns it. */
struct json_object *profile_json(const struct profile *p);
/** profile_json_seccomp() - p->seccomp as an object; the caller owns it. */
struct json_object *profile_json_seccomp(const struct profile *p);

/** profile_json_digest() - sets p->sha256, the digest of all that makes a box. Name, description and
 *  the order of keys in the files do not change it. @seccomp: p->seccomp as an object. */
void profile_json_digest(struct profile *p, struct json_object *seccomp);

#endif
