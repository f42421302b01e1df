/* stats.h - what many measurements say. Pure. */
#ifndef MOULETTE_BENCH_STATS_H
#define MOULETTE_BENCH_STATS_H

#include <stddef.h>

struct spread {
	double min, p10, median, p90;
};

/** spread_of() - of @n > 0 values in any order; between two of them, linear. */
struct spread spread_of(const double *values, size_t n);

/** A median, and where the true one lies with @confidence (0 to 1). */
struct interval {
	double median, low, high, confidence;
};

/**
 * ratios_of() - the median of over[i] / under[i], pairs of one round each
 *
 * Its interval is that of order statistics: it asks for no distribution, only for rounds that do
 * not depend on each other. It is the narrowest of 95% or more; fewer than 6 rounds cannot give
 * that, and the confidence of their extremes is said. @n > 0.
 */
struct interval ratios_of(const double *over, const double *under, size_t n);

#endif
