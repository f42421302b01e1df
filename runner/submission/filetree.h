/* filetree.h - a file or folder of the teacher's, entry by entry, in a fixed order. */
#ifndef MOULETTE_SUBMISSION_FILETREE_H
#define MOULETTE_SUBMISSION_FILETREE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

/** One entry. Links are followed, so that it is a regular file or a folder. */
struct filetree_entry {
	const char *path; /* on the host, for messages */
	const char *rel;  /* below the root of the walk; "" for the root itself */
	const struct stat *st;
	int fd; /* of a file, open for reading; -1: a folder */
};
typedef int filetree_fn(void *ctx, const struct filetree_entry *e, struct err *err);

/**
 * filetree_walk() - call @fn for @root and everything below it, a folder before what is in it,
 *                   names in the order of their bytes
 * @inside: absolute canonical path of a folder that no link may leave; NULL: not checked
 *
 * FAULT_USAGE for what is neither file nor folder, cannot be read, is deeper than 64 folders, or
 * more than 100,000 entries; with @inside also for links to a folder that they lie in. Stops when
 * @fn returns -1.
 */
int filetree_walk(const char *root, const char *inside, filetree_fn *fn, void *ctx,
		  struct err *err);

/** filetree_is_inside() - is the canonical @path the folder @dir or below it? */
bool filetree_is_inside(const char *path, const char *dir);

/** filetree_resolve() - the canonical path of @given, which is relative to @dir and must not leave
 *  it, neither by ".." nor by a link. FAULT_USAGE, without context. */
int filetree_resolve(const char *dir, const char *given, char **ret, struct err *err);

#endif
