/* json_table.c - checked access to the keys of an object: by a table, or one by one. */
#include "base/json_table.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"

int json_expected(struct json_object *v, const char *where, const char *what, struct err *err)
{
	return err_set(err, FAULT_USAGE, 0, "%s: expected %s, got %.80s", where, what,
		       json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN));
}

int json_only_keys(struct json_object *o, const char *where, const char *const keys[],
		   struct err *err)
{
	if (!json_object_is_type(o, json_type_object))
		return err_set(err, FAULT_USAGE, 0, "%s: expected an object", where);
	json_object_object_foreach(o, key, val) {
		size_t i = 0;
		(void)val;
		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (keys[i])
			continue;
		AUTO_BUF all = { 0 };
		for (i = 0; keys[i]; i++)
			buf_printf(&all, "%s%s", i ? ", " : "", keys[i]);
		return err_set(err, FAULT_USAGE, 0, "%s: unknown key '%.64s'; known: %s", where,
			       key, all.len ? all.data : "none");
	}
	return 0;
}

/* --- one value ---------------------------------------------------------------------------- */

static int read_str(const struct json_key *row, struct json_object *v, const char *where,
		    char **member, struct err *err)
{
	const char *text = json_text(v);
	if (!text)
		return json_expected(v, where, "a string", err);
	if (row->kind == JSON_NAME && !*text)
		return err_set(err, FAULT_USAGE, 0, "%s: an empty name", where);
	free(*member);
	*member = mem_strdup(text);
	return 0;
}

static int read_bool(struct json_object *v, const char *where, bool *member, struct err *err)
{
	if (!json_object_is_type(v, json_type_boolean))
		return json_expected(v, where, "true or false", err);
	*member = json_object_get_boolean(v);
	return 0;
}

static int read_whole(const struct json_key *row, struct json_object *v, const char *where,
		      void *member, struct err *err)
{
	/* json-c saturates numbers that do not fit: the extremes are never accepted. */
	int64_t n = json_object_get_int64(v);
	if (!json_object_is_type(v, json_type_int) || n < row->least || n > row->most ||
	    n == INT64_MAX || n == INT64_MIN) {
		char what[96];
		snprintf(what, sizeof(what), "a whole number from %lld to %lld",
			 (long long)row->least, (long long)row->most);
		return json_expected(v, where, what, err);
	}
	uint32_t low = (uint32_t)n; /* the same bytes in an int */
	assert(row->size == sizeof(n) || row->size == sizeof(low));
	memcpy(member, row->size == sizeof(n) ? (void *)&n : &low, row->size);
	return 0;
}

static int read_real(const struct json_key *row, struct json_object *v, const char *where,
		     double *member, struct err *err)
{
	double d = json_object_get_double(v), least = (double)row->least, most = (double)row->most;
	if ((!json_object_is_type(v, json_type_int) && !json_object_is_type(v, json_type_double)) ||
	    !isfinite(d) || d < least || d > most) {
		char what[96];
		snprintf(what, sizeof(what), "a number from %g to %g", least, most);
		return json_expected(v, where, what, err);
	}
	*member = d;
	return 0;
}

static int read_strv(struct json_object *v, const char *where, char ***member, struct err *err)
{
	AUTO_STRV list = strv_dup(NULL);
	bool array = json_object_is_type(v, json_type_array);
	size_t n = array ? json_object_array_length(v) : 0;
	for (size_t i = 0; i < n && array; i++) {
		const char *text = json_text(json_object_array_get_idx(v, i));
		array = text != NULL;
		if (text)
			strv_add(&list, text);
	}
	if (!array)
		return json_expected(v, where, "an array of strings", err);
	strv_free(*member);
	*member = ptr_steal(&list);
	return 0;
}

static bool is_env_name(const char *s)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	size_t n = strspn(s, first);
	n += strspn(s + n, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	return *s && strchr(first, *s) && s[n] == '\0';
}

static int read_object(struct json_object *v, const char *where, struct json_object **member,
		       struct err *err)
{
	if (!json_object_is_type(v, json_type_object))
		return json_expected(v, where, "an object", err);
	*member = v;
	return 0;
}

static int read_env(struct json_object *v, const char *where, char ***member, struct err *err)
{
	if (read_object(v, where, &v, err) < 0)
		return -1;
	AUTO_STRV all = strv_dup(*member);
	json_object_object_foreach(v, name, value) {
		const char *text = json_text(value);
		if (!text || !is_env_name(name))
			return json_expected(v, where, "an object of NAME: \"value\"", err);
		AUTO_FREE char *entry = mem_printf("%s=%s", name, text);
		env_set(&all, entry);
	}
	strv_free(*member);
	*member = ptr_steal(&all);
	return 0;
}

static int read_array(struct json_object *v, const char *where, struct json_object **member,
		      struct err *err)
{
	if (!json_object_is_type(v, json_type_array))
		return json_expected(v, where, "an array", err);
	*member = v;
	return 0;
}

int json_each(struct json_object *array, const char *where, json_read_fn *read, void *member,
	      struct err *err)
{
	size_t n = array ? json_object_array_length(array) : 0;
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *here = mem_printf("%s[%zu]", where, i);
		if (read(json_object_array_get_idx(array, i), here, member, err) < 0)
			return -1;
	}
	return 0;
}

static int read_each(const struct json_key *row, struct json_object *v, const char *where,
		     void *member, struct err *err)
{
	if (read_array(v, where, &v, err) < 0)
		return -1;
	if (row->most && json_object_array_length(v) > (size_t)row->most)
		return err_set(err, FAULT_USAGE, 0, "%s: expected at most %lld entries, got %zu",
			       where, (long long)row->most, json_object_array_length(v));
	return json_each(v, where, row->read, member, err);
}

int json_read_value(const struct json_key *row, struct json_object *v, const char *where,
		    void *member, struct err *err)
{
	switch (row->kind) {
	case JSON_STR:
	case JSON_NAME:
		return read_str(row, v, where, member, err);
	case JSON_BOOL:
		return read_bool(v, where, member, err);
	case JSON_WHOLE:
		return read_whole(row, v, where, member, err);
	case JSON_REAL:
		return read_real(row, v, where, member, err);
	case JSON_STRV:
		return read_strv(v, where, member, err);
	case JSON_ENV:
		return read_env(v, where, member, err);
	case JSON_OBJ:
		return read_object(v, where, member, err);
	case JSON_ARRAY:
		return read_array(v, where, member, err);
	case JSON_EACH:
		return read_each(row, v, where, member, err);
	case JSON_BY:
		return row->read(v, where, member, err);
	case JSON_ELSEWHERE:
	case JSON_LATER: /* check_keys() has refused these two */
	case JSON_REFUSED:
		return 0;
	}
	return -1;
}

int json_read_as(enum json_kind kind, struct json_object *v, const char *where, void *member,
		 struct err *err)
{
	const struct json_key row = { .kind = kind };
	return json_read_value(&row, v, where, member, err);
}

/* --- one key ------------------------------------------------------------------------------ */

static int read_key(const struct json_key *row, struct json_object *o, const char *where,
		    void *member, struct err *err)
{
	struct json_object *v;
	if (!json_object_object_get_ex(o, row->key, &v))
		return row->required ? err_set(err, FAULT_USAGE, 0, "%s: '%s' is missing%s", where,
					       row->key, row->required) :
				       0;
	AUTO_FREE char *here = mem_printf("%s.%s", where, row->key);
	return json_read_value(row, v, here, member, err);
}

int json_get_str(struct json_object *o, const char *where, const char *key, char **ret,
		 struct err *err)
{
	const struct json_key row = { .key = key, .kind = JSON_STR };
	return read_key(&row, o, where, ret, err);
}

int json_get_i64(struct json_object *o, const char *where, const char *key, int64_t min,
		 int64_t max, int64_t *ret, struct err *err)
{
	const struct json_key row = { .key = key,
				      .kind = JSON_WHOLE,
				      .size = sizeof(*ret),
				      .least = min,
				      .most = max };
	return read_key(&row, o, where, ret, err);
}

int json_get_bool(struct json_object *o, const char *where, const char *key, bool *ret,
		  struct err *err)
{
	const struct json_key row = { .key = key, .kind = JSON_BOOL };
	return read_key(&row, o, where, ret, err);
}

int json_get_strv(struct json_object *o, const char *where, const char *key, char ***ret,
		  struct err *err)
{
	const struct json_key row = { .key = key, .kind = JSON_STRV };
	return read_key(&row, o, where, ret, err);
}

int json_get_env(struct json_object *o, const char *where, const char *key, char ***ret,
		 struct err *err)
{
	const struct json_key row = { .key = key, .kind = JSON_ENV };
	return read_key(&row, o, where, ret, err);
}

int json_get_obj(struct json_object *o, const char *where, const char *key,
		 struct json_object **ret, struct err *err)
{
	const struct json_key row = { .key = key, .kind = JSON_OBJ };
	*ret = NULL;
	return read_key(&row, o, where, ret, err);
}

int json_get_array(struct json_object *o, const char *where, const char *key,
		   struct json_object **ret, struct err *err)
{
	const struct json_key row = { .key = key, .kind = JSON_ARRAY };
	*ret = NULL;
	return read_key(&row, o, where, ret, err);
}

/* --- all keys ----------------------------------------------------------------------------- */

static int refuse(const struct json_key *row, const char *where, struct err *err)
{
	if (row->kind == JSON_LATER)
		return err_set(err, FAULT_USAGE, 0, "%s: '%s' is not known to this version", where,
			       row->key);
	return err_set(err, FAULT_USAGE, 0, "%s.%s: %s", where, row->key, row->why);
}

/* Refused keys come first: the list of known keys does not have them. */
static int check_keys(const struct json_key *table, struct json_object *o, const char *where,
		      struct err *err)
{
	size_t n = 0, n_known = 0;
	while (table[n].key)
		n++;
	AUTO_FREE const char **known = mem_alloc((n + 1) * sizeof *known);
	for (const struct json_key *row = table; row->key; row++) {
		if (row->kind != JSON_LATER && row->kind != JSON_REFUSED)
			known[n_known++] = row->key;
		else if (json_object_object_get_ex(o, row->key, NULL))
			return refuse(row, where, err);
	}
	return json_only_keys(o, where, known, err);
}

int json_table_read(const struct json_key *table, struct json_object *o, const char *where,
		    void *target, struct err *err)
{
	if (check_keys(table, o, where, err) < 0)
		return -1;
	for (const struct json_key *row = table; row->key; row++)
		if (read_key(row, o, where, (char *)target + row->place, err) < 0)
			return -1;
	return 0;
}
