/* filler.h - contents of files: text, programs, what was compressed before. */
#ifndef MOULETTE_BENCH_FILLER_H
#define MOULETTE_BENCH_FILLER_H

#include <stddef.h>
#include <stdint.h>

enum filling { FILL_TEXT, FILL_PROGRAM, FILL_PACKED };

struct filler; /* material of each kind, and a state that decides what comes next */

/** filler_new() - the same @seed gives the same things. */
struct filler *filler_new(uint64_t seed);
void filler_free(struct filler *f);
/** filler_below() - a number from 0 to @n - 1. */
uint64_t filler_below(struct filler *f, uint64_t n);
/** filler_bytes() - @len bytes, owned. */
char *filler_bytes(struct filler *f, enum filling kind, size_t len);

#endif
