/* keys.h - the keys that the assignment, its steps and their peers share. */
#ifndef MOULETTE_SUBMISSION_KEYS_H
#define MOULETTE_SUBMISSION_KEYS_H

#include "base/err.h"
#include "base/json_table.h"
#include "model/limits.h"

#define KEYS_NAME_BYTES_MAX 200

/* Readers of values for rows of tables (json_read_fn): @where is the path of @v, every error is
 * FAULT_USAGE and begins with it. */

/** keys_read_name() - char *: 1 to KEYS_NAME_BYTES_MAX bytes, all of them visible. */
int keys_read_name(struct json_object *v, const char *where, void *name, struct err *err);
/** keys_read_args() - char **: an array of words. */
int keys_read_args(struct json_object *v, const char *where, void *words, struct err *err);
/** keys_read_run() - the same, with a program as the first word. */
int keys_read_run(struct json_object *v, const char *where, void *words, struct err *err);
/** keys_read_limits() - struct limits; limits that the object does not set stay as they are. */
int keys_read_limits(struct json_object *v, const char *where, void *limits, struct err *err);

/**
 * keys_join_command() - append @args to *argv, which holds `run`; both may be NULL (not given)
 * @where: path of the object that has both keys
 *
 * Without `run` nothing is appended. FAULT_USAGE: more bytes than a command may have.
 */
int keys_join_command(char ***argv, char *const *args, const char *where, struct err *err);

#endif
