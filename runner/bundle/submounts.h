/* submounts.h - what is mounted below a folder of the host. */
#ifndef MOULETTE_BUNDLE_SUBMOUNTS_H
#define MOULETTE_BUNDLE_SUBMOUNTS_H

#include <stdbool.h>

#include "base/err.h"

/**
 * submounts_find() - where something is mounted strictly below @folder, as this process sees it
 * @folder: an absolute path without symlinks
 * @ret:    absolute paths, those above before those below them
 *
 * Left out is what another mount covers, and what lies behind a folder that others cannot enter:
 * neither programs of a box nor an engine in its user namespace would get there. FAULT_INFRA.
 */
int submounts_find(const char *folder, char ***ret, struct err *err);

/** submounts_bounded() - can this kernel set nosuid, nodev and read-only for a whole tree of
 *  mounts, mount_setattr(2)? Since Linux 5.12. */
bool submounts_bounded(void);

#endif
