/*
 * place.c - where in a tree an entry goes, whatever its name says.
 *
 * Links in the middle of a path are followed, as archives made of several layers need it (lib ->
 * usr/lib, then lib/x), but by RESOLVE_IN_ROOT: an absolute link starts at the image's own top.
 * The last component is never followed.
 */
#include "archive/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "archive/ceilings.h"
#include "archive/marks.h"
#include "archive/tally.h"

int place_clean(const char *raw, struct place *p, struct err *err)
{
	size_t len = 0;
	int depth = 0;

	p->name = p->path;
	for (const char *s = raw; *s;) {
		size_t n = strcspn(s, "/");
		const char *part = s;
		s += n + (s[n] == '/');
		if (n == 0 || (n == 1 && part[0] == '.'))
			continue;
		if (n == 2 && part[0] == '.' && part[1] == '.')
			return err_set(err, FAULT_USAGE, 0, "entry '%s' has '..' in its name",
				       path_tail(raw));
		if (n > NAME_MAX || len + 1 + n > IMAGE_MAX_PATH || ++depth > IMAGE_MAX_DEPTH)
			return err_set(err, FAULT_USAGE, 0,
				       "entry '...%s' has a name that is too long (%d bytes, "
				       "%d a component) or too deep (%d)",
				       path_tail(raw), IMAGE_MAX_PATH, NAME_MAX, IMAGE_MAX_DEPTH);
		if (len)
			p->path[len++] = '/';
		p->name = p->path + len;
		memcpy(p->path + len, part, n);
		len += n;
	}
	p->path[len] = '\0';
	return 0;
}

static int open_in_root(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

static int refuse_parent(const struct place *p, struct err *err)
{
	switch (errno) {
	case ENOENT:
		return err_set(err, FAULT_USAGE, 0,
			       "entry '%s' goes through a link that leads nowhere in the image",
			       path_tail(p->path));
	case ENOTDIR:
	case ELOOP:
	case EXDEV:
		return err_set(err, FAULT_USAGE, errno,
			       "entry '%s' goes through something that is not a folder",
			       path_tail(p->path));
	default:
		return err_set(err, FAULT_INFRA, errno, "cannot open the folder of '%s'",
			       path_tail(p->path));
	}
}

/* What is no folder gives way to one that an entry needs, but a link is followed. */
static bool is_in_the_way(int parent, const char *name)
{
	struct stat st;
	return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
	       !S_ISLNK(st.st_mode);
}

static int new_folder(struct writer *w, int parent, const char *name)
{
	if (mkdirat(parent, name, 0755) < 0)
		return -1;
	AUTO_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		mark_clear(w, fd);
	/* The umask must not decide what is in an image. */
	if (fd < 0 || fchmod(fd, 0755) < 0 || tally_time(w, fd, (struct timespec){ 0 }) < 0)
		return -1;
	mark_clear(w, fd);
	return fd_steal(&fd);
}

/* One prefix of the path after the other; the missing ones are made. */
static int make_parents(struct writer *w, struct place *p, struct err *err)
{
	AUTO_FD int at = open_in_root(w->root, "");

	for (char *s = p->path; at >= 0 && s < p->name;) {
		char *end = strchr(s, '/');
		*end = '\0';
		int fd = open_in_root(w->root, p->path);
		if (fd < 0 && errno == ENOTDIR && is_in_the_way(at, s) && unlinkat(at, s, 0) == 0)
			errno = ENOENT;
		if (fd < 0 && errno == ENOENT) {
			if (tally_entry(w, err) < 0)
				return -1;
			fd = new_folder(w, at, s);
			if (fd < 0 && errno == EEXIST) /* a link to nowhere */
				errno = ENOENT;
		}
		*end = '/';
		if (fd < 0)
			return refuse_parent(p, err);
		close(at);
		at = fd;
		s = end + 1;
	}
	if (at < 0)
		return refuse_parent(p, err);
	p->parent = fd_steal(&at);
	return 0;
}

int place_find(struct writer *w, const char *raw, bool make, struct place *p, struct err *err)
{
	p->parent = -1;
	if (place_clean(raw, p, err) < 0)
		return -1;
	if (p->name == p->path) {
		p->parent = open_in_root(w->root, "");
		return p->parent < 0 ? refuse_parent(p, err) : 0;
	}
	p->name[-1] = '\0';
	p->parent = open_in_root(w->root, p->path);
	p->name[-1] = '/';
	if (p->parent >= 0)
		return 0;
	if ((errno != ENOENT && errno != ENOTDIR) || !make)
		return refuse_parent(p, err);
	return make_parents(w, p, err);
}
