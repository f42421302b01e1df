/* recipe_packages.h - what the packages of a host keep outside of the folders that are bound. */
#ifndef MOULETTE_RECIPE_RECIPE_PACKAGES_H
#define MOULETTE_RECIPE_RECIPE_PACKAGES_H

#include "base/err.h"

struct json_object;

/**
 * recipe_packages_files() - the files and links that packages of this host own
 * @o:     {"lists": pattern of files with a path a line, "status": file of dpkg with checksums of settings,
 *          "below": folders,
 *         "except": patterns as fnmatch(3), of folders with all in them or of files; none if not given}
 * @where: of @o, for messages
 * @ret:   absolute paths, in the order of the lists; the caller frees
 *
 * A file of settings that somebody changed is left out, since it may hold what is not public; so is what is
 * not there. A host without such lists has none. FAULT_USAGE: keys; FAULT_INFRA: a list cannot be read.
 */
int recipe_packages_files(struct json_object *o, const char *where, char ***ret, struct err *err);

#endif
