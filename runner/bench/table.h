/* table.h - an outcome for people. */
#ifndef MOULETTE_BENCH_TABLE_H
#define MOULETTE_BENCH_TABLE_H

#include <stdio.h>

#include "bench/contender.h"

int table_write(FILE *out, const struct outcome *o, struct err *err);

#endif
