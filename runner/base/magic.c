/* magic.c - what an archive is, by its first bytes. */
#include "base/magic.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
/* Where the formats say that they are themselves; zip: a member, or the end of an empty one. The
 * longer marks of bzip2 and gzip keep a text that happens to begin with "BZh" a text. */
static const struct { enum magic is; const char *bytes; size_t len; } marks[] = {
	{ MAGIC_ZIP, "PK\3\4", 4 },
	{ MAGIC_ZIP, "PK\5\6", 4 },
	{ MAGIC_COMPRESSED, "\x1f\x8b\x08", 3 },
	{ MAGIC_COMPRESSED, "\xfd" "7zXZ\0", 6 },
	{ MAGIC_COMPRESSED, "\x28\xb5\x2f\xfd", 4 },
	{ MAGIC_7Z, "7z\xbc\xaf\x27\x1c", 6 },
	{ MAGIC_RAR, "Rar!\x1a\x07", 6 },
};
/* clang-format on */

static bool is_bzip2(const unsigned char *b, size_t len)
{
	/* After "BZh" and the level: pi for a block, the root of pi for the end of the stream. */
	return len >= 10 && memcmp(b, "BZh", 3) == 0 && b[3] >= '1' && b[3] <= '9' &&
	       (memcmp(b + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
		memcmp(b + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

/* The checksum of a header is the sum of its bytes with the checksum's own eight as blanks; some
 * old programs summed signed bytes. Source: pax(1), "ustar Interchange Format". */
static bool is_tar(const unsigned char *b, size_t len)
{
	long sum = 0, signed_sum = 0;
	bool zeros = true;

	if (len < MAGIC_BYTES)
		return false;
	if (memcmp(b + 257, "ustar", 5) == 0)
		return true;
	for (size_t i = 0; i < MAGIC_BYTES; i++) {
		bool own = i >= 148 && i < 156;
		sum += own ? ' ' : b[i];
		signed_sum += own ? ' ' : (signed char)b[i];
		zeros = zeros && b[i] == 0;
	}
	if (zeros) /* a tar without members: refused later, with better words */
		return true;
	char text[9] = { 0 };
	memcpy(text, b + 148, 8);
	if (text[strspn(text, " ")] < '0' || text[strspn(text, " ")] > '7')
		return false;
	long said = strtol(text, NULL, 8);
	return said == sum || said == signed_sum;
}

enum magic magic_find(const void *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (len >= marks[i].len && memcmp(bytes, marks[i].bytes, marks[i].len) == 0)
			return marks[i].is;
	}
	if (is_bzip2(bytes, len))
		return MAGIC_COMPRESSED;
	return is_tar(bytes, len) ? MAGIC_TAR : MAGIC_NONE;
}
