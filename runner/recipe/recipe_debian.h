/* recipe_debian.h - the packages that a recipe asks for, as a tree that mmdebstrap makes. */
#ifndef MOULETTE_RECIPE_RECIPE_DEBIAN_H
#define MOULETTE_RECIPE_RECIPE_DEBIAN_H

#include "base/err.h"
#include "base/json.h"
#include "image/folder.h"
#include "image/meta.h"

/** What a recipe says under "debian". */
struct debian {
	char *suite;   /* NULL: that of the host */
	char *variant; /* of mmdebstrap */
	char **packages;
	char **exclude; /* patterns of paths that are not unpacked */
	char **remove;  /* paths that go when all is installed */
};
/** recipe_debian_load() - FAULT_USAGE, naming the key. @ret must be done either way. */
int recipe_debian_load(struct json_object *o, const char *where, struct debian *ret,
		       struct err *err);
void recipe_debian_done(struct debian *d);

/**
 * recipe_debian_make() - fill the tree of @f, an image that is being made
 * @path: of the folder of @f
 * @m:    gets what was left out of the tree
 *
 * Where the packages come from is the business of the host's apt. mmdebstrap and all that it makes
 * lie in @f; they are gone, and what differs between two builds as well, when this returns. What it
 * says goes to stderr: a line that is rewritten on a terminal, the last 20 when it fails. An
 * unknown package or suite is FAULT_USAGE.
 */
int recipe_debian_make(const struct debian *d, struct image_folder *f, const char *path,
		       struct image_meta *m, struct err *err);

#endif
