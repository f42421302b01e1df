/* reader.h - libarchive as every reader of foreign archives sets it up (inside the child). */
#ifndef MOULETTE_ARCHIVE_READER_H
#define MOULETTE_ARCHIVE_READER_H

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>

#include "base/err.h"

void reader_cleanup(struct archive **a);
#define AUTO_READER __attribute__((cleanup(reader_cleanup))) struct archive

/** reader_new_raw() - undoes a compression (gzip, xz, bzip2, zstd), or none. NULL: @err. */
struct archive *reader_new_raw(struct err *err);
/** reader_new_tar() - reads a tar that is not compressed. NULL: @err. */
struct archive *reader_new_tar(struct err *err);
/** reader_damaged() - FAULT_USAGE, with libarchive's reason. Return: -1. */
int reader_damaged(struct archive *a, struct err *err);

/** Bytes of a file from @at to @end; its position is left alone. */
struct stream {
	int fd; /* borrowed */
	int64_t at, end;
	int failed; /* errno of a read that failed */
	char bytes[1 << 16];
};

/** reader_stream_read(), reader_stream_skip() - callbacks of libarchive; their context is a struct stream. */
la_ssize_t reader_stream_read(struct archive *a, void *stream, const void **ret);
la_int64_t reader_stream_skip(struct archive *a, void *stream, la_int64_t bytes);

#endif
