/* gc.c - remove leftovers of killed runs, and results beyond the limits of age and size. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rights.h"
#include "cmd/command.h"
#include "container/live.h"
#include "container/slot.h"
#include "image/store.h"
#include "model/limits.h"
#include "pipeline/retention.h"
#include "pipeline/session.h"

#define AGE_DAYS_MAX 36500

static int take_age(const char *text, int64_t *ret_ns, struct err *err)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 },
	};
	size_t digits = strspn(text, "0123456789");
	int64_t number = strtoll(text, NULL, 10);
	for (size_t i = 0; digits > 0 && digits < 12 && i < sizeof units / sizeof *units; i++) {
		if (text[digits] != units[i].unit || text[digits + 1] || number < 1 ||
		    number > AGE_DAYS_MAX * INT64_C(86400) / units[i].seconds)
			continue;
		*ret_ns = number * units[i].seconds * NSEC_PER_SEC;
		return 0;
	}
	return usage_error(err,
			   "gc: --older-than '%s': expected a whole number above 0 and a unit "
			   "(s, m, h, d or w), such as 30d",
			   text);
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static void say_results(const struct retention *want, const struct retention_outcome *done)
{
	const char *will = want->dry_run ? " would be" : "";
	char size[32], limit[32];
	size_format(done->bytes, size);
	if (want->older_than_ns || want->max_bytes)
		fprintf(stderr, "moulette: %" PRId64 " result%s%s removed, %s\n", done->results,
			plural(done->results), will, size);
	if (done->strays)
		fprintf(stderr, "moulette: %" PRId64 " log%s without a result%s removed\n",
			done->strays, plural(done->strays), will);
	if (want->max_bytes == 0 || done->left_bytes <= want->max_bytes)
		return;
	size_format(done->left_bytes, size);
	size_format(want->max_bytes, limit);
	fprintf(stderr,
		"moulette: results and logs still take %s, above the limit of %s: "
		"none of them is older than an hour\n",
		size, limit);
}

/* Reads only: makes and removes no file. */
static int dry_run(const struct places *p, const struct retention *want, struct err *err)
{
	AUTO_STORE *store = NULL;
	AUTO_STRV ids = NULL;
	struct retention_outcome done = { 0 };
	int died = 0;
	if (store_open_read(p->database, &store, err) < 0 || live_list(p, &ids, err) < 0)
		return -1;
	for (char **id = ids; *id; id++) {
		AUTO_FD int mark = -1;
		struct live_run r = { 0 };
		int got = live_open(p, *id, &mark, err);
		if (got < 0 || (got > 0 && live_load(mark, *id, &r, err) < 0))
			return -1;
		died += got > 0 && r.status == LIVE_DIED;
		live_run_done(&r);
	}
	if (store && retention_apply(p, store, want, &done, err) < 0)
		return -1;
	fprintf(stderr, "moulette: the leftovers of %d killed run%s would be removed\n", died,
		plural(died));
	say_results(want, &done);
	return EXIT_ALL_PASSED;
}

static int collect(const struct places *p, const struct retention *want, struct err *err)
{
	AUTO_STORE *store = NULL;
	struct retention_outcome done;
	int swept = 0, images = 0;
	if (rights_ids("only root can remove boxes", p->uid_base, SLOTS_UIDS, err) < 0 ||
	    places_make(p, err) < 0 || store_open(p->database, &store, err) < 0 ||
	    session_sweep(p, store, &swept, err) < 0 || image_sweep(p, &images, err) < 0)
		return -1;
	session_settle(p);
	swept += images;
	fprintf(stderr, "moulette: %d leftover%s of killed runs removed\n", swept, plural(swept));
	if (retention_apply(p, store, want, &done, err) < 0)
		return -1;
	say_results(want, &done);
	return EXIT_ALL_PASSED;
}

static bool is_full(const struct err *err)
{
	return strcmp(err->code, "store.full") == 0 || err->sys == ENOSPC || err->sys == EDQUOT;
}

/* On a full disk sqlite cannot remove rows, because it writes its journal first. Files can be removed:
 * leftovers of killed runs, and the logs of results that are removed afterwards. */
static void make_room(const struct places *p, const struct retention *want)
{
	AUTO_STORE *store = NULL;
	struct retention logs = *want;
	struct retention_outcome done;
	int swept = 0;
	char size[32];
	logs.logs_only = true;
	image_sweep(p, &swept, NULL);
	if (store_open_read(p->database, &store, NULL) < 0 || !store)
		return;
	session_sweep(p, store, &swept, NULL);
	if (retention_apply(p, store, &logs, &done, NULL) < 0)
		return;
	size_format(done.bytes, size);
	fprintf(stderr,
		"moulette: the disk is full: %d leftover%s, %" PRId64 " log%s without a result and "
		"the logs of %" PRId64 " result%s (%s) removed first\n",
		swept, plural(swept), done.strays, plural(done.strays), done.results,
		plural(done.results), size);
}

static int collect_in_any_case(const struct places *p, const struct retention *want,
			       struct err *err)
{
	int status = collect(p, want, err);
	if (status != -1 || !is_full(err))
		return status;
	make_room(p, want);
	return collect(p, want, err);
}

static int gc_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct retention want = { .max_bytes = places->store_max_bytes,
				  .dry_run = cli_has(cli, "dry-run") };
	const char *age = cli_get(cli, "older-than");
	if (cli->n_args)
		return usage_error(err, "gc: expected no arguments; see 'moulette gc --help'");
	if (age && take_age(age, &want.older_than_ns, err) < 0)
		return -1;
	return want.dry_run ? dry_run(places, &want, err) : collect_in_any_case(places, &want, err);
}

static const struct option_spec options[] = {
	{ "older-than", 0, "AGE",
	  "also remove results older than AGE (12h, 30d, 2w), with their logs" },
	{ "dry-run", 'n', NULL, "print what would be removed, and remove nothing" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_gc = {
	.name = "gc",
	.synopsis = "gc [--older-than AGE] [-n]",
	.summary = "remove leftovers of killed runs, and old results",
	.options = options,
	.exec = gc_exec,
};
