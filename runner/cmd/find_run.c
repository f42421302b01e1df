/* find_run.c - look up an id among the records of runs and the stored results. */
#include "cmd/find_run.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "container/live.h"

/* An id begins with the time, and a shorter prefix matches weeks of results. */
#define STORED_PREFIX_MIN 4
#define AMBIGUOUS_SHOWN 5

static int collect(const struct places *p, const char *given, struct store *store, char ***ret,
		   struct err *err)
{
	AUTO_STRV marks = NULL;
	AUTO_STRV stored = NULL;
	if (live_list(p, &marks, err) < 0)
		return -1;
	for (char **id = marks; *id; id++)
		if (strncasecmp(*id, given, strlen(given)) == 0)
			strv_add(ret, *id);
	if (store && strlen(given) >= STORED_PREFIX_MIN &&
	    store_match(store, given, AMBIGUOUS_SHOWN + 1, &stored, err) < 0)
		return -1;
	for (char **id = stored; id && *id; id++)
		if (!strv_has(*ret, *id))
			strv_add(ret, *id);
	return 0;
}

static int unknown(const char *given, struct err *err)
{
	if (strlen(given) < STORED_PREFIX_MIN)
		return err_set(err, FAULT_USAGE, 0,
			       "no run with the id '%s' goes on; to name a result, give at least "
			       "%d characters of its id",
			       given, STORED_PREFIX_MIN);
	return err_set(err, FAULT_USAGE, 0,
		       "no run or result has the id '%s'; 'moulette list --all' lists them", given);
}

static int ambiguous(const char *given, char *const *ids, struct err *err)
{
	AUTO_BUF list = { 0 };
	for (size_t i = 0; ids[i] && i <= AMBIGUOUS_SHOWN; i++)
		buf_printf(&list, "%s%s", i ? ", " : "", i < AMBIGUOUS_SHOWN ? ids[i] : "...");
	return err_set(err, FAULT_USAGE, 0, "id '%s' is ambiguous (%s); give more characters of it",
		       given, list.data);
}

/* A run record whose result is stored is a leftover; the result counts. */
static int look(const struct places *p, struct found_run *f, struct err *err)
{
	int got = live_open(p, f->id, &f->mark, err);
	if (got < 0 || (got > 0 && live_load(f->mark, f->id, &f->live, err) < 0))
		return -1;
	if (got > 0 && f->live.status == LIVE_ALIVE)
		return 0;
	int stored = f->store ? store_has(f->store, f->id, err) : 0;
	if (stored < 0)
		return -1;
	if (!stored && got > 0 && f->live.status == LIVE_DIED)
		return 0;
	fd_close(&f->mark);
	return stored ? 0 :
			err_set(err, FAULT_USAGE, 0, "run '%s' has ended without a result", f->id);
}

int find_run(const struct places *p, const char *given, struct found_run *ret, struct err *err)
{
	AUTO_STRV ids = strv_dup(NULL);
	*ret = (struct found_run){ .mark = -1 };
	if (store_open_read(p->database, &ret->store, err) < 0 ||
	    collect(p, given, ret->store, &ids, err) < 0)
		return -1;
	if (!*given || !ids[0])
		return unknown(given, err);
	if (ids[1])
		return ambiguous(given, ids, err);
	snprintf(ret->id, sizeof ret->id, "%s", ids[0]);
	return look(p, ret, err);
}

void found_run_done(struct found_run *f)
{
	fd_close(&f->mark);
	live_run_done(&f->live);
	store_close(f->store);
	f->store = NULL;
}
