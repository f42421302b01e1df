/* image_config.h - the config document of an image (child side). */
#ifndef MOULETTE_IMPORT_IMAGE_CONFIG_H
#define MOULETTE_IMPORT_IMAGE_CONFIG_H

#include <json-c/json.h>

#include "import/image_parts.h"

/**
 * image_config_read() - environment, user, working directory, and the digests of the layers
 * @where: names the document
 * @ret:   has its layers already; their diff_id is filled in
 *
 * FAULT_USAGE: not for this machine, another number of layers, what is no NAME=VALUE.
 */
int image_config_read(struct json_object *o, const char *where, struct image_source *ret,
		      struct err *err);

#endif
