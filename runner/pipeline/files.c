/* files.c - read-only copies of an assignment's files, kept by digest. */
#include "pipeline/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/mem.h"
#include "submission/files.h"

#define DIR_NAME "files"
#define HALF_MADE "new"
/* Many or large files take their time, and another runner that copies the same ones holds a lock. */
#define COPY_NS (600 * NSEC_PER_SEC)

/* The folder's lock is held while a copy is made under one fixed name, so the holder of the
 * lock may remove what a killed runner left there. Return: the folder, -1. */
static int open_locked(const struct places *p, int operation, struct err *err)
{
	AUTO_FREE char *dir = mem_printf("%s/" DIR_NAME, p->home);
	if (fd_mkdir_p(dir, 0711) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the folder '%s'", dir);
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, operation) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot lock the folder '%s'", dir);
	return fd_steal(&fd);
}

/* The copy is kept for as long as the digest is asked for: it must be what its name says. */
static int check_copy(const struct file_spec *f, const char *copy, const char *hex, struct err *err)
{
	const struct file_spec copied = { .from = (char *)(uintptr_t)copy, .to = f->to };
	char got[DIGEST_HEX];
	if (files_digest(&copied, got, err) < 0)
		return -1;
	return strcmp(got, hex) ? err_set(err, FAULT_INFRA, 0,
					  "'%s' changed while it was copied; try again", f->from) :
				  0;
}

static int make_copy(const struct places *p, const struct file_spec *f, const char *hex,
		     struct err *err)
{
	AUTO_FD int dir = open_locked(p, LOCK_EX, err);
	if (dir < 0)
		return -1;
	AUTO_FREE char *tmp = mem_printf("%s/" DIR_NAME "/" HALF_MADE, p->home);
	tree_remove_at(dir, HALF_MADE);
	if (faccessat(dir, hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0; /* another runner was faster */
	int bad = files_copy(f, tmp, err) < 0 || check_copy(f, tmp, hex, err) < 0;
	if (!bad && renameat(dir, HALF_MADE, dir, hex) < 0)
		bad = err_set(err, FAULT_INFRA, errno, "cannot rename '%s' to '%s'", tmp, hex);
	tree_remove_at(dir, HALF_MADE);
	return bad ? -1 : 0;
}

int files_sweep(const struct places *p, struct err *err)
{
	AUTO_FREE char *tmp = mem_printf("%s/" DIR_NAME "/" HALF_MADE, p->home);
	if (access(tmp, F_OK) < 0)
		return 0;
	AUTO_FD int dir = open_locked(p, LOCK_EX | LOCK_NB, NULL);
	if (dir < 0)
		return 0; /* another runner makes a copy right now */
	return tree_remove_at(dir, HALF_MADE) < 0 ?
		       err_set(err, FAULT_INFRA, errno, "cannot remove '%s'", tmp) :
		       0;
}

static int copy(const struct places *p, const struct file_spec *f, char **ret_path, struct err *err)
{
	char hex[DIGEST_HEX];
	if (files_digest(f, hex, err) < 0)
		return -1;
	AUTO_FREE char *path = mem_printf("%s/" DIR_NAME "/%s", p->home, hex);
	if (access(path, F_OK) < 0 && make_copy(p, f, hex, err) < 0)
		return -1;
	*ret_path = ptr_steal(&path);
	return 0;
}

int files_mount(const struct host *h, const struct file_spec *files, size_t n,
		struct mount_spec **mounts, size_t *n_mounts, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *path = NULL;
		if (files[i].to[0] != '/')
			continue;
		alive_for(h->alive, COPY_NS);
		if (copy(h->places, &files[i], &path, err) < 0)
			return -1;
		mount_specs_add(mounts, n_mounts, path, files[i].to, false);
	}
	alive_for(h->alive, 0);
	return 0;
}
