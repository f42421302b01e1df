/*
 * profile.c - load a profile and all that it extends, merge, check.
 *
 * Passes over the chain, base first. The first merges `config` and the limits that have a place in
 * it, and checks what has come out after every file, so that an error names the file that brought
 * it. The second edits the lists (mounts, env), because an array of a later config replaces the whole
 * array and would drop the edits; of `network` and `isolation` the last file that has one decides.
 * The third is over the system calls, and is the one that takes long.
 */
#include "bundle/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "bundle/profile_calls.h"
#include "bundle/profile_chain.h"
#include "bundle/profile_check.h"
#include "bundle/profile_json.h"
#include "bundle/profile_kept.h"
#include "bundle/profile_linux.h"

void profile_done(struct profile *p)
{
	free(p->name);
	free(p->path);
	free(p->extends);
	free(p->description);
	json_object_put(p->config);
	free(p->seccomp);
	free(p->filter);
	network_done(&p->network);
	strv_free(p->env);
	strv_free(p->warnings);
	*p = (struct profile){ 0 };
}

#define AUTO_PROFILE __attribute__((cleanup(profile_done))) struct profile
#define AUTO_CHAIN __attribute__((cleanup(profile_chain_done))) struct profile_chain

/* Memory and processes have one place, linux.resources; the others are kept beside the config. */
static int merge_limits(struct profile *p, struct json_object *moulette, const char *where,
			struct err *err)
{
	AUTO_FREE char *here = mem_printf("%s.limits", where);
	struct json_object *o = NULL;
	struct limits l;

	limits_init(&l);
	if (!moulette)
		return 0;
	if (json_get_obj(moulette, where, "limits", &o, err) < 0)
		return -1;
	if (o && limits_load(o, here, &l, err) < 0)
		return -1;
	if (l.v[LIMIT_MEMORY] != LIMIT_UNSET)
		profile_set_memory(p->config, l.v[LIMIT_MEMORY]);
	if (l.v[LIMIT_PROCESSES] != LIMIT_UNSET)
		profile_set_processes(p->config, l.v[LIMIT_PROCESSES]);
	limits_over(&p->limits, &l);
	return 0;
}

/* A profile that changes the memory and says nothing of swap goes on having none. */
static void follow_swap(struct profile *p, struct json_object *patch)
{
	struct json_object *m = profile_resource(patch, "memory");

	if (m && json_object_object_get_ex(m, "limit", NULL) &&
	    !json_object_object_get_ex(m, "swap", NULL) && profile_memory(p->config) > 0)
		profile_set_memory(p->config, profile_memory(p->config));
}

static int merge_config(struct profile *p, const struct profile_layer *l, struct err *err)
{
	AUTO_FREE char *here = mem_printf("%s: config", l->path);
	AUTO_FREE char *moulette_here = mem_printf("%s: moulette", l->path);
	struct json_object *patch = NULL, *moulette;

	if (json_get_obj(l->json, l->path, "config", &patch, err) < 0 ||
	    profile_chain_moulette(l, &moulette, err) < 0)
		return -1;
	if (patch) {
		if (profile_check_patch(patch, here, err) < 0)
			return -1;
		json_merge_patch(&p->config, patch);
		follow_swap(p, patch);
	}
	if (merge_limits(p, moulette, moulette_here, err) < 0)
		return -1;
	return profile_check_config(p->config, here, err);
}

/* A number, or a text with a unit. */
static int get_amount(struct json_object *o, const char *where, const char *key, int64_t max,
		      int (*parse)(const char *, int64_t *, struct err *), int64_t *ret,
		      struct err *err)
{
	struct json_object *v;
	int64_t n = 0;

	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	enum json_type type = json_object_get_type(v);
	if (type != json_type_string && type != json_type_int && type != json_type_double)
		return err_set(err, FAULT_USAGE, 0,
			       "%s.%s: expected a number or a text as \"20s\" or \"64M\"", where,
			       key);
	if (parse(json_object_get_string(v), &n, err) < 0)
		return err_wrap(err, "%s.%s", where, key);
	if (n <= 0 || n > max)
		return err_set(err, FAULT_USAGE, 0, "%s.%s: expected a value above 0%s", where, key,
			       n > 0 ? " and not that large" : "");
	*ret = n;
	return 0;
}

static int merge_unpack(struct profile *p, struct json_object *moulette, const char *where,
			struct err *err)
{
	static const char *const keys[] = { "entries",    "bytes", "file_bytes", "depth",
					    "path_bytes", "time",  NULL };
	const int64_t most = INT64_C(1) << 50, longest = INT64_C(3600) * 1000000000;
	AUTO_FREE char *here = mem_printf("%s.unpack", where);
	struct unpack_limits *u = &p->unpack;
	struct json_object *o = NULL;

	if (json_get_obj(moulette, where, "unpack", &o, err) < 0)
		return -1;
	if (!o)
		return 0;
	/* Paths above 1,024 bytes do not fit what the unpacking child hands back. */
	if (json_only_keys(o, here, keys, err) < 0 ||
	    json_get_i64(o, here, "entries", 1, INT32_MAX, &u->entries, err) < 0 ||
	    json_get_i64(o, here, "depth", 1, 512, &u->depth, err) < 0 ||
	    json_get_i64(o, here, "path_bytes", 1, 1024, &u->path_bytes, err) < 0 ||
	    get_amount(o, here, "bytes", most, size_parse, &u->bytes, err) < 0 ||
	    get_amount(o, here, "file_bytes", most, size_parse, &u->file_bytes, err) < 0)
		return -1;
	return get_amount(o, here, "time", longest, duration_parse, &u->time_ns, err);
}

static int merge_mounts(struct profile *p, struct json_object *moulette, const char *where,
			struct err *err)
{
	struct json_object *list = NULL;

	if (json_get_array(moulette, where, "mounts", &list, err) < 0)
		return -1;
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		AUTO_FREE char *here = mem_printf("%s.mounts[%zu]", where, i);
		AUTO_JSON *m = NULL;
		json_object_deep_copy(json_object_array_get_idx(list, i), &m, NULL);
		if (mount_check(m, here, err) < 0)
			return -1;
		mounts_set(json_object_object_get(p->config, "mounts"), ptr_steal(&m));
	}
	return 0;
}

static int merge_isolation(struct profile *p, struct json_object *moulette, const char *where,
			   struct err *err)
{
	AUTO_FREE char *word = NULL, *here = mem_printf("%s.isolation", where);

	if (json_get_str(moulette, where, "isolation", &word, err) < 0)
		return -1;
	return word ? isolation_parse(word, here, &p->isolation, err) : 0;
}

static int merge_lists(struct profile *p, const struct profile_layer *l, struct err *err)
{
	AUTO_FREE char *where = mem_printf("%s: moulette", l->path);
	struct json_object *m;

	if (profile_chain_moulette(l, &m, err) < 0)
		return -1;
	if (!m)
		return 0;
	if (merge_unpack(p, m, where, err) < 0 || merge_mounts(p, m, where, err) < 0 ||
	    json_get_env(m, where, "env", &p->env, err) < 0 ||
	    network_load(m, where, &p->network, err) < 0)
		return -1;
	return merge_isolation(p, m, where, err);
}

/* Sizes that the runner measures against; a limit without a place in the config must be set. */
static int finish_limits(struct profile *p, struct err *err)
{
	struct json_object *mounts = json_object_object_get(p->config, "mounts");
	struct json_object *tmp = mounts_find(mounts, "/tmp");
	struct json_object *shm = mounts_find(mounts, "/dev/shm");

	if (tmp && !mount_is_bind(tmp)) {
		p->tmp_bytes = mount_number(tmp, "size");
		p->tmp_inodes = mount_number(tmp, "nr_inodes");
	}
	if (shm && !mount_is_bind(shm)) {
		p->shm_bytes = mount_number(shm, "size");
		p->shm_inodes = mount_number(shm, "nr_inodes");
	}
	p->limits.v[LIMIT_MEMORY] = profile_memory(p->config);
	p->limits.v[LIMIT_PROCESSES] = profile_processes(p->config);
	for (int i = 0; i < LIMIT_COUNT; i++)
		if (p->limits.v[i] == LIMIT_UNSET && i != LIMIT_WALL)
			return err_set(err, FAULT_USAGE, 0,
				       "%s: moulette.limits.%s: expected a value: no profile that "
				       "it extends sets one",
				       p->path, limit_name((enum limit_id)i));
	return 0;
}

/* The system calls, their filter and the digest: as they were @kept, or made and kept. */
static int load_calls(struct profile *p, const struct profile_chain *c, char *const *dirs,
		      const char *kept, struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_JSON *section = NULL;
	AUTO_BUF list = { 0 }, key = { 0 };
	const size_t first = strv_len(p->warnings);

	if (profile_calls_path(c, dirs, &path, err) < 0 || json_read(path, &list, err) < 0)
		return -1;
	if (kept && profile_kept_key(c, &list, &key) < 0)
		kept = NULL;
	if (kept && profile_kept_read(kept, &key, p))
		return 0;
	if (profile_calls_load(c, path, &list, p, &section, err) < 0)
		return -1;
	profile_json_digest(p, section);
	if (kept)
		profile_kept_write(kept, &key, p, first);
	return 0;
}

static int merge_all(struct profile *p, const struct profile_chain *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		if (merge_config(p, &c->v[i], err) < 0)
			return -1;
	for (size_t i = 0; i < c->n; i++)
		if (merge_lists(p, &c->v[i], err) < 0)
			return -1;
	profile_check_warn(p->config, &p->warnings);
	return finish_limits(p, err);
}

int profile_load_kept(const char *name, char *const *dirs, const char *kept, struct profile *ret,
		      struct err *err)
{
	AUTO_CHAIN chain = { 0 };
	AUTO_PROFILE p = { .unpack = UNPACK_LIMITS_DEFAULT, .isolation = ISOLATION_BOX };

	limits_init(&p.limits);
	if (profile_chain_load(name, dirs, &chain, err) < 0)
		return -1;
	const struct profile_layer *last = &chain.v[chain.n - 1];
	p.name = mem_strdup(last->name);
	p.path = mem_strdup(last->path);
	p.extends = mem_strdup(last->extends);
	p.description = mem_strdup("");
	if (json_get_str(last->json, last->path, "description", &p.description, err) < 0 ||
	    merge_all(&p, &chain, err) < 0 || load_calls(&p, &chain, dirs, kept, err) < 0)
		return -1;
	*ret = p;
	p = (struct profile){ 0 };
	return 0;
}

int profile_load(const char *name, char *const *dirs, struct profile *ret, struct err *err)
{
	return profile_load_kept(name, dirs, NULL, ret, err);
}
