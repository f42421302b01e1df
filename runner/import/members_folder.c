/*
 * members_folder.c - members of a folder: an OCI layout, or an unpacked archive.
 *
 * Links in it are followed, but never out of it (openat2). What is no regular file is opened
 * without waiting and refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "archive/place.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "import/members_internal.h"

static int open_beneath(int folder, const char *name, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, folder, name, &how, sizeof(how));
}

bool members_folder_has(const struct members *m, const char *name)
{
	AUTO_FD int fd = open_beneath(m->fd, name, O_PATH | O_NOFOLLOW);
	return fd >= 0;
}

static int refuse(struct err *err)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return err_set(err, FAULT_USAGE, 0, "it is not in the folder");
	case EXDEV:
	case ELOOP:
		return err_set(err, FAULT_USAGE, 0,
			       "it leads out of the folder, or through too many links");
	case ENXIO: /* a socket, or a device that is not there */
	case ENODEV:
		return err_set(err, FAULT_USAGE, 0, "it is not a regular file");
	default:
		return err_set(err, FAULT_INFRA, errno, "cannot open it");
	}
}

int member_open_folder(struct members *m, const char *name, struct member *s, struct err *err)
{
	struct place p = { .parent = -1 };
	struct stat st;

	if (place_clean(name, &p, err) < 0)
		return -1;
	s->file = open_beneath(m->fd, *p.path ? p.path : ".", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (s->file < 0)
		return refuse(err);
	if (fstat(s->file, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot stat it");
	if (!S_ISREG(st.st_mode))
		return err_set(err, FAULT_USAGE, 0, "it is not a regular file");
	s->stream.fd = s->file;
	s->stream.end = s->bytes = st.st_size;
	return 0;
}

static bool is_folder(int dir, const struct dirent *e)
{
	struct stat st;

	return fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int members_folder_level(const struct members *m, struct level *ret, struct err *err)
{
	AUTO_FD int fd = open_beneath(m->fd, *m->within ? m->within : ".", O_RDONLY | O_DIRECTORY);
	AUTO_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return err_set(err, FAULT_INFRA, errno, "cannot open the folder");
	fd_steal(&fd);
	for (struct dirent *e; errno = 0, (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			members_level(ret, e->d_name, is_folder(dirfd(d), e));
	return errno ? err_set(err, FAULT_INFRA, errno, "cannot read the folder") : 0;
}
