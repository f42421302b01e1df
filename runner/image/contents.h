/* contents.h - what is installed in an image. */
#ifndef MOULETTE_IMAGE_CONTENTS_H
#define MOULETTE_IMAGE_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/image.h"

struct package {
	char *name, *version;
};
struct packages {
	const char *manager;  /* "dpkg", "apk"; NULL: none whose records can be read was found */
	struct package *list; /* as the records have them */
	size_t n;
};
void packages_done(struct packages *p);

/** image_packages() - from the records of the package manager in the tree; of `host` the host's. */
int image_packages(const struct image *i, struct packages *ret, struct err *err);

/** image_has_program() - is there an executable @name on the PATH of the image? */
bool image_has_program(const struct image *i, const char *name);

#endif
