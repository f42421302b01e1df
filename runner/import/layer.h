/*
 * layer.h - a layer of an image: a folder with files/ (every regular file by number, as it comes
 * out), entries (what the layer has, in its order) and hides (what it takes from those below).
 */
#ifndef MOULETTE_IMPORT_LAYER_H
#define MOULETTE_IMPORT_LAYER_H

#include <stdint.h>

#include "archive/rootfs_writer.h"
#include "base/err.h"
#include "import/image_source.h"

/** What the layers that were made so far hold. */
struct layer_totals {
	int64_t bytes, entries;
};

/**
 * layer_make() - read, verify and keep one layer as the folder @layers/DIFF_ID (child side)
 * @total: unpacked so far; at most @max_bytes and IMAGE_MAX_ENTRIES
 *
 * FAULT_USAGE: damaged, refused, or a digest is not the one that was said; what is in the folder
 * then is of no use.
 */
int layer_make(struct members *m, const struct source_layer *s, int layers, int64_t max_bytes,
	       struct layer_totals *total, struct err *err);

/** layer_merge() - lay the layer in the folder @dir over what @w has: first it hides, then it adds.
 *  Files become further names of the layer's own. */
int layer_merge(int dir, struct writer *w, struct err *err);

#endif
