/* top.c - the folder of an unpacked submission that is to be entered. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unpack/child.h"

#define LEVELS_MAX 2

/* The only entry of @fd when that is a folder; "" when there is another one, or none. */
static int only_folder(int fd, char name[ENTRY_NAME_MAX + 1], struct err *err)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_DIR DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct stat st;
	int n = 0;

	name[0] = '\0';
	if (!dir) {
		cleanup_fd(&own);
		return err_set(err, FAULT_INFRA, errno, "cannot list what was unpacked");
	}
	for (;;) {
		errno = 0;
		struct dirent *e = readdir(dir);
		if (!e && errno)
			return err_set(err, FAULT_INFRA, errno, "cannot list what was unpacked");
		if (!e)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    submission_is_junk(e->d_name))
			continue;
		snprintf(name, ENTRY_NAME_MAX + 1, "%s", e->d_name);
		n++;
	}
	if (n != 1 || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		name[0] = '\0';
	return 0;
}

int top_find(int dest, char top[PATH_BYTES_MAX + 1], struct err *err)
{
	AUTO_FD int at = openat(dest, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[ENTRY_NAME_MAX + 1];
	size_t len = 0;

	top[0] = '\0';
	for (int level = 0; level < LEVELS_MAX; level++) {
		if (only_folder(at, name, err) < 0)
			return -1;
		if (name[0] == '\0')
			break;
		int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot enter '%s'", name);
		cleanup_fd(&at);
		at = fd;
		len += (size_t)snprintf(top + len, PATH_BYTES_MAX + 1 - len, "%s%s", len ? "/" : "",
					name);
	}
	return 0;
}
