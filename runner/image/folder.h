/* folder.h - an image while it is made, and the locks of images. */
#ifndef MOULETTE_IMAGE_FOLDER_H
#define MOULETTE_IMAGE_FOLDER_H

#include "image/meta.h"
#include "model/places.h"

#define IMAGE_FOLDER_MARK ".new-" /* begins the names of unfinished folders */

/** A locked folder below images/ with a name that marks it as unfinished. */
struct image_folder {
	int images, dir, rootfs; /* owned; -1: not open */
	char name[48];
};
#define IMAGE_FOLDER_NONE                             \
	{                                             \
		.images = -1, .dir = -1, .rootfs = -1 \
	}
#define AUTO_FOLDER __attribute__((cleanup(folder_drop))) struct image_folder

/** images_open() - a descriptor of images/, which is made when it is missing. */
int images_open(const struct places *p, int *ret_fd, struct err *err);
int folder_new(const struct places *p, struct image_folder *ret, struct err *err);
/**
 * folder_commit() - list the tree, write image.json, give the folder its name in one step
 * @m: gets the digest of the tree when it has none
 *
 * An image of that name is replaced and removed; one that a run holds is FAULT_USAGE ("in use").
 */
int folder_commit(struct image_folder *f, struct image_meta *m, struct err *err);
/** folder_drop() - remove what is there (nothing after a commit) and close. */
void folder_drop(struct image_folder *f);
/** folder_flock() - flock(2), whatever signals come. */
int folder_flock(int fd, int how);
/**
 * image_lock() - lock the folder of an image: LOCK_SH for a run, LOCK_EX | LOCK_NB to replace it
 * Return: 1 locked, 0 no such image, -1 with @err (FAULT_USAGE: in use).
 */
int image_lock(int images, const char *name, int how, int *ret_dir, struct err *err);
/** folder_throw_away() - the folder @dir, which is @name in @from and locked for us alone, leaves
 *  the store. */
int folder_throw_away(int images, int from, const char *name, int dir, struct err *err);

#endif
