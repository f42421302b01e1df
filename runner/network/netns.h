/* netns.h - the network namespace of a box that has no card. */
#ifndef MOULETTE_NETWORK_NETNS_H
#define MOULETTE_NETWORK_NETNS_H

#include "base/err.h"

/**
 * netns_make() - a fresh network namespace with nothing but lo, up
 * @path: a file to which it is bound; made here. Unmount and unlink it to let go.
 *
 * It belongs to the host's user namespace, so a box that joins it cannot change it.
 * The caller is single-threaded; its own namespace is as before afterwards. FAULT_INFRA.
 */
int netns_make(const char *path, struct err *err);

#endif
