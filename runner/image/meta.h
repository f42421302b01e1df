/* meta.h - image.json, what the store knows of an image. */
#ifndef MOULETTE_IMAGE_META_H
#define MOULETTE_IMAGE_META_H

#include <stdint.h>

#include "base/err.h"
#include "model/image.h"

/** A file of the host on whose content an image depends, as it was when the image was made. */
struct state_stamp {
	char *path;
	int64_t bytes, inode, mtime_ns, ctime_ns; /* bytes -1: there was no such file */
};

struct image_meta {
	struct image image; /* rootfs is not stored: it follows from the place of the store */
	int64_t bytes, entries;
	char *recipe_sha256; /* NULL: imported */
	struct state_stamp *state;
	size_t n_state;
};

int meta_write(int dir, const struct image_meta *m, struct err *err);
/** meta_load() - from the folder @dir of an image. A damaged file is FAULT_INFRA. */
int meta_load(int dir, const char *name, struct image_meta *ret, struct err *err);
void meta_done(struct image_meta *m);
void meta_add_bind(struct image *i, const char *source, const char *destination);
/** image_binds_json() - [{"source", "destination"}, ...]; owned by the caller. */
struct json_object *image_binds_json(const struct image *i);

#endif
