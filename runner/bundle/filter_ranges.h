/* filter_ranges.h - "the accumulator is one of these values" as code of a filter. */
#ifndef MOULETTE_BUNDLE_FILTER_RANGES_H
#define MOULETTE_BUNDLE_FILTER_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "bundle/filter_code.h"

/**
 * filter_ranges_code() - goes to @yes when the accumulator is one of @n values, else to @no
 * @values: at least one; sorted by this function, and may repeat
 *
 * Values in a row are one range; of many ranges the right one is found by halving.
 *
 * Return: where it begins.
 */
size_t filter_ranges_code(struct filter_code *c, uint32_t *values, size_t n, size_t yes, size_t no);

#endif
