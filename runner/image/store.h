/* store.h - the image store: folders below MOULETTE_HOME/images. */
#ifndef MOULETTE_IMAGE_STORE_H
#define MOULETTE_IMAGE_STORE_H

#include "base/err.h"
#include "base/json.h"
#include "model/image.h"
#include "model/places.h"

/** image_open() - an image by name; `busybox` and `host` are built when first needed. Unknown:
 *  FAULT_USAGE, listing what there is. */
int image_open(const struct places *p, const char *name, struct image *ret, struct err *err);
/** image_check() - is there such an image, or a recipe that makes it? Makes nothing. Unknown: as
 *  image_open(). */
int image_check(const struct places *p, const char *name, struct err *err);
/** image_list() - names, sorted. */
int image_list(const struct places *p, char ***ret, struct err *err);
/** image_size() - bytes of the files in its tree; what `host` binds is not counted. */
int image_size(const struct places *p, const char *name, int64_t *ret, struct err *err);
/** image_build() - by a recipe of bundles/. */
int image_build(const struct places *p, const char *recipe, struct image *ret, struct err *err);
/** image_verify() - FAULT_USAGE when the tree is not as it was made; the message names paths. */
int image_verify(const struct places *p, const char *name, struct err *err);
/** image_remove() - FAULT_USAGE when unknown or in use (a run holds a shared lock). */
int image_remove(const struct places *p, const char *name, struct err *err);
/** image_hold() - a shared lock for the time of a run; close the descriptor to let go. Hold first,
 *  then open: what was opened can then no longer be replaced or removed. */
int image_hold(const struct places *p, const char *name, int *ret_fd, struct err *err);
/** image_sweep() - remove half-made folders that a killed import left (only unlocked ones);
 *  @ret_removed may be NULL. */
int image_sweep(const struct places *p, int *ret_removed, struct err *err);

/** image_find() - the folder of an image that is there, locked as image_lock() does. Unknown:
 *  FAULT_USAGE, listing what there is. */
int image_find(const struct places *p, const char *name, int how, int *ret_dir, struct err *err);

#endif
