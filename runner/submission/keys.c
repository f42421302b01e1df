/* keys.c - the keys that the assignment, its steps and their peers share. */
#include "submission/keys.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/utf8.h"

/* The kernel takes no longer word (MAX_ARG_STRLEN), and PID 1 of a box 192 KiB in all. */
#define WORDS_BYTES_MAX (128u * 1024)

int keys_read_name(struct json_object *v, const char *where, void *name, struct err *err)
{
	if (json_read_as(JSON_NAME, v, where, name, err) < 0)
		return -1;
	const char *text = *(char **)name;
	size_t len = strlen(text);
	uint32_t c;
	if (len > KEYS_NAME_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s: more than %d bytes", where,
			       KEYS_NAME_BYTES_MAX);
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_decode(text + i, len - i, &c);
		if (n == 0 || !utf8_is_printable(c))
			return err_set(err, FAULT_USAGE, 0,
				       "%s: '%s' has characters that cannot be shown", where, text);
	}
	return 0;
}

int keys_read_args(struct json_object *v, const char *where, void *words, struct err *err)
{
	/* A string where words are expected is what people try first. */
	if (json_object_is_type(v, json_type_string))
		return err_set(err, FAULT_USAGE, 0,
			       "%s: expected an array of words, as [\"./prog\", \"-v\"], got a "
			       "string; no shell splits it",
			       where);
	return json_read_as(JSON_STRV, v, where, words, err);
}

int keys_read_run(struct json_object *v, const char *where, void *words, struct err *err)
{
	if (keys_read_args(v, where, words, err) < 0)
		return -1;
	const char *program = (*(char ***)words)[0];
	if (!program || !*program)
		return err_set(err, FAULT_USAGE, 0, "%s: expected a program as the first word",
			       where);
	return 0;
}

int keys_read_limits(struct json_object *v, const char *where, void *limits, struct err *err)
{
	return json_object_is_type(v, json_type_object) ? limits_load(v, where, limits, err) :
							  json_expected(v, where, "an object", err);
}

static size_t bytes_of(char *const *words)
{
	size_t bytes = 0;
	for (; words && *words; words++)
		bytes += strlen(*words) + 1;
	return bytes;
}

int keys_join_command(char ***argv, char *const *args, const char *where, struct err *err)
{
	if (bytes_of(*argv) + bytes_of(args) > WORDS_BYTES_MAX)
		return err_set(err, FAULT_USAGE, 0, "%s: 'run' and 'args' have more than %u bytes",
			       where, WORDS_BYTES_MAX);
	for (; *argv && args && *args; args++)
		strv_add(argv, *args);
	return 0;
}
