/* fold.h - foreign text shown so that none of its lines can be taken for one of ours. */
#ifndef MOULETTE_REPORT_FOLD_H
#define MOULETTE_REPORT_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/stream_text.h"

/** Every row begins with a prefix, also those on which a long line goes on: a terminal that wraps
 *  by itself would begin them with what the program chose. */
struct fold {
	FILE *out;
	const char *first; /* prefix of a line, printable ASCII as the others */
	const char *next;  /* of the rows on which it goes on */
	const char *note;  /* of rows in which we say what was left out */
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
