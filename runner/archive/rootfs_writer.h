/* rootfs_writer.h - writes entries beneath a folder. */
#ifndef MOULETTE_ARCHIVE_ROOTFS_WRITER_H
#define MOULETTE_ARCHIVE_ROOTFS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/writer_data.h"
#include "base/err.h"

int rootfs_writer_init(struct writer *w, int root, int64_t max_bytes, struct err *err);
void rootfs_writer_done(struct writer *w);
/*
 * Every path is cleaned first: leading "/" and "." go, ".." is refused. Missing parents are made
 * (0755, root, 1970). What stood there is replaced, except that a folder stays one. Refusals are
 * FAULT_USAGE and name the entry.
 */
/** rootfs_writer_drop() - an entry that an image has no use for: a device (counted), socket, fifo. */
int rootfs_writer_drop(struct writer *w, const char *path, const struct entry_attr *a,
		       struct err *err);
/** rootfs_writer_folder() - @ret_fd may be NULL. */
int rootfs_writer_folder(struct writer *w, const char *path, const struct entry_attr *a,
			 int *ret_fd, struct err *err);
/** rootfs_writer_file() - a new, empty file; then rootfs_writer_data(), rootfs_writer_xattr(), at last rootfs_writer_seal(). */
int rootfs_writer_file(struct writer *w, const char *path, int *ret_fd, struct err *err);
/** rootfs_writer_data() - with @len 0 the file ends in a hole that reaches to @offset. */
int rootfs_writer_data(struct writer *w, int fd, int64_t offset, const void *data, size_t len,
		       struct err *err);
/** rootfs_writer_claim() - would @len more bytes be too much? */
int rootfs_writer_claim(const struct writer *w, int64_t len, struct err *err);
int rootfs_writer_seal(struct writer *w, int fd, const struct entry_attr *a, struct err *err);
/** rootfs_writer_xattr() - user.* is kept, a file capability is counted, all else is left out. */
int rootfs_writer_xattr(struct writer *w, int fd, const char *name, const void *value, size_t len,
			struct err *err);
int rootfs_writer_symlink(struct writer *w, const char *path, const char *target,
			  const struct entry_attr *a, struct err *err);
int rootfs_writer_hardlink(struct writer *w, const char *path, const char *target, struct err *err);
/** rootfs_writer_link() - a finished file from elsewhere: @name in the folder @dir; @marks: MARK_*. */
int rootfs_writer_link(struct writer *w, const char *path, int dir, const char *name,
		       unsigned int marks, struct err *err);
/** rootfs_writer_hide() - what a whiteout names goes, with @content all that a folder holds (""
 *  is the top). A name that is not there, or only through a link, is no error. */
int rootfs_writer_hide(struct writer *w, const char *path, bool content, struct err *err);
/** rootfs_writer_finish() - times of folders; /tmp gets 1777; what was dropped is removed and
 *  counted; the mount points of a box are checked. */
int rootfs_writer_finish(struct writer *w, struct err *err);

#endif
