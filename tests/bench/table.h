/* table.h - an outcome for people. */
#ifndef MOULETTE_BENCH_TABLE_H
#define MOULETTE_BENCH_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/contender.h"

/** table_write() - @first: the first of its comparison, which says who takes part */
int table_write(FILE *out, const struct outcome *o, bool first, struct err *err);

#endif
