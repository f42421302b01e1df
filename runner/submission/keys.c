/* keys.c - the keys that the assignment, its steps and their peers share. */
#include "submission/keys.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/utf8.h"

/* The kernel takes no longer word (MAX_ARG_STRLEN), and PID 1 of a box 192 KiB in all. */
#define WORDS_BYTES_MAX (128u * 1024)

int keys_refuse_later(struct json_object *o, const char *where, const char *const keys[],
		      struct err *err)
{
	for (; json_object_is_type(o, json_type_object) && *keys; keys++)
		if (json_object_object_get_ex(o, *keys, NULL))
			return err_set(err, FAULT_USAGE, 0, "%s: '%s' is not known to this version",
				       where, *keys);
	return 0;
}

int keys_check_name(const char *name, const char *where, struct err *err)
{
	size_t len = strlen(name);
	uint32_t c;
	if (len == 0)
		return err_set(err, FAULT_USAGE, 0, "%s.name: an empty name", where);
	if (len > KEYS_NAME_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s.name: more than %d bytes", where,
			       KEYS_NAME_BYTES_MAX);
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_decode(name + i, len - i, &c);
		if (n == 0 || !utf8_is_printable(c))
			return err_set(err, FAULT_USAGE, 0,
				       "%s.name: '%s' has characters that "
				       "cannot be shown",
				       where, name);
	}
	return 0;
}

int keys_check_not_empty(const char *text, const char *where, const char *key, struct err *err)
{
	return text && !text[0] ? err_set(err, FAULT_USAGE, 0, "%s.%s: an empty name", where, key) :
				  0;
}

/* A string where words are expected is what people try first. */
static int get_words(struct json_object *o, const char *where, const char *key, char ***ret,
		     struct err *err)
{
	struct json_object *v;
	if (json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_string))
		return err_set(err, FAULT_USAGE, 0,
			       "%s.%s: expected an array of words, as "
			       "[\"./prog\", \"-v\"], got a string; no shell splits it",
			       where, key);
	return json_get_strv(o, where, key, ret, err);
}

static size_t bytes_of(char *const *words)
{
	size_t bytes = 0;
	for (; words && *words; words++)
		bytes += strlen(*words) + 1;
	return bytes;
}

int keys_command(struct json_object *o, const char *where, char ***argv, char ***args,
		 struct err *err)
{
	if (get_words(o, where, "run", argv, err) < 0 ||
	    (args && get_words(o, where, "args", args, err) < 0))
		return -1;
	if (*argv && (!(*argv)[0] || !(*argv)[0][0]))
		return err_set(err, FAULT_USAGE, 0, "%s.run: expected a program as the first word",
			       where);
	if (bytes_of(*argv) + (args ? bytes_of(*args) : 0) > WORDS_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s: 'run' and 'args' have more than %u bytes",
			       where, WORDS_BYTES_MAX);
	for (char *const *w = args ? *args : NULL; *argv && w && *w; w++)
		strv_add(argv, *w);
	return 0;
}

int keys_limits(struct json_object *o, const char *where, struct limits *l, struct err *err)
{
	struct json_object *limits = NULL;
	AUTO_FREE char *path = mem_printf("%s.limits", where);
	if (json_get_obj(o, where, "limits", &limits, err) < 0)
		return -1;
	return limits ? limits_load(limits, path, l, err) : 0;
}
