/* docker.h - archives as `docker image save` wrote them up to Docker 24 (child side). */
#ifndef MOULETTE_IMPORT_DOCKER_H
#define MOULETTE_IMPORT_DOCKER_H

#include "import/documents.h"
#include "import/image_parts.h"
#include "import/tags.h"

/** docker_load() - as image_source_load(), of an archive that has only manifest.json. */
int docker_load(struct documents *d, const char *name, struct image_source *ret, struct err *err);

/** One image of manifest.json. */
struct docker_image {
	char *config, **tags, **layers; /* names of members; tags may be NULL */
};
struct docker_images {
	struct docker_image *all;
	size_t n;
};
int docker_images_load(struct documents *d, struct docker_images *ret, struct err *err);
void docker_images_done(struct docker_images *images);
#define AUTO_DOCKER_IMAGES __attribute__((cleanup(docker_images_done))) struct docker_images

/** docker_digest() - the 64 digits that a name tells its content to have: those of
 *  "HEX.json", "sha256:HEX" and "blobs/sha256/HEX". Return: false when it tells none. */
bool docker_digest(const char *name, char ret[DIGEST_HEX]);

#endif
