/* source.h - the bytes that were handed in, as libarchive reads them. */
#ifndef MOULETTE_UNPACK_SOURCE_H
#define MOULETTE_UNPACK_SOURCE_H

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "unpack/zip.h"

#define SOURCE_BLOCK 65536

/** A file is read by position, so that the parent's file offset stays; a pipe as it comes. */
struct source {
	int fd; /* borrowed */
	bool seekable;
	int64_t at, size;
	struct zip *zip; /* read instead of the file; NULL: the file is no zip */
	int sys;         /* errno of a read that failed: ours, whatever libarchive makes of it */
	char block[SOURCE_BLOCK];
};

/** source_init() - from the beginning. -1: errno. */
int source_init(struct source *s, int fd);
/** source_take_zip() - read @zip from now on; source_done() closes it. */
void source_take_zip(struct source *s, struct zip *zip);
void source_done(struct source *s);
/** source_attach() - the callbacks of @a. */
void source_attach(struct source *s, struct archive *a);

/**
 * source_check_gzip() - compare a gzip's data with the checksum that it carries
 * @max: more bytes than this are refused as a bomb
 *
 * libarchive inflates without looking at the checksum, and what was damaged on its way then builds
 * to something else. Does nothing when the file is no gzip. Return: 0, or -1 with FAULT_STUDENT
 * "archive.damaged", "archive.truncated" or "archive.bomb"; FAULT_INFRA when it cannot be read.
 */
int source_check_gzip(int fd, int64_t max, struct err *err);

#endif
