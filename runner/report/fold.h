/* fold.h - print untrusted text so that none of its lines looks like a line of the report. */
#ifndef MOULETTE_REPORT_FOLD_H
#define MOULETTE_REPORT_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/stream_text.h"

/** Every row begins with a prefix, including continuations of a long line: a row that the terminal
 *  wraps would begin with text that the program chose. */
struct fold {
	FILE *out;
	const char *first; /* prefix of a line, printable ASCII as the others */
	const char *next;  /* prefix of its continuation rows */
	const char *note;  /* prefix of rows that report omitted text */
	int width;         /* columns; 0: no terminal, a line is one row */
	int max_columns;   /* of one line, the rest is left out; 0: all */
};

/** fold_line() - one line, escaped; tabs stay. The locale's LC_CTYPE should be UTF-8.
 *  Return: was something left out? */
bool fold_line(const struct fold *f, const char *s, size_t len);

/** fold_text() - the lines of @t; with more than @max_lines (0: all) the first and the last ones.
 *  Return: was something left out, here or in the text? */
bool fold_text(const struct fold *f, const struct stream_text *t, int max_lines);

#endif
