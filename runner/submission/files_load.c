/* files_load.c - reads `files` of the assignment and of peers, and checks that they expose no
 * expected output. */
#include "submission/files_load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json_table.h"
#include "base/mem.h"
#include "submission/filetree.h"

#define PATH_BYTES_MAX 1024
#define NAME_BYTES_MAX 255

/* A file that no box may see, identified by its inode: hard and symbolic links do not hide it. */
struct secret {
	dev_t dev;
	ino_t ino;
	const char *path;
};

struct secrets {
	struct secret *list;
	size_t n;
};

static int add_secret(struct secrets *s, const char *path, struct err *err)
{
	struct stat st;
	if (!path)
		return 0;
	/* Without its inode it could not be recognised. */
	if (stat(path, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "cannot read '%s'", path);
	s->list = mem_realloc(s->list, (s->n + 1) * sizeof *s->list);
	s->list[s->n++] = (struct secret){ st.st_dev, st.st_ino, path };
	return 0;
}

/* One key `files`, and the mounts of the box that it is for. */
struct loading {
	const char *dir; /* the assignment's */
	const struct secrets *secrets;
	const struct file_spec *shared; /* of the assignment: in the box of a peer as well */
	size_t n_shared;
	struct file_spec *own; /* read so far */
	size_t n_own;
};

struct covering {
	const struct secrets *secrets;
	const char *where;
	bool exposes;
};

static int check_covered(void *ctx, const struct filetree_entry *e, struct err *err)
{
	const struct covering *c = ctx;
	for (size_t i = 0; e->fd >= 0 && !c->exposes && i < c->secrets->n; i++) {
		const struct secret *s = &c->secrets->list[i];
		if (s->ino == e->st->st_ino && s->dev == e->st->st_dev)
			return err_set(err, FAULT_USAGE, 0,
				       "%s: would show '%s' to the submission; move it elsewhere, "
				       "or say \"exposes\": true",
				       c->where, s->path);
	}
	return 0;
}

/* --- to ----------------------------------------------------------------------------------- */

/* Without "." and empty components; "" when nothing is left. */
static int normalize_path(const char *to, const char *where, char **ret, struct err *err)
{
	AUTO_BUF b = { 0 };
	AUTO_FREE char *copy = mem_strdup(to);
	char *save = NULL;
	for (const char *p = to; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(err, FAULT_USAGE, 0, "%s.to: '%s' has a control character",
				       where, to);
	for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		if (strcmp(name, "..") == 0)
			return err_set(err, FAULT_USAGE, 0, "%s.to: '%s' has a '..'", where, to);
		if (strlen(name) > NAME_BYTES_MAX)
			return err_set(err, FAULT_USAGE, 0,
				       "%s.to: '%s' has a name of more than "
				       "%d bytes",
				       where, to, NAME_BYTES_MAX);
		if (strcmp(name, ".") != 0)
			buf_printf(&b, "%s%s", b.len ? "/" : "", name);
	}
	if (b.len > PATH_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.to: more than %d bytes", where,
			       PATH_BYTES_MAX);
	*ret = buf_take(&b);
	return 0;
}

/* Mounts there would hide the box's own, or be hidden by them. */
static int check_mount_point(const char *to, const char *where, struct err *err)
{
	static const char *const taken[] = { "/proc", "/sys", "/dev", "/work", "/tmp" };
	if (strcmp(to, "/") == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.to: cannot be the root of the box; choose "
			       "a folder, as \"/grader\"",
			       where);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (filetree_is_inside(to, taken[i]))
			return err_set(err, FAULT_USAGE, 0,
				       "%s.to: '%s' lies in the box's own %s; "
				       "choose another place, as \"/grader\", or a path relative "
				       "to the work folder",
				       where, to, taken[i]);
	return 0;
}

/* A copy that is mounted has no mount points for others. */
static int check_nesting(const struct file_spec *files, size_t n, const char *to, const char *where,
			 const char *whose, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *other = files[i].to;
		if (other[0] == '/' &&
		    (filetree_is_inside(to, other) || filetree_is_inside(other, to)))
			return err_set(err, FAULT_USAGE, 0, "%s.to: '%s' overlaps with '%s' of %s",
				       where, to, other, whose);
	}
	return 0;
}

static int check_mount(const struct loading *l, const char *to, const char *where, struct err *err)
{
	if (check_mount_point(to, where, err) < 0 ||
	    check_nesting(l->shared, l->n_shared, to, where,
			  "the assignment, which is in a peer's box as well", err) < 0)
		return -1;
	return check_nesting(l->own, l->n_own, to, where, "an earlier entry", err);
}

static int place_file(const struct loading *l, const char *given, const char *where,
		      struct file_spec *f, struct err *err)
{
	struct stat st;
	size_t len = strlen(given);
	AUTO_FREE char *rest = NULL;
	if (stat(f->from, &st) < 0)
		return err_set(err, err_path_fault(errno), errno, "%s.from: cannot read '%s'",
			       where, f->from);
	if (normalize_path(given, where, &rest, err) < 0)
		return -1;
	bool folder = len == 0 || given[len - 1] == '/' || !*rest ||
		      (len > 1 && strcmp(given + len - 2, "/.") == 0);
	if (!S_ISDIR(st.st_mode) && folder) {
		const char *name = strrchr(f->from, '/') + 1;
		char *below = mem_printf("%s%s%s", rest, *rest ? "/" : "", name);
		free(rest);
		rest = below;
	}
	if (given[0] != '/') {
		f->to = mem_strdup(*rest ? rest : ".");
		return 0;
	}
	f->to = mem_printf("/%s", rest);
	return check_mount(l, f->to, where, err);
}

/* --- the list ----------------------------------------------------------------------------- */

/* clang-format off */
static const struct json_key file_keys[] = {
	{ "from",    JSON_STR,  JSON_AT(struct file_spec, from) },
	{ "to",      JSON_STR,  JSON_AT(struct file_spec, to) },
	{ "exposes", JSON_BOOL, JSON_AT(struct file_spec, exposes) },
	JSON_END,
};
/* clang-format on */

static int load_entry(struct json_object *o, const char *where, const struct loading *l,
		      struct file_spec *f, struct err *err)
{
	if (json_table_read(file_keys, o, where, f, err) < 0)
		return -1;
	AUTO_FREE char *from = ptr_steal(&f->from), *to = ptr_steal(&f->to);
	if (!from || !to || !*to)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: 'from' and 'to' are needed, as "
			       "{\"from\": \"grader/\", \"to\": \"/grader\"}",
			       where);
	if (filetree_resolve(l->dir, from, &f->from, err) < 0)
		return err_wrap(err, "%s.from", where);
	if (place_file(l, to, where, f, err) < 0)
		return -1;
	struct covering c = { l->secrets, where, f->exposes };
	return filetree_walk(f->from, l->dir, check_covered, &c, err);
}

static int read_entry(struct json_object *o, const char *where, void *loading, struct err *err)
{
	struct loading *l = loading;
	struct file_spec f = { .from = NULL };
	int bad = load_entry(o, where, l, &f, err);
	l->own = mem_realloc(l->own, (l->n_own + 1) * sizeof *l->own);
	l->own[l->n_own++] = f; /* half-made ones are freed with the rest */
	return bad;
}

/* @where: path of @o, which has the key; @below: what its entries begin with. What was read is in
 * @l, also after a failure. */
static int load_list(struct json_object *o, const char *where, const char *below, struct loading *l,
		     struct err *err)
{
	struct json_object *list = NULL;
	if (json_get_array(o, where, "files", &list, err) < 0)
		return -1;
	AUTO_FREE char *entries = mem_printf("%sfiles", below);
	return json_each(list, entries, read_entry, l, err);
}

static int load_own(struct json_object *root, const char *file, const struct secrets *secrets,
		    struct assignment *a, struct err *err)
{
	AUTO_FREE char *where = mem_printf("%s: assignment", file);
	AUTO_FREE char *below = mem_printf("%s: ", file);
	struct loading l = { .dir = a->dir, .secrets = secrets };
	int bad = load_list(root, where, below, &l, err);
	a->files = l.own;
	a->n_files = l.n_own;
	return bad;
}

/* @test has as many peers as @s: that was read before. */
static int load_peers(struct json_object *test, const char *where, const struct secrets *secrets,
		      const struct assignment *a, struct step_spec *s, struct err *err)
{
	struct json_object *peers = json_object_object_get(test, "peers");
	for (size_t i = 0; i < s->n_peers; i++) {
		AUTO_FREE char *here = mem_printf("%s.peers[%zu]", where, i);
		AUTO_FREE char *below = mem_printf("%s.", here);
		struct loading l = { .dir = a->dir,
				     .secrets = secrets,
				     .shared = a->files,
				     .n_shared = a->n_files };
		int bad = load_list(json_object_array_get_idx(peers, i), here, below, &l, err);
		s->peers[i].files = l.own;
		s->peers[i].n_files = l.n_own;
		if (bad)
			return -1;
	}
	return 0;
}

int files_load(struct json_object *root, const char *file, struct assignment *a, struct err *err)
{
	struct json_object *tests = json_object_object_get(root, "tests");
	struct secrets secrets = { .n = 0 };
	int bad = add_secret(&secrets, file, err);
	for (size_t i = 0; !bad && i < a->n_tests; i++)
		bad = add_secret(&secrets, a->tests[i].stdout_path, err);
	if (!bad)
		bad = load_own(root, file, &secrets, a, err);
	for (size_t i = 0; !bad && i < a->n_tests; i++) {
		AUTO_FREE char *where = mem_printf("%s: tests[%zu]", file, i);
		bad = load_peers(json_object_array_get_idx(tests, i), where, &secrets, a,
				 &a->tests[i], err);
	}
	free(secrets.list);
	return bad;
}
