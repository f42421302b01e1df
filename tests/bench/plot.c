/* plot.c - writes SVG 1.1 by hand: a frame, two axes, a line and a name for each contender. */
#include "bench/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define WIDTH 860
#define HEIGHT 520
#define LEFT 70
#define RIGHT 650 /* names stand to the right of it */
#define TOP 60
#define BOTTOM 460
#define NAME_GAP 16
#define COLORS 8

/* Of both grounds, light and dark, each 3:1 or more in contrast; lines are told apart by dashes, too,
 * where there are more than colors. */
static const char style[] =
	"<style>\n"
	"text { font: 13px sans-serif; fill: #24292f; }\n"
	".title { font-size: 16px; font-weight: bold; }\n"
	".ground { fill: #ffffff; }\n"
	".grid { stroke: #d0d7de; stroke-width: 1; }\n"
	".lead { stroke: #8c959f; stroke-width: 1; fill: none; }\n"
	".line { fill: none; stroke-width: 2; }\n"
	".first { stroke-width: 4; }\n"
	".bold { font-weight: bold; }\n"
	".c0 { stroke: #cf222e; } .c1 { stroke: #0969da; } .c2 { stroke: #1a7f37; }\n"
	".c3 { stroke: #8250df; } .c4 { stroke: #9a6700; } .c5 { stroke: #bf3989; }\n"
	".c6 { stroke: #1b7c83; } .c7 { stroke: #57606a; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"text { fill: #e6edf3; }\n"
	".ground { fill: #0d1117; }\n"
	".grid { stroke: #30363d; }\n"
	".c0 { stroke: #ff7b72; } .c1 { stroke: #58a6ff; } .c2 { stroke: #3fb950; }\n"
	".c3 { stroke: #bc8cff; } .c4 { stroke: #d29922; } .c5 { stroke: #f778ba; }\n"
	".c6 { stroke: #39c5cf; } .c7 { stroke: #a8b1bb; }\n"
	"}\n"
	"</style>\n";

static struct plot_line *line_of(struct plot *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->lines[i].name, name) == 0)
			return &p->lines[i];
	p->lines = mem_realloc(p->lines, (p->n + 1) * sizeof *p->lines);
	p->lines[p->n] = (struct plot_line){ .name = mem_strdup(name) };
	return &p->lines[p->n++];
}

void plot_add(struct plot *p, const char *name, double x, double y)
{
	struct plot_line *l = line_of(p, name);
	l->x = mem_realloc(l->x, (l->n + 1) * sizeof *l->x);
	l->y = mem_realloc(l->y, (l->n + 1) * sizeof *l->y);
	l->x[l->n] = x;
	l->y[l->n++] = y;
}

void plot_done(struct plot *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->lines[i].name);
		free(p->lines[i].x);
		free(p->lines[i].y);
	}
	free(p->lines);
	p->lines = NULL;
	p->n = 0;
}

/* --- scales ------------------------------------------------------------------------------- */

struct scale {
	double low, high; /* logarithms */
	double from, to;  /* where they lie */
};

static double place(const struct scale *s, double value)
{
	return s->from + (log10(value) - s->low) / (s->high - s->low) * (s->to - s->from);
}

static void take_in(struct scale *s, double value)
{
	s->low = fmin(s->low, log10(value));
	s->high = fmax(s->high, log10(value));
}

static void make_scales(const struct plot *p, struct scale *x, struct scale *y)
{
	*x = (struct scale){ INFINITY, -INFINITY, LEFT, RIGHT };
	*y = (struct scale){ INFINITY, -INFINITY, BOTTOM, TOP };
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->lines[i].n; k++) {
			take_in(x, p->lines[i].x[k]);
			take_in(y, p->lines[i].y[k]);
		}
	if (x->low > x->high)
		x->low = x->high = y->low = y->high = 0;
	/* A little room around, and some for what has no extent. */
	x->low -= x->low == x->high ? 0.5 : 0;
	x->high += 0.03;
	y->low -= 0.1;
	y->high += 0.1;
}

/* --- text --------------------------------------------------------------------------------- */

static void escaped(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			fputs("&amp;", out);
		else if (*s == '<')
			fputs("&lt;", out);
		else if (*s == '>')
			fputs("&gt;", out);
		else if (*s == '"')
			fputs("&quot;", out);
		else /* XML has no way to write the other control characters */
			fputc((unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : *s, out);
	}
}

static void text(FILE *out, double x, double y, const char *attributes, const char *s)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, attributes);
	escaped(out, s);
	fputs("</text>\n", out);
}

static void straight(FILE *out, double x1, double y1, double x2, double y2)
{
	fprintf(out, "<path class=\"grid\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", x1, y1, x2, y2);
}

/* --- axes --------------------------------------------------------------------------------- */

static void y_axis(FILE *out, const struct scale *y)
{
	static const double steps[] = { 1, 2, 5 };
	char number[32];
	for (int decade = (int)floor(y->low); decade <= (int)ceil(y->high); decade++)
		for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
			const double value = steps[i] * pow(10, decade);
			if (log10(value) < y->low || log10(value) > y->high)
				continue;
			snprintf(number, sizeof number, "%g", value);
			straight(out, LEFT, place(y, value), RIGHT, place(y, value));
			text(out, LEFT - 8, place(y, value) + 4, " text-anchor=\"end\"", number);
		}
}

/* The numbers of tests themselves, which are few. */
static void x_axis(FILE *out, const struct plot *p, const struct scale *x)
{
	char number[32];
	const struct plot_line *longest = p->lines;
	for (size_t i = 1; i < p->n; i++)
		if (p->lines[i].n > longest->n)
			longest = &p->lines[i];
	for (size_t i = 0; p->n > 0 && i < longest->n; i++) {
		snprintf(number, sizeof number, "%g", longest->x[i]);
		straight(out, place(x, longest->x[i]), TOP, place(x, longest->x[i]), BOTTOM);
		text(out, place(x, longest->x[i]), BOTTOM + 18, " text-anchor=\"middle\"", number);
	}
}

/* --- lines -------------------------------------------------------------------------------- */

static void draw(FILE *out, const struct plot_line *l, size_t i, const struct scale *x,
		 const struct scale *y)
{
	const char *dash = i / COLORS == 0 ? "" : " stroke-dasharray=\"7 4\"";
	fprintf(out, "<path class=\"line c%zu%s\"%s d=\"", i % COLORS, i == 0 ? " first" : "",
		dash);
	for (size_t k = 0; k < l->n; k++)
		fprintf(out, "%c%.1f %.1f", k == 0 ? 'M' : 'L', place(x, l->x[k]),
			place(y, l->y[k]));
	fputs("\"/>\n", out);
	for (size_t k = 0; k < l->n; k++)
		fprintf(out, "<circle class=\"line c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"2\"/>\n",
			i % COLORS, place(x, l->x[k]), place(y, l->y[k]));
}

void plot_spread(double *at, size_t n, double gap, double low, double high)
{
	for (size_t i = 0; i < n; i++) {
		double least = i == 0 ? low : at[i - 1] + gap;
		at[i] = fmax(at[i], least);
	}
	for (size_t i = n; i-- > 0;) {
		double most = i + 1 == n ? high : at[i + 1] - gap;
		at[i] = fmin(at[i], most);
	}
}

struct label {
	size_t line;
	double at;
};

static int by_place(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

/* A name beside the end of each line, moved apart where ends meet. */
static void names(FILE *out, const struct plot *p, const struct scale *x, const struct scale *y)
{
	AUTO_FREE struct label *labels = mem_alloc((p->n + 1) * sizeof *labels);
	AUTO_FREE double *at = mem_alloc((p->n + 1) * sizeof *at);
	for (size_t i = 0; i < p->n; i++) {
		const struct plot_line *l = &p->lines[i];
		labels[i] = (struct label){ i, place(y, l->y[l->n - 1]) };
	}
	qsort(labels, p->n, sizeof *labels, by_place);
	for (size_t i = 0; i < p->n; i++)
		at[i] = labels[i].at;
	plot_spread(at, p->n, NAME_GAP, TOP, BOTTOM);
	for (size_t i = 0; i < p->n; i++) {
		const struct plot_line *l = &p->lines[labels[i].line];
		fprintf(out, "<path class=\"lead\" d=\"M%.1f %.1fL%d %.1f\"/>\n",
			place(x, l->x[l->n - 1]) + 3, labels[i].at, RIGHT + 20, at[i]);
		text(out, RIGHT + 26, at[i] + 4, labels[i].line == 0 ? " class=\"bold\"" : "",
		     l->name);
	}
}

void plot_print(FILE *out, const struct plot *p)
{
	struct scale x, y;
	make_scales(p, &x, &y);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" role=\"img\">\n<title>",
		WIDTH, HEIGHT, WIDTH, HEIGHT);
	escaped(out, p->title);
	fprintf(out, "</title>\n%s<rect class=\"ground\" width=\"%d\" height=\"%d\"/>\n", style,
		WIDTH, HEIGHT);
	text(out, LEFT, 28, " class=\"title\"", p->title);
	text(out, LEFT, 48, "", p->y_label);
	text(out, (LEFT + RIGHT) / 2.0, BOTTOM + 42, " text-anchor=\"middle\"", p->x_label);
	y_axis(out, &y);
	x_axis(out, p, &x);
	/* The one that matters lies above the others. */
	for (size_t i = p->n; i-- > 0;)
		draw(out, &p->lines[i], i, &x, &y);
	names(out, p, &x, &y);
	fputs("</svg>\n", out);
}

int plot_write(const struct plot *p, const char *path, struct err *err)
{
	AUTO_FREE char *made = mem_printf("%s.new", path);
	unlink(made);
	FILE *out = fopen(made, "wxe");
	if (!out)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", made);
	plot_print(out, p);
	int bad = ferror(out);
	if ((fclose(out) != 0) | bad || chmod(made, 0644) < 0 || rename(made, path) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", path);
	return 0;
}
