/* json.h - JSON that people wrote: strict, with comments, with errors that name the key. */
#ifndef MOULETTE_BASE_JSON_H
#define MOULETTE_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

void json_cleanup(struct json_object **o);
#define AUTO_JSON __attribute__((cleanup(json_cleanup))) struct json_object

/**
 * json_parse() - one JSON value, strict, UTF-8; comments of both C kinds are allowed, a key that an
 * object has twice is not
 * @name: what errors call it, a file name
 * Return: 0, or -1 with FAULT_USAGE: "NAME: line L: what".
 */
int json_parse(const char *name, const char *text, size_t len, struct json_object **ret,
	       struct err *err);
/** json_parse_foreign() - the same of what another program wrote: of a key that an object has twice
 *  the last value counts, as other readers of such documents have it. */
int json_parse_foreign(const char *name, const char *text, size_t len, struct json_object **ret,
		       struct err *err);
/** json_load() - json_parse() of a file of at most 16 MiB; a missing one is FAULT_USAGE. */
int json_load(const char *path, struct json_object **ret, struct err *err);
/** json_read() - its first half: the text as it lies there, into the empty @text. */
int json_read(const char *path, struct buf *text, struct err *err);

/** json_new_str() - NULL is null; json_new_strv() - NULL is an empty array. */
struct json_object *json_new_str(const char *s);
struct json_object *json_new_strv(char *const *v);

/** json_find() - the object of @array (NULL: none) whose member @key is the text @value; borrowed,
 *  the first of several. NULL: there is none. */
struct json_object *json_find(struct json_object *array, const char *key, const char *value);

/** json_merge_patch() - RFC 7386: @patch onto *target (consumed and replaced). */
void json_merge_patch(struct json_object **target, struct json_object *patch);

/*
 * Checked access to one key; json_table.h reads all keys of an object. @where is the path of @o for
 * messages ("assignment.json: tests[2]"); every error is FAULT_USAGE and reads "WHERE.KEY: expected a
 * ..., got ...". A missing key leaves *ret as it is (so initialise it) and gives 0.
 */
int json_only_keys(struct json_object *o, const char *where, const char *const keys[],
		   struct err *err); /* keys is NULL-terminated; the error lists them */
int json_get_str(struct json_object *o, const char *where, const char *key, char **ret,
		 struct err *err); /* *ret is freed and replaced; no NUL bytes inside */
int json_get_i64(struct json_object *o, const char *where, const char *key, int64_t min,
		 int64_t max, int64_t *ret, struct err *err);
int json_get_bool(struct json_object *o, const char *where, const char *key, bool *ret,
		  struct err *err);
/** json_get_strv() - an array of strings. */
int json_get_strv(struct json_object *o, const char *where, const char *key, char ***ret,
		  struct err *err);
/** json_get_env() - an object of strings as NAME=VALUE, set into *ret by env_set(); names are
 *  [A-Za-z_][A-Za-z0-9_]*. */
int json_get_env(struct json_object *o, const char *where, const char *key, char ***ret,
		 struct err *err);
/** json_get_obj() / json_get_array() - *ret is borrowed; NULL when the key is missing. */
int json_get_obj(struct json_object *o, const char *where, const char *key,
		 struct json_object **ret, struct err *err);
int json_get_array(struct json_object *o, const char *where, const char *key,
		   struct json_object **ret, struct err *err);

/** json_text() - the text of a string, borrowed; NULL: @v is no string, or has a NUL byte inside. */
const char *json_text(struct json_object *v);

#endif
