/* rootfs_writer_finish.c - what a tree needs when its last entry is written. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/ceilings.h"
#include "archive/marks.h"
#include "archive/rootfs_writer.h"
#include "archive/tally.h"
#include "archive/walk.h"
#include "base/err.h"
#include "base/mem.h"

void rootfs_writer_done(struct writer *w)
{
	tally_free(w);
	marks_free(w);
}

static int set_folder_time(struct writer *w, const struct walk_entry *e, struct err *err)
{
	const struct timespec mtime = tally_time_of(w, e->st->st_ino), times[2] = { mtime, mtime };
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
