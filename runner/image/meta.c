/* meta.c - image.json, what the store knows of an image. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "image/meta.h"
#include "model/image.h"

#define META_MAX (16u << 20) /* the environment may have megabytes */
#define SCHEMA "moulette.image/1"

struct json_object *image_binds_json(const struct image *i)
{
	struct json_object *a = json_object_new_array();
	for (size_t k = 0; k < i->n_binds; k++) {
		struct json_object *b = json_object_new_object();
		json_object_object_add(b, "source", json_object_new_string(i->binds[k].source));
		json_object_object_add(b, "destination",
				       json_object_new_string(i->binds[k].destination));
		json_object_array_add(a, b);
	}
	return a;
}

static struct json_object *state_json(const struct image_meta *m)
{
	struct json_object *a = json_object_new_array();
	for (size_t k = 0; k < m->n_state; k++) {
		const struct state_stamp *s = &m->state[k];
		struct json_object *o = json_object_new_object();
		json_object_object_add(o, "path", json_object_new_string(s->path));
		json_object_object_add(o, "bytes", json_object_new_int64(s->bytes));
		json_object_object_add(o, "inode", json_object_new_int64(s->inode));
		json_object_object_add(o, "mtime_ns", json_object_new_int64(s->mtime_ns));
		json_object_object_add(o, "ctime_ns", json_object_new_int64(s->ctime_ns));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *meta_json(const struct image_meta *m)
{
	const struct image *i = &m->image;
	struct json_object *o = json_object_new_object(), *d = json_object_new_object();

	json_object_object_add(d, "setid", json_object_new_int64(i->dropped_setid));
	json_object_object_add(d, "devices", json_object_new_int64(i->dropped_devices));
	json_object_object_add(d, "capabilities", json_object_new_int64(i->dropped_capabilities));
	json_object_object_add(d, "pipes", json_object_new_int64(i->dropped_pipes));
	json_object_object_add(o, "schema", json_object_new_string(SCHEMA));
	json_object_object_add(o, "name", json_object_new_string(i->name));
	json_object_object_add(o, "digest", json_object_new_string(i->digest));
	json_object_object_add(o, "layers", json_new_strv(i->layers));
	json_object_object_add(o, "user", json_new_str(i->user));
	json_object_object_add(o, "working_dir", json_new_str(i->working_dir));
	json_object_object_add(o, "env", json_new_strv(i->env));
	json_object_object_add(o, "binds", image_binds_json(i));
	json_object_object_add(o, "dropped", d);
	json_object_object_add(o, "warnings", json_new_strv(i->warnings));
	json_object_object_add(o, "bytes", json_object_new_int64(m->bytes));
	json_object_object_add(o, "entries", json_object_new_int64(m->entries));
	json_object_object_add(o, "recipe_sha256", json_new_str(m->recipe_sha256));
	json_object_object_add(o, "state", state_json(m));
	return o;
}

int meta_write(int dir, const struct image_meta *m, struct err *err)
{
	AUTO_JSON *o = meta_json(m);
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	AUTO_FREE char *text = mem_printf("%s\n", json_object_to_json_string_ext(o, flags));

	if (file_write(dir, "image.json", text) < 0 || fchmodat(dir, "image.json", 0644, 0) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write image.json");
	return 0;
}

/* A key that may be null, as absent. */
static int get_opt_str(struct json_object *o, const char *where, const char *key, char **ret,
		       struct err *err)
{
	struct json_object *v;
	if (json_object_object_get_ex(o, key, &v) && !v)
		return 0;
	return json_get_str(o, where, key, ret, err);
}

void meta_add_bind(struct image *i, const char *source, const char *destination)
{
	i->binds = mem_realloc(i->binds, (i->n_binds + 1) * sizeof(*i->binds));
	i->binds[i->n_binds++] = (struct image_bind){
		.source = mem_strdup(source),
		.destination = mem_strdup(destination),
	};
}

static int load_binds(struct json_object *o, const char *where, struct image *i, struct err *err)
{
	struct json_object *a = NULL;
	if (json_get_array(o, where, "binds", &a, err) < 0)
		return -1;
	for (size_t k = 0; a && k < json_object_array_length(a); k++) {
		struct json_object *b = json_object_array_get_idx(a, k);
		AUTO_FREE char *source = NULL, *destination = NULL;
		if (json_get_str(b, where, "source", &source, err) < 0 ||
		    json_get_str(b, where, "destination", &destination, err) < 0)
			return -1;
		if (!source || !destination)
			return err_set(err, FAULT_USAGE, 0, "%s: a bind lacks an end", where);
		meta_add_bind(i, source, destination);
	}
	return 0;
}

static int load_stamp(struct json_object *o, const char *where, struct state_stamp *s,
		      struct err *err)
{
	const int64_t min = INT64_MIN, max = INT64_MAX;

	if (json_get_str(o, where, "path", &s->path, err) < 0 ||
	    json_get_i64(o, where, "bytes", -1, max, &s->bytes, err) < 0 ||
	    json_get_i64(o, where, "inode", min, max, &s->inode, err) < 0 ||
	    json_get_i64(o, where, "mtime_ns", min, max, &s->mtime_ns, err) < 0 ||
	    json_get_i64(o, where, "ctime_ns", min, max, &s->ctime_ns, err) < 0)
		return -1;
	return s->path ? 0 : err_set(err, FAULT_USAGE, 0, "%s: a state lacks its path", where);
}

static int load_state(struct json_object *o, const char *where, struct image_meta *m,
		      struct err *err)
{
	struct json_object *a = NULL;
	if (json_get_array(o, where, "state", &a, err) < 0)
		return -1;
	size_t n = a ? json_object_array_length(a) : 0;
	m->state = mem_alloc(n * sizeof(*m->state));
	while (m->n_state < n) {
		struct json_object *e = json_object_array_get_idx(a, m->n_state);
		/* Counted first: meta_done() frees a half-read one as well. */
		if (load_stamp(e, where, &m->state[m->n_state++], err) < 0)
			return -1;
	}
	return 0;
}

static int load_numbers(struct json_object *o, const char *where, struct image_meta *m,
			struct err *err)
{
	struct json_object *d = NULL;
	struct image *i = &m->image;

	if (json_get_obj(o, where, "dropped", &d, err) < 0 ||
	    json_get_i64(o, where, "bytes", 0, INT64_MAX, &m->bytes, err) < 0 ||
	    json_get_i64(o, where, "entries", 0, INT64_MAX, &m->entries, err) < 0)
		return -1;
	if (d && (json_get_i64(d, where, "setid", 0, INT64_MAX, &i->dropped_setid, err) < 0 ||
		  json_get_i64(d, where, "devices", 0, INT64_MAX, &i->dropped_devices, err) < 0 ||
		  json_get_i64(d, where, "capabilities", 0, INT64_MAX, &i->dropped_capabilities,
			       err) < 0 ||
		  json_get_i64(d, where, "pipes", 0, INT64_MAX, &i->dropped_pipes, err) < 0))
		return -1;
	return 0;
}

static int load_all(struct json_object *o, const char *where, struct image_meta *m, struct err *err)
{
	struct image *i = &m->image;

	if (!json_object_is_type(o, json_type_object))
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", where);
	if (json_get_str(o, where, "digest", &i->digest, err) < 0 ||
	    json_get_strv(o, where, "layers", &i->layers, err) < 0 ||
	    json_get_strv(o, where, "env", &i->env, err) < 0 ||
	    json_get_strv(o, where, "warnings", &i->warnings, err) < 0 ||
	    get_opt_str(o, where, "user", &i->user, err) < 0 ||
	    get_opt_str(o, where, "working_dir", &i->working_dir, err) < 0 ||
	    get_opt_str(o, where, "recipe_sha256", &m->recipe_sha256, err) < 0 ||
	    load_binds(o, where, i, err) < 0 || load_state(o, where, m, err) < 0 ||
	    load_numbers(o, where, m, err) < 0)
		return -1;
	if (!i->digest)
		return err_set(err, FAULT_USAGE, 0, "%s: 'digest' is missing", where);
	return 0;
}

int meta_load(int dir, const char *name, struct image_meta *ret, struct err *err)
{
	AUTO_FREE char *where = mem_printf("%s/image.json", name);
	AUTO_BUF text = { 0 };
	AUTO_JSON *o = NULL;
	struct image_meta m = { .image.name = mem_strdup(name) };
	bool damaged = true;
	int got = 0;

	if (file_read(dir, "image.json", &text, META_MAX) < 0) {
		/* A file that is there and cannot be read says nothing about the store. */
		damaged = errno == ENOENT || errno == EFBIG;
		got = err_set(err, FAULT_INFRA, errno, "cannot read '%s'", where);
	} else if (json_parse(where, text.data, text.len, &o, err) < 0 ||
		   load_all(o, where, &m, err) < 0) {
		got = -1;
	}
	if (got < 0) {
		/* The store wrote it: nobody typed this. */
		if (err)
			err->fault = FAULT_INFRA;
		meta_done(&m);
		return damaged ? err_wrap(err, "the store is damaged (`moulette image rm %s`)",
					  name) :
				 -1;
	}
	*ret = m;
	return 0;
}

void meta_done(struct image_meta *m)
{
	image_done(&m->image);
	for (size_t i = 0; i < m->n_state; i++)
		free(m->state[i].path);
	free(m->state);
	free(m->recipe_sha256);
	*m = (struct image_meta){ 0 };
}
