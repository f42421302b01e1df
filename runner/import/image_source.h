/* image_source.h - one image of an archive: what it is made of, and in which order (child side). */
#ifndef MOULETTE_IMPORT_IMAGE_SOURCE_H
#define MOULETTE_IMPORT_IMAGE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "import/members.h"

struct source_layer {
	char *member;             /* name of the blob in the archive */
	char *digest;             /* 64 hex digits of the blob as it is stored; NULL: not said */
	int64_t bytes;            /* of the blob; -1: not said */
	char diff_id[DIGEST_HEX]; /* of the uncompressed tar */
};

struct image_source {
	char **env;                  /* NAME=VALUE; a name counts once, the last */
	char *user, *working_dir;    /* NULL: not said */
	struct source_layer *layers; /* lowest first */
	size_t n_layers;
};

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
