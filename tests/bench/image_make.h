/* image_make.h - an image as images are: layers over layers, many small files, some large ones. */
#ifndef MOULETTE_BENCH_IMAGE_MAKE_H
#define MOULETTE_BENCH_IMAGE_MAKE_H

#include <stdint.h>

#include "base/err.h"
#include "bench/tree_sum.h"

#define IMAGE_TAG "bench"
#define IMAGE_LAYERS 4

struct image_made {
	uint64_t files,
		bytes; /* regular files of all layers, those included that a later one hides */
	uint64_t blob_bytes;  /* compressed */
	struct tree_sum tree; /* what an unpacker must get */
};

/**
 * image_make() - an OCI layout of about @bytes unpacked in the new folder @path
 * @interrupt_fd: a signalfd, looked at now and then
 *
 * The same @bytes make the same image. In four layers: text, half-compressible and incompressible
 * files, links of both kinds, files that replace one of a lower layer, and whiteouts.
 */
int image_make(const char *path, uint64_t bytes, int interrupt_fd, struct image_made *ret,
	       struct err *err);

#endif
