/* parcel.h - a whole result as bytes: from the process that graded to the one that stores. */
#ifndef MOULETTE_STORE_PARCEL_H
#define MOULETTE_STORE_PARCEL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/result.h"

/** parcel_pack() - append @r, with all that store_put() keeps. Only the same build can read it:
 *  it is not a file format. */
void parcel_pack(struct buf *b, const struct run_result *r);
/** parcel_unpack() - @ret is initialised and is to be freed in both cases. FAULT_INFRA when the bytes
 *  are not those of one whole result. */
int parcel_unpack(const char *data, size_t len, struct run_result *ret, struct err *err);

#endif
