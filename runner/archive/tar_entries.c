/*
 * tar_entries.c - a tar, read by libarchive and written by our own writer (inside the child).
 *
 * Two readers in a row: the first undoes the compression, the second reads the tar. A tar ends
 * before its file does, and the checksums of xz, zstd and bzip2 stand at the end: with one reader
 * a changed byte in the last block would go unseen. So the first one is read to its end.
 */
#include "archive/tar_entries.h"

#include <errno.h>
#include <string.h>

#include "archive/ceilings.h"
#include "archive/reader.h"
#include "archive/rootfs_writer.h"
#include "base/cleanup.h"

static int damaged(struct archive *a, const struct tar_input *in, struct err *err)
{
	/* Its bytes could not be had: that is what is wrong, whatever became of it here. */
	if (in->failed)
		return err_set(err, in->err.fault, 0, "%s", in->err.msg);
	return reader_damaged(a, err);
}

/* archive_read_callback of the first reader. */
static la_ssize_t pull(struct archive *raw, void *ctx, const void **ret)
{
	struct tar_input *in = ctx;
	size_t len = 0;

	*ret = NULL;
	if (in->next(in->ctx, ret, &len, &in->err) < 0) {
		in->failed = true;
		archive_set_error(raw, EIO, "cannot read");
		return -1;
	}
	return (la_ssize_t)len;
}

/* Return: 1 open, 0 there is not a single byte, -1. */
static int open_compressed(struct tar_input *in, struct archive **ret, struct err *err)
{
	AUTO_READER *a = reader_new_raw(err);
	struct archive_entry *e;

	if (!a)
		return -1;
	if (archive_read_open(a, in, NULL, pull, NULL) != ARCHIVE_OK)
		return damaged(a, in, err);
	int got = archive_read_next_header(a, &e);
	if (got == ARCHIVE_EOF)
		return in->may_be_empty ?
			       0 :
			       err_set(err, FAULT_USAGE, 0, "the archive is damaged: it is empty");
	if (got != ARCHIVE_OK)
		return damaged(a, in, err);
	*ret = ptr_steal(&a);
	return 1;
}

/* The two readers in a row. */
struct chain {
	struct archive *raw;
	struct tar_input *in;
	int64_t plain; /* bytes that came out of the first */
	int64_t size;  /* of the file whose data come now or came last */
	bool padded;
};

/* umoci's insert leaves out the padding of the last file and the end mark. Of a layer the digest has
 * vouched for all that there is; a tree that was cut off must not pass for one. */
static la_ssize_t pad_last_file(struct chain *c, const void **ret)
{
	static const char zeros[512];
	int64_t tail = c->plain % 512;

	if (!c->in->plain || c->padded || tail == 0 || tail != c->size % 512)
		return 0;
	c->padded = true;
	*ret = zeros;
	return (la_ssize_t)(512 - tail);
}

/* Also what no entry keeps has to end: zeros behind the tar, data of a whiteout. Headers take less
 * than what is allowed here on top. */
static int check_length(struct chain *c)
{
	int64_t max = c->in->w->max_bytes;

	if (c->plain / 3 * 2 <= max || c->plain <= IMAGE_HEADROOM)
		return 0;
	c->in->failed = true;
	return rootfs_writer_claim(c->in->w, INT64_MAX, &c->in->err);
}

/* archive_read_callback of the tar's reader: the next bytes of the other one, not copied. */
static la_ssize_t next_bytes(struct archive *tar, void *ctx, const void **ret)
{
	struct chain *c = ctx;
	size_t len = 0;
	la_int64_t offset;

	*ret = NULL;
	int got = archive_read_data_block(c->raw, ret, &len, &offset);
	if (got == ARCHIVE_EOF)
		return pad_last_file(c, ret);
	if (got != ARCHIVE_OK) {
		archive_set_error(tar, archive_errno(c->raw), "%s", archive_error_string(c->raw));
		return -1;
	}
	c->plain += (int64_t)len;
	if (check_length(c) < 0) {
		archive_set_error(tar, EFBIG, "too large");
		return -1;
	}
	if (c->in->plain)
		digest_add(c->in->plain, *ret, len);
	if (c->in->sum)
		gzip_sum_add(c->in->sum, *ret, len);
	return (la_ssize_t)len;
}

static struct archive *open_tar(struct chain *c, struct err *err)
{
	AUTO_READER *a = reader_new_tar(err);

	if (!a)
		return NULL;
	if (archive_read_open(a, c, NULL, next_bytes, NULL) != ARCHIVE_OK) {
		damaged(a, c->in, err);
		return NULL;
	}
	return ptr_steal(&a);
}

static int read_to_the_end(struct chain *c, struct err *err)
{
	const void *data;
	la_ssize_t len;

	while ((len = next_bytes(c->raw, c, &data)) > 0)
		;
	return len == 0 ? 0 : damaged(c->raw, c->in, err);
}

/* Of "-1.25" in a pax header libarchive makes -1 s and 0.25 s. */
static struct timespec mtime_of(struct archive_entry *e)
{
	struct timespec t = { archive_entry_mtime(e), archive_entry_mtime_nsec(e) };

	if (t.tv_sec < 0 && t.tv_nsec > 0) {
		t.tv_sec--;
		t.tv_nsec = 1000000000 - t.tv_nsec;
	}
	return t;
}

struct entry_attr tar_entry_attr(struct archive_entry *e)
{
	return (struct entry_attr){
		.mode = archive_entry_filetype(e) | (archive_entry_perm(e) & 07777),
		.uid = archive_entry_uid(e),
		.gid = archive_entry_gid(e),
		.mtime = mtime_of(e),
	};
}

static int put_xattrs(struct archive_entry *e, struct writer *w, int fd, struct err *err)
{
	const char *name;
	const void *value;
	size_t len;
	archive_entry_xattr_reset(e);
	while (archive_entry_xattr_next(e, &name, &value, &len) == ARCHIVE_OK)
		if (name && rootfs_writer_xattr(w, fd, name, value, len, err) < 0)
			return -1;
	return 0;
}

static int put_data(struct archive *a, struct archive_entry *e, struct writer *w, int fd,
		    struct err *err)
{
	const void *data;
	size_t len;
	la_int64_t offset;
	int got;

	/* Declared too large: refused before the disk is filled. The real bytes count again. */
	if (rootfs_writer_claim(w, archive_entry_size(e), err) < 0)
		return -1;
	while ((got = archive_read_data_block(a, &data, &len, &offset)) == ARCHIVE_OK)
		if (len > 0 && rootfs_writer_data(w, fd, offset, data, len, err) < 0)
			return -1;
	if (got != ARCHIVE_EOF)
		return reader_damaged(a, err);
	return rootfs_writer_data(w, fd, archive_entry_size(e), "", 0, err);
}

int tar_entry_put(struct archive *a, struct archive_entry *e, struct writer *w, int fd,
		  struct err *err)
{
	struct entry_attr attr = tar_entry_attr(e);
	return put_data(a, e, w, fd, err) < 0 || put_xattrs(e, w, fd, err) < 0 ?
		       -1 :
		       rootfs_writer_seal(w, fd, &attr, err);
}

const char *tar_entry_path(struct archive_entry *e, struct err *err)
{
	const char *path = archive_entry_pathname(e);
	if (path && *path)
		return path;
	err_set(err, FAULT_USAGE, 0, "an entry has no name");
	return NULL;
}

/* A warning is mostly of a name that is not UTF-8, which is there as it was stored, or of what an
 * image does not keep; but also of a pax header that was not understood, and then ignored. */
static bool is_malformed(struct archive *a)
{
	const char *why = archive_error_string(a);
	return !why || strcasestr(why, "malformed"); /* a sparse map: without a reason */
}

int tar_entries_read(struct tar_input *in, entry_fn *fn, void *ctx, struct err *err)
{
	AUTO_READER *raw = NULL;
	struct chain c = { .in = in };
	struct archive_entry *e;
	int got = open_compressed(in, &raw, err);

	if (got <= 0)
		return got;
	c.raw = raw;
	AUTO_READER *a = open_tar(&c, err);
	if (!a)
		return -1;
	while ((got = archive_read_next_header(a, &e)) == ARCHIVE_OK || got == ARCHIVE_WARN) {
		if (got == ARCHIVE_WARN && is_malformed(a))
			return damaged(a, in, err);
		c.size = archive_entry_size(e);
		if (fn(ctx, a, e, err) < 0)
			return in->failed ? damaged(a, in, err) : -1;
	}
	if (got != ARCHIVE_EOF)
		return damaged(a, in, err);
	return read_to_the_end(&c, err);
}

/* ---- a tar that is the tree itself ---- */

static int put_file(struct writer *w, struct archive *a, struct archive_entry *e, const char *path,
		    struct err *err)
{
	AUTO_FD int fd = -1;

	if (rootfs_writer_file(w, path, &fd, err) < 0)
		return -1;
	return tar_entry_put(a, e, w, fd, err) < 0 ? err_wrap(err, "entry '%s'", path_tail(path)) :
						     0;
}

static int put_entry(void *ctx, struct archive *a, struct archive_entry *e, struct err *err)
{
	struct writer *w = ctx;
	const char *path = tar_entry_path(e, err);
	const char *hard = archive_entry_hardlink(e), *soft = archive_entry_symlink(e);
	struct entry_attr attr = tar_entry_attr(e);
	AUTO_FD int fd = -1;

	if (!path)
		return -1;
	if (hard)
		return rootfs_writer_hardlink(w, path, hard, err);
	switch (attr.mode & S_IFMT) {
	case S_IFREG:
		return put_file(w, a, e, path, err);
	case S_IFLNK:
		return rootfs_writer_symlink(w, path, soft ? soft : "", &attr, err);
	case S_IFDIR:
		if (rootfs_writer_folder(w, path, &attr, &fd, err) < 0)
			return -1;
		return put_xattrs(e, w, fd, err) < 0 ?
			       err_wrap(err, "entry '%s'", path_tail(path)) :
			       0;
	default:
		return rootfs_writer_drop(w, path, &attr, err);
	}
}

static int next_of_file(void *ctx, const void **ret, size_t *len, struct err *err)
{
	ssize_t got = reader_stream_read(NULL, ctx, ret);

	if (got < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the archive");
	*len = (size_t)got;
	return 0;
}

int tar_entries_write(int fd, struct writer *w, struct err *err)
{
	struct stream f = { .fd = fd, .end = INT64_MAX };
	struct gzip_sum sum;
	gzip_sum_init(&sum);
	struct tar_input in = { .next = next_of_file,
				.ctx = &f,
				.w = w,
				.sum = gzip_is(fd) ? &sum : NULL };

	if (tar_entries_read(&in, put_entry, w, err) < 0)
		return -1;
	if (w->entries == 0)
		return err_set(err, FAULT_USAGE, 0, "the archive holds no entry");
	int got = in.sum ? gzip_has_sum(fd, &sum) : 1;
	if (got < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the archive");
	return got ? 0 :
		     err_set(err, FAULT_USAGE, 0,
			     "the archive is damaged: its gzip has another "
			     "checksum than its data");
}
