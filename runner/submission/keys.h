/* keys.h - the keys that the assignment, its steps and their peers share. */
#ifndef MOULETTE_SUBMISSION_KEYS_H
#define MOULETTE_SUBMISSION_KEYS_H

#include "base/err.h"
#include "base/json.h"
#include "model/limits.h"

#define KEYS_NAME_BYTES_MAX 200

/* @o is the object that holds the key, @where its path; every error is FAULT_USAGE and names it. */

/** keys_refuse_later() - a key of a later version: a teacher who read of it must not think that it
 *  was mistyped. @keys is NULL-terminated. */
int keys_refuse_later(struct json_object *o, const char *where, const char *const keys[],
		      struct err *err);
/** keys_check_name() - `name`: not empty, at most KEYS_NAME_BYTES_MAX bytes, all of it visible. */
int keys_check_name(const char *name, const char *where, struct err *err);
/** keys_check_not_empty() - the text of @key, which may be NULL, is not "". */
int keys_check_not_empty(const char *text, const char *where, const char *key, struct err *err);
/** keys_command() - `run` into *argv and, unless @args is NULL, `args` into *args and to the end of
 *  *argv. Missing keys leave NULL. */
int keys_command(struct json_object *o, const char *where, char ***argv, char ***args,
		 struct err *err);
/** keys_limits() - `limits` into @l; those that it does not set stay as they are. */
int keys_limits(struct json_object *o, const char *where, struct limits *l, struct err *err);

#endif
