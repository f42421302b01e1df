/* layers.h - the layers that images of the store are made of, each kept once. */
#ifndef MOULETTE_IMAGE_LAYERS_H
#define MOULETTE_IMAGE_LAYERS_H

#include <stddef.h>

#include "base/err.h"
#include "image/folder.h"

/** Layers that nobody may remove: a shared lock on each. */
struct layer_holds {
	int *fds;
	size_t n;
};
void layer_holds_done(struct layer_holds *h);
#define AUTO_HOLDS __attribute__((cleanup(layer_holds_done))) struct layer_holds

/**
 * layers_take() - the layers @diff_ids, made below layers/ of an unfinished folder, into the store
 *
 * One that the store has already is left where it is. All are held until @ret is done; by then
 * an image must name them.
 */
int layers_take(const struct image_folder *f, char *const *diff_ids, struct layer_holds *ret,
		struct err *err);

/** layers_sweep() - remove the layers that no image names and nobody holds. */
int layers_sweep(int images, struct err *err);

/** layers_open() - the folder of the layers, below images/. -1: errno. */
int layers_open(int images);

#endif
