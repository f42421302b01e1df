/* tree_digest.h - what a tree is, in one number, and what became of it since. */
#ifndef MOULETTE_IMAGE_TREE_DIGEST_H
#define MOULETTE_IMAGE_TREE_DIGEST_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/** tree_digest() - "sha256:..." over path, type, mode, owner, mtime, content, link and user.*
 *  attributes of every entry, sorted; @ret is a heap string. */
int tree_digest(int top, char **ret, struct err *err);
/** tree_list() - the same, and the list of the entries to @out. */
int tree_list(int top, FILE *out, char **ret, struct err *err);

/** tree_list_digest() - the digest of the tree from its list alone; reads @list to its end. */
int tree_list_digest(FILE *list, char **ret, struct err *err);

struct tree_changes {
	int64_t n;
	struct buf text; /* "changed 'etc', added 'etc/x'", the first ones, printable */
};

/** tree_compare() - what differs from the list @list, whose first byte is next. */
int tree_compare(int top, FILE *list, struct tree_changes *ret, struct err *err);

#endif
