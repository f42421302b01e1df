/*
 * layers.c - layers come and go.
 *
 * images/.layers/DIFF_ID is complete whenever it has that name: it is made in an unfinished folder
 * and moved. An import holds a shared flock on every layer that it is going to name, until its
 * image.json stands; whoever removes a layer has an exclusive one first and looks at the images
 * after that. So a layer is either seen as held or as named.
 */
#include "image/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/folder.h"
#include "image/meta.h"
#include "image/name.h"
#include "image/tree_digest.h"

#define LAYERS ".layers"

void layer_holds_done(struct layer_holds *h)
{
	for (size_t i = 0; i < h->n; i++)
		fd_close(&h->fds[i]);
	free(h->fds);
	*h = (struct layer_holds){ 0 };
}

int layers_open(int images)
{
	return openat(images, LAYERS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A sweep removes the folder when it is empty; then it is made again. */
static int layers_make(int images)
{
	for (;;) {
		int fd = layers_open(images);
		if (fd >= 0 || errno != ENOENT)
			return fd;
		if (mkdirat(images, LAYERS, 0700) < 0 && errno != EEXIST)
			return -1;
	}
}

static int open_layer(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Return: 1 held, 0 there is none, -1 errno. */
static int hold(int layers, const char *name, int *ret)
{
	for (;;) {
		AUTO_FD int fd = open_layer(layers, name);
		struct stat mine, now;
		if (fd < 0)
			return errno == ENOENT ? 0 : -1;
		/* Waits only for one that is being removed. */
		if (folder_flock(fd, LOCK_SH) < 0 || fstat(fd, &mine) < 0)
			return -1;
		if (fstatat(layers, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
		    now.st_ino == mine.st_ino) {
			*ret = fd_steal(&fd);
			return 1;
		}
	}
}

/* Return: 1 held, 0 somebody was faster (look again), -1 errno. */
static int move_in(int made, int layers, const char *name, int *ret)
{
	AUTO_FD int fd = open_layer(made, name);

	/* Locked before it has its name, so that no sweep finds it free. */
	if (fd < 0 || folder_flock(fd, LOCK_SH) < 0)
		return -1;
	if (renameat2(made, name, layers, name, RENAME_NOREPLACE) < 0)
		return errno == EEXIST ? 0 : -1;
	*ret = fd_steal(&fd);
	return 1;
}

/* A tree is made of further names of a layer's files: who wrote into one has spoiled the layer too.
 * Return: 1 as it was made, 0 changed, -1. */
static int is_whole(int held, int made, const char *name, struct err *err)
{
	AUTO_FD int fresh = open_layer(made, name);
	AUTO_FREE char *is = NULL, *should = NULL;

	if (fresh < 0)
		return err_set(err, FAULT_INFRA, errno, "layer '%s' is gone", name);
	if (tree_digest(held, &is, err) < 0 || tree_digest(fresh, &should, err) < 0)
		return -1;
	return strcmp(is, should) == 0;
}

/* The fresh layer takes the place of the spoiled one, which tidying up removes. */
static int replace(int made, int layers, const char *name, int *ret, struct err *err)
{
	AUTO_FD int fd = open_layer(made, name);

	if (fd < 0 || folder_flock(fd, LOCK_SH) < 0 ||
	    renameat2(made, name, layers, name, RENAME_EXCHANGE) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot replace layer '%s'", name);
	fd_close(ret);
	*ret = fd_steal(&fd);
	return 0;
}

static int take_one(int images, int made, const char *name, int *ret, struct err *err)
{
	for (;;) {
		/* Opened anew each time: an emptied folder may have been removed meanwhile. */
		AUTO_FD int layers = layers_make(images);
		int got = layers < 0 ? -1 : hold(layers, name, ret);
		if (got > 0) {
			got = is_whole(*ret, made, name, err);
			return got == 0 ? replace(made, layers, name, ret, err) : got < 0 ? -1 : 0;
		}
		if (got == 0)
			got = move_in(made, layers, name, ret);
		if (got > 0)
			return 0;
		if (got < 0 &&
		    (errno != ENOENT || faccessat(made, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0))
			return err_set(err, FAULT_INFRA, errno, "cannot keep layer '%s'", name);
	}
}

static bool is_repeated(char *const *diff_ids, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(diff_ids[k], diff_ids[i]) == 0)
			return true;
	return false;
}

int layers_take(const struct image_folder *f, char *const *diff_ids, struct layer_holds *ret,
		struct err *err)
{
	AUTO_HOLDS h = { .fds = mem_alloc((strv_len(diff_ids) + 1) * sizeof(int)) };
	AUTO_FD int made = openat(f->dir, "layers",
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (made < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the new layers");
	for (size_t i = 0; diff_ids[i]; i++) {
		if (is_repeated(diff_ids, i))
			continue;
		h.fds[h.n] = -1;
		if (take_one(f->images, made, diff_ids[i], &h.fds[h.n++], err) < 0)
			return -1;
	}
	/* What the store had already. */
	if (tree_remove_at(f->dir, "layers") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot remove the copies of layers");
	*ret = h;
	h = (struct layer_holds){ 0 };
	return 0;
}

/* ---- removal ---- */

static int add_needed(int images, const char *name, char ***needed)
{
	AUTO_FD int dir = openat(images, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct image_meta m = { 0 };
	char image[IMAGE_NAME_MAX + 1];

	folder_to_name(name, image);
	if (strlen(name) > IMAGE_NAME_MAX || name_check(image, NULL) < 0)
		return 0; /* lost+found */
	if (dir < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (meta_load(dir, name, &m, NULL) < 0)
		return -1;
	for (char **l = m.image.layers; l && *l; l++)
		strv_add(needed, *l);
	meta_done(&m);
	return 0;
}

/* What every image names. -1: one cannot be read, so nothing is known to be superfluous. */
static int find_needed(int images, char ***ret)
{
	AUTO_DIR DIR *d = fdopendir(openat(images, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	AUTO_STRV needed = strv_dup(NULL);

	if (!d)
		return -1;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && add_needed(images, e->d_name, &needed) < 0)
			return -1;
	*ret = ptr_steal(&needed);
	return 0;
}

static bool is_in(char *const *list, const char *name)
{
	for (; *list; list++) {
		const char *hex = strchr(*list, ':');
		if (strcmp(hex ? hex + 1 : *list, name) == 0)
			return true;
	}
	return false;
}

static int sweep_one(int images, int layers, const char *name, struct err *err)
{
	AUTO_FD int fd = open_layer(layers, name);
	AUTO_STRV needed = NULL;

	/* In this order: an import names what it holds before it lets go. */
	if (fd < 0 || folder_flock(fd, LOCK_EX | LOCK_NB) < 0 || find_needed(images, &needed) < 0 ||
	    is_in(needed, name))
		return 0;
	return folder_throw_away(images, layers, name, fd, err);
}

int layers_sweep(int images, struct err *err)
{
	AUTO_STRV needed = NULL;
	int layers = layers_open(images);
	AUTO_DIR DIR *d = layers < 0 ? NULL : fdopendir(layers);

	if (!d)
		return errno == ENOENT ? 0 :
					 err_set(err, FAULT_INFRA, errno,
						 "cannot open the layers of the store");
	if (find_needed(images, &needed) < 0)
		return 0;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && !is_in(needed, e->d_name) &&
		    sweep_one(images, layers, e->d_name, err) < 0)
			return -1;
	unlinkat(images, LAYERS, AT_REMOVEDIR); /* when it is empty */
	return 0;
}
