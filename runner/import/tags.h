/* tags.h - pure: which of several images a name means. */
#ifndef MOULETTE_IMPORT_TAGS_H
#define MOULETTE_IMPORT_TAGS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* How well a name fits a tag, the better the greater. */
enum tag_fit {
	TAG_OTHER,
	TAG_TAIL_UNTAGGED,  /* `built` and `school/built:1` */
	TAG_WHOLE_UNTAGGED, /* `school/built` and `school/built:1` */
	TAG_TAIL,           /* `built:1` and `school/built:1` */
	TAG_WHOLE,
};

/** tag_fit() - a tail begins after a '/'; the port in `localhost:5000/x` is no tag. */
enum tag_fit tag_fit(const char *name, const char *tag);

struct tagged {
	const char *id; /* the same: one image, however often it is there */
	char **tags;    /* NULL or empty: none */
};

/** tags_fit() - the best of all tags of one. */
enum tag_fit tags_fit(const char *name, const struct tagged *image);

/**
 * tags_choose() - @name chooses among @n (at least one); a single image is not asked for its name
 *
 * Of several that fit equally well, none with its tag, the one tagged `latest` is meant.
 *
 * Return: 0 and the index of the image in *@ret; or -1, FAULT_USAGE that lists the tags.
 */
int tags_choose(const struct tagged *images, size_t n, const char *name, size_t *ret,
		struct err *err);

#endif
