/* profile_chain.c - find profiles in their folders and follow `extends`. */
#include "bundle/profile_chain.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

#define MAX_LAYERS 16
#define BASE "base"

void profile_chain_done(struct profile_chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].name);
		free(c->v[i].path);
		free(c->v[i].dir);
		free(c->v[i].extends);
		buf_done(&c->v[i].text);
		json_object_put(c->v[i].json);
	}
	free(c->v);
	*c = (struct profile_chain){ 0 };
}

static bool ends_in(const char *s, const char *end)
{
	size_t a = strlen(s), b = strlen(end);
	return a > b && strcmp(s + a - b, end) == 0;
}

static bool is_path(const char *name)
{
	return strchr(name, '/') || ends_in(name, ".json");
}

/* Dots are for other files: base.seccomp.json is no profile. */
static bool is_name(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_-")];
}

/* What the host cannot look at counts as a file: reading it tells why. */
static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 ? err_path_fault(errno) == FAULT_INFRA : S_ISREG(st.st_mode);
}

char *profile_chain_near(const char *name, const char *dir, char *const *dirs)
{
	char *path = name[0] == '/' ? mem_strdup(name) : mem_printf("%s/%s", dir, name);

	for (size_t i = 0; !is_file(path) && !strchr(name, '/') && dirs && dirs[i]; i++) {
		free(path);
		path = mem_printf("%s/%s", dirs[i], name);
	}
	if (is_file(path))
		return path;
	free(path);
	errno = ENOENT;
	return NULL;
}

static int unknown(const char *name, char *const *dirs, struct err *err)
{
	AUTO_STRV there = NULL;
	AUTO_BUF list = { 0 };

	if (profile_chain_names(dirs, &there, NULL) == 0 && there[0]) {
		for (size_t i = 0; there[i]; i++)
			buf_printf(&list, "%s%s", i ? ", " : "", there[i]);
		return err_set(err, FAULT_USAGE, 0, "unknown profile '%.64s'; there are: %s", name,
			       list.data);
	}
	for (size_t i = 0; dirs && dirs[i]; i++)
		buf_printf(&list, "%s'%s'", i ? ", " : "", dirs[i]);
	return err_set(err, FAULT_USAGE, 0, "unknown profile '%.64s'; there is none in %s", name,
		       list.len ? list.data : "any folder");
}

static int find(const char *name, const char *dir, char *const *dirs, char **ret, struct err *err)
{
	if (is_path(name)) {
		*ret = name[0] == '/' ? mem_strdup(name) : mem_printf("%s/%s", dir, name);
		if (is_file(*ret))
			return 0;
		return err_set(err, FAULT_USAGE, 0, "profile '%s' does not exist", *ret);
	}
	if (!is_name(name))
		return err_set(err, FAULT_USAGE, 0,
			       "'%.64s' is not the name of a profile: expected letters, digits, "
			       "- and _, or a path that ends in .json",
			       name);
	for (size_t i = 0; dirs && dirs[i]; i++) {
		free(*ret);
		*ret = mem_printf("%s/%s.json", dirs[i], name);
		if (is_file(*ret))
			return 0;
	}
	return unknown(name, dirs, err);
}

static int layer_parse(struct profile_layer *l, struct err *err)
{
	static const char *const keys[] = { "extends", "description", "config", "moulette", NULL };
	bool base = strcmp(l->name, BASE) == 0;

	if (json_read(l->path, &l->text, err) < 0 ||
	    json_parse(l->path, l->text.data, l->text.len, &l->json, err) < 0 ||
	    json_only_keys(l->json, l->path, keys, err) < 0)
		return -1;
	if (base && json_object_object_get_ex(l->json, "extends", NULL))
		return err_set(err, FAULT_USAGE, 0,
			       "%s: unexpected key 'extends': base is what all others build on",
			       l->path);
	l->extends = mem_strdup(base ? "" : BASE);
	if (json_get_str(l->json, l->path, "extends", &l->extends, err) < 0)
		return -1;
	if (!base && !*l->extends)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.extends: expected the name of a profile, got \"\"", l->path);
	return 0;
}

int profile_chain_moulette(const struct profile_layer *l, struct json_object **ret, struct err *err)
{
	static const char *const keys[] = { "limits",  "unpack",  "mounts",    "env",
					    "seccomp", "network", "isolation", NULL };
	AUTO_FREE char *where = mem_printf("%s: moulette", l->path);

	*ret = NULL;
	if (json_get_obj(l->json, l->path, "moulette", ret, err) < 0)
		return -1;
	return *ret ? json_only_keys(*ret, where, keys, err) : 0;
}

/* Opens one file and puts it before the others. */
static int layer_add(struct profile_chain *c, char *path, struct err *err)
{
	c->v = mem_realloc(c->v, (c->n + 1) * sizeof(*c->v));
	memmove(c->v + 1, c->v, c->n * sizeof(*c->v));
	c->n++;
	const char *slash = strrchr(path, '/');
	c->v[0] = (struct profile_layer){ .path = path,
					  .dir = mem_strndup(path, (size_t)(slash - path)),
					  .name = mem_strdup(slash + 1) };
	if (ends_in(c->v[0].name, ".json"))
		c->v[0].name[strlen(c->v[0].name) - strlen(".json")] = '\0';
	return layer_parse(&c->v[0], err);
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A circle among the files read so far, with the names that the files use. */
static int check_circle(const struct profile_chain *c, const char *next, struct err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!same_file(c->v[i].path, next))
			continue;
		if (i == 0)
			return err_set(err, FAULT_USAGE, 0,
				       "%s.extends: '%.64s' is this file itself; give the file "
				       "another name, or extend another profile",
				       c->v[0].path, c->v[0].extends);
		return err_set(err, FAULT_USAGE, 0,
			       "%s.extends: '%.64s' extends this profile in turn: a circle",
			       c->v[0].path, c->v[0].extends);
	}
	if (c->n == MAX_LAYERS)
		return err_set(err, FAULT_USAGE, 0, "%s.extends: more than %d profiles in a row",
			       c->v[0].path, MAX_LAYERS);
	return 0;
}

static int load_all(const char *name, char *const *dirs, struct profile_chain *c, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (find(name, ".", dirs, &path, err) < 0 || layer_add(c, ptr_steal(&path), err) < 0)
		return -1;
	while (*c->v[0].extends) {
		AUTO_FREE char *next = NULL;
		if (find(c->v[0].extends, c->v[0].dir, dirs, &next, err) < 0)
			return err_wrap(err, "%s.extends", c->v[0].path);
		if (check_circle(c, next, err) < 0 || layer_add(c, ptr_steal(&next), err) < 0)
			return -1;
	}
	return 0;
}

int profile_chain_load(const char *name, char *const *dirs, struct profile_chain *ret,
		       struct err *err)
{
	struct profile_chain c = { 0 };

	if (load_all(name, dirs, &c, err) < 0) {
		profile_chain_done(&c);
		return -1;
	}
	*ret = c;
	return 0;
}

/* The table of languages lies in the same folder; a file that cannot be read as JSON is listed, so
 * that `profile check` can say why. */
static bool looks_like_profile(const char *path)
{
	AUTO_JSON *o = NULL;

	if (json_load(path, &o, NULL) < 0)
		return true;
	return json_object_is_type(o, json_type_object) &&
	       (json_object_object_get_ex(o, "extends", NULL) ||
		json_object_object_get_ex(o, "config", NULL) ||
		json_object_object_get_ex(o, "moulette", NULL));
}

static int list_folder(const char *folder, char ***names, struct err *err)
{
	AUTO_DIR DIR *d = opendir(folder);
	if (!d) /* MOULETTE_PROFILES may name folders that are not there yet */
		return errno == ENOENT ? 0 :
					 err_set(err, FAULT_INFRA, errno,
						 "cannot read folder of profiles '%s'", folder);
	for (struct dirent *e; (e = readdir(d));) {
		if (!ends_in(e->d_name, ".json"))
			continue;
		AUTO_FREE char *name = mem_strndup(e->d_name, strlen(e->d_name) - strlen(".json"));
		AUTO_FREE char *path = mem_printf("%s/%s", folder, e->d_name);
		if (is_name(name) && is_file(path) && looks_like_profile(path))
			strv_add(names, name);
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int profile_chain_names(char *const *dirs, char ***ret, struct err *err)
{
	AUTO_STRV names = strv_dup(NULL);

	for (size_t i = 0; dirs && dirs[i]; i++)
		if (list_folder(dirs[i], &names, err) < 0)
			return -1;
	size_t n = strv_len(names), kept = 0;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && strcmp(names[kept - 1], names[i]) == 0)
			free(names[i]);
		else
			names[kept++] = names[i];
	}
	names[kept] = NULL;
	*ret = ptr_steal(&names);
	return 0;
}
