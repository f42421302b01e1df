/* put.c - store and remove results. Statements are prepared once, because a batch writes thousands. */
#include <string.h>

#include "store/internal.h"

/* The first two columns of each table are its keys, and not among its fields. */
static const struct {
	const char *table, *keys;
	const struct field *fields;
} tables[] = {
	[KEPT_RUN] = { "results", "id, log_path", run_fields },
	[KEPT_STEP] = { "steps", "result, number", step_fields },
	[KEPT_GROUP] = { "result_groups", "result, number", group_fields },
};

static void insert_text(struct buf *sql, enum kept_statement which)
{
	buf_printf(sql, "INSERT INTO %s (%s, ", tables[which].table, tables[which].keys);
	fields_list(sql, tables[which].fields, 0);
	buf_str(sql, ") VALUES (?, ?, ");
	fields_list(sql, tables[which].fields, 1);
	buf_str(sql, ")");
}

static int insert_into(struct store *s, enum kept_statement which, sqlite3_stmt **ret,
		       struct err *err)
{
	AUTO_BUF sql = { 0 };

	if (!s->kept[which]) {
		insert_text(&sql, which);
		if (store_prepare(s, sql.data, &s->kept[which], err) < 0)
			return -1;
	}
	*ret = s->kept[which];
	return 0;
}

/* Resets the statement and its bindings, also after an error. */
static void stmt_reset(sqlite3_stmt **st)
{
	if (!*st)
		return;
	sqlite3_reset(*st);
	sqlite3_clear_bindings(*st);
}
#define AUTO_RESET __attribute__((cleanup(stmt_reset))) sqlite3_stmt

static int step_done(struct store *s, sqlite3_stmt *st, const char *what, struct err *err)
{
	return sqlite3_step(st) == SQLITE_DONE ? 0 : store_fail(s, what, err);
}

/* Paths of logs below the folder of the database are stored relative to it, so that a home can be
 * moved with its logs. */
static const char *log_path_relative(const struct store *s, const char *path)
{
	size_t len = strlen(s->dir);
	if (path && strncmp(path, s->dir, len) == 0 && path[len] == '/' && path[len + 1] != '/')
		return path + len + 1;
	return path;
}

static int put_run(struct store *s, const struct run_result *r, struct err *err)
{
	const char *log_path = log_path_relative(s, r->log_path);
	AUTO_RESET *st = NULL;

	if (insert_into(s, KEPT_RUN, &st, err) < 0)
		return -1;
	if (sqlite3_bind_text(st, 1, r->id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    fields_bind(st, 2, log_path_field, &log_path) != SQLITE_OK ||
	    fields_bind(st, 3, run_fields, r) != SQLITE_OK)
		return store_fail(s, "store a result", err);
	return step_done(s, st, "store a result", err);
}

/* @n objects of @size bytes as the rows 0.. that belong to result @id. */
static int put_rows(struct store *s, enum kept_statement which, const char *id, const void *objects,
		    size_t size, size_t n, struct err *err)
{
	AUTO_RESET *st = NULL;

	if (n == 0)
		return 0;
	if (insert_into(s, which, &st, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const void *object = (const char *)objects + i * size;
		if (sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC) != SQLITE_OK ||
		    sqlite3_bind_int64(st, 2, (sqlite3_int64)i) != SQLITE_OK ||
		    fields_bind(st, 3, tables[which].fields, object) != SQLITE_OK)
			return store_fail(s, "store a result", err);
		if (step_done(s, st, "store a result", err) < 0)
			return -1;
		sqlite3_reset(st);
	}
	return 0;
}

static int delete_rows(struct store *s, const char *sql, const char *id, struct err *err)
{
	AUTO_STMT *st = NULL;

	if (store_prepare(s, sql, &st, err) < 0)
		return -1;
	if (sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC) != SQLITE_OK)
		return store_fail(s, "remove a result", err);
	return step_done(s, st, "remove a result", err);
}

static int delete_all(struct store *s, const char *id, struct err *err)
{
	if (delete_rows(s, "DELETE FROM result_groups WHERE result = ?", id, err) < 0 ||
	    delete_rows(s, "DELETE FROM steps WHERE result = ?", id, err) < 0)
		return -1;
	return delete_rows(s, "DELETE FROM results WHERE id = ?", id, err);
}

static int put_all(struct store *s, const struct run_result *r, struct err *err)
{
	const int there = store_has(s, r->id, err);

	if (there < 0 || (there && delete_all(s, r->id, err) < 0) || put_run(s, r, err) < 0)
		return -1;
	if (put_rows(s, KEPT_STEP, r->id, r->steps, sizeof(*r->steps), r->n_steps, err) < 0)
		return -1;
	return put_rows(s, KEPT_GROUP, r->id, r->groups, sizeof(*r->groups), r->n_groups, err);
}

int store_put(struct store *s, const struct run_result *r, struct err *err)
{
	if (store_begin(s, err) < 0)
		return err_wrap(err, "result '%s'", r->id);
	if (store_end(s, put_all(s, r, err) == 0, err) < 0)
		return err_wrap(err, "result '%s'", r->id);
	return 0;
}

int store_remove(struct store *s, const char *id, struct err *err)
{
	if (store_begin(s, err) < 0)
		return err_wrap(err, "result '%s'", id);
	if (store_end(s, delete_all(s, id, err) == 0, err) < 0)
		return err_wrap(err, "result '%s'", id);
	return 0;
}
