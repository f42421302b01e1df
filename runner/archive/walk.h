/* walk.h - every entry of a tree in one order. */
#ifndef MOULETTE_ARCHIVE_WALK_H
#define MOULETTE_ARCHIVE_WALK_H

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"

struct walk_entry {
	int dir;               /* folder that holds the entry */
	const char *name;      /* name in @dir; "." for the top */
	const char *path;      /* from the top; "." for the top */
	const struct stat *st; /* lstat(2) */
	bool after;            /* a folder again, when all that it holds was seen */
};
/** Return: 0 go on, 1 do not enter this folder, -1 stop with @err. */
typedef int walk_fn(void *ctx, const struct walk_entry *e, struct err *err);

/** walk_tree() - the top first, names sorted by bytes, links unfollowed; other file systems are
 *  seen as empty folders. Deeper than IMAGE_MAX_DEPTH: FAULT_USAGE. */
int walk_tree(int top, walk_fn *fn, void *ctx, struct err *err);

/** walk_xattr_is_kept() - is an attribute of this name a part of an image? */
static inline bool walk_xattr_is_kept(const char *name)
{
	return strncmp(name, "user.", 5) == 0;
}

/** walk_xattr_names() - the attributes of an open file as sorted heap strings (NULL-terminated). */
int walk_xattr_names(int fd, char ***ret);

#endif
