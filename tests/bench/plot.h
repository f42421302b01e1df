/* plot.h - lines over numbers of tests, both axes logarithmic, as an SVG that is read on light and on
 * dark ground. */
#ifndef MOULETTE_BENCH_PLOT_H
#define MOULETTE_BENCH_PLOT_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct plot_line {
	char *name;
	double *x, *y;
	size_t n;
};

struct plot {
	const char *title, *x_label, *y_label;
	struct plot_line *lines;
	size_t n;
};

/** plot_add() - a point to the end of the line of that name, made if there is none. x, y > 0. */
void plot_add(struct plot *p, const char *name, double x, double y);
void plot_done(struct plot *p);

/** plot_print() - the first line is drawn as the one that matters. A plot without points is one. */
void plot_print(FILE *out, const struct plot *p);

/** plot_write() - as @path, in one step. FAULT_INFRA. */
int plot_write(const struct plot *p, const char *path, struct err *err);

/** plot_spread() - move @n positions, sorted, apart until they are @gap from each other and none is
 *  below @low; as little as that takes, first downwards. */
void plot_spread(double *at, size_t n, double gap, double low, double high);

#endif
