/* ceilings.h - how large a tree that is read may be, and its paths in messages. */
#ifndef MOULETTE_ARCHIVE_CEILINGS_H
#define MOULETTE_ARCHIVE_CEILINGS_H

#include <stdint.h>
#include <string.h>

/* Ceilings that no image of a course comes near; they bound the memory and the inodes that a
 * damaged or hostile archive can take. Paths: PATH_MAX of Linux, less its NUL. */
#define IMAGE_MAX_DEPTH 256
#define IMAGE_MAX_ENTRIES INT64_C(4000000)
#define IMAGE_MAX_PATH 4095
/* What a tar may have on top of what it unpacks to, beside its share: headers, padding. Bytes. */
#define IMAGE_HEADROOM (INT64_C(64) << 20)

/** path_tail() - what a message shows of a path, so that its cause is not cut off. */
static inline const char *path_tail(const char *path)
{
	size_t len = strlen(path);
	return len > 160 ? path + len - 160 : path;
}

#endif
