/* marks.h - what was left out of a file or folder, by its inode. */
#ifndef MOULETTE_ARCHIVE_MARKS_H
#define MOULETTE_ARCHIVE_MARKS_H

#include "archive/writer_data.h"

#define MARK_SETID 1u      /* set-id bits */
#define MARK_CAPABILITY 2u /* a file capability */
#define MARK_DEVICE 4u     /* holds the place of a device */
#define MARK_GONE 8u       /* holds the place of a socket or fifo */
#define MARK_COUNTED 16u   /* the bits are */
#define MARK_SIZED 32u     /* its size is */

/** mark_add() - also @marks for the open file @fd. -1: errno. */
int mark_add(struct writer *w, int fd, unsigned int marks);
int mark_inode(struct writer *w, ino_t ino, unsigned int marks);
/** mark_clear() - @fd was made just now; an inode that came back has nothing of the old one. */
void mark_clear(struct writer *w, int fd);
/** mark_of() - NULL: none. */
unsigned int *mark_of(const struct writer *w, ino_t ino);
void marks_free(struct writer *w);

#endif
