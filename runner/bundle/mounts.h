/* mounts.h - OCI mounts as profiles and command lines write them. */
#ifndef MOULETTE_BUNDLE_MOUNTS_H
#define MOULETTE_BUNDLE_MOUNTS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/**
 * mount_destination() - check where a mount of the command line or an assignment may go
 * @ret: normalised (no double or trailing slash), owned
 *
 * Refused: relative paths, "..", /, /proc, /sys and what is below, /dev itself, the work folder
 * and PID 1.
 */
int mount_destination(const char *path, char **ret, struct err *err);

/**
 * mount_check() - one mount of a profile; made safe where it is silent
 *
 * A bind gets "ro" unless it says "rw", and nosuid and nodev; a tmpfs must be bounded by size= and
 * nr_inodes=. FAULT_USAGE begins with @where.
 */
int mount_check(struct json_object *mount, const char *where, struct err *err);

/** mount_new() - a bind of @source with nosuid and nodev; @more is NULL or a further option. */
struct json_object *mount_new(const char *source, const char *destination, bool rw,
			      const char *more);
/** mounts_set() - put @mount (consumed) where one of the same destination stands, or at the end. */
void mounts_set(struct json_object *mounts, struct json_object *mount);
/** mounts_find() - the mount at a destination (borrowed), or NULL. */
struct json_object *mounts_find(struct json_object *mounts, const char *destination);

bool mount_is_bind(struct json_object *mount);
bool mount_has(struct json_object *mount, const char *option);
/** mount_option() - the value of "mode=1777" and the like, borrowed; NULL when it is not there. */
const char *mount_option(struct json_object *mount, const char *name);
/** mount_number() - of "size=64m" and the like; -1: not there, or not a number. */
int64_t mount_number(struct json_object *mount, const char *name);
/** mount_drop() - take away the options that begin with one of these; NULL-terminated. */
void mount_drop(struct json_object *mount, const char *const drop[]);
/** mount_text() - a string of the mount, "" when it is missing; borrowed. */
const char *mount_text(struct json_object *mount, const char *key);

#endif
