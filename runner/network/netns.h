/* netns.h - the network namespace of a box: lo, and what the caller puts into it. */
#ifndef MOULETTE_NETWORK_NETNS_H
#define MOULETTE_NETWORK_NETNS_H

#include "base/err.h"

typedef int netns_inside_fn(void *ctx, struct err *err);

/**
 * netns_make() - a fresh network namespace with nothing but lo, up
 * @path:   a file to which it is bound; made here. Unmount and unlink it to let go.
 * @inside: called in the new namespace, after lo is up; NULL: nothing more
 *
 * It belongs to the host's user namespace, so a box that joins it cannot change it.
 * The caller is single-threaded; its own namespace is as before afterwards. FAULT_INFRA, or what
 * @inside says; then nothing is left at @path but an empty file.
 */
int netns_make(const char *path, netns_inside_fn *inside, void *ctx, struct err *err);

#endif
