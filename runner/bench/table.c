/* table.c - an outcome as a table: a line for wall and one for CPU time of each contender. */
#include "bench/table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "bench/stats.h"

static void table_cleanup(struct libscols_table **t)
{
	scols_unref_table(*t);
}

static char *duration(double ns)
{
	if (ns < 1e6)
		return mem_printf("%.3f ms", ns / 1e6);
	if (ns < 1e9)
		return mem_printf("%.1f ms", ns / 1e6);
	return mem_printf("%.2f s", ns / 1e9);
}

static int put(struct libscols_line *line, size_t column, char *owned)
{
	if (scols_line_refer_data(line, column, owned) == 0)
		return 0;
	free(owned);
	return -1;
}

enum { NAME, WHAT, MIN, P10, MEDIAN, P90, RATIO, PEAK };

/* How many times as much as the first one. */
static char *ratio(const struct outcome *o, const double *values, const double *first)
{
	if (values == first)
		return mem_strdup("1");
	struct interval r = ratios_of(values, first, o->rounds);
	return mem_printf("%.2f (%.2f..%.2f)", r.median, r.low, r.high);
}

static int add_line(struct libscols_table *t, const struct outcome *o, const struct measured *m,
		    const char *what, const double *values, const double *first)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	struct spread s = spread_of(values, o->rounds);
	const double all[] = { s.min, s.p10, s.median, s.p90 };
	bool wall = values == m->wall_ns;
	if (!line || scols_line_set_data(line, NAME, wall ? m->contender->name : "") < 0 ||
	    scols_line_set_data(line, WHAT, what) < 0)
		return -1;
	for (size_t i = 0; i < 4; i++)
		if (put(line, MIN + i, duration(all[i])) < 0)
			return -1;
	if (put(line, RATIO, ratio(o, values, first)) < 0)
		return -1;
	if (!wall)
		return 0;
	struct spread peak = spread_of(m->peak_bytes, o->rounds);
	return put(line, PEAK, mem_printf("%.1f MiB", peak.median / (1 << 20)));
}

static int make_columns(struct libscols_table *t)
{
	static const char *const names[] = { "CONTENDER", "",	 "MIN",	  "P10",
					     "MEDIAN",	  "P90", "RATIO", "PEAK" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!scols_table_new_column(t, names[i], 0, i < MIN ? 0 : SCOLS_FL_RIGHT))
			return -1;
	scols_table_set_column_separator(t, "  ");
	return 0;
}

static int fill(struct libscols_table *t, const struct outcome *o)
{
	const struct measured *first = &o->rows[0];
	for (size_t i = 0; i < o->comparison->n; i++) {
		const struct measured *m = &o->rows[i];
		if (m->why)
			continue;
		if (add_line(t, o, m, "wall", m->wall_ns, first->wall_ns) < 0 ||
		    add_line(t, o, m, "cpu", m->cpu_ns, first->cpu_ns) < 0)
			return -1;
	}
	return 0;
}

/* Who was there, who was not, and what each protects with. */
static void write_notes(FILE *out, const struct outcome *o)
{
	struct interval sure = ratios_of(o->rows[0].wall_ns, o->rows[0].wall_ns, o->rounds);
	fprintf(out,
		"\nratio: to %s, median of the pairs of %zu round%s and its %.0f %% interval\n",
		o->rows[0].contender->name, o->rounds, o->rounds == 1 ? "" : "s",
		sure.confidence * 100);
	for (size_t i = 0; i < o->comparison->n; i++) {
		const struct measured *m = &o->rows[i];
		if (m->why)
			fprintf(out, "%s: not measured: %s\n", m->contender->name, m->why);
		else
			fprintf(out, "%s: %s\n", m->contender->name, m->contender->protects);
	}
}

/* What one of many costs, and what it costs more than one of the first contender's: the median of
 * the pairs, as the ratio has it. */
static void write_units(FILE *out, const struct outcome *o)
{
	const struct comparison *c = o->comparison;
	const struct measured *first = &o->rows[0];
	AUTO_FREE double *more = mem_alloc(o->rounds * sizeof *more);
	for (size_t i = 0; c->units > 0 && i < c->n; i++) {
		const struct measured *m = &o->rows[i];
		if (m->why)
			continue;
		for (size_t k = 0; k < o->rounds; k++)
			more[k] = m->cpu_ns[k] - first->cpu_ns[k];
		fprintf(out, "%s: %.2f ms wall and %.2f ms cpu a %s", m->contender->name,
			spread_of(m->wall_ns, o->rounds).median / c->units / 1e6,
			spread_of(m->cpu_ns, o->rounds).median / c->units / 1e6, c->unit);
		if (i > 0)
			fprintf(out, ", %+.2f ms cpu", spread_of(more, o->rounds).median / c->units / 1e6);
		fprintf(out, "\n");
	}
}

int table_write(FILE *out, const struct outcome *o, struct err *err)
{
	__attribute__((cleanup(table_cleanup))) struct libscols_table *t = scols_new_table();
	if (!t || make_columns(t) < 0 || fill(t, o) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a table");
	scols_table_set_stream(t, out);
	fprintf(out, "%s: %s\n%s\n\n", o->comparison->name, o->comparison->summary, o->text);
	if (scols_print_table(t) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot print a table");
	write_notes(out, o);
	write_units(out, o);
	return 0;
}
