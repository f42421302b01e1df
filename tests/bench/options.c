/* options.c - the command line of the bench. */
#include "bench/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TESTS_MAX 100000

void options_help(FILE *out, const struct task *tasks)
{
	fputs("usage: bench [OPTION]...\n\n"
	      "  --only NAME      this one of those below; may be repeated\n"
	      "  --peers DIR      a folder of programs that is looked into before PATH\n"
	      "  --rounds N       rounds of each table (default 10)\n"
	      "  --budget S       seconds of a contender in a table, after which it takes part in no\n"
	      "                   further round if it takes twice as long as moulette (default 10)\n"
	      "  --tests LIST     tests of a submission in grade (default 1,3,10,100)\n"
	      "  --growth N       tests in the one box of growth (default 10000)\n"
	      "  --submissions N  of the one batch of batch (default 2000)\n"
	      "  --size SIZE      of a generated image, unpacked: bytes or K, M, G (default 400M)\n"
	      "  --quick          little of everything, to see whether it works: numbers of one round\n"
	      "                   are no measurement; options after it change what it says\n"
	      "  --out DIR        where bench.json and bench.svg go (default: the current folder)\n"
	      "  -h, --help       show this help\n\nwhat is measured:\n",
	      out);
	for (; tasks->name; tasks++)
		fprintf(out, "  %-14s %s\n", tasks->name, tasks->summary);
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

static int take_number(const char *what, const char *text, int min, int max, int *ret,
		       struct err *err)
{
	uint64_t n;
	if (parse_number(text, (uint64_t)min, (uint64_t)max, &n) < 0)
		return err_set(err, FAULT_USAGE, 0, "%s '%s': expected a number from %d to %d",
			       what, text, min, max);
	*ret = (int)n;
	return 0;
}

int options_tests(const char *text, int ret[VARIANTS_MAX], struct err *err)
{
	/* Each number is there twice: with and without pauses. */
	const size_t max = VARIANTS_MAX / 2;
	const char *at = text;
	for (size_t n = 0; n < max; n++) {
		char *end;
		errno = 0;
		long got = strtol(at, &end, 10);
		if (errno || end == at || got < 1 || got > TESTS_MAX || (*end && *end != ','))
			break;
		ret[n] = (int)got;
		ret[n + 1] = 0;
		if (!*end)
			return 0;
		at = end + 1;
	}
	return err_set(err, FAULT_USAGE, 0,
		       "tests '%s': expected up to %zu numbers from 1 to %d, "
		       "separated by commas",
		       text, max, TESTS_MAX);
}

/* Tenths have to be whole. */
static int take_tenths(const char *what, const char *text, int *ret, struct err *err)
{
	int n = 0;
	if (take_number(what, text, 2 * TENTHS, 1000000, &n, err) < 0)
		return -1;
	if (n % TENTHS != 0)
		return err_set(err, FAULT_USAGE, 0, "%s '%s': expected a multiple of %d", what,
			       text, TENTHS);
	*ret = n;
	return 0;
}

static int want(struct options *o, const struct task *tasks, const char *name, struct err *err)
{
	for (size_t i = 0; tasks[i].name; i++)
		if (strcmp(tasks[i].name, name) == 0) {
			o->wanted[i] = true;
			return 0;
		}
	return err_set(err, FAULT_USAGE, 0, "unknown '%s'; see bench --help", name);
}

static void quick(struct bench *b)
{
	b->rounds = 1;
	b->budget_s = 1;
	b->size = 4 << 20;
	b->tests[0] = 1;
	b->tests[1] = 3;
	b->tests[2] = 0;
	b->growth = 100;
	b->submissions = 20;
}

static int take_option(struct options *o, const struct task *tasks, int got, struct err *err)
{
	struct bench *b = &o->bench;
	switch (got) {
	case 'r':
		return take_number("rounds", optarg, 1, 100000, &b->rounds, err);
	case 'b':
		return take_number("budget", optarg, 1, 100000, &b->budget_s, err);
	case 't':
		return options_tests(optarg, b->tests, err);
	case 'g':
		return take_tenths("growth", optarg, &b->growth, err);
	case 'm':
		return take_tenths("submissions", optarg, &b->submissions, err);
	case 's':
		if (parse_number(optarg, 1 << 20, UINT64_C(1) << 36, &b->size) == 0)
			return 0;
		return err_set(err, FAULT_USAGE, 0, "size '%s': expected a size from 1M to 64G",
			       optarg);
	case 'q':
		quick(b);
		return 0;
	case 'o':
		o->out = optarg;
		return 0;
	case 'p':
		o->peers = optarg;
		return 0;
	case 'n':
		return want(o, tasks, optarg, err);
	default:
		return err_set(err, FAULT_USAGE, 0, "see bench --help");
	}
}

static int check(const struct options *o, struct err *err)
{
	if (access(o->out, W_OK) < 0)
		return err_set(err, FAULT_USAGE, errno, "cannot write to '%s'", o->out);
	if (o->peers && access(o->peers, X_OK) < 0)
		return err_set(err, FAULT_USAGE, errno, "cannot look into '%s'", o->peers);
	return 0;
}

static void want_all(struct options *o)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (o->wanted[i])
			return;
	for (size_t i = 0; i < TASKS_MAX; i++)
		o->wanted[i] = true;
}

int options_parse(int argc, char **argv, const struct task *tasks, struct options *ret,
		  struct err *err)
{
	static const struct option longs[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "budget", required_argument, NULL, 'b' },
		{ "tests", required_argument, NULL, 't' },
		{ "growth", required_argument, NULL, 'g' },
		{ "submissions", required_argument, NULL, 'm' },
		{ "only", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' },
		{ "peers", required_argument, NULL, 'p' },
		{ "quick", no_argument, NULL, 'q' },
		{ "out", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int got;
	while ((got = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (got == 'h')
			return 1;
		if (take_option(ret, tasks, got, err) < 0)
			return -1;
	}
	if (optind < argc)
		return err_set(err, FAULT_USAGE, 0, "unexpected '%s'; see bench --help",
			       argv[optind]);
	want_all(ret);
	return check(ret, err);
}
