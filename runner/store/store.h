/* store.h - results.db: the only SQL in the program. */
#ifndef MOULETTE_STORE_STORE_H
#define MOULETTE_STORE_STORE_H

#include "base/err.h"
#include "model/result.h"

struct store;

/** store_open() - open or make the database (0600, WAL), migrating it by user_version. A database
 * of a newer moulette is FAULT_USAGE; a locked or full disk FAULT_INFRA. Not to be used across
 * fork. */
int store_open(const char *path, struct store **ret, struct err *err);
/** store_open_read() - open read-only, without creating a file: *ret is NULL when
 *  there is no database yet. Only one of an older schema is brought up to date first. */
int store_open_read(const char *path, struct store **ret, struct err *err);
void store_close(struct store *s);
void store_cleanup(struct store **s);
#define AUTO_STORE __attribute__((cleanup(store_cleanup))) struct store

/** store_put() - store a result with its steps in one transaction, replacing one of the same id.
 *  A log_path below the folder of the database is kept relative to it, so that a home can move;
 *  store_get() gives it back joined with the folder, as it does with one that was relative. */
int store_put(struct store *s, const struct run_result *r, struct err *err);
/** store_get() - by id or unique prefix of at least 4 characters. Unknown: FAULT_USAGE. */
int store_get(struct store *s, const char *id, struct run_result *ret, struct err *err);

/** store_match() - ids of results that begin with @prefix (ULIDs know no case), at most @max, in
 *  their order; added to *ret. */
int store_match(struct store *s, const char *prefix, int max, char ***ret, struct err *err);

/** One row of `moulette list`. */
struct store_row {
	char id[27];
	char *submission, *assignment;
	enum verdict verdict;
	double score, max_score;
	int64_t started_real_ns, duration_ns;
};
/** store_latest() - newest first; @max 0: all. @each returns non-zero to stop. */
int store_latest(struct store *s, int max, int (*each)(void *ctx, const struct store_row *row),
		 void *ctx, struct err *err);
/** store_has() - is there a result of this id? 1, 0, -1. */
int store_has(struct store *s, const char *id, struct err *err);

/* What is kept for how long (store/old.c). */
/** store_oldest() - every result, oldest first. @each returns non-zero to stop; it may not change
 *  the store. */
int store_oldest(struct store *s, int (*each)(void *ctx, const char *id, int64_t started_real_ns),
		 void *ctx, struct err *err);
/** store_remove() - a result with its steps and groups, its log not; a missing one is no error. */
int store_remove(struct store *s, const char *id, struct err *err);
/** store_bytes() - bytes of the database file that rows use. */
int store_bytes(struct store *s, int64_t *ret, struct err *err);
/** store_shrink() - return the space of removed rows to the disk if it is large; a database that
 *  others are using stays as it is. */
int store_shrink(struct store *s, struct err *err);

#endif
