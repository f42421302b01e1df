/* internal.h - what the files of the image stage share; nobody else includes it. */
#ifndef MOULETTE_IMAGE_INTERNAL_H
#define MOULETTE_IMAGE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/err.h"
#include "model/image.h"
#include "model/places.h"

/* Ceilings that no image of a course comes near; they bound the memory and the inodes that a
 * damaged or hostile archive can take. Paths: PATH_MAX of Linux, less its NUL. */
#define IMAGE_MAX_DEPTH 256
#define IMAGE_MAX_ENTRIES INT64_C(4000000)
#define IMAGE_MAX_PATH 4095
#define IMAGE_NAME_MAX 200
/* What a tar may have on top of what it unpacks to, beside its share: headers, padding. Bytes. */
#define IMAGE_HEADROOM (INT64_C(64) << 20)

/** path_tail() - what a message shows of a path, so that its cause is not cut off. */
static inline const char *path_tail(const char *path)
{
	size_t len = strlen(path);
	return len > 160 ? path + len - 160 : path;
}

/* ---- meta.c: image.json ---- */

/** A file of the host on whose content an image depends, as it was when the image was made. */
struct state_stamp {
	char *path;
	int64_t bytes, inode, mtime_ns, ctime_ns; /* bytes -1: there was no such file */
};

struct image_meta {
	struct image image; /* rootfs is not stored: it follows from the place of the store */
	int64_t bytes, entries;
	char *recipe_sha256; /* NULL: imported */
	struct state_stamp *state;
	size_t n_state;
};

int meta_write(int dir, const struct image_meta *m, struct err *err);
/** meta_load() - from the folder @dir of an image. A damaged file is FAULT_INFRA. */
int meta_load(int dir, const char *name, struct image_meta *ret, struct err *err);
void meta_done(struct image_meta *m);
void meta_add_bind(struct image *i, const char *source, const char *destination);

/* ---- state.c: the packages of the host ---- */

/** state_take() - stamp every file of @paths, and "sha256:..." over those that exist. */
int state_take(char *const *paths, struct image_meta *m, struct err *err);
bool state_is_fresh(const struct image_meta *m);

/* ---- folder.c: an image while it is made ---- */

/** A locked folder below images/ with a name that marks it as unfinished. */
struct image_folder {
	int images, dir, rootfs; /* owned; -1: not open */
	char name[48];
};
#define IMAGE_FOLDER_NONE                             \
	{                                             \
		.images = -1, .dir = -1, .rootfs = -1 \
	}
#define AUTO_FOLDER __attribute__((cleanup(folder_drop))) struct image_folder

/** images_open() - a descriptor of images/, which is made when it is missing. */
int images_open(const struct places *p, int *ret_fd, struct err *err);
int folder_new(const struct places *p, struct image_folder *ret, struct err *err);
/**
 * folder_commit() - list the tree, write image.json, give the folder its name in one step
 * @m: gets the digest of the tree when it has none
 *
 * An image of that name is replaced and removed; one that a run holds is FAULT_USAGE ("in use").
 */
int folder_commit(struct image_folder *f, struct image_meta *m, struct err *err);
/** folder_drop() - remove what is there (nothing after a commit) and close. */
void folder_drop(struct image_folder *f);
/** folder_flock() - flock(2), whatever signals come. */
int folder_flock(int fd, int how);
/**
 * image_lock() - lock the folder of an image: LOCK_SH for a run, LOCK_EX | LOCK_NB to replace it
 * Return: 1 locked, 0 no such image, -1 with @err (FAULT_USAGE: in use).
 */
int image_lock(int images, const char *name, int how, int *ret_dir, struct err *err);
/** folder_throw_away() - the folder @dir, which is @name in @from and locked for us alone, leaves
 *  the store. */
int folder_throw_away(int images, int from, const char *name, int dir, struct err *err);

/* ---- walk.c: every entry of a tree ---- */

struct walk_entry {
	int dir;               /* folder that holds the entry */
	const char *name;      /* name in @dir; "." for the top */
	const char *path;      /* from the top; "." for the top */
	const struct stat *st; /* lstat(2) */
	bool after;            /* a folder again, when all that it holds was seen */
};
/** Return: 0 go on, 1 do not enter this folder, -1 stop with @err. */
typedef int walk_fn(void *ctx, const struct walk_entry *e, struct err *err);

/** walk_tree() - the top first, names sorted by bytes, links unfollowed; other file systems are
 *  seen as empty folders. Deeper than IMAGE_MAX_DEPTH: FAULT_USAGE. */
int walk_tree(int top, walk_fn *fn, void *ctx, struct err *err);

/** xattr_is_kept() - is an attribute of this name a part of an image? */
static inline bool xattr_is_kept(const char *name)
{
	return strncmp(name, "user.", 5) == 0;
}

/** xattr_names() - the attributes of an open file as sorted heap strings (NULL-terminated). */
int xattr_names(int fd, char ***ret);

/* ---- rootfs_writer.c, finish.c: entries beneath a folder ---- */

struct entry_attr {
	mode_t mode; /* type and permission bits */
	int64_t uid, gid;
	struct timespec mtime;
};

struct writer {
	int root; /* borrowed; links in the middle of a path never lead out of it */
	int64_t max_bytes;
	int64_t bytes, entries; /* written; after rootfs_writer_finish(): of the tree */
	int64_t setid, devices, capabilities, pipes; /* counted by rootfs_writer_finish() */
	int64_t open_folders; /* that everybody may write to, but for the usual ones */
	char open_folder[64]; /* the first of them, shortened */
	void *times; /* of folders, by inode: what is written into a folder changes its time */
	void *marks; /* what was left out, by inode */
};

int rootfs_writer_init(struct writer *w, int root, int64_t max_bytes, struct err *err);
void rootfs_writer_done(struct writer *w);
/*
 * Every path is cleaned first: leading "/" and "." go, ".." is refused. Missing parents are made
 * (0755, root, 1970). What stood there is replaced, except that a folder stays one. Refusals are
 * FAULT_USAGE and name the entry.
 */
/** rootfs_writer_drop() - an entry that an image has no use for: a device (counted), socket, fifo. */
int rootfs_writer_drop(struct writer *w, const char *path, const struct entry_attr *a,
		       struct err *err);
/** rootfs_writer_folder() - @ret_fd may be NULL. */
int rootfs_writer_folder(struct writer *w, const char *path, const struct entry_attr *a,
			 int *ret_fd, struct err *err);
/** rootfs_writer_file() - a new, empty file; then rootfs_writer_data(), rootfs_writer_xattr(), at last rootfs_writer_seal(). */
int rootfs_writer_file(struct writer *w, const char *path, int *ret_fd, struct err *err);
/** rootfs_writer_data() - with @len 0 the file ends in a hole that reaches to @offset. */
int rootfs_writer_data(struct writer *w, int fd, int64_t offset, const void *data, size_t len,
		       struct err *err);
/** rootfs_writer_claim() - would @len more bytes be too much? */
int rootfs_writer_claim(const struct writer *w, int64_t len, struct err *err);
int rootfs_writer_seal(struct writer *w, int fd, const struct entry_attr *a, struct err *err);
/** rootfs_writer_xattr() - user.* is kept, a file capability is counted, all else is left out. */
int rootfs_writer_xattr(struct writer *w, int fd, const char *name, const void *value, size_t len,
			struct err *err);
int rootfs_writer_symlink(struct writer *w, const char *path, const char *target,
			  const struct entry_attr *a, struct err *err);
int rootfs_writer_hardlink(struct writer *w, const char *path, const char *target, struct err *err);
/** rootfs_writer_link() - a finished file from elsewhere: @name in the folder @dir; @marks: MARK_*. */
int rootfs_writer_link(struct writer *w, const char *path, int dir, const char *name,
		       unsigned int marks, struct err *err);
/** rootfs_writer_hide() - what a whiteout names goes, with @content all that a folder holds (""
 *  is the top). A name that is not there, or only through a link, is no error. */
int rootfs_writer_hide(struct writer *w, const char *path, bool content, struct err *err);
/** rootfs_writer_count() - one entry more; the calls above do it themselves. */
int rootfs_writer_count(struct writer *w, struct err *err);
/** rootfs_writer_finish() - times of folders; /tmp gets 1777; what was dropped is removed and
 *  counted; the mount points of a box are checked. */
int rootfs_writer_finish(struct writer *w, struct err *err);

/** times_remember() - the time that rootfs_writer_finish() gives to the folder @fd. -1: errno. */
int times_remember(struct writer *w, int fd, struct timespec mtime);

/* ---- marks.c: what was left out of a file or folder, by its inode ---- */

#define MARK_SETID 1u      /* set-id bits */
#define MARK_CAPABILITY 2u /* a file capability */
#define MARK_DEVICE 4u     /* holds the place of a device */
#define MARK_GONE 8u       /* holds the place of a socket or fifo */
#define MARK_COUNTED 16u   /* the bits are */
#define MARK_SIZED 32u     /* its size is */

/** mark_add() - also @marks for the open file @fd. -1: errno. */
int mark_add(struct writer *w, int fd, unsigned int marks);
int mark_inode(struct writer *w, ino_t ino, unsigned int marks);
/** mark_clear() - @fd was made just now; an inode that came back has nothing of the old one. */
void mark_clear(struct writer *w, int fd);
/** mark_of() - NULL: none. */
unsigned int *mark_of(const struct writer *w, ino_t ino);
void marks_free(struct writer *w);

/* ---- where trees come from ---- */

/** extract_tar() - every entry of the tar at @fd. FAULT_USAGE: not a tar, damaged, refused. */
int extract_tar(int fd, struct writer *w, struct err *err);
/** copy_folder() - every entry below @source. @only_public: leave out what others cannot read. */
int copy_folder(int source, const char *to, bool only_public, struct writer *w, struct err *err);
/** copy_file() - one regular file. */
int copy_file(int source, const char *to, struct writer *w, struct err *err);

/* ---- recipe_names.c ---- */

#define RECIPE_MAX (1 << 20)
/** recipe_path() - of the file, there or not; on the heap. */
char *recipe_path(const struct places *p, const char *name);
/** recipe_exists() - is there a recipe of that name? */
bool recipe_exists(const struct places *p, const char *name);
/** recipe_list() - names of the recipes, appended to *@names. */
void recipe_list(const struct places *p, char ***names);
/** recipe_changed() - does @m, made by recipe, differ from what the recipe would make now? */
bool recipe_changed(const struct places *p, const struct image_meta *m);

/* ---- store.c, name.c ---- */

/** image_find() - the folder of an image that is there, locked as image_lock() does. Unknown:
 *  FAULT_USAGE, listing what there is. */
int image_find(const struct places *p, const char *name, int how, int *ret_dir, struct err *err);

/** name_check() - as tags of images are: components of letters, digits, '.', '_' and '-', divided
 *  by '/' or ':'; each begins with a letter or digit; at most IMAGE_NAME_MAX. */
int name_check(const char *name, struct err *err);
/** name_to_folder() - of a valid name its folder in images/; folder_to_name() the other way. */
void name_to_folder(const char *name, char ret[IMAGE_NAME_MAX + 1]);
void folder_to_name(const char *folder, char ret[IMAGE_NAME_MAX + 1]);

#endif
