/*
 * folder.c - how folders of images come and go.
 *
 * images/NAME is complete at every moment: it is made and taken apart as images/.new-ID. Whoever
 * makes or removes a folder holds an exclusive flock on it, a run a shared one on its image; the
 * kernel lets go when the process dies. So a .new- folder whose lock can be had is a leftover,
 * and an image whose lock cannot be had is in use. Nobody waits for a lock that is held for long.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/folder.h"
#include "image/meta.h"
#include "image/name.h"
#include "image/tree_digest.h"
#include "model/places.h"

int images_open(const struct places *p, int *ret_fd, struct err *err)
{
	int fd = open(p->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && fd_mkdir_p(p->images, 0711) == 0) {
		fd = open(p->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* A strict umask would lock the boxes out: their uids pass through here. */
		if (fd >= 0)
			fchmod(fd, 0711);
	}
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the store of images '%s'",
			       p->images);
	*ret_fd = fd;
	return 0;
}

static void marked_name(char name[48])
{
	char id[27];
	clock_ulid(id);
	snprintf(name, 48, IMAGE_FOLDER_MARK "%s", id);
}

int folder_flock(int fd, int how)
{
	int got;
	do
		got = flock(fd, how);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Return: 1 made and locked, 0 a sweep was faster, -1. */
static int make_locked(struct image_folder *f)
{
	struct stat st;

	marked_name(f->name);
	if (mkdirat(f->images, f->name, 0700) < 0)
		return -1;
	f->dir = openat(f->images, f->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (f->dir < 0)
		return errno == ENOENT ? 0 : -1;
	if (folder_flock(f->dir, LOCK_EX | LOCK_NB) == 0 && fstat(f->dir, &st) == 0 &&
	    st.st_nlink > 0)
		return 1;
	fd_close(&f->dir);
	return 0;
}

int folder_new(const struct places *p, struct image_folder *ret, struct err *err)
{
	AUTO_FOLDER f = IMAGE_FOLDER_NONE;
	int got;

	if (images_open(p, &f.images, err) < 0)
		return -1;
	while ((got = make_locked(&f)) == 0)
		;
	if (got < 0 || mkdirat(f.dir, "rootfs", 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a folder in '%s'", p->images);
	f.rootfs = openat(f.dir, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (f.rootfs < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a folder in '%s'", p->images);
	*ret = f;
	f = (struct image_folder)IMAGE_FOLDER_NONE;
	return 0;
}

static int lock_failed(const char *name, struct err *err)
{
	if (errno != EWOULDBLOCK)
		return err_set(err, FAULT_INFRA, errno, "cannot lock image '%s'", name);
	return err_set(err, FAULT_USAGE, 0,
		       "image '%s' is in use; wait for the run or import that has it, or end it "
		       "(`moulette list`)",
		       name);
}

/* Runs share a lock; who has one alone is an import or a removal that tidies up. Then wait. Return:
 * true when it is worth to try again. */
static bool is_about_to_end(int dir)
{
	bool alone = folder_flock(dir, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	/* Not alone: it may have ended since. */
	if (folder_flock(dir, alone ? LOCK_SH : LOCK_EX | LOCK_NB) == 0)
		return true;
	errno = EWOULDBLOCK;
	return false;
}

int image_lock(int images, const char *name, int how, int *ret_dir, struct err *err)
{
	char folder[IMAGE_NAME_MAX + 1];

	name_to_folder(name, folder);
	for (;;) {
		AUTO_FD int dir = openat(images, folder,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		struct stat mine, now;
		if (dir < 0 && errno == ENOENT)
			return 0;
		if (dir < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot open image '%s'", name);
		if (folder_flock(dir, how) < 0) {
			if (errno == EWOULDBLOCK && is_about_to_end(dir))
				continue;
			return lock_failed(name, err);
		}
		if (fstat(dir, &mine) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot stat image '%s'", name);
		/* Replaced while we waited? Then the new one. */
		if (fstatat(images, folder, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
		    now.st_ino == mine.st_ino && now.st_dev == mine.st_dev) {
			*ret_dir = fd_steal(&dir);
			return 1;
		}
	}
}

/* What is under the marked name @name and locked by us goes; a failure is left to the sweep. */
static void remove_marked(int images, const char *name, int dir)
{
	if (tree_remove(dir) == 0)
		unlinkat(images, name, AT_REMOVEDIR);
}

int folder_throw_away(int images, int from, const char *name, int dir, struct err *err)
{
	char gone[48];

	marked_name(gone);
	if (renameat2(from, name, images, gone, RENAME_NOREPLACE) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot remove '%s' from the store", name);
	remove_marked(images, gone, dir);
	return 0;
}

/* Return: 1 done, 0 somebody was faster (look again), -1. */
static int take_name(struct image_folder *f, const char *name, struct err *err)
{
	AUTO_FD int old = -1;
	int there = image_lock(f->images, name, LOCK_EX | LOCK_NB, &old, err);
	char folder[IMAGE_NAME_MAX + 1];

	if (there < 0)
		return -1;
	name_to_folder(name, folder);
	if (renameat2(f->images, f->name, f->images, folder,
		      there ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0) {
		if (!there && errno == EEXIST)
			return 0;
		return err_set(err, FAULT_INFRA, errno, "cannot give the image its name '%s'",
			       name);
	}
	if (there)
		remove_marked(f->images, f->name, old);
	f->name[0] = '\0';
	return 1;
}

/* The reader of an archive may have been taken over: what it left beside the tree, or in its place,
 * would be written through, or shown to boxes. */
static int check_folder(const struct image_folder *f, struct err *err)
{
	AUTO_DIR DIR *d = fdopendir(openat(f->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct stat made, now;

	if (!d || fstat(f->rootfs, &made) < 0 ||
	    fstatat(f->dir, "rootfs", &now, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at the new image");
	if (now.st_dev != made.st_dev || now.st_ino != made.st_ino)
		return err_set(err, FAULT_INFRA, 0, "the tree of the new image was replaced");
	for (struct dirent *e; (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    strcmp(e->d_name, "rootfs") != 0)
			return err_set(err, FAULT_INFRA, 0,
				       "'%s' lies beside the tree of the new image", e->d_name);
	return 0;
}

/* The list of the tree, and the digest where nothing else gives it. */
static int write_list(const struct image_folder *f, struct image_meta *m, struct err *err)
{
	AUTO_FD int fd = openat(f->dir, "list", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	AUTO_FREE char *digest = NULL;

	if (!out)
		return err_set(err, FAULT_INFRA, errno, "cannot write the list of the tree");
	fd_steal(&fd);
	int got = tree_list(f->rootfs, out, &digest, err);
	if (fclose(out) != 0 && got == 0)
		got = err_set(err, FAULT_INFRA, errno, "cannot write the list of the tree");
	if (got == 0 && !m->image.digest)
		m->image.digest = ptr_steal(&digest);
	return got;
}

int folder_commit(struct image_folder *f, struct image_meta *m, struct err *err)
{
	int got;

	if (check_folder(f, err) < 0 || write_list(f, m, err) < 0 || meta_write(f->dir, m, err) < 0)
		return -1;
	/* An image that a power cut left half empty would be a wrong verdict, not an error. */
	if (fchmod(f->dir, 0711) < 0 || syncfs(f->dir) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot finish image '%s'", m->image.name);
	while ((got = take_name(f, m->image.name, err)) == 0)
		;
	return got < 0 ? -1 : 0;
}

void folder_drop(struct image_folder *f)
{
	int saved = errno;
	if (f->images >= 0 && f->dir >= 0 && f->name[0])
		remove_marked(f->images, f->name, f->dir);
	cleanup_fd(&f->rootfs);
	cleanup_fd(&f->dir);
	cleanup_fd(&f->images);
	*f = (struct image_folder)IMAGE_FOLDER_NONE;
	errno = saved;
}
