/* image.h - a read-only rootfs of the image store, as its users see it. */
#ifndef MOULETTE_MODEL_IMAGE_H
#define MOULETTE_MODEL_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/** A folder of the host that is bound read-only into every box of the image (`host` has some). */
struct image_bind {
	char *source;      /* absolute path on the host */
	char *destination; /* absolute path in the box */
};

struct image {
	char *name;
	char *digest; /* "sha256:..." */
	char *rootfs; /* absolute path of the tree, never written to */
	struct image_bind *binds;
	size_t n_binds;
	char **env;        /* NAME=VALUE that the image sets */
	char *working_dir; /* NULL: not said */
	char *user;        /* as the image has it; a box is always 1000:1000 */
	char **layers;     /* diffIDs; empty for an imported tree */
	char **warnings;   /* what looked wrong when it was imported; NULL: nothing */
	int64_t dropped_setid, dropped_devices, dropped_capabilities,
		dropped_pipes; /* pipes: sockets too */
};

void image_done(struct image *i);

#endif
