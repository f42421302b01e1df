/* stream_text.h - the part of a captured stream that reports show: its beginning and its end. */
#ifndef MOULETTE_REPORT_STREAM_TEXT_H
#define MOULETTE_REPORT_STREAM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/result.h"

/* Source: contract, "Result". */
#define STREAM_TEXT_MAX (64u * 1024)
#define RESULT_TEXT_MAX (1024u * 1024)

struct stream_text {
	char *data; /* head and tail, joined; NUL-terminated */
	size_t len;
	size_t head;     /* where the cut is; @len when nothing is left out in the middle */
	int64_t omitted; /* bytes left out in the middle */
	int64_t lines;   /* of the whole stream; a last one without newline counts */
	bool utf8;       /* all captured bytes are UTF-8, and the cuts stand between characters */
	bool truncated;  /* the text is not all that the program wrote */
};

/** stream_log_open() - the log of @r for reading; *ret_fd is -1 when nothing was captured.
 *  FAULT_INFRA when it is not there. */
int stream_log_open(const struct run_result *r, int *ret_fd, struct err *err);

/**
 * stream_text_load() - read one stream of a step
 * @log:    from stream_log_open(); -1: the text is empty (and truncated if there were bytes)
 * @stream: FRAMELOG_STDOUT or FRAMELOG_STDERR
 * @max:    length of the text in a report: bytes of UTF-8, or of base64, where three become four
 *
 * Reads all of the stream, to judge its encoding, in memory of some times @max. A stream that the
 * output limit cut inside of a character is UTF-8 without it: the cut was ours.
 * Return: 0, or -1 with FAULT_INFRA; then @ret is as for @log -1.
 */
int stream_text_load(int log, const struct step_facts *facts, int stream, size_t max,
		     struct stream_text *ret, struct err *err);
void stream_text_done(struct stream_text *t);
#define AUTO_STREAM_TEXT __attribute__((cleanup(stream_text_done))) struct stream_text

/**
 * How the texts of one result share RESULT_TEXT_MAX. Where all fit, even as base64, each may have
 * STREAM_TEXT_MAX. Else there is one level for all streams, as high as the sum allows: a stream at
 * or below it is shown whole, a longer one gets exactly the level. So one flood takes nothing from
 * a short message, and no step depends on its place in the order.
 */
struct text_budget {
	bool tight;
	int64_t level;
};
void text_budget_init(struct text_budget *b, const struct run_result *r);
/** text_budget_share() - the @max of stream_text_load() for a stream of @bytes. */
size_t text_budget_share(const struct text_budget *b, int64_t bytes);

#endif
