/* json_table.h - reads an object of JSON into a struct by a table of its keys.
 *
 * One row serves reading, the messages and the documentation: scripts/check-docs.sh compares the keys of
 * every table with the list of keys in its manual page. Each row begins a line of its own. */
#ifndef MOULETTE_BASE_JSON_TABLE_H
#define MOULETTE_BASE_JSON_TABLE_H

#include <stddef.h>

#include "base/json.h"

enum json_kind {
	JSON_STR,   /* char *, freed and replaced; no NUL bytes inside */
	JSON_NAME,  /* the same, and not empty */
	JSON_BOOL,  /* bool */
	JSON_WHOLE, /* int, uint32_t or int64_t, from least to most */
	JSON_REAL,  /* double, from least to most */
	JSON_STRV,  /* char **, freed and replaced: an array of strings */
	JSON_ENV,   /* char **: an object of strings, each set as NAME=VALUE by env_set() */
	JSON_OBJ,   /* struct json_object *, borrowed */
	JSON_ARRAY, /* the same */
	JSON_EACH, /* an array of at most .most entries (0: any number), .read reads each of them */
	JSON_BY,   /* .read reads the value, which may be null */
	JSON_ELSEWHERE, /* a known key, which the caller reads */
	JSON_LATER,     /* a key of a later version: refused, but not as one that was mistyped */
	JSON_REFUSED,   /* refused; .why says why */
};

/**
 * json_read_fn - read @v into the member that the row places
 * @v:     NULL for null
 * @where: path of @v for messages: "WHERE.KEY" of JSON_BY, "WHERE.KEY[2]" of JSON_EACH
 * Return: 0, or -1 with FAULT_USAGE.
 */
typedef int json_read_fn(struct json_object *v, const char *where, void *member, struct err *err);

struct json_key {
	const char *key;
	enum json_kind kind;
	size_t place, size;   /* of the member in the struct, JSON_AT() */
	int64_t least, most;  /* both are allowed */
	const char *required; /* what "'KEY' is missing" ends in, as ", as [\"make\"]" or "";
			       * NULL: a missing key leaves the member as it is */
	json_read_fn *read;
	const char *why;
};
#define JSON_AT(type, member) \
	.place = offsetof(type, member), .size = sizeof(((type *)NULL)->member)
#define JSON_END            \
	{                   \
		.key = NULL \
	}

/**
 * json_table_read() - read @o by @table, which JSON_END ends, into the struct @target
 * @where: path of @o for messages
 *
 * Refused keys come first, then unknown ones, then the rows in their order. After a failure the rows
 * before are in @target. FAULT_USAGE.
 */
int json_table_read(const struct json_key *table, struct json_object *o, const char *where,
		    void *target, struct err *err);
/** json_each() - @read each entry of @array into @member; NULL has none. */
int json_each(struct json_object *array, const char *where, json_read_fn *read, void *member,
	      struct err *err);

/* For functions of rows; @where is the path of @v itself. */

/** json_expected() - "WHERE: expected WHAT, got VALUE". Return: -1. */
int json_expected(struct json_object *v, const char *where, const char *what, struct err *err);
/** json_read_value() - read @v alone, as @row has it; .key, .place and .required do not count. */
int json_read_value(const struct json_key *row, struct json_object *v, const char *where,
		    void *member, struct err *err);
/** json_read_as() - the same with a row of @kind alone. */
int json_read_as(enum json_kind kind, struct json_object *v, const char *where, void *member,
		 struct err *err);

#endif
