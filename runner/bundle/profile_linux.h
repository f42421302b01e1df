/* profile_linux.h - the `linux` part of a config: namespaces, resources, hidden paths. */
#ifndef MOULETTE_BUNDLE_PROFILE_LINUX_H
#define MOULETTE_BUNDLE_PROFILE_LINUX_H

#include <json-c/json.h>
#include <stdint.h>

#include "base/err.h"

/** profile_linux_check() - part of profile_check_config(). */
int profile_linux_check(struct json_object *config, const char *where, struct err *err);
/** profile_linux_warn() - part of profile_check_warn(). */
void profile_linux_warn(struct json_object *config, char ***lines);

/** profile_resource() - linux.resources.NAME, borrowed; NULL when something on the way is missing
 *  or of another type. */
struct json_object *profile_resource(struct json_object *config, const char *name);
/** linux.resources.memory.limit and pids.limit of a config, -1 when missing. */
int64_t profile_memory(struct json_object *config);
int64_t profile_processes(struct json_object *config);
/** Set them; memory sets swap to the same value, which leaves none. The objects on the way are
 *  made when they are missing. */
void profile_set_memory(struct json_object *config, int64_t bytes);
void profile_set_processes(struct json_object *config, int64_t n);

#endif
