/* query.c - look up and read results. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "store/internal.h"

/* A ULID has 26 characters; the first ten are the time, so a prefix below four characters matches too many. */
#define PREFIX_MIN 4
#define AMBIGUOUS_SHOWN 3

static char *log_path_absolute(const struct store *s, const char *path)
{
	return path[0] == '/' ? mem_strdup(path) : mem_printf("%s/%s", s->dir, path);
}

static int get_run(struct store *s, const char *id, struct run_result *r, struct err *err)
{
	AUTO_BUF sql = { 0 };
	buf_str(&sql, "SELECT ");
	fields_list(&sql, run_fields, 0);
	buf_str(&sql, ", log_path FROM results WHERE id = ?");

	AUTO_STMT *st = NULL;
	AUTO_FREE char *log_path = NULL;
	const char *column;
	if (store_prepare(s, sql.data, &st, err) < 0)
		return -1;
	if (sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		return store_fail(s, "read a result", err);
	if (fields_read(st, 0, run_fields, r, &column) < 0 ||
	    fields_read(st, (int)fields_count(run_fields), log_path_field, &log_path, &column) < 0)
		return store_damaged(s, column, err);
	snprintf(r->id, sizeof(r->id), "%s", id);
	if (log_path)
		r->log_path = log_path_absolute(s, log_path);
	return 0;
}

/* Every row of @table that belongs to result @id; @next gives an initialised object for each. */
static int get_rows(struct store *s, const char *table, const struct field *fields,
		    struct run_result *r, void *(*next)(struct run_result *r), struct err *err)
{
	AUTO_BUF sql = { 0 };
	buf_str(&sql, "SELECT ");
	fields_list(&sql, fields, 0);
	buf_printf(&sql, " FROM %s WHERE result = ? ORDER BY number", table);

	AUTO_STMT *st = NULL;
	if (store_prepare(s, sql.data, &st, err) < 0)
		return -1;
	if (sqlite3_bind_text(st, 1, r->id, -1, SQLITE_STATIC) != SQLITE_OK)
		return store_fail(s, "read a result", err);
	for (;;) {
		const char *column;
		int rc = sqlite3_step(st);
		if (rc == SQLITE_DONE)
			return 0;
		if (rc != SQLITE_ROW)
			return store_fail(s, "read a result", err);
		if (fields_read(st, 0, fields, next(r), &column) < 0)
			return store_damaged(s, column, err);
	}
}

static void *next_step(struct run_result *r)
{
	return run_result_add(r);
}

static void *next_group(struct run_result *r)
{
	r->groups = mem_realloc(r->groups, (r->n_groups + 1) * sizeof(*r->groups));
	struct group_result *g = &r->groups[r->n_groups++];
	memset(g, 0, sizeof(*g));
	return g;
}

int store_match(struct store *s, const char *given, int max, char ***ret, struct err *err)
{
	char prefix[27] = "";
	AUTO_STMT *st = NULL;

	if (strlen(given) >= sizeof(prefix))
		return 0; /* no id is that long */
	for (size_t i = 0; given[i]; i++)
		prefix[i] = (char)toupper((unsigned char)given[i]);
	if (store_prepare(s,
			  "SELECT id FROM results WHERE id >= ?1 AND id < ?1 || '~' "
			  "ORDER BY id LIMIT ?2",
			  &st, err) < 0)
		return -1;
	if (sqlite3_bind_text(st, 1, prefix, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int(st, 2, max) != SQLITE_OK)
		return store_fail(s, "look up a result", err);
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		strv_add(ret, (const char *)sqlite3_column_text(st, 0));
	return rc == SQLITE_DONE ? 0 : store_fail(s, "look up a result", err);
}

static int ambiguous(const char *prefix, char *const *ids, struct err *err)
{
	AUTO_BUF list = { 0 };
	for (size_t i = 0; ids[i]; i++) {
		buf_str(&list, i > 0 ? ", " : "");
		buf_str(&list, i < AMBIGUOUS_SHOWN ? ids[i] : "...");
	}
	return err_set(err, FAULT_USAGE, 0,
		       "result '%s' is ambiguous (%s); give more characters of the id", prefix,
		       list.data);
}

/* A whole id, or a prefix of exactly one. */
static int resolve(struct store *s, const char *given, char ret_id[27], struct err *err)
{
	if (strlen(given) < PREFIX_MIN)
		return err_set(err, FAULT_USAGE, 0,
			       "result '%s': give at least %d characters of the id", given,
			       PREFIX_MIN);
	AUTO_STRV ids = NULL;
	if (store_match(s, given, AMBIGUOUS_SHOWN + 1, &ids, err) < 0)
		return -1;
	if (strv_len(ids) == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "no result has the id '%s'; 'moulette list --all' lists them",
			       given);
	if (strv_len(ids) > 1)
		return ambiguous(given, ids, err);
	if (strlen(ids[0]) >= 27)
		return store_damaged(s, "id", err);
	snprintf(ret_id, 27, "%s", ids[0]);
	return 0;
}

static int get_all(struct store *s, const char *given, struct run_result *r, struct err *err)
{
	char id[27];
	if (resolve(s, given, id, err) < 0 || get_run(s, id, r, err) < 0)
		return -1;
	if (get_rows(s, "steps", step_fields, r, next_step, err) < 0)
		return -1;
	return get_rows(s, "result_groups", group_fields, r, next_group, err);
}

int store_get(struct store *s, const char *id, struct run_result *ret, struct err *err)
{
	struct run_result r;
	run_result_init(&r);
	/* One transaction, so that a concurrent replacement does not mix two results. */
	if (store_exec(s, "BEGIN", "read", err) < 0)
		return -1;
	if (store_end(s, get_all(s, id, &r, err) == 0, err) < 0) {
		run_result_done(&r);
		return -1;
	}
	*ret = r;
	return 0;
}

#define ROW(column, type, member)                                         \
	{                                                                 \
		column, FIELD_##type, offsetof(struct store_row, member), \
			sizeof(((struct store_row *)NULL)->member)        \
	}

int store_latest(struct store *s, int max, int (*each)(void *ctx, const struct store_row *row),
		 void *ctx, struct err *err)
{
	static const struct field fields[] = {
		ROW("id", CHARS, id),
		ROW("submission_name", STRING, submission),
		ROW("assignment_name", STRING, assignment),
		ROW("verdict", VERDICT, verdict),
		ROW("score", REAL, score),
		ROW("max_score", REAL, max_score),
		ROW("started_ns", MEASURE, started_real_ns),
		ROW("duration_ns", MEASURE, duration_ns),
		{ NULL, FIELD_INT, 0, 0 },
	};
	AUTO_BUF sql = { 0 };
	buf_str(&sql, "SELECT ");
	fields_list(&sql, fields, 0);
	buf_str(&sql, " FROM results ORDER BY started_ns DESC, id DESC LIMIT ?");

	AUTO_STMT *st = NULL;
	if (store_prepare(s, sql.data, &st, err) < 0)
		return -1;
	if (sqlite3_bind_int(st, 1, max > 0 ? max : -1) != SQLITE_OK)
		return store_fail(s, "list results", err);
	for (int stop = 0; !stop;) {
		int rc = sqlite3_step(st);
		if (rc == SQLITE_DONE)
			return 0;
		if (rc != SQLITE_ROW)
			return store_fail(s, "list results", err);
		struct store_row row = { .id = "" };
		const char *column;
		int bad = fields_read(st, 0, fields, &row, &column);
		if (!bad)
			stop = each(ctx, &row);
		free(row.submission);
		free(row.assignment);
		if (bad)
			return store_damaged(s, column, err);
	}
	return 0;
}

int store_has(struct store *s, const char *id, struct err *err)
{
	AUTO_STMT *st = NULL;

	if (store_prepare(s, "SELECT 1 FROM results WHERE id = ?", &st, err) < 0)
		return -1;
	if (sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC) != SQLITE_OK)
		return store_fail(s, "look up a result", err);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return store_fail(s, "look up a result", err);
	return rc == SQLITE_ROW;
}
