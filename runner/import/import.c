/*
 * import.c - a foreign tree, or an archive of images, becomes an image.
 *
 * The store gets a locked folder with a name that marks it as unfinished. A first child, confined
 * to that folder, reads what was given: a plain tree is then complete. Of an archive of images it
 * makes the layers of one; we move those into the store, each once, and a second child, which sees
 * no foreign byte but names, lays one over the other. A child shares our lock: as long as one of us
 * lives, no sweep touches the folder. We compute the digest and give the folder its name. Whatever
 * fails before that leaves nothing.
 */
#include "import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "archive/rootfs_writer.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/signals.h"
#include "image/folder.h"
#include "image/layers.h"
#include "image/meta.h"
#include "image/name.h"
#include "image/store.h"
#include "import/documents.h"
#include "import/layer.h"

/* ---- the second child ---- */

struct merge_job {
	const char *folder;    /* name of the unfinished folder in images/ */
	char *const *diff_ids; /* lowest first */
};

static int merge_all(const struct merge_job *job, int images, struct writer *w, struct err *err)
{
	AUTO_FD int layers = layers_open(images);

	for (char *const *l = job->diff_ids; *l; l++) {
		AUTO_FD int dir = openat(layers, *l,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot open layer '%s'", *l);
		if (layer_merge(dir, w, err) < 0)
			return err_wrap(err, "layer '%.12s'", *l);
	}
	return rootfs_writer_finish(w, err);
}

static int merge_layers(void *ctx, int root, int other, struct import_report *r, struct buf *text)
{
	const struct merge_job *job = ctx;
	struct writer w;
	(void)other;
	(void)text;

	if (import_confine(root, &r->err) < 0)
		return -1;
	AUTO_FD int folder = openat(root, job->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int rootfs = openat(folder, "rootfs",
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rootfs < 0)
		return err_set(&r->err, FAULT_INFRA, errno, "cannot open the new tree");
	/* The layers were within the limit; a file of two of them takes no more room than in one. */
	if (rootfs_writer_init(&w, rootfs, INT64_MAX, &r->err) < 0)
		return -1;
	int got = merge_all(job, root, &w, &r->err);
	import_report_tree(r, &w);
	rootfs_writer_done(&w);
	return got;
}

/* ---- what the first one said ---- */

static int take_line(const char *line, struct image *i, char ***diff_ids, struct err *err)
{
	switch (*line) {
	case 'L':
		if (strlen(line + 1) != DIGEST_HEX - 1 || !documents_is_digest(line + 1))
			break;
		strv_add(diff_ids, line + 1);
		return 0;
	case 'E':
		env_set(&i->env, line + 1);
		return 0;
	case 'U':
		free(i->user);
		i->user = mem_strdup(line + 1);
		return 0;
	case 'W':
		free(i->working_dir);
		i->working_dir = mem_strdup(line + 1);
		return 0;
	default:
		break;
	}
	return err_set(err, FAULT_INFRA, 0, "its reader said what it should not");
}

static int take_text(const struct buf *text, struct image *i, char ***diff_ids, struct err *err)
{
	for (size_t at = 0; at < text->len; at += strlen(text->data + at) + 1)
		if (take_line(text->data + at, i, diff_ids, err) < 0)
			return -1;
	for (char **l = *diff_ids; *l; l++) {
		AUTO_FREE char *full = mem_printf("sha256:%s", *l);
		strv_add(&i->layers, full);
	}
	return 0;
}

static void take_numbers(const struct import_report *r, struct image_meta *m)
{
	m->bytes = r->bytes;
	m->entries = r->entries;
	import_report_dropped(r, &m->image);
	if (r->open_folders == 0)
		return;
	AUTO_FREE char *others = mem_printf(" and %" PRId64 " other folders", r->open_folders - 1);
	AUTO_FREE char *text =
		mem_printf("everybody may write to '%s'%s; in a box images are read-only",
			   r->open_folder, r->open_folders > 1 ? others : "");
	strv_add(&m->image.warnings, text);
}

/* ---- the parent ---- */

struct job {
	const char *path;
	int fd;
	struct import_source source;
};

/* skopeo writes DIR:TAG for an image of a layout. */
static int no_source(const char *path, struct err *err)
{
	const int sys = errno;
	enum fault fault = err_path_fault(sys);
	const char *colon = strrchr(path, ':');
	AUTO_FREE char *folder = mem_strndup(path, colon ? (size_t)(colon - path) : 0);

	if (fault == FAULT_USAGE && *folder && access(folder, F_OK) == 0)
		return err_set(err, fault, sys,
			       "cannot open '%s' ('%s' is there: give that, and '%s' as NAME)",
			       path, folder, colon + 1);
	return err_set(err, fault, sys, "cannot open '%s'", path);
}

static int open_source(const char *path, struct job *job, struct err *err)
{
	/* O_NONBLOCK: a fifo must not block. */
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	if (fd < 0)
		return no_source(path, err);
	if (fstat(fd, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat '%s'", path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(err, FAULT_USAGE, 0,
			       "'%s' is neither a file nor a folder; expected a tar (plain, gz, "
			       "xz, zst, bz2) or a folder, of a tree or of images",
			       path);
	job->path = path;
	job->source.is_folder = S_ISDIR(st.st_mode);
	job->fd = fd_steal(&fd);
	return 0;
}

/* A run that holds the image would make the work vain; folder_commit() looks again. */
static int check_free(const struct places *p, const char *name, struct err *err)
{
	AUTO_FD int images = -1, old = -1;

	return images_open(p, &images, err) < 0 ||
			       image_lock(images, name, LOCK_EX | LOCK_NB, &old, err) < 0 ?
		       -1 :
		       0;
}

static int lay_layers(struct image_folder *f, char *const *diff_ids, struct image_meta *m,
		      struct layer_holds *holds, struct err *err)
{
	struct merge_job merge = { .folder = f->name, .diff_ids = diff_ids };
	const struct import_call call = {
		.work = merge_layers,
		.ctx = &merge,
		.root = f->images,
		.other = f->dir,
		.lock = f->dir,
	};
	struct import_report r;
	AUTO_BUF text = { 0 };

	if (layers_take(f, diff_ids, holds, err) < 0 || import_child(&call, &r, &text, err) < 0)
		return -1;
	take_numbers(&r, m);
	return 0;
}

/* Fills @f. @holds keeps the layers until the image names them. */
static int fill_folder(struct image_folder *f, struct job *job, struct image_meta *m,
		       struct layer_holds *holds, struct err *err)
{
	const struct import_call call = {
		.work = import_read,
		.ctx = &job->source,
		.root = f->dir,
		.other = job->fd,
		.lock = f->dir,
	};
	AUTO_STRV diff_ids = strv_dup(NULL);
	AUTO_BUF text = { 0 };
	struct import_report r;

	if (import_child(&call, &r, &text, err) < 0)
		return -1;
	if (unlinkat(f->dir, "source", AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot tidy up");
	take_numbers(&r, m);
	if (take_text(&text, &m->image, &diff_ids, err) < 0)
		return -1;
	return r.is_image ? lay_layers(f, diff_ids, m, holds, err) : 0;
}

static int import_into(const struct places *p, struct job *job, struct image_meta *m,
		       struct err *err)
{
	AUTO_FOLDER f = IMAGE_FOLDER_NONE;
	AUTO_HOLDS holds = { 0 };

	if (folder_new(p, &f, err) < 0)
		return -1;
	if (fill_folder(&f, job, m, &holds, err) < 0)
		return err_wrap(err, "cannot import '%s'", job->path);
	return folder_commit(&f, m, err);
}

static int import_source(const struct places *p, struct job *job, struct err *err)
{
	struct image_meta m = { .image.name = mem_strdup(job->source.name) };
	AUTO_FD int images = -1;

	int got = import_into(p, job, &m, err);
	meta_done(&m);
	/* Those of an image that had the name before, or of one that failed. */
	if (images_open(p, &images, got < 0 ? NULL : err) < 0 ||
	    layers_sweep(images, got < 0 ? NULL : err) < 0)
		return -1;
	return got;
}

static int import_checked(const struct places *p, struct job *job, struct err *err)
{
	return check_free(p, job->source.name, err) < 0 || image_sweep(p, NULL, err) < 0 ?
		       -1 :
		       import_source(p, job, err);
}

int image_import(const struct places *p, const char *name, const char *path, int64_t max_bytes,
		 struct image *ret, struct err *err)
{
	AUTO_FD int source = -1;
	struct job job = { .fd = -1, .source = { .name = name, .max_bytes = max_bytes } };
	sigset_t ending, before;

	if (name_check(name, err) < 0)
		return -1;
	if (strcmp(name, "host") == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "'host' always means the programs of the host; choose another name");
	if (open_source(path, &job, err) < 0)
		return -1;
	source = job.fd;
	/* Ctrl-C ends the program where the mask is given back: when what was begun is away. */
	signals_ending(&ending);
	sigprocmask(SIG_BLOCK, &ending, &before);
	int got = import_checked(p, &job, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return got < 0 ? -1 : image_open(p, name, ret, err);
}
