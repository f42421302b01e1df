/* area.c - the writable places of a box, and their state between tests. */
#include "container/area.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel_calls.h"
#include "base/mem.h"
#include "container/area_watch.h"

#define INODES_MIN 4096
#define INODES_MAX 1048576
/* Folders and links cost no block of a tmpfs, so a block an inode is ample. */
#define BYTES_PER_INODE 1024

static int64_t inodes_for(const struct area *a, int64_t bytes)
{
	int64_t n = bytes / BYTES_PER_INODE;
	if (a->inodes_max > 0)
		return a->inodes_max;
	return n < INODES_MIN ? INODES_MIN : n > INODES_MAX ? INODES_MAX : n;
}

/* noatime: reading must leave no trace that a later test could read. */
static unsigned long mount_flags(const struct area *a)
{
	return MS_NOSUID | MS_NODEV | MS_NOATIME | (a->noexec ? MS_NOEXEC : 0);
}

static int mount_tmpfs(const struct area *a, const char *path, int64_t bytes, int64_t inodes)
{
	AUTO_FREE char *options =
		mem_printf("mode=%o,uid=%u,gid=%u,size=%" PRId64 ",nr_inodes=%" PRId64,
			   (unsigned)a->mode, (unsigned)a->uid, (unsigned)a->gid, bytes, inodes);
	return mount("area", path, "tmpfs", mount_flags(a), options);
}

int area_make(const struct area_options *opt, struct area *ret, struct err *err)
{
	struct area a = { .uid = opt->uid,
			  .gid = opt->gid,
			  .mode = opt->mode,
			  .noexec = opt->noexec,
			  .home = opt->home,
			  .home_uid = opt->home_uid,
			  .bytes = opt->bytes,
			  .inodes_max = opt->inodes_max,
			  .watch = opt->watch };
	a.at = mem_strdup(opt->at);
	a.base = mem_printf("%s/%s", opt->room, opt->name);
	a.upper = mem_printf("%s/%s.test", opt->room, opt->name);
	a.source = mem_strdup(a.base);
	a.view = mem_printf("%s/%s.view", opt->room, opt->name);
	a.low = mem_printf("%s/%s.low", opt->room, opt->name);
	*ret = a;
	if (mkdir(a.base, 0711) < 0 || mkdir(a.upper, 0711) < 0 || mkdir(a.view, 0711) < 0 ||
	    mkdir(a.low, 0711) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make '%s'", a.base);
	if (mount_tmpfs(&a, a.base, opt->bytes, opt->inodes) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot mount a tmpfs on '%s'", a.base);
	return 0;
}

int area_enter(struct area *a, const char *top, struct err *err)
{
	AUTO_FREE char *from = *top ? mem_printf("%s/%s", a->base, top) : mem_strdup(a->base);
	if (mount(from, a->low, NULL, MS_BIND, NULL) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot bind '%s'", from);
	free(a->source);
	a->source = mem_strdup(a->low);
	return 0;
}

/* Whatever we did next would be done to the box's tree: the kernel cleans up after us. */
void area_leave_box(int own_mnt)
{
	if (setns(own_mnt, CLONE_NEWNS) == 0)
		return;
	fprintf(stderr,
		"moulette: cannot return to the host's mount namespace from that "
		"of a box: %s; this run ends, and 'moulette gc' removes its "
		"leftovers\n",
		strerror(errno));
	_exit(3);
}

/* In the place of the mount that the engine made. */
static int show_low(const struct area *a, int box_mnt, int own_mnt, struct err *err)
{
	AUTO_FD int tree = open_tree(AT_FDCWD, a->low, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || setns(box_mnt, CLONE_NEWNS) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot mount '%s' for the box", a->low);
	int bad = umount2(a->at, MNT_DETACH) < 0 ||
		  move_mount(tree, "", AT_FDCWD, a->at, MOVE_MOUNT_F_EMPTY_PATH) < 0;
	if (bad)
		err_set(err, FAULT_INFRA, errno, "cannot mount '%s' in the box", a->at);
	area_leave_box(own_mnt);
	return bad ? -1 : 0;
}

int area_enter_late(struct area *a, const char *top, int box_mnt, int own_mnt, struct err *err)
{
	if (!*top)
		return 0;
	umount2(a->low, MNT_DETACH);
	return area_enter(a, top, err) < 0 ? -1 : show_low(a, box_mnt, own_mnt, err);
}

/* Whatever a step put in its place goes as well. */
static int remove_home(const struct area *a, struct err *err)
{
	if (!a->home)
		return 0;
	AUTO_FD int base = open(a->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base < 0 || tree_remove_at(base, a->home) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot empty the home in '%s'", a->at);
	return 0;
}

/* In the folder @top, where none is. -1: errno. */
static int make_home(const struct area *a, const char *top)
{
	if (!a->home)
		return 0;
	AUTO_FREE char *path = mem_printf("%s/%s", top, a->home);
	return mkdir(path, 0700) < 0 ? -1 : chown(path, a->home_uid, a->home_uid);
}

/* The home is made last: a step that left no inode free does not keep the next one from its home. */
int area_allow(const struct area *a, int64_t bytes, struct err *err)
{
	struct statfs st;
	if (remove_home(a, err) < 0)
		return -1;
	if (statfs(a->base, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot examine '%s'", a->base);
	int64_t used = (int64_t)(st.f_blocks - st.f_bfree) * st.f_bsize;
	int64_t inodes = (int64_t)(st.f_files - st.f_ffree);
	/* Options that are not named keep their values on a remount of tmpfs. */
	AUTO_FREE char *options = mem_printf("size=%" PRId64 ",nr_inodes=%" PRId64, used + bytes,
					     inodes + inodes_for(a, bytes));
	if (mount(NULL, a->base, NULL, MS_REMOUNT | mount_flags(a), options) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot set the size of '%s'", a->base);
	if (make_home(a, a->base) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make the home in '%s'", a->at);
	return 0;
}

/* Return: 1 empty, 0 not, -1 with errno. */
static int is_empty(const char *path)
{
	AUTO_DIR DIR *dir = opendir(path);
	struct dirent *e;
	if (!dir)
		return -1;
	errno = 0;
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return 0;
	return errno ? -1 : 1;
}

int area_freeze(struct area *a, struct err *err)
{
	struct stat st;
	if (remove_home(a, err) < 0)
		return -1;
	int empty = is_empty(a->source);
	if (empty < 0 || stat(a->source, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot examine '%s'", a->source);
	/* A build that changed the folder's own mode or owner left something, too. */
	a->empty = empty && st.st_uid == a->uid && (st.st_mode & 07777) == a->mode;
	a->frozen = true;
	a->dirty = true;
	return 0;
}

static int fsset(int fs, const char *key, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0);
}

/* The overlay's root shows owner, mode and times of the upper folder: give it the lower's. */
static int copy_root(const char *from, const char *to)
{
	struct stat st;
	if (stat(from, &st) < 0 || chown(to, st.st_uid, st.st_gid) < 0 ||
	    chmod(to, st.st_mode & 07777) < 0)
		return -1;
	const struct timespec times[2] = { st.st_atim, st.st_mtim };
	return utimensat(AT_FDCWD, to, times, 0);
}

static char *layer_path(const struct area *a, const char *name)
{
	return a->empty ? mem_strdup(a->upper) : mem_printf("%s/%s", a->upper, name);
}

/* Return: a detached mount of the overlay, -1 with errno. */
static int make_overlay(const struct area *a)
{
	AUTO_FREE char *up = layer_path(a, "up");
	AUTO_FREE char *work = layer_path(a, "work");
	if (mkdir(up, 0700) < 0 || mkdir(work, 0700) < 0 || make_home(a, up) < 0 ||
	    copy_root(a->source, up) < 0)
		return -1;
	AUTO_FD int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	/* Without redirect_dir a rename of a built folder is EXDEV, without index hard links break. */
	if (fs < 0 || fsset(fs, "lowerdir", a->source) < 0 || fsset(fs, "upperdir", up) < 0 ||
	    fsset(fs, "workdir", work) < 0 || fsset(fs, "redirect_dir", "on") < 0 ||
	    fsset(fs, "index", "on") < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC,
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME |
			       (a->noexec ? MOUNT_ATTR_NOEXEC : 0));
}

/* Likewise. */
static int make_layer(const struct area *a)
{
	if (!a->empty)
		return make_overlay(a);
	return make_home(a, a->upper) < 0 ?
		       -1 :
		       open_tree(AT_FDCWD, a->upper, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* Stacked mounts come off from the top: the last test's layer, before the new one goes on. */
static int replace_layer(struct area *a, const char *at, int layer, struct err *err)
{
	if (a->mounted && umount2(at, MNT_DETACH) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot unmount '%s' in the box", at);
	a->mounted = false;
	if (move_mount(layer, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot mount '%s' in the box", at);
	a->mounted = true;
	return 0;
}

/* The way into the box's namespace and back costs nothing that a test could see. */
static int attach(struct area *a, int layer, int box_mnt, int own_mnt, struct err *err)
{
	if (box_mnt < 0)
		return replace_layer(a, a->view, layer, err);
	if (setns(box_mnt, CLONE_NEWNS) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot enter the mount namespace of the box");
	int bad = replace_layer(a, a->at, layer, err);
	area_leave_box(own_mnt);
	return bad;
}

static void forget_clean(struct area *a)
{
	if (!a->has_upper)
		return;
	fd_close(&a->root.fd);
	fd_close(&a->home_root.fd);
}

/* Kept open, so that no path is walked after every step; it keeps the file system too. */
static int note_folder(struct area_folder *w, const char *path, struct err *err)
{
	w->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->fd < 0 || fstat(w->fd, &w->clean) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot examine '%s'", path);
	return 0;
}

static int note_clean(struct area *a, struct err *err)
{
	AUTO_FREE char *up = layer_path(a, "up");
	AUTO_FREE char *home = a->home ? mem_printf("%s/%s", up, a->home) : NULL;
	if (note_folder(&a->root, up, err) < 0)
		return -1;
	return home ? note_folder(&a->home_root, home, err) : 0;
}

int area_renew(struct area *a, int64_t bytes, int box_mnt, int own_mnt, struct err *err)
{
	if (!a->dirty && a->bytes == bytes)
		return 0;
	forget_clean(a);
	if (a->has_upper)
		umount2(a->upper, MNT_DETACH);
	a->has_upper = false;
	if (mount_tmpfs(a, a->upper, bytes, inodes_for(a, bytes)) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot mount a tmpfs on '%s'", a->upper);
	a->has_upper = true;
	a->root.fd = a->home_root.fd = -1;
	AUTO_FD int layer = make_layer(a);
	if (layer < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a clean layer for '%s'",
			       a->at);
	if (attach(a, layer, box_mnt, own_mnt, err) < 0)
		return -1;
	a->bytes = bytes;
	if (note_clean(a, err) < 0)
		return -1;
	a->unwatched = area_watch_add(a->watch, a->upper, &a->watched) < 0;
	a->dirty = false;
	return 0;
}

void area_detached(struct area *a)
{
	a->mounted = false;
	a->dirty = a->frozen;
}

static bool same_time(struct timespec x, struct timespec y)
{
	return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
}

struct area_list {
	struct area *areas;
	size_t n;
};

static void note_gone(void *ctx, const fsid_t *where)
{
	const struct area_list *list = ctx;
	for (size_t i = 0; i < list->n; i++)
		list->areas[i].dirty |=
			list->areas[i].mounted &&
			(!where || memcmp(where, &list->areas[i].watched, sizeof *where) == 0);
}

/* Times are compared too: each carries bits that one test could leave for the next. */
static bool is_touched(const struct area_folder *w)
{
	const struct stat *old = &w->clean;
	struct stat now;
	/* The size of a folder of tmpfs counts its entries. */
	return fstat(w->fd, &now) < 0 || now.st_size != old->st_size ||
	       now.st_mode != old->st_mode || now.st_uid != old->st_uid ||
	       now.st_gid != old->st_gid || !same_time(now.st_atim, old->st_atim) ||
	       !same_time(now.st_mtim, old->st_mtim) || !same_time(now.st_ctim, old->st_ctim);
}

static void check_folders(struct area *a)
{
	if (a->mounted && !a->dirty)
		a->dirty = a->unwatched || is_touched(&a->root) ||
			   (a->home && is_touched(&a->home_root));
}

void areas_check(struct area *areas, size_t n)
{
	struct area_list list = { areas, n };
	area_watch_read(areas[0].watch, note_gone, &list);
	for (size_t i = 0; i < n; i++)
		check_folders(&areas[i]);
}

const char *area_source(const struct area *a)
{
	return a->mounted ? a->view : a->source;
}

enum area_fill area_fill(const struct area *a)
{
	struct statfs st;
	int bad = a->mounted ? fstatfs(a->root.fd, &st) : statfs(a->base, &st);
	return bad || (st.f_bfree > 0 && st.f_ffree > 0) ? AREA_HAS_ROOM :
	       st.f_bfree == 0                           ? AREA_NO_BLOCKS :
							   AREA_NO_INODES;
}

void area_close(struct area *a)
{
	forget_clean(a);
	if (a->view)
		umount2(a->view, MNT_DETACH); /* EINVAL where the layer went into a box */
	if (a->low)
		umount2(a->low, MNT_DETACH);
	if (a->has_upper)
		umount2(a->upper, MNT_DETACH);
	if (a->base)
		umount2(a->base, MNT_DETACH);
	free(a->at);
	free(a->base);
	free(a->upper);
	free(a->view);
	free(a->low);
	free(a->source);
	memset(a, 0, sizeof *a);
}
