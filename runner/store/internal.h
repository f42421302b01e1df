/* internal.h - declarations shared by the files of the store. */
#ifndef MOULETTE_STORE_INTERNAL_H
#define MOULETTE_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

/* Statements that are prepared once, when they are first wanted (put.c). */
enum kept_statement { KEPT_RUN, KEPT_STEP, KEPT_GROUP, KEPT_COUNT };

struct store {
	sqlite3 *db;
	char *path;
	char *dir; /* folder of the database, without a slash at the end */
	sqlite3_stmt *kept[KEPT_COUNT];
};

/* user_version of the schema that this program writes. */
#define STORE_SCHEMA 5
/* application_id, "moul": tells our database from another program's. */
#define STORE_APPLICATION 0x6d6f756c
extern const char store_schema_sql[];

/** store_fail() - FAULT_INFRA from sqlite's last error: what failed, the file, what to do. -1. */
int store_fail(struct store *s, const char *what, struct err *err);
/** store_damaged() - FAULT_INFRA: the rows hold values that moulette never writes. -1. */
int store_damaged(struct store *s, const char *what, struct err *err);
/** store_exec() - SQL without parameters or rows. */
int store_exec(struct store *s, const char *sql, const char *what, struct err *err);
int store_prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct err *err);
/** store_scalar() - the number that SQL without parameters gives. */
int store_scalar(struct store *s, const char *sql, int64_t *ret, struct err *err);
/** store_begin() / store_end() - a transaction that may write at once, so that it never has to be
 *  given up half-way; @ok 0: everything since is undone. */
int store_begin(struct store *s, struct err *err);
int store_end(struct store *s, int ok, struct err *err);

void stmt_cleanup(sqlite3_stmt **st);
#define AUTO_STMT __attribute__((cleanup(stmt_cleanup))) sqlite3_stmt

/* How a member of a struct lies in its column. */
enum field_type {
	FIELD_STRING,  /* char *, owned, any bytes; NULL: NULL */
	FIELD_CHARS,   /* char [size], any bytes; "": NULL */
	FIELD_MEASURE, /* int64_t; -1: NULL */
	FIELD_INT,     /* int */
	FIELD_BOOL,    /* bool */
	FIELD_REAL,    /* double; NaN: NULL */
	FIELD_VERDICT, /* enums: by name, so that their numbers may change */
	FIELD_FAULT,
	FIELD_KIND,
	FIELD_LIMIT,   /* LIMIT_NONE: NULL */
	FIELD_NETWORK, /* struct network_facts *, owned, as JSON; NULL: NULL */
};
struct field {
	const char *column; /* NULL ends a list */
	enum field_type type;
	size_t offset, size;
};
extern const struct field run_fields[], step_fields[], group_fields[];
extern const struct field
	log_path_field[]; /* of a char *: what lies in the row is not the member */

size_t fields_count(const struct field *fields);
/** fields_list() - "a, b, c", or as many question marks. */
void fields_list(struct buf *b, const struct field *fields, int marks);
/** fields_bind() - members of @object, which stays as it is until the statement is reset, to the
 *  parameters from @first on. SQLITE_OK or an error. */
int fields_bind(sqlite3_stmt *st, int first, const struct field *fields, const void *object);
/** fields_read() - columns from @first on into @object, which is initialised. Return: 0, or -1 with
 *  *ret_column naming the value that no moulette wrote. */
int fields_read(sqlite3_stmt *st, int first, const struct field *fields, void *object,
		const char **ret_column);

/** network_column_text() - {"sent": {...}, "received": {...}, "refused": [...]}, as in the result
 *  but for a port of 0, which is never null; heap. */
char *network_column_text(const struct network_facts *f);
/** network_column_read() - the same read back; -1: no moulette wrote it. */
int network_column_read(const char *text, size_t len, struct network_facts **ret);

#endif
