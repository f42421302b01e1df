/* options.h - what a call of the bench asks for. */
#ifndef MOULETTE_BENCH_OPTIONS_H
#define MOULETTE_BENCH_OPTIONS_H

#include <stdio.h>

#include "bench/contender.h"
#include "bench/growth.h"

/** One thing that can be asked for: either rounds of a comparison, or one long run. */
struct task {
	const char *name, *summary;
	const struct comparison *comparison;
	int (*growth)(const struct bench *b, struct growth *ret, struct err *err);
};

#define TASKS_MAX 16

struct options {
	struct bench bench;
	const char *out, *peers;
	bool wanted[TASKS_MAX]; /* all of them, if none was named */
};

/** options_parse() - @tasks ends with a name of NULL. Return: 1 when help was asked for, -1:
 *  FAULT_USAGE. */
int options_parse(int argc, char **argv, const struct task *tasks, struct options *ret,
		  struct err *err);
void options_help(FILE *out, const struct task *tasks);

/** options_tests() - "1,3,10" to numbers that end with 0. */
int options_tests(const char *text, int ret[VARIANTS_MAX], struct err *err);

#endif
