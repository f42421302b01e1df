/* list.c - live boxes and the latest results. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "container/live.h"
#include "report/run_list.h"
#include "store/store.h"

#define LATEST 20

struct listing {
	struct run_rows rows;
	size_t n_live; /* these come first */
};

static void listing_cleanup(struct listing *l)
{
	run_rows_done(&l->rows);
}

static char *owner_name(uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);
	return pw ? mem_strdup(pw->pw_name) : mem_printf("%lu", (unsigned long)uid);
}

static void add_live(struct run_rows *rows, struct live_run *r)
{
	struct run_row *row = run_rows_add(rows);
	bool alive = r->status == LIVE_ALIVE;
	memcpy(row->id, r->id, sizeof row->id);
	row->status = !alive ? "died" : r->running ? "running" : "creating";
	row->pid = alive && r->init_pid > 0 ? r->init_pid : -1;
	row->bundle = alive ? ptr_steal(&r->bundle) : NULL;
	row->owner = owner_name(r->owner);
	row->submission = ptr_steal(&r->submission);
	row->assignment = ptr_steal(&r->assignment);
	row->step = mem_strdup(live_run_step(r));
	row->created_real_ns = r->created_real_ns;
	row->elapsed_ns = alive ? clock_real_ns() - r->created_real_ns : -1;
	if (r->n_steps)
		row->steps_done = (int64_t)r->steps[r->n_steps - 1].index;
	if (r->plan)
		row->steps_total = (int64_t)strv_len(r->plan);
}

/* A run record whose result is stored is a leftover, so only the result is listed. */
static int add_mark(const struct places *p, const char *id, struct store *store,
		    struct run_rows *rows, struct err *err)
{
	AUTO_FD int mark = -1;
	struct live_run r;
	int got = live_open(p, id, &mark, err);
	if (got <= 0)
		return got;
	if (live_load(mark, id, &r, err) < 0)
		return -1;
	int stored = store && r.status != LIVE_ALIVE ? store_has(store, id, err) : 0;
	if (stored == 0 && r.status != LIVE_OVER)
		add_live(rows, &r);
	live_run_done(&r);
	return stored < 0 ? -1 : 0;
}

static int add_result(void *ctx, const struct store_row *r)
{
	struct listing *l = ctx;
	struct run_rows *rows = &l->rows;
	for (size_t i = 0; i < l->n_live; i++)
		if (strcmp(rows->rows[i].id, r->id) == 0)
			return 0; /* stored already, but the run has not ended yet */
	struct run_row *row = run_rows_add(rows);
	memcpy(row->id, r->id, sizeof row->id);
	row->status = verdict_name(r->verdict);
	row->submission = mem_strdup(r->submission);
	row->assignment = mem_strdup(r->assignment);
	row->created_real_ns = r->started_real_ns;
	row->elapsed_ns = r->duration_ns;
	row->score = r->score;
	row->max_score = r->max_score;
	return 0;
}

static int print_ids(const struct run_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->rows[i].status, "died") != 0)
			printf("%s\n", rows->rows[i].id);
	return EXIT_ALL_PASSED;
}

static int list_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	CLEANUP(listing_cleanup) struct listing l = { .n_live = 0 };
	AUTO_STORE *store = NULL;
	AUTO_STRV ids = NULL;
	if (cli->n_args)
		return usage_error(err, "list: expected no arguments; see 'moulette list --help'");
	if (store_open_read(places->database, &store, err) < 0 || live_list(places, &ids, err) < 0)
		return -1;
	for (char **id = ids; *id; id++)
		if (add_mark(places, *id, store, &l.rows, err) < 0)
			return -1;
	l.n_live = l.rows.n;
	if (cli_has(cli, "quiet"))
		return print_ids(&l.rows);
	if (store && store_latest(store, cli_has(cli, "all") ? 0 : LATEST, add_result, &l, err) < 0)
		return -1;
	return cli_has(cli, "json") ? run_list_json(stdout, &l.rows, err) :
				      run_list_table(stdout, &l.rows, err);
}

static const struct option_spec options[] = {
	{ "all", 'a', NULL, "list every result (default: the latest 20)" },
	{ "quiet", 'q', NULL, "print only the ids of boxes that run" },
	{ "json", 0, NULL, "print JSON: an array of objects" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_list = {
	.name = "list",
	.synopsis = "list [--all] [-q] [--json]",
	.summary = "list the boxes that run and the latest results",
	.options = options,
	.exec = list_exec,
};
