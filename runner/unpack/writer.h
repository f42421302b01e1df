/* writer.h - writes accepted entries beneath one folder, and through no link. */
#ifndef MOULETTE_UNPACK_WRITER_H
#define MOULETTE_UNPACK_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "unpack/entry_policy.h"

struct writer {
	int dest; /* borrowed */
	const struct unpack_limits *limits;
	struct entry_totals *totals;
	int parent_fd;                /* folder of the last entry; -1: none yet */
	char parent[ENTRY_PATH_SIZE]; /* its path */
	struct buf links;             /* paths of symbolic links, each with its NUL */
	struct buf times;             /* folders: their time, then the path with its NUL */
};

/** An mtime; ignored unless it is set and in 1970..2100. */
struct entry_time {
	bool is_set;
	int64_t sec;
	long nsec;
};

void writer_init(struct writer *w, int dest, const struct unpack_limits *lim,
		 struct entry_totals *tot);
void writer_done(struct writer *w);

/*
 * All are FAULT_STUDENT for a name that changes its type or lies behind a link or file, and
 * FAULT_INFRA for a full disk. The same name and type again replaces what stood there; a file gets
 * a new inode, so that a hard link to the old one keeps the old bytes.
 */
int writer_folder(struct writer *w, const char *path, const struct entry_time *t, struct err *err);
int writer_symlink(struct writer *w, const char *path, const char *target, struct err *err);
int writer_hard_link(struct writer *w, const char *path, const char *target, struct err *err);
/** writer_file() - a new empty file, open for writing. */
int writer_file(struct writer *w, const char *path, int *ret_fd, struct err *err);
int writer_add(struct writer *w, const char *path, int fd, const void *data, size_t len,
	       struct err *err);
/** writer_file_end() - mode and time; does not close @fd. */
int writer_file_end(struct writer *w, const char *path, int fd, mode_t mode,
		    const struct entry_time *t, struct err *err);

/** writer_finish() - when all is written: follow every symbolic link and refuse one that leaves
 *  the top by way of others; then set the times of folders. */
int writer_finish(struct writer *w, struct err *err);

#endif
