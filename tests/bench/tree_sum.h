/* tree_sum.h - a number for a tree of files, whatever order they come in. */
#ifndef MOULETTE_BENCH_TREE_SUM_H
#define MOULETTE_BENCH_TREE_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct tree_sum {
	uint64_t files, bytes, sum; /* regular files by name; links are in the sum alone */
};

/** tree_hash() - go on with @hash (0 to begin) over @len bytes: FNV-1a, which is no defence against
 *  anybody, but sees what a program did wrong. */
uint64_t tree_hash(uint64_t hash, const void *data, size_t len);

/** tree_sum_of() - of what lies below @dir: names, contents of regular files, targets of links. */
int tree_sum_of(const char *dir, struct tree_sum *ret, struct err *err);

#endif
