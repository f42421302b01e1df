/* import_read.c - what the first child of an import does: read, whatever it is that was given. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/ceilings.h"
#include "archive/host_copy.h"
#include "archive/rootfs_writer.h"
#include "archive/tar_entries.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/kernel_calls.h"
#include "import/image_source.h"
#include "import/import.h"
#include "import/layer.h"

/*
 * A descriptor of a folder outside of the chroot would be a way out of it. So the folder is bound,
 * read-only, below @root in a mount namespace of the child's own. The clone is taken before, and
 * the working folder leads into the new namespace: descriptors stay in the old one, so none of a
 * folder is kept, not even the lock. Without it a sweep could meet us for the moment between our
 * parent's end and ours.
 */
static int bind_source(int root, int source, struct err *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
	};
	AUTO_FD int tree = open_tree(source, "",
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ||
	    fchdir(root) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mkdir("source", 0700) < 0 ||
	    move_mount(tree, "", AT_FDCWD, "source", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot bind the folder");
	AUTO_FD int top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int inside = open("source", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || inside < 0 || dup2(top, root) < 0 || dup2(inside, source) < 0 ||
	    close(CHILD_LOCK) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the folder");
	return 0;
}

static int read_tree(const struct import_source *s, int root, int source, struct import_report *r)
{
	AUTO_FD int rootfs = openat(root, "rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct writer w;

	if (rootfs < 0)
		return err_set(&r->err, FAULT_INFRA, errno, "cannot open the new tree");
	if (rootfs_writer_init(&w, rootfs, s->max_bytes, &r->err) < 0)
		return -1;
	int got = s->is_folder ? host_copy_folder(source, "", false, &w, &r->err) :
				 tar_entries_write(source, &w, &r->err);
	if (got == 0)
		got = rootfs_writer_finish(&w, &r->err);
	import_report_tree(r, &w);
	rootfs_writer_done(&w);
	return got;
}

static bool is_repeated(const struct image_source *image, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(image->layers[k].diff_id, image->layers[i].diff_id) == 0)
			return true;
	return false;
}

static int read_layers(struct members *m, const struct image_source *image, int root,
		       int64_t max_bytes, struct err *err)
{
	struct layer_totals total = { 0 };

	if (mkdirat(root, "layers", 0700) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a folder for the layers");
	AUTO_FD int layers = openat(root, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layers < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a folder for the layers");
	for (size_t i = 0; i < image->n_layers; i++)
		if (!is_repeated(image, i) &&
		    layer_make(m, &image->layers[i], layers, max_bytes, &total, err) < 0)
			return -1;
	return 0;
}

static void say(struct buf *text, char what, const char *value)
{
	buf_add(text, &what, 1);
	buf_add(text, value, strlen(value) + 1);
}

static void say_image(struct buf *text, const struct image_source *image)
{
	for (size_t i = 0; i < image->n_layers; i++)
		say(text, 'L', image->layers[i].diff_id);
	for (char **e = image->env; e && *e; e++)
		say(text, 'E', *e);
	if (image->user)
		say(text, 'U', image->user);
	if (image->working_dir)
		say(text, 'W', image->working_dir);
}

static int read_image(struct members *m, const struct import_source *s, int root,
		      struct import_report *r, struct buf *text)
{
	struct image_source image = { 0 };

	r->is_image = true;
	int got = image_source_load(m, s->name, &image, &r->err);
	if (got == 0)
		got = read_layers(m, &image, root, s->max_bytes, &r->err);
	if (got == 0)
		say_image(text, &image);
	image_source_done(&image);
	return got;
}

int import_read(void *source, int root, int other, struct import_report *report, struct buf *text)
{
	const struct import_source *s = source;
	AUTO_MEMBERS *m = NULL;

	if ((s->is_folder && bind_source(root, other, &report->err) < 0) ||
	    import_confine(root, &report->err) < 0)
		return -1;
	/* Of several images one is taken; a spool holds all of them, and their headers. */
	int64_t spool = s->max_bytes < INT64_MAX / 4 ? 2 * s->max_bytes + IMAGE_HEADROOM :
						       INT64_MAX;
	int got = members_load(other, s->is_folder, root, spool, &m, &report->err);
	if (got < 0)
		return -1;
	return got ? read_image(m, s, root, report, text) : read_tree(s, root, other, report);
}
