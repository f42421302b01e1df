/* terminal.h - capabilities of the terminal behind a stream. */
#ifndef MOULETTE_REPORT_TERMINAL_H
#define MOULETTE_REPORT_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/** terminal_is() - is @out a terminal? terminal_obeys() - and one that takes escape sequences? */
bool terminal_is(FILE *out);
bool terminal_obeys(FILE *out);
/** terminal_columns() - width of the terminal if it is known and at least @min, else @otherwise. */
int terminal_columns(FILE *out, int min, int otherwise);

#endif
