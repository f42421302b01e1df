/* old.c - find and count old results, and reclaim their space. */
#include "store/internal.h"

/* Less does not justify rewriting the whole database; later rows reuse the space. */
#define SHRINK_MIN_BYTES (1 << 20)

int store_oldest(struct store *s, int (*each)(void *ctx, const char *id, int64_t started_real_ns),
		 void *ctx, struct err *err)
{
	AUTO_STMT *st = NULL;
	if (store_prepare(s, "SELECT id, started_ns FROM results ORDER BY started_ns, id", &st,
			  err) < 0)
		return -1;
	for (int stop = 0; !stop;) {
		int rc = sqlite3_step(st);
		if (rc == SQLITE_DONE)
			return 0;
		if (rc != SQLITE_ROW)
			return store_fail(s, "look for old results", err);
		stop = each(ctx, (const char *)sqlite3_column_text(st, 0),
			    sqlite3_column_int64(st, 1));
	}
	return 0;
}

static int pages(struct store *s, int64_t *ret_all, int64_t *ret_free, int64_t *ret_size,
		 struct err *err)
{
	if (store_scalar(s, "PRAGMA page_count", ret_all, err) < 0 ||
	    store_scalar(s, "PRAGMA freelist_count", ret_free, err) < 0)
		return -1;
	return store_scalar(s, "PRAGMA page_size", ret_size, err);
}

int store_bytes(struct store *s, int64_t *ret, struct err *err)
{
	int64_t all, unused, size;
	if (pages(s, &all, &unused, &size, err) < 0)
		return -1;
	*ret = (all - unused) * size;
	return 0;
}

int store_shrink(struct store *s, struct err *err)
{
	int64_t all, unused, size;
	if (pages(s, &all, &unused, &size, err) < 0)
		return -1;
	if (unused * size < SHRINK_MIN_BYTES || unused < all / 4)
		return 0;
	sqlite3_exec(s->db, "VACUUM", NULL, NULL, NULL);
	return 0;
}
