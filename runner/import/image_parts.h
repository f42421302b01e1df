/* image_parts.h - what one image of an archive is made of, and in which order. */
#ifndef MOULETTE_IMPORT_IMAGE_PARTS_H
#define MOULETTE_IMPORT_IMAGE_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

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

#endif
