/* files_load.c - reads `files` and makes sure that they give nothing away. */
#include "submission/files_load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "submission/filetree.h"

#define PATH_BYTES_MAX 1024
#define NAME_BYTES_MAX 255

/* A file that no box may see. Known by its inode, so that links of both kinds are seen through. */
struct secret {
	dev_t dev;
	ino_t ino;
	const char *path;
};

struct secrets {
	struct secret *list;
	size_t n;
};

static void add_secret(struct secrets *s, const char *path)
{
	struct stat st;
	if (!path || stat(path, &st) < 0)
		return;
	s->list = mem_realloc(s->list, (s->n + 1) * sizeof *s->list);
	s->list[s->n++] = (struct secret){ st.st_dev, st.st_ino, path };
}

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
				       "or say \"exposes\": true", c->where, s->path);
	}
	return 0;
}

/* --- to ----------------------------------------------------------------------------------- */

/* Without "." and empty components; "" when nothing is left. */
static int normalize(const char *to, const char *where, char **ret, struct err *err)
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
			return err_set(err, FAULT_USAGE, 0, "%s.to: '%s' has a name of more than "
				       "%d bytes", where, to, NAME_BYTES_MAX);
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
		return err_set(err, FAULT_USAGE, 0, "%s.to: cannot be the root of the box; choose "
			       "a folder, as \"/grader\"", where);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (filetree_is_inside(to, taken[i]))
			return err_set(err, FAULT_USAGE, 0, "%s.to: '%s' lies in the box's own %s; "
				       "choose another place, as \"/grader\", or a path relative "
				       "to the work folder", where, to, taken[i]);
	return 0;
}

/* A copy that is mounted has no mount points for others. */
static int check_nesting(const struct assignment *a, const char *to, const char *where,
			 struct err *err)
{
	for (size_t i = 0; i < a->n_files; i++) {
		const char *other = a->files[i].to;
		if (other[0] == '/' &&
		    (filetree_is_inside(to, other) || filetree_is_inside(other, to)))
			return err_set(err, FAULT_USAGE, 0, "%s.to: '%s' overlaps with '%s' of an "
				       "earlier entry", where, to, other);
	}
	return 0;
}

static int place(const struct assignment *a, const char *given, const char *where,
		 struct file_spec *f, struct err *err)
{
	struct stat st;
	size_t len = strlen(given);
	AUTO_FREE char *rest = NULL;
	if (stat(f->from, &st) < 0)
		return err_set(err, FAULT_USAGE, errno, "%s.from: cannot read '%s'", where,
			       f->from);
	if (normalize(given, where, &rest, err) < 0)
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
	return check_mount_point(f->to, where, err) < 0 || check_nesting(a, f->to, where, err) < 0 ?
		       -1 : 0;
}

/* --- the list ----------------------------------------------------------------------------- */

static int load_entry(struct json_object *o, const char *where, const struct assignment *a,
		      const struct secrets *secrets, struct file_spec *f, struct err *err)
{
	static const char *const keys[] = { "from", "to", "exposes", NULL };
	AUTO_FREE char *from = NULL, *to = NULL;
	if (json_only_keys(o, where, keys, err) < 0 ||
	    json_get_str(o, where, "from", &from, err) < 0 ||
	    json_get_str(o, where, "to", &to, err) < 0 ||
	    json_get_bool(o, where, "exposes", &f->exposes, err) < 0)
		return -1;
	if (!from || !to || !*to)
		return err_set(err, FAULT_USAGE, 0, "%s: 'from' and 'to' are needed, as "
			       "{\"from\": \"grader/\", \"to\": \"/grader\"}", where);
	if (filetree_resolve(a->dir, from, &f->from, err) < 0)
		return err_wrap(err, "%s.from", where);
	if (place(a, to, where, f, err) < 0)
		return -1;
	struct covering c = { secrets, where, f->exposes };
	return filetree_walk(f->from, a->dir, check_covered, &c, err);
}

static int load_entries(struct json_object *list, const char *file, const struct secrets *secrets,
			struct assignment *a, struct err *err)
{
	size_t n = json_object_array_length(list);
	a->files = mem_alloc(n * sizeof *a->files);
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *where = mem_printf("%s: files[%zu]", file, i);
		struct file_spec f = { .from = NULL };
		struct json_object *o = json_object_array_get_idx(list, i);
		int bad = load_entry(o, where, a, secrets, &f, err);
		a->files[a->n_files++] = f; /* half-made ones are freed with the rest */
		if (bad)
			return -1;
	}
	return 0;
}

int files_load(struct json_object *root, const char *file, struct assignment *a, struct err *err)
{
	struct json_object *list = NULL;
	struct secrets secrets = { .n = 0 };
	AUTO_FREE char *where = mem_printf("%s: assignment", file);
	if (json_get_array(root, where, "files", &list, err) < 0)
		return -1;
	if (!list)
		return 0;
	add_secret(&secrets, file);
	for (size_t i = 0; i < a->n_tests; i++)
		add_secret(&secrets, a->tests[i].stdout_path);
	int bad = load_entries(list, file, &secrets, a, err);
	free(secrets.list);
	return bad;
}
