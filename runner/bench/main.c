/*
 * main.c - `make bench`: moulette beside programs that do the same work, on this machine.
 *
 * usage: bench [--rounds N] [--only NAME]... [--size SIZE] [--out DIR]
 *
 * Prints a table for each comparison and writes DIR/bench.json. What is generated lies in a folder
 * below TMPDIR (default /var/tmp) and is removed, also after an interrupt.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
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
#include "bench/contender.h"
#include "bench/machine.h"
#include "bench/record.h"
#include "bench/table.h"

#define EXIT_USAGE 2
#define EXIT_TROUBLE 3

static const struct comparison *const comparisons[] = { &comparison_grade, &comparison_image_import,
						     &comparison_card };

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

struct options {
	struct bench bench;
	const char *out;
	bool wanted[COUNT(comparisons)], some;
};

/* What is written of what was measured. */
struct report {
	struct json_object *record;
	const struct comparison *last;
};

static void help(FILE *out)
{
	fprintf(out,
		"usage: bench [OPTION]...\n\n"
		"  --rounds N     rounds of each comparison (default 10)\n"
		"  --only NAME    this comparison; may be repeated\n"
		"  --size SIZE    of a generated image, unpacked: bytes or K, M, G (default 400M)\n"
		"  --out DIR      where bench.json goes (default: the current folder)\n"
		"  -h, --help     show this help\n\ncomparisons:\n");
	for (size_t i = 0; i < COUNT(comparisons); i++)
		fprintf(out, "  %-14s %s\n", comparisons[i]->name, comparisons[i]->summary);
}

static int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	static const char units[] = "KMG";
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return -1;
	const char *unit = *end ? strchr(units, *end++) : NULL;
	int shift = unit ? 10 * (int)(unit - units + 1) : 0;
	if (*end || (end[-1] > '9' && !unit) || n > max >> shift || n << shift < min)
		return -1;
	*ret = n << shift;
	return 0;
}

static int want(struct options *o, const char *name, struct err *err)
{
	for (size_t i = 0; i < COUNT(comparisons); i++) {
		if (strcmp(comparisons[i]->name, name) != 0)
			continue;
		o->wanted[i] = o->some = true;
		return 0;
	}
	return err_set(err, FAULT_USAGE, 0, "unknown comparison '%s'; see bench --help", name);
}

static int take_option(struct options *o, int got, struct err *err)
{
	uint64_t n;
	switch (got) {
	case 'r':
		if (parse_number(optarg, 1, 100000, &n) < 0)
			return err_set(err, FAULT_USAGE, 0,
				       "rounds '%s': expected a number from 1 "
				       "to 100000",
				       optarg);
		o->bench.rounds = (int)n;
		return 0;
	case 's':
		if (parse_number(optarg, 1 << 20, UINT64_C(1) << 36, &o->bench.size) < 0)
			return err_set(err, FAULT_USAGE, 0,
				       "size '%s': expected a size from 1M to "
				       "64G",
				       optarg);
		return 0;
	case 'o':
		o->out = optarg;
		return 0;
	case 'n':
		return want(o, optarg, err);
	default:
		return err_set(err, FAULT_USAGE, 0, "see bench --help");
	}
}

/* Return: 1 when help was asked for. */
static int parse(int argc, char **argv, struct options *ret, struct err *err)
{
	static const struct option longs[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "only", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' },
		{ "out", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int got;
	while ((got = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (got == 'h')
			return 1;
		if (take_option(ret, got, err) < 0)
			return -1;
	}
	if (optind < argc)
		return err_set(err, FAULT_USAGE, 0, "unexpected '%s'; see bench --help",
			       argv[optind]);
	return access(ret->out, W_OK) < 0
		       ? err_set(err, FAULT_USAGE, errno, "cannot write to '%s'", ret->out)
		       : 0;
}

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

static int take_outcome(void *ctx, const struct outcome *o, struct err *err)
{
	struct report *r = ctx;
	bool first = r->last != o->comparison;
	r->last = o->comparison;
	record_add(r->record, o);
	return table_write(stdout, o, first, err);
}

static int run_all(const struct options *o, struct report *r, struct err *err)
{
	for (size_t i = 0; i < COUNT(comparisons); i++)
		if ((!o->some || o->wanted[i]) &&
		    comparison_run(comparisons[i], &o->bench, take_outcome, r, err) < 0)
			return err_wrap(err, "%s", comparisons[i]->name);
	return record_write(r->record, o->out, err);
}

static int run_in_scratch(struct options *o, struct err *err)
{
	const char *top = getenv("TMPDIR");
	AUTO_FREE char *scratch =
		mem_printf("%s/moulette-bench.XXXXXX", top && *top ? top : "/var/tmp");
	if (!mkdtemp(scratch))
		return err_set(err, FAULT_INFRA, errno, "cannot make a folder in '%s'",
			       top && *top ? top : "/var/tmp");
	o->bench.scratch = scratch;
	/* Root file systems in it are those of boxes, which have other uids. */
	chmod(scratch, 0711);
	AUTO_JSON *record = record_new(&o->bench, machine_facts(scratch));
	struct report report = { .record = record };
	int bad = run_all(o, &report, err);
	if (tree_remove_at(AT_FDCWD, scratch) < 0 && !bad)
		bad = err_set(err, FAULT_INFRA, errno, "cannot remove '%s'", scratch);
	return bad;
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
	int bad = run_in_scratch(o, err);
	struct signalfd_siginfo info;
	if (bad && read(signals, &info, sizeof info) == (ssize_t)sizeof info)
		return 128 + (int)info.ssi_signo;
	return bad;
}

int main(int argc, char **argv)
{
	struct options o = {
		.bench = { .rounds = 10, .budget_s = 10, .size = 400 << 20,
			   .tests = { 1, 3, 10, 100 }, .growth = 10000, .submissions = 2000 },
		.out = "."
	};
	struct err err = { .fault = FAULT_NONE };
	int got = parse(argc, argv, &o, &err);
	if (got > 0) {
		help(stdout);
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
