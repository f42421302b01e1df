/* stats.c - quantiles, and the interval of a median. */
#include "bench/stats.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define CONFIDENCE 0.95

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double *sorted(const double *values, size_t n)
{
	double *copy = mem_alloc(n * sizeof *copy);
	assert(n > 0);
	memcpy(copy, values, n * sizeof *copy);
	qsort(copy, n, sizeof *copy, ascending);
	return copy;
}

static double quantile(const double *v, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t below = (size_t)at;
	if (below + 1 >= n)
		return v[n - 1];
	return v[below] + (at - (double)below) * (v[below + 1] - v[below]);
}

struct spread spread_of(const double *values, size_t n)
{
	AUTO_FREE double *v = sorted(values, n);
	return (struct spread){ v[0], quantile(v, n, 0.1), quantile(v, n, 0.5),
				quantile(v, n, 0.9) };
}

/* How likely the true median lies between the @k-th value from below and the @k-th from above (from
 * 0): it does not when at most @k of @n throws of a coin are heads, or at most @k tails. */
static double covered(size_t n, size_t k)
{
	double chance = 1, outside = 0;
	for (size_t i = 0; i < n; i++)
		chance /= 2;
	for (size_t i = 0; i <= k; i++) {
		outside += chance;
		chance *= (double)(n - i) / (double)(i + 1);
	}
	return 1 - 2 * outside;
}

struct interval ratios_of(const double *over, const double *under, size_t n)
{
	AUTO_FREE double *pairs = mem_alloc(n * sizeof *pairs);
	for (size_t i = 0; i < n; i++)
		pairs[i] = over[i] / under[i];
	AUTO_FREE double *v = sorted(pairs, n);
	size_t k = 0;
	while (2 * (k + 1) < n && covered(n, k + 1) >= CONFIDENCE)
		k++;
	double confidence = covered(n, k);
	return (struct interval){ quantile(v, n, 0.5), v[k], v[n - 1 - k],
				  confidence > 0 ? confidence : 0 };
}
