/* room.c - a private mount namespace with a tmpfs for what boxes are made of. */
#include "container/room.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel_calls.h"
#include "base/mem.h"

#define ROOM_OPTIONS "mode=711,size=64m,nr_inodes=65536"

void room_done(struct room *r)
{
	free(r->path);
	free(r->root);
	free(r->bundle);
	free(r->state);
	free(r->netns);
	free(r->peers);
	free(r->held);
	free(r->passwd);
	free(r->once);
	memset(r, 0, sizeof *r);
}

static void name_places(struct room *r, char *path)
{
	r->path = path;
	r->root = mem_printf("%s/root", path);
	r->bundle = mem_printf("%s/bundle", path);
	r->state = mem_printf("%s/state", path);
	r->netns = mem_printf("%s/netns", path);
	r->peers = mem_printf("%s/peers", path);
	r->held = mem_printf("%s/held", path);
	r->passwd = mem_printf("%s/passwd", path);
	r->once = mem_printf("%s/once", path);
}

int room_within(const struct room *outer, const char *name, struct room *ret, struct err *err)
{
	name_places(ret, name ? mem_printf("%s/%s", outer->path, name) : mem_strdup(outer->path));
	if (name && mkdir(ret->path, 0711) < 0 && errno != EEXIST)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", ret->path);
	return 0;
}

/* Over @path, in our mount namespace alone. Engines bind from there what boxes find in /dev. */
static int lay_node(const char *nodes, const char *path, unsigned number)
{
	AUTO_FREE char *own = mem_printf("%s%s", nodes, strrchr(path, '/'));
	const dev_t memory = makedev(1, number), terminal = makedev(5, number);
	if (access(path, F_OK) < 0)
		return 0;
	return mknod(own, S_IFCHR | 0666, number == 0 ? terminal : memory) < 0 ||
			       mount(own, path, NULL, MS_BIND, NULL) < 0 ?
		       -1 :
		       0;
}

/* A watch (inotify) on a node of the host would tell a box what the host and other boxes do with it. Where a
 * container or its list of devices forbids to make nodes, boxes get those that are there. The folder of our
 * nodes is covered by the room afterwards. */
static void lay_nodes(const struct room *r)
{
	static const struct {
		const char *path;
		unsigned number;
	} nodes[] = {
		{ "/dev/null", 3 },   { "/dev/zero", 5 },    { "/dev/full", 7 },
		{ "/dev/random", 8 }, { "/dev/urandom", 9 }, { "/dev/tty", 0 },
	};
	const mode_t mask = umask(0);
	if (mount("moulette", r->path, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=700,size=64k") == 0)
		for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
			if (lay_node(r->path, nodes[i].path, nodes[i].number) < 0)
				break;
	umask(mask);
}

int room_enter(const struct places *p, const char *hidden, struct room *ret, struct err *err)
{
	struct room r;
	name_places(&r, mem_printf("%s/room", p->run));
	*ret = r;
	if (unshare(CLONE_NEWNS) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot make a mount namespace (needs root with CAP_SYS_ADMIN; in "
			       "docker add --privileged, see README \"In a CI job\")");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the mounts private");
	/* Covered, not unmounted: crun writes into the folder that it then takes for its own. */
	if (hidden &&
	    mount("moulette", hidden, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m") < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot hide '%s' from the engine", hidden);
	if (fd_mkdir_p(r.path, 0711) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", r.path);
	lay_nodes(&r);
	if (mount("moulette", r.path, "tmpfs", MS_NOSUID | MS_NODEV, ROOM_OPTIONS) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot mount a tmpfs on '%s'", r.path);
	return 0;
}

int room_furnish(const struct room *r, struct err *err)
{
	const char *const dirs[] = { r->root, r->bundle, r->state, r->held, r->once };
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (mkdir(dirs[i], 0711) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", dirs[i]);
	return 0;
}

/* Does the image have @point? 1 yes, 0 no, -1 a symlink or a file of the wrong kind is there (errno
 * ELOOP, ENOTDIR or EISDIR), or the host cannot look. */
static int image_has(int root, const char *point, bool folder)
{
	AUTO_FD int fd = fd_open_beneath(root, point, O_PATH | O_CLOEXEC, 0);
	struct stat st;
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISDIR(st.st_mode) == folder)
		return 1;
	errno = folder ? ENOTDIR : EISDIR;
	return -1;
}

static int lend(int skeleton, const char *point, bool folder)
{
	AUTO_FREE char *parent = mem_strdup(point);
	char *slash = strrchr(parent, '/');
	if (folder || slash) {
		if (!folder)
			*slash = '\0';
		AUTO_FD int fd = fd_mkdir_beneath(skeleton, parent, 0755);
		if (fd < 0)
			return -1;
	}
	if (folder)
		return 0;
	AUTO_FD int fd = fd_open_beneath(skeleton, point, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? -1 : 0;
}

/* Sets *ret_any when the skeleton holds something. */
static int make_skeleton(const struct image *image, char *const *points, int skeleton,
			 bool *ret_any, struct err *err)
{
	AUTO_FD int root = open(image->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the rootfs '%s'",
			       image->rootfs);
	for (; points && *points; points++) {
		bool folder = (*points)[0] == 'd';
		const char *point = *points + 2;
		int has = image_has(root, point, folder);
		if (has < 0 && err_path_fault(errno) == FAULT_INFRA)
			return err_set(err, FAULT_INFRA, errno,
				       "image '%s': cannot examine the mount point '/%s'",
				       image->name, point);
		if (has < 0)
			return err_set(
				err, FAULT_USAGE, errno,
				"image '%s': cannot mount at '/%s': expected a %s there, reached "
				"without symlinks",
				image->name, point, folder ? "folder" : "file");
		AUTO_FREE char *closed = fd_closed_beneath(root, point);
		if (closed)
			return err_set(
				err, FAULT_USAGE, 0,
				"image '%s': cannot mount at '/%s': programs in the box cannot "
				"enter '/%s' because of its mode",
				image->name, point, closed);
		if (has == 0 && lend(skeleton, point, folder) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot make the mount point '/%s'",
				       point);
		*ret_any |= has == 0;
	}
	return 0;
}

int room_mount_root(const struct room *r, const struct image *image, char *const *points,
		    struct err *err)
{
	AUTO_FREE char *skeleton = mem_printf("%s/skeleton", r->path);
	if (mkdir(skeleton, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", skeleton);
	AUTO_FD int fd = open(skeleton, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool any = false;
	if (fd < 0 || make_skeleton(image, points, fd, &any, err) < 0)
		return -1;
	/* Bound first: the paths of an overlay's layers show in the box's mountinfo. */
	if (mount(image->rootfs, r->root, NULL, MS_BIND, NULL) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot mount the rootfs '%s'",
			       image->rootfs);
	AUTO_FREE char *options = mem_printf("lowerdir=%s:%s", r->root, skeleton);
	if (any && mount("overlay", r->root, "overlay", MS_RDONLY, options) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot add mount points over '%s'",
			       image->rootfs);
	return 0;
}

int room_write(const char *path, const struct buf *text, struct err *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0 ||
	    (text->len > 0 && fd_write_all(fd, text->data, text->len) < 0))
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", path);
	return 0;
}

static char *place_of(const struct room *r, size_t number)
{
	return mem_printf("%s/%zu", r->held, number);
}

static int make_place(const char *place, bool folder)
{
	if (folder)
		return mkdir(place, 0700);
	AUTO_FD int fd = open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : 0;
}

int room_hold(const struct room *r, const char *source, size_t number, bool ro, char **ret,
	      struct err *err)
{
	AUTO_FREE char *place = place_of(r, number);
	AUTO_FD int tree = open_tree(AT_FDCWD, source,
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	struct stat st;
	if (ro)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (tree < 0 || fstat(tree, &st) < 0 ||
	    mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0 ||
	    make_place(place, S_ISDIR(st.st_mode)) < 0 ||
	    move_mount(tree, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot bind '%s' with what is mounted below "
			       "it",
			       source);
	*ret = ptr_steal(&place);
	return 0;
}

static bool release(const struct room *r, size_t number)
{
	AUTO_FREE char *place = place_of(r, number);
	return umount2(place, MNT_DETACH) == 0;
}

void room_clear(const struct room *r)
{
	AUTO_FD int fd = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* The rootfs and, over it, what was lent. */
	umount2(r->root, MNT_DETACH);
	umount2(r->root, MNT_DETACH);
	umount2(r->netns, MNT_DETACH);
	for (size_t i = 0; release(r, i); i++)
		;
	tree_remove(fd);
}
