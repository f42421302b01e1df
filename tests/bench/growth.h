/* growth.h - does the ten-thousandth cost what the first one does? */
#ifndef MOULETTE_BENCH_GROWTH_H
#define MOULETTE_BENCH_GROWTH_H

#include <json-c/json.h>
#include <stdio.h>

#include "bench/contender.h"

#define TENTHS 10

/** What is known of a tenth of the items, or of one run of all. */
struct tenth {
	double cpu_ns;  /* an item, of all processes */
	double wall_ns; /* an item */
	int64_t memory; /* of the runner and its workers at the end: anonymous and shared, resident */
	int fds;        /* that the runner and its workers have open at the end */
};

struct growth {
	const char *name, *unit;
	int items;
	struct tenth tenths[TENTHS];
	/* On the whole machine, before and after. */
	int cgroups[2], mounts[2];
};

/** growth_tests() - b->growth tests in one box; growth_submissions() - b->submissions in a batch. */
int growth_tests(const struct bench *b, struct growth *ret, struct err *err);
int growth_submissions(const struct bench *b, struct growth *ret, struct err *err);

/**
 * growth_tenths() - from readings at the ends of tenths to what an item of each cost
 * @readings: TENTHS + 1 of them, the first at the beginning
 * @missing:  items that the first tenth lacks, and the last: in a batch one each, as the first reading
 *            is at the end of the first item (before it, everything was opened), and the last one is
 *            before the end
 */
void growth_tenths(const struct tenth *readings, int missing, struct growth *g);

/** growth_ratio() - CPU of an item of the last tenth to that of the first; NAN: of a first tenth that
 *  is too short to be seen. */
double growth_ratio(const struct growth *g);

int growth_write(FILE *out, const struct growth *g, struct err *err);
struct json_object *growth_json(const struct growth *g);

#endif
