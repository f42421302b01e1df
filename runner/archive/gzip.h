/* gzip.h - the checksum that a gzip carries; libarchive inflates without looking at it. */
#ifndef MOULETTE_ARCHIVE_GZIP_H
#define MOULETTE_ARCHIVE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** CRC-32 and length of inflated data. */
struct gzip_sum {
	uint32_t crc;
	uint32_t length; /* modulo 2^32 */
};

void gzip_sum_init(struct gzip_sum *s);
void gzip_sum_add(struct gzip_sum *s, const void *data, size_t len);

/** gzip_is() - does the file @fd begin as a gzip does? By pread. */
bool gzip_is(int fd);
/**
 * gzip_has_sum() - is @s what the gzip @fd says of its data?
 *
 * The trailer is the end of the file, unless something was appended: bytes that gzip ignores too,
 * or another member, whose data went into the same sum; where one member ends cannot be told from
 * outside, so several are taken on trust. Return: 1, 0, or -1 with errno.
 * Source: RFC 1952.
 */
int gzip_has_sum(int fd, const struct gzip_sum *s);

#endif
