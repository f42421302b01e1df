/* marks.c - what was left out of the files of a tree that is being written. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "archive/marks.h"
#include "base/mem.h"

struct mark {
	ino_t ino;
	unsigned int bits;
};

static int by_inode(const void *a, const void *b)
{
	ino_t x = ((const struct mark *)a)->ino, y = ((const struct mark *)b)->ino;
	return x < y ? -1 : x > y;
}

unsigned int *mark_of(const struct writer *w, ino_t ino)
{
	const struct mark key = { .ino = ino };
	struct mark **at = tfind(&key, &w->marks, by_inode);
	return at ? &(*at)->bits : NULL;
}

int mark_inode(struct writer *w, ino_t ino, unsigned int marks)
{
	unsigned int *known = mark_of(w, ino);
	if (known) {
		*known |= marks;
		return 0;
	}
	struct mark *m = mem_alloc(sizeof(*m));
	*m = (struct mark){ .ino = ino, .bits = marks };
	if (tsearch(m, &w->marks, by_inode))
		return 0;
	free(m);
	errno = ENOMEM;
	return -1;
}

int mark_add(struct writer *w, int fd, unsigned int marks)
{
	struct stat st;
	return fstat(fd, &st) < 0 ? -1 : mark_inode(w, st.st_ino, marks);
}

void mark_clear(struct writer *w, int fd)
{
	struct stat st;
	/* Most images have few marks or none: then this costs nothing. */
	unsigned int *known = w->marks && fstat(fd, &st) == 0 ? mark_of(w, st.st_ino) : NULL;
	if (known)
		*known = 0;
}

void marks_free(struct writer *w)
{
	tdestroy(w->marks, free);
	w->marks = NULL;
}
