/* gzip.c - the checksum that a gzip carries. */
#include "archive/gzip.h"

#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC "\x1f\x8b\x08"
#define SMALLEST 18 /* header and trailer of a member without data */

void gzip_sum_init(struct gzip_sum *s)
{
	*s = (struct gzip_sum){ .crc = (uint32_t)crc32_z(0, NULL, 0) };
}

void gzip_sum_add(struct gzip_sum *s, const void *data, size_t len)
{
	s->crc = (uint32_t)crc32_z(s->crc, data, len);
	s->length += (uint32_t)len;
}

bool gzip_is(int fd)
{
	char magic[3];
	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, MAGIC, sizeof(magic)) == 0;
}

static void put_le32(unsigned char *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b[i] = (unsigned char)(v >> (8 * i));
}

/* The header of a member: three bits of the flags are always zero. @from: where @block lies. */
static bool has_header(const char *block, size_t n, int64_t from)
{
	for (const char *p = block; (p = memmem(p, (size_t)(block + n - p), MAGIC, 3)); p++)
		if (from + (p - block) >= SMALLEST && p + 3 < block + n && (p[3] & 0xe0) == 0)
			return true;
	return false;
}

int gzip_has_sum(int fd, const struct gzip_sum *s)
{
	unsigned char want[8];
	char block[65536];
	const size_t keep = sizeof(want) - 1;
	int64_t at = 1; /* behind the first member's own magic */

	put_le32(want, s->crc);
	put_le32(want + 4, s->length);
	for (;;) {
		ssize_t n = pread(fd, block, sizeof(block), at);
		if (n < 0)
			return -1;
		if (n < (ssize_t)sizeof(want))
			return 0;
		if (memmem(block, (size_t)n, want, sizeof(want)) ||
		    has_header(block, (size_t)n, at))
			return 1;
		at += n - (ssize_t)keep;
	}
}
