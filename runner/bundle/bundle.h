/* bundle.h - a whole, self-contained OCI bundle on disk (`moulette bundle`). */
#ifndef MOULETTE_BUNDLE_BUNDLE_H
#define MOULETTE_BUNDLE_BUNDLE_H

#include "bundle/spec.h"

/**
 * bundle_copy_root() - DIR/rootfs as a whole copy of the image, with every mount point of @config
 * @config: made for an image without binds: what they would have shown is copied as well
 *
 * Owners, modes, times and hard links are kept; set-id bits, device nodes, sockets and extended
 * attributes are dropped. No link is followed. Stops when a SIGINT or SIGTERM that the caller has
 * blocked is pending. FAULT_INFRA; FAULT_USAGE when a link of the image is in the way of a mount
 * point.
 */
int bundle_copy_root(const struct image *image, struct json_object *config, int bundle_fd,
		     struct err *err);

#endif
