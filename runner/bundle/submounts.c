/* submounts.c - what is mounted below a folder of the host. */
#include "bundle/submounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "bundle/mounts.h"

#define MOUNTINFO "/proc/self/mountinfo"

/* Blanks, line feeds and backslashes are written as \ooo there. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *c = text; *c; c++) {
		if (c[0] == '\\' && c[1] && c[2] && c[3]) {
			*to++ = (char)((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0'));
			c += 3;
		} else {
			*to++ = *c;
		}
	}
	*to = '\0';
}

/* Is mount @id what one finds at @path? Not when another lies over it, or over what it is in. */
static bool is_seen(const char *path, uint64_t id)
{
	const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	struct statx st;
	if (statx(AT_FDCWD, path, flags, STATX_MNT_ID, &st) < 0)
		return false;
	/* Linux before 5.8 does not tell; the mount counts. */
	return !(st.stx_mask & STATX_MNT_ID) || st.stx_mnt_id == id;
}

/* May others pass every folder from @folder (of @len bytes in @path) down to the mount? */
static bool is_open(char *path, size_t len)
{
	bool open = true;
	for (char *slash = path + len; open && slash; slash = strchr(slash + 1, '/')) {
		struct stat st;
		*slash = '\0';
		open = stat(*path ? path : "/", &st) == 0 && (st.st_mode & S_IXOTH);
		*slash = '/';
	}
	return open;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int submounts_find(const char *folder, char ***ret, struct err *err)
{
	AUTO_STRV found = strv_dup(NULL);
	AUTO_FREE char *line = NULL;
	AUTO_FILE FILE *f = fopen(MOUNTINFO, "re");
	const size_t len = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
	size_t room = 0;

	while (f && getline(&line, &room, f) >= 0) {
		AUTO_FREE char *path = NULL;
		unsigned long long id;
		if (sscanf(line, "%llu %*u %*s %*s %ms", &id, &path) != 2)
			continue;
		unescape(path);
		if (path_within(path, len ? folder : "") && path[len] == '/' && path[len + 1] &&
		    is_seen(path, id) && is_open(path, len))
			strv_add(&found, path);
	}
	if (!f || ferror(f))
		return err_set(err, FAULT_INFRA, errno, "cannot read '" MOUNTINFO "'");
	qsort(found, strv_len(found), sizeof *found, by_path);
	*ret = ptr_steal(&found);
	return 0;
}

bool submounts_bounded(void)
{
	/* No attributes at all are EINVAL where the call is known. */
	return syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) == 0 || errno == EINVAL;
}
