/* tally.c - entries by number, times of folders by inode. */
#include "archive/tally.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>

#include "archive/ceilings.h"
#include "base/mem.h"

int tally_entry(struct writer *w, struct err *err)
{
	if (++w->entries > IMAGE_MAX_ENTRIES)
		return err_set(err, FAULT_USAGE, 0, "more than %" PRId64 " entries",
			       IMAGE_MAX_ENTRIES);
	return 0;
}

struct folder_time {
	ino_t ino;
	struct timespec mtime;
};

static int by_inode(const void *a, const void *b)
{
	ino_t x = ((const struct folder_time *)a)->ino, y = ((const struct folder_time *)b)->ino;
	return x < y ? -1 : x > y;
}

/* The last time said for a folder counts; an inode that came back has a new folder. */
int tally_time(struct writer *w, int fd, struct timespec mtime)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -1;
	struct folder_time *t = mem_alloc(sizeof(*t));
	*t = (struct folder_time){ .ino = st.st_ino, .mtime = mtime };
	struct folder_time **at = tsearch(t, &w->times, by_inode);
	if (!at) {
		free(t);
		errno = ENOMEM;
		return -1;
	}
	if (*at != t) {
		(*at)->mtime = mtime;
		free(t);
	}
	return 0;
}

struct timespec tally_time_of(const struct writer *w, ino_t ino)
{
	const struct folder_time key = { .ino = ino };
	struct folder_time **t = tfind(&key, &w->times, by_inode);
	return t ? (*t)->mtime : key.mtime;
}

void tally_free(struct writer *w)
{
	tdestroy(w->times, free);
	w->times = NULL;
}
