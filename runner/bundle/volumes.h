/* volumes.h - folders and files of the host in a box: what is bound with them, with what rights.
 *
 * The kernel sets "ro" for one mount, and a bind takes none or all of what is mounted below. So a
 * bind says "rro", "rnosuid" and "rnodev" (runc), and each mount below it follows as a bind of its
 * own (crun, which in a user namespace takes none).
 */
#ifndef MOULETTE_BUNDLE_VOLUMES_H
#define MOULETTE_BUNDLE_VOLUMES_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/err.h"

/**
 * volumes_spread() - complete the binds of a config.json's mounts
 * @config: its "mounts" are replaced
 * @own:    sources that the runner made for this box, NULL-terminated: left as they are
 *
 * A source with mounts below it is FAULT_USAGE, which names the first, on a kernel that cannot
 * bound them. One that does not exist is left as it is: spec_mount_points() refuses it. "noexec"
 * and "ro" of the source's own file system are said as well: an engine may not take them away.
 */
int volumes_spread(struct json_object *config, const char *const own[], struct err *err);

/** volume_is() - is it a bind that volumes_spread() completed? */
bool volume_is(struct json_object *mount);
/** volumes_check_point() - is there something to mount @mount on, where its destination lies in a
 *  volume? Nothing is made in folders of the host, and an engine has no more rights in them than
 *  others. FAULT_USAGE. */
int volumes_check_point(struct json_object *mounts, struct json_object *mount, struct err *err);
/** volume_held() - bind it from @source, where the same tree has these rights already: no engine
 *  has to know the words for them. */
void volume_held(struct json_object *mount, const char *source);

#endif
