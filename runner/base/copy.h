/* copy.h - copies a file into one without a name. */
#ifndef MOULETTE_BASE_COPY_H
#define MOULETTE_BASE_COPY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * copy_nameless() - an empty file in the folder @dir, mode 0600, for reading and writing
 *
 * It has no name, and goes with its last descriptor, also when its process is killed. Where the file system
 * has no such files (O_TMPFILE), it has one for a moment: a process killed then leaves an empty file, which
 * the next call removes.
 *
 * Return: the descriptor, or -1 with errno.
 */
int copy_nameless(int dir);

/** copy_share() - let the empty file @to have the blocks of @from (FICLONE): the whole file at one moment,
 *  for the price of no room. -1: errno; most file systems cannot. */
int copy_share(int from, int to);

/**
 * copy_bytes() - the bytes of @from, from its beginning, into the empty file @to
 * @max:   so many are copied at most
 * @go_on: called between pieces of some MiB; false ends the copy with ECANCELED
 *
 * The kernel copies where it can. Holes stay holes.
 * Return: 0, or -1 with errno.
 */
int copy_bytes(int from, int to, int64_t max, bool (*go_on)(void *ctx), void *ctx);

/** copy_same() - are the first @size bytes of both files the same? Return: 1, 0 (also where one of them is
 *  shorter), or -1 with errno. */
int copy_same(int a, int b, int64_t size);

#endif
