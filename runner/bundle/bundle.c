/* bundle.c - the root of a bundle: the image copied, and every mount point in it. */
#include "bundle/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "bundle/root_copy.h"

/* The folder above a path, "" for the top; and what is left of it. */
static char *parent_of(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	return mem_strndup(path, slash ? (size_t)(slash - path) : 0);
}

static int in_the_way(const char *path, struct err *err)
{
	bool link = errno == ELOOP || errno == ENOTDIR;
	if (link)
		return err_set(err, FAULT_USAGE, 0,
			       "cannot make mount point '/%s' in the image: a file or link of the "
			       "image is in the way",
			       path);
	return err_set(err, FAULT_INFRA, errno, "cannot make mount point '/%s' in the image", path);
}

/* Folders get 0755 whatever the umask says: the box's uid goes through them. */
static int make_folder(int root, const char *path, struct err *err)
{
	AUTO_FREE char *copy = mem_strdup(path);

	for (char *end = copy; end;) {
		end = strchr(end + 1, '/');
		if (end)
			*end = '\0';
		AUTO_FD int was = fd_open_beneath(root, copy, O_RDONLY | O_DIRECTORY, 0);
		if (was < 0) {
			AUTO_FD int made = errno == ENOENT ? fd_mkdir_beneath(root, copy, 0755) :
							     -1;
			if (made < 0 || fchmod(made, 0755) < 0)
				return in_the_way(path, err);
		}
		if (end)
			*end = '/';
	}
	return 0;
}

static int make_file(int root, const char *path, struct err *err)
{
	const char *name;
	AUTO_FREE char *parent = parent_of(path, &name);
	struct stat st;

	if (*parent && make_folder(root, parent, err) < 0)
		return -1;
	AUTO_FD int fd = fd_open_beneath(root, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0 && errno == ENOENT) {
		fd = fd_open_beneath(root, path, O_RDONLY | O_CREAT | O_EXCL, 0644);
		if (fd >= 0 && fchmod(fd, 0644) < 0)
			return in_the_way(path, err);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return in_the_way(path, err);
	if (S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return in_the_way(path, err);
	}
	return 0;
}

/* runc before 1.2 gives a tmpfs the mode of the folder below it, whatever its own mode= says. */
static int fit_mode(int root, struct json_object *config, const char *path, struct err *err)
{
	AUTO_FREE char *dest = mem_printf("/%s", path);
	struct json_object *m = mounts_find(json_object_object_get(config, "mounts"), dest);
	const char *mode = m ? mount_option(m, "mode") : NULL;

	if (!mode || mount_is_bind(m))
		return 0;
	AUTO_FD int fd = fd_open_beneath(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 || fchmod(fd, (mode_t)strtoul(mode, NULL, 8) & 01777) < 0)
		return in_the_way(path, err);
	return 0;
}

static int make_points(int root, struct json_object *config, struct err *err)
{
	AUTO_STRV points = NULL;

	if (spec_mount_points(config, &points, err) < 0)
		return -1;
	for (size_t i = 0; points[i]; i++) {
		const char *path = points[i] + 2; /* behind the letter and the slash */
		AUTO_FREE char *closed = fd_closed_beneath(root, path);
		if (closed)
			return err_set(err, FAULT_USAGE, 0,
				       "cannot make mount point '/%s' in the image: the mode of "
				       "'/%s' keeps programs of the box out",
				       path, closed);
		int failed = points[i][0] == 'd' ? make_folder(root, path, err) :
						   make_file(root, path, err);
		if (failed || (points[i][0] == 'd' && fit_mode(root, config, path, err) < 0))
			return -1;
	}
	return 0;
}

/* What a bind would have shown stands where it would have been. */
static int copy_bind(struct root_copy *c, int root, const struct image_bind *b, struct err *err)
{
	const char *path = b->destination + strspn(b->destination, "/"), *name;
	AUTO_FREE char *parent = parent_of(path, &name);
	struct stat st;
	AUTO_FD int from = open(b->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (from < 0 || fstat(from, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s' of the image", b->source);
	if (S_ISDIR(st.st_mode)) {
		if (make_folder(root, path, err) < 0)
			return -1;
		return root_copy_tree(c, from, path, err);
	}
	if (*parent && make_folder(root, parent, err) < 0)
		return -1;
	/* A mount point for it, empty, may be there. */
	AUTO_FD int dir = fd_open_beneath(root, *parent ? parent : ".", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0 || (unlinkat(dir, name, 0) < 0 && errno != ENOENT))
		return in_the_way(path, err);
	return root_copy_file(c, from, path, err);
}

int bundle_copy_root(const struct image *image, struct json_object *config, int bundle_fd,
		     struct err *err)
{
	AUTO_FD int from = open(image->rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the root '%s' of image '%s'",
			       image->rootfs, image->name);
	if (mkdirat(bundle_fd, "rootfs", 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make 'rootfs' of the bundle");
	AUTO_FD int root = openat(bundle_fd, "rootfs",
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open 'rootfs' of the bundle");
	AUTO_ROOT_COPY *c = root_copy_new(root);
	if (root_copy_tree(c, from, "", err) < 0)
		return -1;
	for (size_t i = 0; i < image->n_binds; i++)
		if (copy_bind(c, root, &image->binds[i], err) < 0)
			return -1;
	return make_points(root, config, err);
}
