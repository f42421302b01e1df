/* zip.h - a zip archive as the list at its end has it. */
#ifndef MOULETTE_UNPACK_ZIP_H
#define MOULETTE_UNPACK_ZIP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "model/submission.h"

struct zip;

/**
 * zip_open() - the zip in the regular file @fd (borrowed)
 *
 * The list at the end tells what the archive holds, as for unzip: what lies before the zip, and the
 * sizes in local headers, which streaming writers do not know, do not matter. zip_read() gives an
 * archive of the same data whose headers were made anew from the list, all of one form that
 * libarchive reads: without data descriptors, with wide sizes, names as zip_name() has them. Of
 * extra fields the times and the mark of AES encryption are kept.
 *
 * Entries beyond the limit are left out but for the first, which the policy refuses. Memory: some
 * 9 KiB an entry at most, and 64 MiB in all.
 *
 * Return: 1; 0 when the file has no end of a zip; -1 with FAULT_STUDENT "archive.damaged",
 * "archive.bomb" (entries that share data) or "archive.too_large" (the list itself), FAULT_INFRA.
 */
int zip_open(int fd, const struct unpack_limits *lim, struct zip **ret, struct err *err);
void zip_close(struct zip *z); /* NULL: nothing */
int64_t zip_bytes(const struct zip *z);
/** zip_read() - up to @len bytes from @at on, 0 at the end. -1: errno. */
ssize_t zip_read(const struct zip *z, void *to, size_t len, int64_t at);

#endif
