/* log_out.h - captured output of a run, unchanged or escaped for a terminal. */
#ifndef MOULETTE_REPORT_LOG_OUT_H
#define MOULETTE_REPORT_LOG_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct log_out {
	bool escape;
	/* The begin of a character whose rest is still to come, of each stream. */
	struct {
		char bytes[4];
		size_t n;
	} cut[2];
};

/** log_out_add() - what is to be written for @len bytes of @stream (base/framelog.h), appended to
 *  @to. Of an escaped text lines and tabs stay, all else is as escape_terminal() shows it. */
void log_out_add(struct log_out *l, int stream, const char *data, size_t len, struct buf *to);
/** log_out_end() - what is left of characters that never became whole. */
void log_out_end(struct log_out *l, struct buf *to);

#endif
