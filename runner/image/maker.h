/* maker.h - who makes an image from its recipe: a program of its own, or this one.
 *
 * Making takes libraries that read archives, which cost every start of a program that has them. So
 * only moulette-image has, and others start it when an image is missing.
 */
#ifndef MOULETTE_IMAGE_MAKER_H
#define MOULETTE_IMAGE_MAKER_H

#include "base/err.h"
#include "model/places.h"

/** Builds the recipe @name and commits it; the caller keeps others from doing the same. A recipe that
 *  is wrong, or cannot be made here, is FAULT_USAGE or FAULT_INFRA. */
typedef int image_maker_fn(const struct places *p, const char *name, struct err *err);

/** What image_open() and image_build() call; image_make_there unless a program says otherwise at its
 *  start. */
extern image_maker_fn *image_maker;

/** image_make_there() - starts places->image and waits for it. */
image_maker_fn image_make_there;
/** image_make_here() - in this process (recipe.c). */
image_maker_fn image_make_here;

/** image_make_answer() - in moulette-image, when image_make_there() started it: tells it the outcome.
 *  Return: exit status. */
int image_make_answer(int got, const struct err *err);

#endif
