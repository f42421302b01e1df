/* progress.h - progress of a batch: a line on a terminal, and the tally of verdicts. */
#ifndef MOULETTE_REPORT_PROGRESS_H
#define MOULETTE_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "model/result.h"

struct progress {
	FILE *out; /* a terminal; NULL: nothing is shown */
	size_t total, done;
	size_t tally[VERDICT_COUNT];
	int64_t start_ns, shown_ns;
	bool shown; /* the line stands there */
};

/** progress_begin() - @out: shown on it when it is a terminal. */
void progress_begin(struct progress *p, FILE *out, size_t total);
void progress_count(struct progress *p, enum verdict v);
/** progress_show() - at most ten times a second: "12/40  3.1/s  ETA 9 s  10 passed, 2 refused". */
void progress_show(struct progress *p);
/** progress_clear() - before anything else is written to the terminal. */
void progress_clear(struct progress *p);
/** progress_line() - what is shown after @elapsed_ns. */
void progress_line(const struct progress *p, int64_t elapsed_ns, struct buf *ret);
/** progress_tally() - "10 passed, 2 refused": in the order of the verdicts, those that occur. */
void progress_tally(const struct progress *p, struct buf *ret);

#endif
