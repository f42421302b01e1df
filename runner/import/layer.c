/*
 * layer.c - a blob of an archive becomes a layer of the store (inside the child).
 *
 * Nothing is resolved here: names of entries are only cleaned and written down, files get numbers.
 * What a name means is known when the layer lies over others (layer_merge.c). Whiteouts are kept
 * apart, for they act on what is below and never on the layer itself, wherever they stand in it.
 */
#include "import/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "archive/ceilings.h"
#include "archive/marks.h"
#include "archive/place.h"
#include "archive/rootfs_writer.h"
#include "archive/tally.h"
#include "archive/tar_entries.h"
#include "archive/walk.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "import/layer_index.h"

#define WHITEOUT ".wh."
#define RESERVED ".wh..wh." /* marks of AUFS; the opaque one alone means something */
#define OPAQUE ".wh..wh..opq"

struct layer_writer {
	struct writer w; /* counts, and writes data; it has no root */
	int files;
	FILE *entries, *hides;
	struct layer_record record; /* used again for every entry */
};

static void layer_writer_done(struct layer_writer *l)
{
	cleanup_fd(&l->files);
	cleanup_file(&l->entries);
	cleanup_file(&l->hides);
	layer_record_done(&l->record);
	rootfs_writer_done(&l->w);
}

static FILE *new_stream(int dir, const char *name)
{
	AUTO_FD int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f)
		fd_steal(&fd);
	return f;
}

static int open_writer(int layers, const char *name, struct layer_writer *l, struct err *err)
{
	if (mkdirat(layers, name, 0700) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder of a layer");
	AUTO_FD int dir = openat(layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || mkdirat(dir, "files", 0700) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder of a layer");
	l->files = openat(dir, "files", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	l->entries = new_stream(dir, "entries");
	l->hides = new_stream(dir, "hides");
	if (l->files < 0 || !l->entries || !l->hides)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder of a layer");
	return 0;
}

static int close_stream(FILE **f, struct err *err)
{
	/* A full disk may show only here. */
	if (fclose(ptr_steal(f)) != 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write the index of a layer");
	return 0;
}

/* ---- entries ---- */

static void set_text(struct buf *b, const char *text)
{
	b->len = 0;
	buf_str(b, text);
}

/* What AUFS kept for itself, and all below it. */
static bool is_reserved(const char *path)
{
	for (const char *s = path; s; s = strchr(s, '/')) {
		s += *s == '/';
		if (strncmp(s, RESERVED, strlen(RESERVED)) == 0)
			return true;
	}
	return false;
}

/* The last component when it is a mark, else NULL. Archivers end folders in '/' or "/.". */
static const char *mark_in(const char *raw)
{
	size_t end = strlen(raw), at;

	while (end > 0 &&
	       (raw[end - 1] == '/' || (raw[end - 1] == '.' && end > 1 && raw[end - 2] == '/')))
		end--;
	for (at = end; at > 0 && raw[at - 1] != '/';)
		at--;
	return strncmp(raw + at, WHITEOUT, strlen(WHITEOUT)) == 0 ? raw + at : NULL;
}

/* What a mark acts on is cleaned, not the mark: with its prefix a name may be longer than names of
 * files are. @mark: the last component of @raw. */
static int put_mark(struct layer_writer *l, const char *raw, const char *mark, struct err *err)
{
	struct layer_record *r = &l->record;
	AUTO_FREE char *name = mem_strndup(mark, strcspn(mark, "/"));
	const char *hidden = name + strlen(WHITEOUT);
	bool opaque = strcmp(name, OPAQUE) == 0,
	     reserved = strncmp(name, RESERVED, strlen(RESERVED)) == 0;
	AUTO_FREE char *path = mem_printf("%.*s%s", (int)(mark - raw), raw, reserved ? "" : hidden);
	struct place p;

	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "whiteout '%s' names nothing, expected '%sNAME'", path_tail(raw),
			       WHITEOUT);
	if (place_clean(path, &p, err) < 0)
		return -1;
	if (is_reserved(p.path) || (reserved && !opaque))
		return 0;
	r->kind = opaque ? LAYER_OPAQUE : LAYER_HIDDEN;
	set_text(&r->path, p.path);
	return layer_record_write(l->hides, r, err);
}

static int put_file(struct layer_writer *l, struct archive *a, struct archive_entry *e,
		    struct err *err)
{
	struct layer_record *r = &l->record;
	char name[24];
	struct stat st;

	snprintf(name, sizeof(name), "%" PRIx64, ++r->number);
	AUTO_FD int fd = openat(l->files, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write");
	if (tar_entry_put(a, e, &l->w, fd, err) < 0)
		return -1;
	const unsigned int *marks = mark_of(&l->w, st.st_ino);
	r->marks = marks ? *marks : 0;
	return 0;
}

static int put_folder(struct layer_writer *l, struct archive_entry *e, struct err *err)
{
	const char *name;
	const void *value;
	size_t len;

	archive_entry_xattr_reset(e);
	while (archive_entry_xattr_next(e, &name, &value, &len) == ARCHIVE_OK)
		if (name && walk_xattr_is_kept(name) &&
		    layer_xattr_add(&l->record, name, value, len, err) < 0)
			return -1;
	return 0;
}

static int put_link(struct layer_writer *l, const char *target, struct err *err)
{
	if (!*target || strlen(target) > IMAGE_MAX_PATH)
		return err_set(err, FAULT_USAGE, 0, "it has no target, or one above %d bytes",
			       IMAGE_MAX_PATH);
	set_text(&l->record.target, target);
	return 0;
}

static int put_hardlink(struct layer_writer *l, const char *target, struct err *err)
{
	struct place p;

	if (place_clean(target, &p, err) < 0)
		return -1;
	set_text(&l->record.target, p.path);
	return 0;
}

static int fill_record(struct layer_writer *l, struct archive *a, struct archive_entry *e,
		       struct err *err)
{
	struct layer_record *r = &l->record;
	const char *hard = archive_entry_hardlink(e), *soft = archive_entry_symlink(e);

	if (hard) {
		r->kind = LAYER_HARDLINK;
		return put_hardlink(l, hard, err);
	}
	switch (r->attr.mode & S_IFMT) {
	case S_IFREG:
		r->kind = LAYER_FILE;
		return put_file(l, a, e, err);
	case S_IFLNK:
		r->kind = LAYER_SYMLINK;
		return put_link(l, soft ? soft : "", err);
	case S_IFDIR:
		r->kind = LAYER_FOLDER;
		return put_folder(l, e, err);
	default:
		r->kind = LAYER_DROPPED;
		return 0;
	}
}

static int put_entry(void *ctx, struct archive *a, struct archive_entry *e, struct err *err)
{
	struct layer_writer *l = ctx;
	struct layer_record *r = &l->record;
	const char *path = tar_entry_path(e, err);
	const char *mark = path ? mark_in(path) : NULL;
	struct place p;

	if (!path || tally_entry(&l->w, err) < 0)
		return -1;
	r->attr = tar_entry_attr(e);
	r->marks = 0;
	r->target.len = r->xattrs.len = 0;
	if (mark)
		return put_mark(l, path, mark, err);
	if (place_clean(path, &p, err) < 0)
		return -1;
	if (is_reserved(p.path))
		return 0;
	set_text(&r->path, p.path);
	if (fill_record(l, a, e, err) < 0)
		return err_wrap(err, "entry '%s'", path_tail(p.path));
	return layer_record_write(l->entries, r, err);
}

/* ---- the blob ---- */

struct blob {
	struct member *member;
	struct digest *stored;
	int64_t bytes;
};

static int next_of_blob(void *ctx, const void **ret, size_t *len, struct err *err)
{
	struct blob *b = ctx;

	if (member_next(b->member, ret, len, err) < 0)
		return -1;
	digest_add(b->stored, *ret, *len);
	b->bytes += (int64_t)*len;
	return 0;
}

static int check_digest(struct digest *d, const char *expected, const char *what, struct err *err)
{
	char hex[DIGEST_HEX];

	digest_end(d, hex);
	if (!expected || strcmp(hex, expected) == 0)
		return 0;
	return err_set(err, FAULT_USAGE, 0, "%s has sha256 %s, expected %s", what, hex, expected);
}

static int check_blob(struct blob *b, const struct source_layer *s, struct err *err)
{
	const void *data;
	size_t len;

	/* What follows the last compressed block is part of the blob too. */
	do
		if (next_of_blob(b, &data, &len, err) < 0)
			return -1;
	while (len > 0);
	if (s->bytes >= 0 && b->bytes != s->bytes)
		return err_set(err, FAULT_USAGE, 0, "it has %" PRId64 " bytes, expected %" PRId64,
			       b->bytes, s->bytes);
	return check_digest(b->stored, s->digest, "it", err);
}

static int read_blob(struct members *m, const struct source_layer *s, struct layer_writer *l,
		     struct err *err)
{
	AUTO_DIGEST *stored = digest_new(), *plain = digest_new();
	AUTO_MEMBER *member = NULL;
	struct blob b = { .stored = stored };
	struct tar_input in = {
		.next = next_of_blob,
		.ctx = &b,
		.plain = plain,
		.w = &l->w,
		.may_be_empty = true,
	};

	if (member_open(m, s->member, &member, NULL, err) < 0)
		return -1;
	b.member = member;
	/* A blob that is not the one that was meant is worth no other complaint. */
	int got = tar_entries_read(&in, put_entry, l, err);
	/* To read a bomb to its end would be what it is made for. */
	if (got < 0 && (err->fault != FAULT_USAGE || in.failed))
		return -1;
	struct err other = { 0 };
	if (check_blob(&b, s, &other) < 0)
		return err_set(err, other.fault, 0, "%s", other.msg);
	return got < 0 ? -1 : check_digest(plain, s->diff_id, "its uncompressed tar", err);
}

/* The same layer made twice is the same tree, so that one can be compared with the other. */
static int settle_times(int layers, const char *name, struct err *err)
{
	static const char *const names[] = { "files", "entries", "hides", ".", NULL };
	const struct timespec times[2] = { { 0 }, { 0 } };
	AUTO_FD int dir = openat(layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	for (size_t i = 0; dir >= 0 && names[i]; i++)
		if (utimensat(dir, names[i], times, AT_SYMLINK_NOFOLLOW) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot finish a layer");
	return 0;
}

int layer_make(struct members *m, const struct source_layer *s, int layers, int64_t max_bytes,
	       struct layer_totals *total, struct err *err)
{
	CLEANUP(layer_writer_done)
	struct layer_writer l = {
		.w = { .root = -1,
		       .max_bytes = max_bytes,
		       .bytes = total->bytes,
		       .entries = total->entries },
		.files = -1,
	};

	if (open_writer(layers, s->diff_id, &l, err) < 0)
		return -1;
	if (read_blob(m, s, &l, err) < 0)
		return err_wrap(err, "layer '%s'", path_tail(s->member));
	*total = (struct layer_totals){ .bytes = l.w.bytes, .entries = l.w.entries };
	if (close_stream(&l.entries, err) < 0 || close_stream(&l.hides, err) < 0)
		return -1;
	return settle_times(layers, s->diff_id, err);
}
