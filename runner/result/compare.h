/* compare.h - expected against actual output, as streams, in constant memory. */
#ifndef MOULETTE_RESULT_COMPARE_H
#define MOULETTE_RESULT_COMPARE_H

#include <sys/types.h>

#include "base/err.h"
#include "model/result.h"

/** A source of bytes: fills @data and returns the count, 0 at the end, or -1 with errno. */
typedef ssize_t compare_read_fn(void *ctx, void *data, size_t len);

/**
 * compare_streams() - compare @actual with @expected
 * COMPARE_EXACT: byte for byte. COMPARE_LINES: trailing blanks (space, tab, CR, VT, FF) of each
 * line and newlines at the end are ignored. The message names the first differing line and shows
 * both, escaped and cut, or says which ended early. No limit on the length of a line.
 * Return: 0 with *ret set, -1 when a source fails (FAULT_INFRA).
 */
int compare_streams(enum compare_kind kind, compare_read_fn *expected, void *expected_ctx,
		    compare_read_fn *actual, void *actual_ctx, struct comparison *ret,
		    struct err *err);

#endif
