/*
 * main.c - `make bench`: moulette beside programs that do the same work, on this machine.
 *
 * usage: bench [OPTION]...; see options.c
 *
 * Prints tables, and writes DIR/bench.json and DIR/bench.svg. What is generated lies in a folder
 * below TMPDIR (default /var/tmp) and is removed, also after an interrupt.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/signals.h"
#include "bench/machine.h"
#include "bench/options.h"
#include "bench/plot.h"
#include "bench/record.h"
#include "bench/stats.h"
#include "bench/table.h"

#define EXIT_USAGE 2
#define EXIT_TROUBLE 3

static const struct task tasks[] = {
	{ "grade", "a submission with 1, 3, 10 and 100 tests, beside those that start once a test",
	  &comparison_grade, NULL },
	{ "latency", "archive in hand to verdict, a box being ready, beside tar x + bwrap",
	  &comparison_latency, NULL },
	{ "growth", "the first of 10,000 tests in one box beside the last", NULL, growth_tests },
	{ "batch", "the first of 2,000 submissions in one batch beside the last", NULL,
	  growth_submissions },
	{ "workers", "a batch with one worker and with two", &comparison_workers, NULL },
	{ "image-import", "an OCI layout becomes a tree, beside umoci", &comparison_image_import,
	  NULL },
	{ "card", "boxes without and with a network card", &comparison_card, NULL },
	{ NULL, NULL, NULL, NULL },
};

/* What is written of what was measured. */
struct report {
	struct json_object *record;
	const struct comparison *last;
	struct plot plot;
};

/* moulette as it was built beside this program. */
static char *beside(const char *name)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len < 0)
		return NULL;
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	return mem_printf("%s/%s", self, name);
}

/* --- what is done with outcomes ----------------------------------------------------------- */

static void plot_outcome(struct plot *p, const struct outcome *o)
{
	for (size_t i = 0; i < o->comparison->n; i++) {
		const struct measured *m = &o->rows[i];
		if (!m->why)
			plot_add(p, m->contender->name, o->variant.units,
				 spread_of(m->cpu_ns, m->rounds).median / o->variant.units / 1e6);
	}
}

static int take_outcome(void *ctx, const struct outcome *o, struct err *err)
{
	struct report *r = ctx;
	bool first = r->last != o->comparison;
	r->last = o->comparison;
	record_add(r->record, o);
	if (o->comparison == &comparison_grade && o->variant.pause_ms == 0)
		plot_outcome(&r->plot, o);
	return table_write(stdout, o, first, err);
}

static int run_growth(const struct task *t, const struct bench *b, struct report *r,
		      struct err *err)
{
	struct growth g;
	if (t->growth(b, &g, err) < 0)
		return -1;
	json_object_array_add(json_object_object_get(r->record, "growth"), growth_json(&g));
	return growth_write(stdout, &g, err);
}

static int write_files(const struct options *o, const struct report *r, struct err *err)
{
	AUTO_FREE char *svg = mem_printf("%s/bench.svg", o->out);
	if (r->plot.n > 0 && plot_write(&r->plot, svg, err) < 0)
		return -1;
	json_object_object_add(r->record, "load_after", machine_load());
	return record_write(r->record, o->out, err);
}

static int run_all(const struct options *o, struct report *r, struct err *err)
{
	for (size_t i = 0; tasks[i].name; i++) {
		if (!o->wanted[i])
			continue;
		int bad = tasks[i].comparison ? comparison_run(tasks[i].comparison, &o->bench,
							       take_outcome, r, err) :
						run_growth(&tasks[i], &o->bench, r, err);
		if (bad)
			return err_wrap(err, "%s", tasks[i].name);
	}
	return write_files(o, r, err);
}

/* --- one call ----------------------------------------------------------------------------- */

static int run_in_scratch(struct options *o, struct err *err)
{
	const char *top = getenv("TMPDIR");
	AUTO_FREE char *scratch = mem_printf("%s/moulette-bench.XXXXXX",
					     top && *top ? top : "/var/tmp");
	if (!mkdtemp(scratch))
		return err_set(err, FAULT_INFRA, errno, "cannot make a folder in '%s'",
			       top && *top ? top : "/var/tmp");
	o->bench.scratch = scratch;
	/* Root file systems in it are those of boxes, which have other uids. */
	chmod(scratch, 0711);
	struct json_object *facts = machine_facts(scratch);
	AUTO_JSON *record = record_new(&o->bench, facts);
	machine_write(stdout, facts);
	struct report report = { .record = record,
				 .plot = { .title = "What a test costs",
					   .x_label = "tests of a submission",
					   .y_label =
						   "ms of CPU time a test, its share of the start "
						   "included" } };
	int bad = run_all(o, &report, err);
	plot_done(&report.plot);
	if (tree_remove_at(AT_FDCWD, scratch) < 0 && !bad)
		bad = err_set(err, FAULT_INFRA, errno, "cannot remove '%s'", scratch);
	return bad;
}

static void look_into(const char *peers)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *whole = realpath(peers, NULL);
	AUTO_FREE char *both = mem_printf("%s:%s", whole ? whole : peers, path ? path : "");
	setenv("PATH", both, 1);
}

static int bench(struct options *o, struct err *err)
{
	sigset_t set;
	AUTO_FREE char *moulette = beside("moulette");
	signals_ending(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	AUTO_FD int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0 || !moulette)
		return err_set(err, FAULT_INFRA, errno, "cannot watch for signals");
	o->bench.interrupt_fd = signals;
	o->bench.moulette = moulette;
	if (o->peers)
		look_into(o->peers);
	int bad = run_in_scratch(o, err);
	struct signalfd_siginfo info;
	if (bad && read(signals, &info, sizeof info) == (ssize_t)sizeof info)
		return 128 + (int)info.ssi_signo;
	return bad;
}

int main(int argc, char **argv)
{
	struct options o = { .bench = { .rounds = 10,
					.budget_s = 10,
					.size = 400 << 20,
					.tests = { 1, 3, 10, 100 },
					.growth = 10000,
					.submissions = 2000 },
			     .out = "." };
	struct err err = { .fault = FAULT_NONE };
	int got = options_parse(argc, argv, tasks, &o, &err);
	if (got > 0) {
		options_help(stdout, tasks);
		return 0;
	}
	if (got == 0)
		got = bench(&o, &err);
	if (got != 0)
		fprintf(stderr, "bench: %s\n", err.msg);
	if (got < 0)
		return err.fault == FAULT_USAGE ? EXIT_USAGE : EXIT_TROUBLE;
	return got;
}
