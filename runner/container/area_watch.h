/* area_watch.h - tells of files that have gone from the areas of a box, named or not. Internal to container/.
 *
 * A file without a name (O_TMPFILE) changes nothing of its folder, but moves the number that the file system
 * gives its next inode: a test could count with it for the next one.
 */
#ifndef MOULETTE_CONTAINER_AREA_WATCH_H
#define MOULETTE_CONTAINER_AREA_WATCH_H

#include <sys/types.h>

/** area_watch_open() - Return: a descriptor; -1: this kernel has nothing of the kind. */
int area_watch_open(void);
/**
 * area_watch_add() - hear of the whole file system that is mounted at @path, until it is unmounted
 * @ret: how area_watch_read() names it
 *
 * Return: 0; -1: nothing is told of it (tmpfs before Linux 5.13, or @watch is -1).
 */
int area_watch_add(int watch, const char *path, fsid_t *ret);

typedef void area_watch_fn(void *ctx, const fsid_t *where);
/** area_watch_read() - @each is called for every file that has gone since the last call; @where is NULL
 *  when there were more than the kernel keeps. @watch -1: there is nothing to read. */
void area_watch_read(int watch, area_watch_fn *each, void *ctx);

#endif
