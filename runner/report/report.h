/* report.h - a result in the formats that people and programs read. */
#ifndef MOULETTE_REPORT_REPORT_H
#define MOULETTE_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/result.h"

struct report_options {
	bool color; /* ANSI colours */
	int width;  /* columns of the terminal, in which long lines are folded; 0: no terminal,
		     * tables are at most 80 columns wide and nothing is folded */
};

/** report_options_for() - options for @out: colours and a width only on a terminal (NO_COLOR and
 *  TERM=dumb are respected). */
struct report_options report_options_for(FILE *out);

/** A format; `-f NAME`. write: FAULT_INFRA when the stream or the log fails; with a log that
 *  cannot be read all else is written, so that a document is whole in any case. */
struct report_format {
	const char *name;
	const char *summary;
	int (*write)(FILE *out, const struct run_result *r, const struct report_options *opt,
		     struct err *err);
	/** One of many, on one line: what `moulette batch` prints as each is ready. */
	int (*write_line)(FILE *out, const struct run_result *r, const struct report_options *opt,
			  struct err *err);
};
extern const struct report_format *const report_formats[]; /* NULL-terminated */
/** report_format_find() - FAULT_USAGE lists the formats. */
int report_format_find(const char *name, const struct report_format **ret, struct err *err);

/** report_line() - @f's line about @r, appended to @to. FAULT_INFRA. */
int report_line(const struct report_format *f, const struct run_result *r,
		const struct report_options *opt, struct buf *to, struct err *err);

/** report_json_write() - moulette.result/1 as one object and a newline; @one_line: for a stream of
 *  results, else indented by two spaces. Errors as for a format. */
int report_json_write(FILE *out, const struct run_result *r, bool one_line, struct err *err);

#endif
