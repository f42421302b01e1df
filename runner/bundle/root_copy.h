/* root_copy.h - copies of trees, through directory descriptors. */
#ifndef MOULETTE_BUNDLE_ROOT_COPY_H
#define MOULETTE_BUNDLE_ROOT_COPY_H

#include "base/err.h"

struct root_copy; /* one copy, which may take in several trees */

/** root_copy_new() - @top_fd is the folder that hard links are made below; borrowed. */
struct root_copy *root_copy_new(int top_fd);
void root_copy_free(struct root_copy *c);
void root_copy_cleanup(struct root_copy **c);
#define AUTO_ROOT_COPY __attribute__((cleanup(root_copy_cleanup))) struct root_copy

/**
 * root_copy_tree() - what the folder @from_fd holds, into the folder @path below the top
 * @path: of folders that exist, relative, "" for the top itself
 *
 * The folder itself gets owner, mode and times of @from_fd. An entry that exists already is an
 * error. FAULT_INFRA names the entry.
 */
int root_copy_tree(struct root_copy *c, int from_fd, const char *path, struct err *err);
/** root_copy_file() - one regular file, as @path below the top; its folder exists. */
int root_copy_file(struct root_copy *c, int from_fd, const char *path, struct err *err);

#endif
