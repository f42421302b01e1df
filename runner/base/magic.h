/* magic.h - what an archive is, by its first bytes. */
#ifndef MOULETTE_BASE_MAGIC_H
#define MOULETTE_BASE_MAGIC_H

#include <stddef.h>

#define MAGIC_BYTES 512 /* a header of a tar; no other mark is as long */

enum magic {
	MAGIC_NONE,
	MAGIC_TAR,
	MAGIC_COMPRESSED, /* gzip, bzip2, xz, zstd */
	MAGIC_ZIP,        /* from its first byte on; one with bytes before it is found by its end */
	MAGIC_7Z,
	MAGIC_RAR,
};

/** magic_find() - of the first @len bytes of a file, of which MAGIC_BYTES are looked at. A block of
 *  zeros is a tar without members. */
enum magic magic_find(const void *bytes, size_t len);

#endif
