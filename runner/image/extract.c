/*
 * extract.c - a tar, read by libarchive and written by our own writer (inside the child).
 *
 * Two readers in a row: the first undoes the compression, the second reads the tar. A tar ends
 * before its file does, and the checksums of xz, zstd and bzip2 stand at the end: with one reader
 * a changed byte in the last block would go unseen. So the first one is read to its end.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "image/internal.h"

static void reader_cleanup(struct archive **a)
{
	archive_read_free(*a);
}

static int damaged(struct archive *a, struct err *err)
{
	int sys = archive_errno(a);
	const char *why = archive_error_string(a);

	/* Reading failed, not parsing: the disk's fault. libarchive's own numbers are others. */
	if (sys == EIO)
		return err_set(err, FAULT_INFRA, sys, "cannot read the archive");
	return err_set(err, FAULT_USAGE, 0, "the archive is damaged: %s",
		       why ? why : "no reason given");
}

static struct archive *open_compressed(int fd, struct err *err)
{
	CLEANUP(reader_cleanup) struct archive *a = archive_read_new();
	struct archive_entry *e;
	/* Left out: every filter that runs a program. */
	if (!a || archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(a) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(a) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    archive_read_support_format_raw(a) != ARCHIVE_OK) {
		err_set(err, FAULT_INFRA, 0, "libarchive lacks gzip, xz, bzip2 or zstd");
		return NULL;
	}
	if (archive_read_open_fd(a, fd, 65536) != ARCHIVE_OK ||
	    archive_read_next_header(a, &e) != ARCHIVE_OK) {
		damaged(a, err);
		return NULL;
	}
	return ptr_steal(&a);
}

/* archive_read_callback of the tar's reader: the next bytes of the other one, not copied. */
static la_ssize_t next_bytes(struct archive *tar, void *raw, const void **ret)
{
	size_t len = 0;
	la_int64_t offset;

	*ret = NULL;
	int got = archive_read_data_block(raw, ret, &len, &offset);
	if (got == ARCHIVE_EOF)
		return 0;
	if (got == ARCHIVE_OK)
		return (la_ssize_t)len;
	archive_set_error(tar, archive_errno(raw), "%s", archive_error_string(raw));
	return -1;
}

static struct archive *open_tar(struct archive *raw, struct err *err)
{
	CLEANUP(reader_cleanup) struct archive *a = archive_read_new();
	/* Left out: every format but tar (mtree reads files of the host, 7zip and rar had most of
	 * the bugs). */
	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK) {
		err_set(err, FAULT_INFRA, 0, "libarchive lacks tar");
		return NULL;
	}
	if (archive_read_open(a, raw, NULL, next_bytes, NULL) != ARCHIVE_OK) {
		damaged(a, err);
		return NULL;
	}
	return ptr_steal(&a);
}

static int read_to_the_end(struct archive *raw, struct err *err)
{
	const void *data;
	size_t len;
	la_int64_t offset;
	int got;

	while ((got = archive_read_data_block(raw, &data, &len, &offset)) == ARCHIVE_OK)
		;
	return got == ARCHIVE_EOF ? 0 : damaged(raw, err);
}

static struct entry_attr attr_of(struct archive_entry *e)
{
	return (struct entry_attr){
		.mode = archive_entry_filetype(e) | (archive_entry_perm(e) & 07777),
		.uid = archive_entry_uid(e),
		.gid = archive_entry_gid(e),
		.mtime = { .tv_sec = archive_entry_mtime(e),
			   .tv_nsec = archive_entry_mtime_nsec(e) },
	};
}

static int put_xattrs(struct archive_entry *e, struct writer *w, int fd, struct err *err)
{
	const char *name;
	const void *value;
	size_t len;
	int64_t before = w->capabilities;

	archive_entry_xattr_reset(e);
	while (archive_entry_xattr_next(e, &name, &value, &len) == ARCHIVE_OK)
		if (name && rootfs_writer_xattr(w, fd, name, value, len, err) < 0)
			return -1;
	/* A pax header may carry the same attribute twice, in the words of two programs. */
	if (w->capabilities > before)
		w->capabilities = before + 1;
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
		return damaged(a, err);
	return rootfs_writer_data(w, fd, archive_entry_size(e), "", 0, err);
}

static int put_file(struct archive *a, struct archive_entry *e, const char *path, struct writer *w,
		    struct err *err)
{
	struct entry_attr attr = attr_of(e);
	AUTO_FD int fd = -1;

	if (rootfs_writer_file(w, path, &fd, err) < 0)
		return -1;
	if (put_data(a, e, w, fd, err) < 0 || put_xattrs(e, w, fd, err) < 0 ||
	    rootfs_writer_seal(w, fd, &attr, err) < 0)
		return err_wrap(err, "entry '%s'", path_tail(path));
	return 0;
}

static int put_entry(struct archive *a, struct archive_entry *e, struct writer *w, struct err *err)
{
	const char *path = archive_entry_pathname(e);
	const char *hard = archive_entry_hardlink(e), *soft = archive_entry_symlink(e);
	struct entry_attr attr = attr_of(e);

	if (!path || !*path)
		return err_set(err, FAULT_USAGE, 0,
			       "an entry has no name, or its pax header has one that is not UTF-8");
	if (hard)
		return rootfs_writer_hardlink(w, path, hard, err);
	switch (attr.mode & S_IFMT) {
	case S_IFREG:
		return put_file(a, e, path, w, err);
	case S_IFLNK:
		return rootfs_writer_symlink(w, path, soft ? soft : "", &attr, err);
	case S_IFDIR: {
		AUTO_FD int fd = -1;
		if (rootfs_writer_folder(w, path, &attr, &fd, err) < 0)
			return -1;
		return put_xattrs(e, w, fd, err) < 0 ?
			       err_wrap(err, "entry '%s'", path_tail(path)) : 0;
	}
	default:
		return rootfs_writer_drop(w, path, &attr, err);
	}
}

int extract_tar(int fd, struct writer *w, struct err *err)
{
	CLEANUP(reader_cleanup) struct archive *raw = open_compressed(fd, err);
	CLEANUP(reader_cleanup) struct archive *a = raw ? open_tar(raw, err) : NULL;
	struct archive_entry *e;
	int got;

	if (!a)
		return -1;
	/* A warning is a name or attribute that libarchive could not convert; put_entry looks. */
	while ((got = archive_read_next_header(a, &e)) == ARCHIVE_OK || got == ARCHIVE_WARN)
		if (put_entry(a, e, w, err) < 0)
			return -1;
	if (got != ARCHIVE_EOF)
		return damaged(a, err);
	if (w->entries == 0)
		return err_set(err, FAULT_USAGE, 0, "the archive holds no entry");
	return read_to_the_end(raw, err);
}
