/* spec.h - profile and request to config.json. */
#ifndef MOULETTE_BUNDLE_SPEC_H
#define MOULETTE_BUNDLE_SPEC_H

#include "bundle/profile.h"
#include "model/spec.h"

/**
 * spec_make() - the whole config.json
 *
 * Mounts, in this order: the image's binds, the profile's, PID 1, /etc/passwd, the work folder, the
 * request's, HOME where it is one;
 * one of a destination that is there already takes its place. Binds of the host's folders are
 * completed by what is mounted below them, see volumes.h. Environment: the profile's config,
 * the image's (but HOME and TMPDIR stay, they name what can be written to), `moulette.env`, the
 * request's. RLIMIT_FSIZE is raised to the limit `disk` of the profile at least. With init_source
 * the arguments are PID 1 and then argv, if there is one. With `precompiled` the profile's
 * filter is annotated, and `linux.seccomp` is seccomp_filter_section(), where the profile has a filter.
 * With `unread` the config borrows the list of @p, which must outlive it.
 * FAULT_USAGE: a mount destination that is not absolute ...
 */
int spec_make(const struct profile *p, const struct spec_request *req, struct json_object **ret,
	      struct err *err);

/**
 * spec_leave_capabilities() - leave `process.capabilities` out where it grants none
 *
 * Since 1.3 runc reads /proc/sys/kernel/cap_last_cap in the container before it applies the sets, and
 * a /proc with subset=pid has no such file; without the object it does not. crun, runsc and runc before
 * 1.3 then drop all capabilities as with empty sets. Newer runc leaves the bounding set alone, which no
 * program can use: it is not root, and has no_new_privs. A config that grants some is left as it is.
 */
void spec_leave_capabilities(struct json_object *config);

/** spec_mount_points() - destinations (files or folders) that the config mounts and that are not
 *  below another mount of it: what the root must have. "d/proc", "f/etc/resolv.conf": a letter
 *  for folder or file, then the path. A source that does not exist is FAULT_USAGE,
 *  and so is a destination in a folder of the host where it does not. */
int spec_mount_points(struct json_object *config, char ***ret, struct err *err);
/** spec_write() - as DIR/config.json, 0644, O_EXCL. */
int spec_write(struct json_object *config, int dirfd, struct err *err);
/** spec_write_compact() - the same without white space, for an engine alone: half as long. */
int spec_write_compact(struct json_object *config, int dirfd, struct err *err);

/** spec_proc_hides() - can a kernel of this release (uname -r) mount /proc with hidepid of its own
 *  and subset=pid? Since Linux 5.8; before, hidepid was of the whole PID namespace. */
bool spec_proc_hides(const char *release);

#endif
