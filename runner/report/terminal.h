/* terminal.h - what a stream can show. */
#ifndef MOULETTE_REPORT_TERMINAL_H
#define MOULETTE_REPORT_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/** terminal_is() - is @out a terminal? terminal_obeys() - and one that takes escape sequences? */
bool terminal_is(FILE *out);
bool terminal_obeys(FILE *out);
/** terminal_columns() - its width, if it says one of at least @min; else @otherwise. */
int terminal_columns(FILE *out, int min, int otherwise);

#endif
