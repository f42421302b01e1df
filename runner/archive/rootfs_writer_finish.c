/* rootfs_writer_finish.c - what a tree needs when its last entry is written. */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/ceilings.h"
#include "archive/marks.h"
#include "archive/rootfs_writer.h"
#include "archive/walk.h"
#include "base/err.h"
#include "base/mem.h"

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
int rootfs_writer_time(struct writer *w, int fd, struct timespec mtime)
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

void rootfs_writer_done(struct writer *w)
{
	tdestroy(w->times, free);
	w->times = NULL;
	marks_free(w);
}

static int set_folder_time(struct writer *w, const struct walk_entry *e, struct err *err)
{
	struct folder_time key = { .ino = e->st->st_ino };
	struct folder_time **t = tfind(&key, &w->times, by_inode);
	if (t)
		key.mtime = (*t)->mtime;
	const struct timespec times[2] = { key.mtime, key.mtime };
	if (utimensat(e->dir, e->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot set the time of '%s'",
			       path_tail(e->path));
	return 0;
}

/* What holds a place goes. A file with several names lost its bits once. Return: 1 gone, 0, -1. */
static int count_marks(struct writer *w, const struct walk_entry *e, struct err *err)
{
	unsigned int *mark = S_ISLNK(e->st->st_mode) ? NULL : mark_of(w, e->st->st_ino);

	if (!mark)
		return 0;
	if (*mark & (MARK_DEVICE | MARK_GONE)) {
		w->devices += (*mark & MARK_DEVICE) != 0;
		w->pipes += (*mark & MARK_GONE) != 0;
		if (unlinkat(e->dir, e->name, 0) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot leave out '%s'",
				       path_tail(e->path));
		return 1;
	}
	if (*mark & MARK_COUNTED)
		return 0;
	w->setid += (*mark & MARK_SETID) != 0;
	w->capabilities += (*mark & MARK_CAPABILITY) != 0;
	*mark |= MARK_COUNTED;
	return 0;
}

/* Nobody writes to an image in a box, but a mode like that is mostly a mistake in its making. With
 * the sticky bit it is meant. */
static void look_at_folder(struct writer *w, const struct walk_entry *e)
{
	mode_t mode = e->st->st_mode;

	if (!(mode & S_IWOTH) || mode & S_ISVTX)
		return;
	if (w->open_folders++ == 0)
		err_escape(w->open_folder, sizeof(w->open_folder), e->path, strlen(e->path));
}

/* The size of the whole: what was replaced is gone, a file with several names is there once. */
static int count_size(struct writer *w, const struct stat *st)
{
	w->entries++;
	if (!S_ISREG(st->st_mode))
		return 0;
	if (st->st_nlink > 1) {
		const unsigned int *mark = mark_of(w, st->st_ino);
		if (mark && *mark & MARK_SIZED)
			return 0;
		if (mark_inode(w, st->st_ino, MARK_SIZED) < 0)
			return -1;
	}
	w->bytes += st->st_size;
	return 0;
}

static int finish_entry(void *ctx, const struct walk_entry *e, struct err *err)
{
	struct writer *w = ctx;

	if (e->after)
		return set_folder_time(w, e, err);
	if (S_ISDIR(e->st->st_mode))
		look_at_folder(w, e);
	int got = count_marks(w, e, err);
	if (got != 0)
		return got < 0 ? -1 : 0;
	return count_size(w, e->st) < 0 ? err_set(err, FAULT_INFRA, ENOMEM, "cannot count") : 0;
}

/* Engines mount there as root: a link would lead a mount elsewhere (CVE-2026-41579 of runc). */
static int check_mount_points(const struct writer *w, struct err *err)
{
	static const char *const points[] = { "dev", "proc", "sys", "tmp", "work", NULL };

	for (size_t i = 0; points[i]; i++) {
		struct stat st;
		if (fstatat(w->root, points[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISDIR(st.st_mode))
			return err_set(err, FAULT_USAGE, 0,
				       "'/%s' is %s, expected a folder or nothing: something is "
				       "mounted there in every box",
				       points[i], S_ISLNK(st.st_mode) ? "a link" : "not a folder");
	}
	return 0;
}

int rootfs_writer_finish(struct writer *w, struct err *err)
{
	if (check_mount_points(w, err) < 0)
		return -1;
	/* runc gives the tmpfs of a box the mode of the image's folder. */
	if (fchmodat(w->root, "tmp", 01777, 0) < 0 && errno != ENOENT)
		return err_set(err, FAULT_INFRA, errno, "cannot set the mode of '/tmp'");
	w->bytes = w->entries = 0;
	return walk_tree(w->root, finish_entry, w, err);
}
