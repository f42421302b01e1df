/* state.h - the packages of the host that an image was made of. */
#ifndef MOULETTE_IMAGE_STATE_H
#define MOULETTE_IMAGE_STATE_H

#include <stdbool.h>

#include "image/meta.h"

/** state_take() - stamp every file of @paths, and "sha256:..." over those that exist. */
int state_take(char *const *paths, struct image_meta *m, struct err *err);
bool state_is_fresh(const struct image_meta *m);

#endif
