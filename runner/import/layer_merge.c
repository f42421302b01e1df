/* layer_merge.c - a layer of the store, laid over the tree that the lower ones made. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "archive/rootfs_writer.h"
#include "base/cleanup.h"
#include "import/layer.h"
#include "import/layer_index.h"

struct merge {
	struct writer *w;
	int files;
};

static int put_folder(struct writer *w, const struct layer_record *r, struct err *err)
{
	AUTO_FD int fd = -1;
	const char *name;
	const void *value;
	size_t at = 0, len;

	if (rootfs_writer_folder(w, r->path.data, &r->attr, &fd, err) < 0)
		return -1;
	while (layer_xattr_next(r, &at, &name, &value, &len))
		if (rootfs_writer_xattr(w, fd, name, value, len, err) < 0)
			return -1;
	return 0;
}

static int put_file(const struct merge *m, const struct layer_record *r, struct err *err)
{
	char name[24];

	snprintf(name, sizeof(name), "%" PRIx64, r->number);
	return rootfs_writer_link(m->w, r->path.data, m->files, name, r->marks, err);
}

static int put_record(const struct merge *m, const struct layer_record *r, struct err *err)
{
	switch (r->kind) {
	case LAYER_FOLDER:
		return put_folder(m->w, r, err);
	case LAYER_FILE:
		return put_file(m, r, err);
	case LAYER_SYMLINK:
		return rootfs_writer_symlink(m->w, r->path.data, r->target.data, &r->attr, err);
	case LAYER_HARDLINK:
		return rootfs_writer_hardlink(m->w, r->path.data, r->target.data, err);
	case LAYER_DROPPED:
		return rootfs_writer_drop(m->w, r->path.data, &r->attr, err);
	case LAYER_HIDDEN:
	case LAYER_OPAQUE:
	default:
		return rootfs_writer_hide(m->w, r->path.data, r->kind == LAYER_OPAQUE, err);
	}
}

static int put_all(int dir, const char *name, const struct merge *m, struct err *err)
{
	AUTO_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FILE FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	AUTO_RECORD r = { 0 };
	int got;

	if (!f)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s' of a layer", name);
	fd_steal(&fd);
	while ((got = layer_record_read(f, &r, err)) == 1)
		if (put_record(m, &r, err) < 0)
			return -1;
	return got;
}

int layer_merge(int dir, struct writer *w, struct err *err)
{
	AUTO_FD int files = openat(dir, "files", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct merge m = { .w = w, .files = files };

	if (files < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the files of a layer");
	return put_all(dir, "hides", &m, err) < 0 ? -1 : put_all(dir, "entries", &m, err);
}
