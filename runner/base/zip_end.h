/* zip_end.h - where a zip archive has the list of its files: found from its end, as unzip does. */
#ifndef MOULETTE_BASE_ZIP_END_H
#define MOULETTE_BASE_ZIP_END_H

#include <stdint.h>

struct zip_end {
	int64_t list_at, list_bytes; /* the central directory */
	int64_t shift;               /* bytes before the zip: added to each offset that it holds */
	int64_t entries;             /* as it says; not to be believed */
};

/**
 * zip_end_find() - by pread, in a regular file of @size bytes
 *
 * The last end mark whose list lies where it says, or right before it, is taken; so a comment, bytes
 * before and a few after the zip do no harm. Archives of several volumes are not found.
 * Return: 1; 0 when there is none; -1 with errno.
 * Source: APPNOTE.TXT 6.3.10, 4.3.14 to 4.3.16.
 */
int zip_end_find(int fd, int64_t size, struct zip_end *ret);

/** Numbers of a zip, which are little-endian. */
uint16_t zip_u16(const unsigned char *p);
uint32_t zip_u32(const unsigned char *p);
uint64_t zip_u64(const unsigned char *p);

#endif
