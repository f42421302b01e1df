/* line_filter.h - takes one known line out of a stream that comes in pieces. */
#ifndef MOULETTE_CONTAINER_LINE_FILTER_H
#define MOULETTE_CONTAINER_LINE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct line_filter {
	const char *line; /* with its newline; borrowed; NULL: nothing is taken out */
	size_t held;      /* bytes of the line that came and may still turn out to be another one */
	bool within;      /* the current line is another one */
	int64_t taken;    /* bytes taken out so far */
};

/** line_filter_add() - append to @to what of the @len bytes at @data, and of those held back before,
 *  stays in the stream. The line is taken out wherever it stands alone, as often as it occurs. */
void line_filter_add(struct line_filter *f, const char *data, size_t len, struct buf *to);
/** line_filter_end() - append what is held back: the stream ended without the rest of the line. */
void line_filter_end(struct line_filter *f, struct buf *to);

#endif
