/* filter_args.c - "one of these rules holds" as tests of 32 bits.
 *
 * A filter sees 32 bits at a time, so a condition is a choice of pieces, each of up to two tests
 * that must both hold: x > v is "high half above" or "high half equal and low half above". A rule is
 * then a choice of clauses, rows of tests; clauses that begin alike are tested together, a half that
 * several look at in turn is loaded once, and of the values that one may have the right one is found
 * by halving. */
#include "bundle/filter_args.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "bundle/filter_ranges.h"

#define MAX_CLAUSES 2000 /* of one call; the kernel takes 4,096 instructions in all */
#define ALL 0xffffffffu
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the halves of an argument lie the other way round"
#endif

/* Is "(half & mask) op k" true, or false when it is `negated`? */
struct test {
	uint32_t offset, mask, k;
	uint16_t op;
	bool negated;
};

struct piece {
	struct test t[2];
	size_t n;
};

struct clause {
	struct test t[2 * FILTER_ARGS];
	size_t n;
};

struct clauses {
	struct clause *v;
	size_t n;
};

static void clauses_cleanup(struct clauses *l)
{
	free(l->v);
}

static uint32_t low(unsigned int index)
{
	return (uint32_t)(offsetof(struct seccomp_data, args) + 8 * index);
}

/* "Above in the high half, or equal there and as asked in the low one." */
static size_t ordered(const struct filter_cond *c, struct piece p[2])
{
	const uint32_t lo = low(c->index), hi = lo + 4;
	const uint32_t value = (uint32_t)c->value, above = (uint32_t)(c->value >> 32);
	/* Less is not at least; at most is not above. */
	const bool less = c->op == FILTER_LT || c->op == FILTER_LE;
	const uint16_t op = c->op == FILTER_GE || c->op == FILTER_LT ? BPF_JGE : BPF_JGT;

	p[0] = (struct piece){ { { hi, ALL, above, less ? BPF_JGE : BPF_JGT, less } }, 1 };
	p[1] = (struct piece){ { { hi, ALL, above, BPF_JEQ, false }, { lo, ALL, value, op, less } },
			       2 };
	return 2;
}

/* A single bit is tested as it is, and the half stays loaded for the tests behind. */
static struct test equal(uint32_t offset, uint32_t mask, uint32_t value)
{
	if (mask && (mask & (mask - 1)) == 0)
		return (struct test){ offset, ALL, mask, BPF_JSET, value == 0 };
	return (struct test){ offset, mask, value, BPF_JEQ, false };
}

/* Return: how many pieces. */
static size_t split(const struct filter_cond *c, struct piece p[2])
{
	const bool masked = c->op == FILTER_MASKED;
	const uint64_t mask = masked ? c->value : UINT64_MAX;
	const uint64_t value = masked ? c->value_two : c->value;
	const uint32_t hi_mask = (uint32_t)(mask >> 32), lo_mask = (uint32_t)mask;
	struct test hi = equal(low(c->index) + 4, hi_mask, (uint32_t)(value >> 32));
	struct test lo = equal(low(c->index), lo_mask, (uint32_t)value);

	if (c->op == FILTER_NE) {
		hi.negated = lo.negated = true;
		p[0] = (struct piece){ { hi }, 1 };
		p[1] = (struct piece){ { lo }, 1 };
		return 2;
	}
	if (c->op != FILTER_EQ && !masked)
		return ordered(c, p);
	p[0] = (struct piece){ .n = 0 };
	if (hi_mask)
		p[0].t[p[0].n++] = hi;
	if (lo_mask)
		p[0].t[p[0].n++] = lo;
	return 1;
}

/* Every choice of pieces of the conditions from @i on, behind what @begun has. */
static bool spread(struct clauses *l, const struct filter_rule *r, size_t i,
		   const struct clause *begun)
{
	struct piece p[2];

	if (i == r->n) {
		if (l->n == MAX_CLAUSES)
			return false;
		l->v = mem_realloc(l->v, (l->n + 1) * sizeof(*l->v));
		l->v[l->n++] = *begun;
		return true;
	}
	for (size_t k = 0, n = split(&r->conds[i], p); k < n; k++) {
		struct clause more = *begun;
		for (size_t t = 0; t < p[k].n; t++)
			more.t[more.n++] = p[k].t[t];
		if (!spread(l, r, i + 1, &more))
			return false;
	}
	return true;
}

static bool same_half(const struct test *a, const struct test *b)
{
	return a->offset == b->offset && a->mask == b->mask;
}

static bool same_test(const struct test *a, const struct test *b)
{
	return same_half(a, b) && a->k == b->k && a->op == b->op && a->negated == b->negated;
}

/* Puts clauses that are alike at @depth side by side, in the order in which the first ones stand. */
static void gather(const struct clause **v, size_t n, size_t depth,
		   bool (*alike)(const struct test *, const struct test *))
{
	for (size_t i = 0, put = 1; i + 1 < n; i = put++) {
		for (size_t j = put; j < n; j++) {
			const struct clause *c = v[j];
			if (!alike(&v[i]->t[depth], &c->t[depth]))
				continue;
			memmove(&v[put + 1], &v[put], (j - put) * sizeof(*v));
			v[put++] = c;
		}
	}
}

static size_t load(struct filter_code *c, const struct test *t, size_t next)
{
	return filter_code_load(c, t->offset,
				t->mask == ALL ? next : filter_code_and(c, t->mask, next));
}

static bool one_ends(const struct clause *const *v, size_t n, size_t depth)
{
	for (size_t i = 0; i < n; i++)
		if (v[i]->n == depth)
			return true;
	return false;
}

static bool is_value(const struct test *t)
{
	return t->op == BPF_JEQ && !t->negated;
}

/* The first of the equal tests of which v[end - 1] is the last. */
static size_t group_start(const struct clause *const *v, size_t end, size_t depth)
{
	size_t first = end - 1;
	while (first > 0 && same_test(&v[end - 1]->t[depth], &v[first - 1]->t[depth]))
		first--;
	return first;
}

/* Does the group before @end compare with a value, and is nothing looked at behind it? */
static bool is_plain_value(const struct clause *const *v, size_t end, size_t depth)
{
	const size_t first = group_start(v, end, depth);
	return is_value(&v[first]->t[depth]) && one_ends(&v[first], end - first, depth + 1);
}

/* Where the groups begin that stand in a row before @end, look at one half and are plain values. The
 * last of them is one. */
static size_t plain_values(const struct clause *const *v, size_t end, size_t depth)
{
	size_t first = group_start(v, end, depth);
	while (first > 0 && same_half(&v[end - 1]->t[depth], &v[first - 1]->t[depth]) &&
	       is_plain_value(v, first, depth))
		first = group_start(v, first, depth);
	return first;
}

static size_t values_code(struct filter_code *c, const struct clause *const *v, size_t n,
			  size_t depth, size_t yes, size_t no)
{
	AUTO_FREE uint32_t *values = mem_alloc(n * sizeof(*values));

	for (size_t i = 0; i < n; i++)
		values[i] = v[i]->t[depth].k;
	return filter_ranges_code(c, values, n, yes, no);
}

/* From the last group of equal tests to the first: code is written from its end. A run is groups
 * in a row that look at the same half. */
static size_t one_of(struct filter_code *c, const struct clause **v, size_t n, size_t depth,
		     size_t yes, size_t no)
{
	size_t start = no;   /* of the group behind, with its load */
	size_t loaded = no;  /* of the same, when the half is loaded already */
	size_t beyond = no;  /* start of the run behind */
	bool values = false; /* what is behind in this run compares with values, each another */

	gather(v, n, depth, same_half);
	gather(v, n, depth, same_test);
	for (size_t end = n, first; end > 0; end = first) {
		const struct test *t = &v[end - 1]->t[depth];
		const bool joins = end < n && same_half(t, &v[end]->t[depth]);
		size_t then = yes;
		if (!joins) {
			beyond = start;
			values = true;
		}
		const size_t other = joins ? loaded : beyond;
		first = group_start(v, end, depth);
		if (is_plain_value(v, end, depth)) {
			first = plain_values(v, end, depth);
			loaded = values_code(c, &v[first], end - first, depth, yes, other);
		} else {
			/* Nothing else in the run holds beside this value. Else the half is loaded
			 * once more: the tests in between have looked at others. */
			const bool only = !joins || (values && is_value(t));
			if (!one_ends(&v[first], end - first, depth + 1))
				then = one_of(c, &v[first], end - first, depth + 1, yes,
					      only ? beyond : load(c, t, loaded));
			loaded = filter_code_jump(c, t->op, t->k, t->negated ? other : then,
						  t->negated ? then : other);
		}
		values = values && is_value(t);
		if (first == 0 || !same_half(t, &v[first - 1]->t[depth]))
			start = load(c, t, loaded);
	}
	return start;
}

bool filter_args_code(struct filter_code *c, const struct filter_rule *const rules[], size_t n,
		      size_t yes, size_t no, size_t *ret)
{
	CLEANUP(clauses_cleanup) struct clauses l = { 0 };
	const struct clause nothing = { .n = 0 };

	for (size_t i = 0; i < n; i++)
		if (!spread(&l, rules[i], 0, &nothing))
			return false;
	AUTO_FREE const struct clause **v = mem_alloc((l.n + 1) * sizeof(*v));
	for (size_t i = 0; i < l.n; i++)
		v[i] = &l.v[i];
	*ret = one_ends(v, l.n, 0) ? yes : one_of(c, v, l.n, 0, yes, no);
	return true;
}

/* False where @c is no equality. */
static bool equality(const struct filter_cond *c, uint64_t *mask, uint64_t *value)
{
	*mask = c->op == FILTER_MASKED ? c->value : UINT64_MAX;
	*value = c->op == FILTER_MASKED ? c->value_two : c->value;
	return c->op == FILTER_MASKED || c->op == FILTER_EQ;
}

static bool conds_apart(const struct filter_cond *a, const struct filter_cond *b)
{
	uint64_t mask_a, mask_b, value_a, value_b;

	return a->index == b->index && equality(a, &mask_a, &value_a) &&
	       equality(b, &mask_b, &value_b) && ((value_a ^ value_b) & mask_a & mask_b);
}

bool filter_args_apart(const struct filter_rule *a, const struct filter_rule *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (conds_apart(&a->conds[i], &b->conds[k]))
				return true;
	return false;
}
