/* filter_ranges.c - a tree of ranges of values. */
#include "bundle/filter_ranges.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define FEW 3 /* ranges: one after the other is shorter than halving */

struct range {
	uint32_t from, to;
};

struct ways {
	size_t yes, no;
};

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* Return: how many. */
static size_t ranges_of(const uint32_t *sorted, size_t n, struct range *r)
{
	size_t have = 0;

	for (size_t i = 0; i < n; i++) {
		if (have && sorted[i] - r[have - 1].to <= 1)
			r[have - 1].to = sorted[i];
		else
			r[have++] = (struct range){ sorted[i], sorted[i] };
	}
	return have;
}

/* @above: less than the range has been ruled out before. */
static size_t inside(struct filter_code *c, const struct range *r, bool above, const struct ways *w)
{
	if (r->from == r->to)
		return filter_code_jump(c, BPF_JEQ, r->from, w->yes, w->no);
	const size_t end = filter_code_jump(c, BPF_JGT, r->to, w->no, w->yes);
	return above || r->from == 0 ? end : filter_code_jump(c, BPF_JGE, r->from, end, w->no);
}

static size_t branch(struct filter_code *c, const struct range *r, size_t n, bool above,
		     const struct ways *w)
{
	const size_t half = n / 2;

	if (n == 1)
		return inside(c, r, above, w);
	const size_t right = branch(c, r + half, n - half, true, w);
	const size_t left = branch(c, r, half, above, w);
	return filter_code_jump(c, BPF_JGE, r[half].from, right, left);
}

size_t filter_ranges_code(struct filter_code *c, uint32_t *values, size_t n, size_t yes, size_t no)
{
	AUTO_FREE struct range *r = mem_alloc(n * sizeof(*r));
	struct ways w = { yes, no };

	qsort(values, n, sizeof(*values), by_value);
	n = ranges_of(values, n, r);
	if (n > FEW)
		return branch(c, r, n, false, &w);
	for (; n > 0; n--)
		w.no = inside(c, &r[n - 1], false, &w);
	return w.no;
}
