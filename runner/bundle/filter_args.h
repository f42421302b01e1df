/* filter_args.h - conditions on the arguments of a call become code of a filter. */
#ifndef MOULETTE_BUNDLE_FILTER_ARGS_H
#define MOULETTE_BUNDLE_FILTER_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bundle/filter_code.h"

#define FILTER_ARGS 6

/** As OCI has them, unsigned and of all 64 bits; MASKED: (argument & value) == value_two. */
enum filter_op { FILTER_NE, FILTER_LT, FILTER_LE, FILTER_EQ, FILTER_GE, FILTER_GT, FILTER_MASKED };

struct filter_cond {
	unsigned int index;
	enum filter_op op;
	uint64_t value, value_two;
};

/** All conditions hold; n is 0 when there is none. */
struct filter_rule {
	struct filter_cond conds[FILTER_ARGS];
	size_t n;
};

/**
 * filter_args_code() - goes to @yes when one of the rules holds, else to @no
 * @ret: where it begins
 * Return: false when it would be too long.
 */
bool filter_args_code(struct filter_code *c, const struct filter_rule *const rules[], size_t n,
		      size_t yes, size_t no, size_t *ret);

/** filter_args_apart() - is it sure that no arguments fulfil both rules? Only equality, of all bits
 *  or of those of a mask, is looked at. */
bool filter_args_apart(const struct filter_rule *a, const struct filter_rule *b);

#endif
