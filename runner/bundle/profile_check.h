/* profile_check.h - is this config still a box? */
#ifndef MOULETTE_BUNDLE_PROFILE_CHECK_H
#define MOULETTE_BUNDLE_PROFILE_CHECK_H

#include <json-c/json.h>

#include "base/err.h"

/**
 * profile_check_patch() - the `config` of one file, before it is merged
 *
 * Refused: keys that no engine here acts on (they would silently do nothing), keys that the runner
 * sets for each box, hooks and annotations. FAULT_USAGE begins with @where.
 */
int profile_check_patch(struct json_object *config, const char *where, struct err *err);

/**
 * profile_check_config() - the config as merged so far
 *
 * Every wall must stand: user namespace and the six others, uid 1000, no_new_privs, read-only root,
 * no terminal, bounded memory without swap and bounded processes. Mounts are made safe where they
 * are silent (mounts.h). FAULT_USAGE begins with @where.
 */
int profile_check_config(struct json_object *config, const char *where, struct err *err);

/** profile_check_warn() - what is allowed, but weaker than what is shipped: one line each. */
void profile_check_warn(struct json_object *config, char ***lines);

#endif
