/*
 * recipe.c - bundles/NAME/recipe becomes image NAME.
 *
 * A recipe is JSON; bundles/busybox/README tells its keys. What it makes has the owner root and the
 * time 1970, what it copies keeps both, so that the same programs give the same digest.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/host_copy.h"
#include "archive/rootfs_writer.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/signals.h"
#include "image/folder.h"
#include "image/maker.h"
#include "image/meta.h"
#include "image/recipe_names.h"
#include "image/state.h"
#include "model/places.h"
#include "recipe/recipe_debian.h"
#include "recipe/recipe_packages.h"
#include "recipe/recipe_program.h"

struct cook {
	const char *where; /* path of the recipe, for messages */
	char *const *more; /* paths of the host that its settings add to image `host`, or NULL */
	struct image_folder *f;
	const char *path; /* of the folder */
	struct writer w;
	struct image_meta *m;
};

static int add_folders(struct cook *c, struct json_object *o, struct err *err)
{
	struct json_object *all = NULL;
	if (json_get_obj(o, c->where, "folders", &all, err) < 0)
		return -1;
	if (!all)
		return 0;
	json_object_object_foreach(all, path, mode) {
		const char *text = json_object_get_string(mode);
		char *end = NULL;
		struct entry_attr a = { .mode = 0 };
		unsigned long bits = text ? strtoul(text, &end, 8) : 0;
		if (!text || end == text || *end || bits > 01777)
			return err_set(err, FAULT_USAGE, 0,
				       "%s.folders: '%s' has mode '%s', expected octal digits such "
				       "as 0755",
				       c->where, path, text ? text : "null");
		a.mode = S_IFDIR | (mode_t)bits;
		if (rootfs_writer_folder(&c->w, path, &a, NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* A script can be run. */
static int add_text(struct cook *c, const char *path, const char *text, size_t len, struct err *err)
{
	bool script = len > 2 && memcmp(text, "#!", 2) == 0;
	const struct entry_attr a = { .mode = S_IFREG | (script ? 0755u : 0644u) };
	AUTO_FD int fd = -1;

	return rootfs_writer_file(&c->w, path, &fd, err) < 0 ||
			       rootfs_writer_data(&c->w, fd, 0, text, len, err) < 0 ||
			       rootfs_writer_seal(&c->w, fd, &a, err) < 0 ?
		       -1 :
		       0;
}

static int add_files(struct cook *c, struct json_object *o, struct err *err)
{
	struct json_object *all = NULL;
	if (json_get_obj(o, c->where, "files", &all, err) < 0)
		return -1;
	if (!all)
		return 0;
	json_object_object_foreach(all, path, value) {
		AUTO_STRV lines = NULL;
		AUTO_BUF text = { 0 };
		(void)value;
		if (json_get_strv(all, c->where, path, &lines, err) < 0)
			return -1;
		for (size_t i = 0; lines[i]; i++)
			buf_printf(&text, "%s\n", lines[i]);
		if (add_text(c, path, text.len ? text.data : "", text.len, err) < 0)
			return -1;
	}
	return 0;
}

static int add_links(struct cook *c, struct json_object *o, struct err *err)
{
	const struct entry_attr a = { .mode = S_IFLNK | 0777 };
	struct json_object *all = NULL;
	if (json_get_obj(o, c->where, "links", &all, err) < 0)
		return -1;
	if (!all)
		return 0;
	json_object_object_foreach(all, path, value) {
		AUTO_FREE char *target = NULL;
		(void)value;
		if (json_get_str(all, c->where, path, &target, err) < 0 ||
		    rootfs_writer_symlink(&c->w, path, target, &a, err) < 0)
			return -1;
	}
	return 0;
}

/* A link of the host stays the link that it is: merged /bin, /etc/localtime. */
static int add_host_link(struct cook *c, const char *path, struct err *err)
{
	const struct entry_attr a = { .mode = S_IFLNK | 0777 };
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read link '%s'", path);
	target[len] = '\0';
	return rootfs_writer_symlink(&c->w, path, target, &a, err);
}

static int add_bind(struct cook *c, const char *path, const struct stat *st, struct err *err)
{
	const struct entry_attr folder = { .mode = S_IFDIR | 0755 };

	if (S_ISLNK(st->st_mode))
		return add_host_link(c, path, err);
	if (S_ISDIR(st->st_mode) ? rootfs_writer_folder(&c->w, path, &folder, NULL, err) < 0 :
				   add_text(c, path, "", 0, err) < 0)
		return -1;
	meta_add_bind(&c->m->image, path, path);
	return 0;
}

/* What not everybody may read has no place in an image, whatever the recipe says. */
static int add_copy(struct cook *c, const char *path, const struct stat *st, struct err *err)
{
	if (S_ISLNK(st->st_mode))
		return add_host_link(c, path, err);
	if (!(st->st_mode & S_IROTH))
		return 0;
	AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", path);
	return S_ISDIR(st->st_mode) ? host_copy_folder(fd, path, true, &c->w, err) :
				      host_copy_file(fd, path, &c->w, err);
}

typedef int add_fn(struct cook *c, const char *path, const struct stat *st, struct err *err);

static int add_matches(struct cook *c, const char *pattern, add_fn *add, struct err *err)
{
	glob_t g = { 0 };
	int got = glob(pattern, 0, NULL, &g), failed = 0;

	if (got != 0 && got != GLOB_NOMATCH)
		failed = err_set(err, FAULT_INFRA, errno, "cannot look for '%s'", pattern);
	for (size_t i = 0; !failed && i < g.gl_pathc; i++) {
		struct stat st;
		if (lstat(g.gl_pathv[i], &st) < 0)
			continue;
		if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
			failed = add(c, g.gl_pathv[i], &st, err);
	}
	globfree(&g);
	return failed;
}

static int add_of_host(struct cook *c, struct json_object *o, const char *key, add_fn *add,
		       struct err *err)
{
	AUTO_STRV patterns = NULL;

	if (json_get_strv(o, c->where, key, &patterns, err) < 0)
		return -1;
	for (size_t i = 0; patterns && patterns[i]; i++) {
		if (patterns[i][0] != '/' || strstr(patterns[i], "/.."))
			return err_set(err, FAULT_USAGE, 0,
				       "%s.%s: '%s' is not an absolute path without '..'", c->where,
				       key, patterns[i]);
		if (add_matches(c, patterns[i], add, err) < 0)
			return -1;
	}
	return 0;
}

#define PACKAGED_FILE_MAX (16 << 20)
#define PACKAGED_MAX (INT64_C(256) << 20)

/* An image must not fail for what one package has: what is large stays away. */
static int add_packaged(struct cook *c, struct json_object *o, struct err *err)
{
	struct json_object *packaged = NULL;
	AUTO_FREE char *where = mem_printf("%s.packaged", c->where);
	AUTO_STRV paths = NULL;
	int64_t sum = 0;

	if (json_get_obj(o, c->where, "packaged", &packaged, err) < 0)
		return -1;
	if (packaged && recipe_packages_files(packaged, where, &paths, err) < 0)
		return -1;
	for (char *const *path = paths; path && *path; path++) {
		struct stat st;
		if (lstat(*path, &st) < 0 || st.st_size > PACKAGED_FILE_MAX ||
		    sum + st.st_size > PACKAGED_MAX)
			continue;
		sum += st.st_size;
		if (add_copy(c, *path, &st, err) < 0)
			return -1;
	}
	return 0;
}

/* Settings of this host: a folder is bound, a file copied. */
static int add_more(struct cook *c, struct err *err)
{
	for (char *const *path = c->more; path && *path; path++) {
		struct stat st;
		if (lstat(*path, &st) < 0)
			return err_set(err, FAULT_USAGE, errno, "%s.host_image: '%s'", PLACES_CONF,
				       *path);
		if (S_ISDIR(st.st_mode) ? add_bind(c, *path, &st, err) < 0 :
					  add_copy(c, *path, &st, err) < 0)
			return -1;
	}
	return 0;
}

static int add_debian(struct cook *c, struct json_object *o, struct err *err)
{
	struct json_object *debian = NULL;
	struct debian d = { 0 };

	if (json_get_obj(o, c->where, "debian", &debian, err) < 0)
		return -1;
	if (!debian)
		return 0;
	int got = recipe_debian_load(debian, c->where, &d, err);
	if (got == 0)
		got = recipe_debian_make(&d, c->f, c->path, c->m, err);
	recipe_debian_done(&d);
	return got;
}

static int add_program(struct cook *c, struct json_object *o, struct err *err)
{
	struct json_object *program = NULL;
	if (json_get_obj(o, c->where, "program", &program, err) < 0)
		return -1;
	return program ? recipe_program(&c->w, program, c->where, err) : 0;
}

static int cook(struct cook *c, struct json_object *o, struct err *err)
{
	static const char *const keys[] = { "description", "debian", "program", "folders",
					    "files",       "links",  "bind",    "packaged",
					    "copy",        "state",  "env",     "working_dir",
					    NULL };
	AUTO_STRV state = NULL;

	if (json_only_keys(o, c->where, keys, err) < 0 ||
	    json_get_env(o, c->where, "env", &c->m->image.env, err) < 0 ||
	    json_get_str(o, c->where, "working_dir", &c->m->image.working_dir, err) < 0 ||
	    json_get_strv(o, c->where, "state", &state, err) < 0)
		return -1;
	/* In this order: what is said explicitly replaces what came along. */
	if (add_debian(c, o, err) < 0 || add_program(c, o, err) < 0 ||
	    add_packaged(c, o, err) < 0 || add_of_host(c, o, "copy", add_copy, err) < 0 ||
	    add_folders(c, o, err) < 0 || add_files(c, o, err) < 0 || add_links(c, o, err) < 0 ||
	    add_of_host(c, o, "bind", add_bind, err) < 0 || add_more(c, err) < 0 ||
	    rootfs_writer_finish(&c->w, err) < 0)
		return -1;
	c->m->bytes = c->w.bytes;
	c->m->entries = c->w.entries;
	/* Without a state the digest is that of the tree, which folder_commit() takes. */
	return state ? state_take(state, c->m, err) : 0;
}

static int make_in(struct image_folder *f, const char *path, const char *where, char *const *more,
		   struct image_meta *m, struct err *err)
{
	AUTO_BUF text = { 0 };
	AUTO_JSON *o = NULL;
	char hex[DIGEST_HEX];
	struct cook c = { .where = where, .more = more, .f = f, .path = path, .m = m };

	if (file_read(AT_FDCWD, where, &text, RECIPE_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read recipe '%s'", where);
	digest_bytes(text.data, text.len, hex);
	m->recipe_sha256 = mem_strdup(hex);
	if (json_parse(where, text.data, text.len, &o, err) < 0 ||
	    rootfs_writer_init(&c.w, f->rootfs, INT64_C(1) << 30, err) < 0)
		return -1;
	int got = cook(&c, o, err);
	rootfs_writer_done(&c.w);
	return got;
}

static int make_and_commit(const struct places *p, struct image_meta *m, struct err *err)
{
	AUTO_FOLDER f = IMAGE_FOLDER_NONE;
	AUTO_FREE char *where = recipe_path(p, m->image.name);

	if (folder_new(p, &f, err) < 0)
		return -1;
	AUTO_FREE char *path = mem_printf("%s/%s", p->images, f.name);
	char *const *more = strcmp(m->image.name, "host") == 0 ? p->host_image : NULL;
	return make_in(&f, path, where, more, m, err) < 0 ? -1 : folder_commit(&f, m, err);
}

int image_make_here(const struct places *p, const char *name, struct err *err)
{
	struct image_meta m = { .image.name = mem_strdup(name) };
	sigset_t ending, before;

	/* Ctrl-C ends the program where the mask is given back: when what was begun is away. */
	signals_ending(&ending);
	sigprocmask(SIG_BLOCK, &ending, &before);
	int got = make_and_commit(p, &m, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	meta_done(&m);
	return got < 0 ? err_wrap(err, "cannot build image '%s'", name) : 0;
}
