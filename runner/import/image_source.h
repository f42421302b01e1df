/* image_source.h - one image of an archive: what it is made of, and in which order (child side). */
#ifndef MOULETTE_IMPORT_IMAGE_SOURCE_H
#define MOULETTE_IMPORT_IMAGE_SOURCE_H

#include "base/err.h"
#include "import/image_parts.h"
#include "import/members.h"

/**
 * image_source_load() - choose an image, check its documents
 * @name: what the user calls it. With several images in the archive it chooses by tag: of
 *        `school/built:1` any of `school/built:1`, `built:1`, `built`; with one it is not asked.
 *
 * Index, manifest and config are verified by their digests where these are said. The blobs of
 * layers are not read. Everything wrong is FAULT_USAGE and names document and key; a name that
 * matches nothing, or several different images, lists the tags.
 */
int image_source_load(struct members *m, const char *name, struct image_source *ret,
		      struct err *err);
void image_source_done(struct image_source *s);

#endif
