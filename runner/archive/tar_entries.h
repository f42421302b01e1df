/* tar_entries.h - the entries of a tar, one after the other (inside the child). */
#ifndef MOULETTE_ARCHIVE_TAR_ENTRIES_H
#define MOULETTE_ARCHIVE_TAR_ENTRIES_H

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>

#include "archive/gzip.h"
#include "archive/rootfs_writer.h"
#include "base/digest.h"
#include "base/err.h"

/** Where the bytes of a tar come from, compressed or not. */
struct tar_input {
	/** The next bytes, valid until the next call; *@len 0 is the end. */
	int (*next)(void *ctx, const void **ret, size_t *len, struct err *err);
	void *ctx;
	struct digest
		*plain; /* gets every byte of the uncompressed tar; NULL: no digest is wanted */
	struct gzip_sum *sum;   /* the same */
	const struct writer *w; /* knows how much is too much */
	bool may_be_empty;      /* a layer may hold nothing, a rootfs may not */
	struct err err;         /* of next() */
	bool failed;
};

/** What is done with an entry; data are read by entry_put_data(). */
typedef int entry_fn(void *ctx, struct archive *a, struct archive_entry *e, struct err *err);

/** tar_entries_read() - FAULT_USAGE: not a tar, damaged (its end included), refused. */
int tar_entries_read(struct tar_input *in, entry_fn *fn, void *ctx, struct err *err);

/** tar_entry_path() - the name of an entry; NULL with @err when it has none. */
const char *tar_entry_path(struct archive_entry *e, struct err *err);
struct entry_attr tar_entry_attr(struct archive_entry *e);
/** tar_entry_put() - data, attributes and at last owner, mode and time of a file. */
int tar_entry_put(struct archive *a, struct archive_entry *e, struct writer *w, int fd,
		  struct err *err);

/** tar_entries_write() - every entry of the tar at @fd. FAULT_USAGE: not a tar, damaged, refused. */
int tar_entries_write(int fd, struct writer *w, struct err *err);

#endif
