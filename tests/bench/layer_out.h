/* layer_out.h - writes one layer of an OCI image: a tar, compressed, with the digests of both. */
#ifndef MOULETTE_BENCH_LAYER_OUT_H
#define MOULETTE_BENCH_LAYER_OUT_H

#include <archive_entry.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

struct layer_out; /* one layer that is being written */

/** layer_out_open() - into a file of the folder @blobs_fd (borrowed). */
int layer_out_open(int blobs_fd, struct layer_out **ret, struct err *err);
/** layer_out_add() - an entry of owner 0:0; @data of @len bytes is a regular file's. */
int layer_out_add(struct layer_out *l, struct archive_entry *e, const void *data, size_t len,
		  struct err *err);
/** layer_out_end() - name the blob by its digest. @l is freed, whatever happens. */
int layer_out_end(struct layer_out *l, char blob[DIGEST_HEX], uint64_t *ret_bytes,
		  char diff[DIGEST_HEX], struct err *err);

#endif
