/* store.c - images by name: open, list, hold, build, remove. */
#include "image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/folder.h"
#include "image/layers.h"
#include "image/maker.h"
#include "image/meta.h"
#include "image/name.h"
#include "image/recipe_names.h"
#include "image/state.h"
#include "model/image.h"
#include "model/places.h"

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int image_list(const struct places *p, char ***ret, struct err *err)
{
	AUTO_DIR DIR *d = opendir(p->images);
	AUTO_STRV names = strv_dup(NULL);

	if (!d && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot open the store of images '%s'",
			       p->images);
	for (struct dirent *e; d && (e = readdir(d));) {
		char name[IMAGE_NAME_MAX + 1];
		if (e->d_name[0] == '.' || strlen(e->d_name) > IMAGE_NAME_MAX)
			continue;
		folder_to_name(e->d_name, name);
		if (name_check(name, NULL) == 0) /* not lost+found */
			strv_add(&names, name);
	}
	qsort(names, strv_len(names), sizeof(*names), by_bytes);
	*ret = ptr_steal(&names);
	return 0;
}

static int unknown(const struct places *p, const char *name, struct err *err)
{
	AUTO_STRV names = NULL;
	AUTO_BUF all = { 0 };

	if (image_list(p, &names, err) < 0)
		return -1;
	recipe_list(p, &names);
	qsort(names, strv_len(names), sizeof(*names), by_bytes);
	for (size_t i = 0; names[i]; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			buf_printf(&all, "%s%s", all.len ? ", " : "", names[i]);
	return err_set(err, FAULT_USAGE, 0, "no image '%s'; there is %s", name,
		       all.len ? all.data : "none");
}

/* Return: 1 loaded, 0 no such image, -1. */
static int load(int images, const char *name, struct image_meta *m, struct err *err)
{
	char folder[IMAGE_NAME_MAX + 1];

	name_to_folder(name, folder);
	AUTO_FD int dir = openat(images, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open image '%s'", name);
	return meta_load(dir, name, m, err) < 0 ? -1 : 1;
}

/* One builder at a time, by a lock on images/ itself; it goes when the descriptor is closed. */
static int lock_builders(int images, struct err *err)
{
	while (flock(images, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot lock the store of images");
	return 0;
}

/* The packages changed, and a run still holds the image: its binds show the new state anyway, so
 * only the digest has to follow, and what is no longer there is not bound. */
static int follow_host(struct image_meta *m, struct err *err)
{
	AUTO_STRV paths = strv_dup(NULL);
	size_t kept = 0;

	for (size_t i = 0; i < m->n_state; i++) {
		strv_add(&paths, m->state[i].path);
		free(m->state[i].path);
	}
	free(m->state);
	m->n_state = 0;
	if (state_take(paths, m, err) < 0)
		return -1;
	for (size_t i = 0; i < m->image.n_binds; i++) {
		struct image_bind *b = &m->image.binds[i];
		if (access(b->source, F_OK) == 0) {
			m->image.binds[kept++] = *b;
			continue;
		}
		free(b->source);
		free(b->destination);
	}
	m->image.n_binds = kept;
	return 0;
}

static int build_missing(const struct places *p, int images, const char *name, struct image_meta *m,
			 struct err *err)
{
	if (lock_builders(images, err) < 0)
		return -1;
	/* Somebody may have built it while we waited. */
	int got = load(images, name, m, err);
	if (got < 0 || (got == 1 && !recipe_changed(p, m)))
		return got < 0 ? -1 : 0;
	if (image_maker(p, name, err) < 0)
		return got == 1 ? follow_host(m, err) : -1;
	if (got == 1)
		meta_done(m);
	got = load(images, name, m, err);
	return got == 1 ? 0 : got < 0 ? -1 : unknown(p, name, err);
}

/* The image, made first when a recipe can make it, made again when the host has changed. */
static int ensure(const struct places *p, const char *name, struct image_meta *m, struct err *err)
{
	AUTO_FD int images = -1;

	if (name_check(name, err) < 0 || images_open(p, &images, err) < 0)
		return -1;
	int got = load(images, name, m, err);
	if (got < 0)
		return -1;
	if (got == 1 && !recipe_changed(p, m))
		return 0;
	if (got == 0 && !recipe_exists(p, name))
		return unknown(p, name, err);
	if (got == 1)
		meta_done(m);
	return build_missing(p, images, name, m, err);
}

int image_check(const struct places *p, const char *name, struct err *err)
{
	char folder[IMAGE_NAME_MAX + 1];

	if (name_check(name, err) < 0)
		return -1;
	name_to_folder(name, folder);
	AUTO_FREE char *path = mem_printf("%s/%s", p->images, folder);
	if (access(path, F_OK) == 0 || recipe_exists(p, name))
		return 0;
	return err_path_fault(errno) == FAULT_USAGE ?
		       unknown(p, name, err) :
		       err_set(err, FAULT_INFRA, errno, "cannot look for image '%s'", name);
}

int image_open(const struct places *p, const char *name, struct image *ret, struct err *err)
{
	struct image_meta m = { 0 };

	if (ensure(p, name, &m, err) < 0) {
		meta_done(&m);
		return -1;
	}
	char folder[IMAGE_NAME_MAX + 1];
	name_to_folder(name, folder);
	m.image.rootfs = mem_printf("%s/%s/rootfs", p->images, folder);
	*ret = m.image;
	m.image = (struct image){ 0 };
	meta_done(&m);
	return 0;
}

int image_size(const struct places *p, const char *name, int64_t *ret, struct err *err)
{
	AUTO_FD int images = -1;
	struct image_meta m = { 0 };

	if (name_check(name, err) < 0 || images_open(p, &images, err) < 0)
		return -1;
	int got = load(images, name, &m, err);
	if (got <= 0)
		return got < 0 ? -1 : unknown(p, name, err);
	*ret = m.bytes;
	meta_done(&m);
	return 0;
}

int image_hold(const struct places *p, const char *name, int *ret_fd, struct err *err)
{
	AUTO_FD int images = -1;
	struct image_meta m = { 0 };
	int got = ensure(p, name, &m, err);

	meta_done(&m);
	if (got < 0 || images_open(p, &images, err) < 0)
		return -1;
	got = image_lock(images, name, LOCK_SH, ret_fd, err);
	return got == 1 ? 0 : got < 0 ? -1 : unknown(p, name, err);
}

int image_build(const struct places *p, const char *recipe, struct image *ret, struct err *err)
{
	AUTO_FD int images = -1;

	if (name_check(recipe, err) < 0)
		return -1;
	if (!recipe_exists(p, recipe)) {
		AUTO_STRV names = strv_dup(NULL);
		AUTO_BUF all = { 0 };
		recipe_list(p, &names);
		qsort(names, strv_len(names), sizeof(*names), by_bytes);
		for (size_t i = 0; names[i]; i++)
			buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
		return err_set(err, FAULT_USAGE, 0, "no recipe '%s'; there is %s in '%s'", recipe,
			       all.len ? all.data : "none", p->bundles);
	}
	if (image_sweep(p, NULL, err) < 0 || images_open(p, &images, err) < 0 ||
	    lock_builders(images, err) < 0 || image_maker(p, recipe, err) < 0)
		return -1;
	fd_close(&images);
	return image_open(p, recipe, ret, err);
}

int image_find(const struct places *p, const char *name, int how, int *ret_dir, struct err *err)
{
	AUTO_FD int images = -1;

	if (name_check(name, err) < 0 || images_open(p, &images, err) < 0)
		return -1;
	int got = image_lock(images, name, how, ret_dir, err);
	return got == 1 ? 0 : got < 0 ? -1 : unknown(p, name, err);
}

int image_remove(const struct places *p, const char *name, struct err *err)
{
	AUTO_FD int images = -1, dir = -1;

	if (image_find(p, name, LOCK_EX | LOCK_NB, &dir, err) < 0 ||
	    images_open(p, &images, err) < 0)
		return -1;
	char folder[IMAGE_NAME_MAX + 1];
	name_to_folder(name, folder);
	return folder_throw_away(images, images, folder, dir, err) < 0 ? -1 :
									 layers_sweep(images, err);
}

static bool sweep_one(int images, const char *name)
{
	AUTO_FD int dir = openat(images, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 || folder_flock(dir, LOCK_EX | LOCK_NB) < 0)
		return false;
	return tree_remove(dir) == 0 && unlinkat(images, name, AT_REMOVEDIR) == 0;
}

int image_sweep(const struct places *p, int *ret_removed, struct err *err)
{
	AUTO_DIR DIR *d = opendir(p->images);
	int removed = 0;

	if (!d && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot open the store of images '%s'",
			       p->images);
	for (struct dirent *e; d && (e = readdir(d));)
		if (strncmp(e->d_name, IMAGE_FOLDER_MARK, strlen(IMAGE_FOLDER_MARK)) == 0)
			removed += sweep_one(dirfd(d), e->d_name);
	if (ret_removed)
		*ret_removed = removed;
	return d ? layers_sweep(dirfd(d), err) : 0;
}
