/* profile_json.c - a merged profile as people read it, and the digest of what makes its boxes. */
#include "bundle/profile_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_canonical(struct buf *to, struct json_object *o);

/* Nearly every string is a word that stands for itself; the library makes an object and a buffer of
 * each. */
static void put_string(struct buf *to, const char *s)
{
	size_t n = 0;
	while (s[n] >= ' ' && s[n] < 0x7f && s[n] != '"' && s[n] != '\\' && s[n] != '/')
		n++;
	if (s[n]) {
		AUTO_JSON *o = json_object_new_string(s);
		buf_str(to, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
		return;
	}
	buf_add(to, "\"", 1);
	buf_add(to, s, n);
	buf_add(to, "\"", 1);
}

static void put_object(struct buf *to, struct json_object *o)
{
	size_t n = 0;
	AUTO_FREE const char **keys =
		mem_alloc((size_t)json_object_object_length(o) * sizeof(*keys) + 1);
	json_object_object_foreach(o, key, val) {
		(void)val;
		keys[n++] = key;
	}
	qsort(keys, n, sizeof(*keys), by_key);
	for (size_t i = 0; i < n; i++) {
		buf_str(to, i ? "," : "{");
		put_string(to, keys[i]);
		buf_str(to, ":");
		put_canonical(to, json_object_object_get(o, keys[i]));
	}
	buf_str(to, n ? "}" : "{}");
}

/* The same text whatever the order in which the files gave the keys. */
static void put_canonical(struct buf *to, struct json_object *o)
{
	if (json_object_is_type(o, json_type_object)) {
		put_object(to, o);
	} else if (json_object_is_type(o, json_type_array)) {
		const size_t n = json_object_array_length(o);
		for (size_t i = 0; i < n; i++) {
			buf_str(to, i ? "," : "[");
			put_canonical(to, json_object_array_get_idx(o, i));
		}
		buf_str(to, n ? "]" : "[]");
	} else if (json_object_is_type(o, json_type_string) &&
		   strlen(json_object_get_string(o)) == (size_t)json_object_get_string_len(o)) {
		put_string(to, json_object_get_string(o));
	} else {
		buf_str(to, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	}
}

static struct json_object *moulette_json(const struct profile *p)
{
	struct json_object *m = json_object_new_object(), *l = json_object_new_object(),
			   *u = json_object_new_object();

	for (int i = 0; i < LIMIT_COUNT; i++)
		json_object_object_add(l, limit_key((enum limit_id)i),
				       p->limits.v[i] == LIMIT_UNSET ?
					       NULL :
					       json_object_new_int64(p->limits.v[i]));
	json_object_object_add(u, "entries", json_object_new_int64(p->unpack.entries));
	json_object_object_add(u, "bytes", json_object_new_int64(p->unpack.bytes));
	json_object_object_add(u, "file_bytes", json_object_new_int64(p->unpack.file_bytes));
	json_object_object_add(u, "depth", json_object_new_int64(p->unpack.depth));
	json_object_object_add(u, "path_bytes", json_object_new_int64(p->unpack.path_bytes));
	json_object_object_add(u, "time_ns", json_object_new_int64(p->unpack.time_ns));
	json_object_object_add(m, "limits", l);
	json_object_object_add(m, "unpack", u);
	json_object_object_add(m, "env", json_new_strv(p->env));
	json_object_object_add(m, "network", network_json(&p->network));
	json_object_object_add(m, "isolation",
			       json_object_new_string(isolation_word(p->isolation)));
	return m;
}

struct json_object *profile_json_seccomp(const struct profile *p)
{
	return mem_check(json_tokener_parse(p->seccomp));
}

/* Config with its system calls, and `moulette`: all that makes a box. */
static struct json_object *content_json(const struct profile *p)
{
	struct json_object *all = json_object_new_object(), *config = NULL;

	json_object_deep_copy(p->config, &config, NULL);
	json_object_object_add(json_object_object_get(config, "linux"), "seccomp",
			       profile_json_seccomp(p));
	json_object_object_add(all, "config", config);
	json_object_object_add(all, "moulette", moulette_json(p));
	return all;
}

struct json_object *profile_json(const struct profile *p)
{
	struct json_object *o = json_object_new_object();
	AUTO_JSON *content = content_json(p);

	json_object_object_add(o, "name", json_object_new_string(p->name));
	json_object_object_add(o, "description", json_object_new_string(p->description));
	json_object_object_add(o, "extends",
			       *p->extends ? json_object_new_string(p->extends) : NULL);
	json_object_object_add(o, "sha256", json_object_new_string(p->sha256));
	json_object_object_foreach(content, key, val)
		json_object_object_add(o, key, json_object_get(val));
	return o;
}

/* Of content_json(), of which no copy is made: every run starts with it. */
void profile_json_digest(struct profile *p, struct json_object *seccomp)
{
	struct json_object *linux_part = json_object_object_get(p->config, "linux");
	AUTO_JSON *rest = moulette_json(p);
	AUTO_BUF text = { 0 };

	json_object_object_add(linux_part, "seccomp", json_object_get(seccomp));
	buf_str(&text, "{\"config\":");
	put_canonical(&text, p->config);
	buf_str(&text, ",\"moulette\":");
	put_canonical(&text, rest);
	buf_str(&text, "}");
	json_object_object_del(linux_part, "seccomp");
	digest_bytes(text.data, text.len, p->sha256);
}
