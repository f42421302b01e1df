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

enum { NAME, WHAT, MIN, P10, MEDIAN, P90, RATIO, PEAK, ROUNDS };

/* How many times as much as the first one. */
static char *ratio(const struct measured *m, const double *values, const double *first)
{
	if (values == first)
		return mem_strdup("1");
	struct interval r = ratios_of(values, first, m->rounds);
	return mem_printf("%.2f (%.2f..%.2f)", r.median, r.low, r.high);
}

static int add_line(struct libscols_table *t, const struct measured *m, const char *what,
		    const double *values, const double *first)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);
	struct spread s = spread_of(values, m->rounds);
	const double all[] = { s.min, s.p10, s.median, s.p90 };
	bool wall = values == m->wall_ns;
	if (!line || scols_line_set_data(line, NAME, wall ? m->contender->name : "") < 0 ||
	    scols_line_set_data(line, WHAT, what) < 0)
		return -1;
	for (size_t i = 0; i < 4; i++)
		if (put(line, MIN + i, duration(all[i])) < 0)
			return -1;
	if (put(line, RATIO, ratio(m, values, first)) < 0)
		return -1;
	if (!wall)
		return 0;
	struct spread peak = spread_of(m->peak_bytes, m->rounds);
	if (put(line, ROUNDS, mem_printf("%zu", m->rounds)) < 0)
		return -1;
	return put(line, PEAK, mem_printf("%.1f MiB", peak.median / (1 << 20)));
}

static int make_columns(struct libscols_table *t)
{
	static const char *const names[] = { "CONTENDER", "",      "MIN",  "P10",   "MEDIAN",
					     "P90",       "RATIO", "PEAK", "ROUNDS" };
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
		if (add_line(t, m, "wall", m->wall_ns, first->wall_ns) < 0 ||
		    add_line(t, m, "cpu", m->cpu_ns, first->cpu_ns) < 0)
			return -1;
	}
	return 0;
}

/* Who was there, who was not, and what each protects with. */
static void write_contenders(FILE *out, const struct outcome *o)
{
	for (size_t i = 0; i < o->comparison->n; i++) {
		const struct measured *m = &o->rows[i];
		if (m->why)
			fprintf(out, "%s: not measured: %s\n", m->contender->name, m->why);
		else
			fprintf(out, "%s: %s%s%s%s\n", m->contender->name, m->contender->protects,
				m->version ? " (" : "", m->version ? m->version : "",
				m->version ? ")" : "");
	}
}

static void write_ratio_note(FILE *out, const struct outcome *o)
{
	struct interval sure = ratios_of(o->rows[0].wall_ns, o->rows[0].wall_ns, o->rounds);
	fprintf(out,
		"\nratio: to %s, median of the pairs of %zu round%s and its %.0f %% interval\n",
		o->rows[0].contender->name, o->rounds, o->rounds == 1 ? "" : "s",
		sure.confidence * 100);
	for (size_t i = 1; i < o->comparison->n; i++)
		if (!o->rows[i].why && o->rows[i].rounds < o->rounds) {
			fprintf(out,
				"fewer rounds: that contender's time was used up; of 5 and fewer "
				"pairs the interval is all of them\n");
			return;
		}
}

/* What one of many costs, and what it costs more than one of the first contender's: the median of
 * the pairs, as the ratio has it. */
static void write_unit(FILE *out, const struct outcome *o, const struct measured *m)
{
	const double units = o->variant.units * 1e6;
	const struct measured *first = &o->rows[0];
	AUTO_FREE double *more = mem_alloc(m->rounds * sizeof *more);
	for (size_t k = 0; k < m->rounds; k++)
		more[k] = m->cpu_ns[k] - first->cpu_ns[k];
	fprintf(out, "%s: %.2f ms wall and %.2f ms cpu a %s", m->contender->name,
		spread_of(m->wall_ns, m->rounds).median / units,
		spread_of(m->cpu_ns, m->rounds).median / units, o->comparison->unit);
	if (m != first)
		fprintf(out, ", %+.2f ms cpu", spread_of(more, m->rounds).median / units);
	fprintf(out, "\n");
}

static void write_head(FILE *out, const struct outcome *o, bool first)
{
	const struct comparison *c = o->comparison;
	const struct variant *v = &o->variant;
	if (first) {
		fprintf(out, "%s: %s\n%s\n", c->name, c->summary, o->text);
		write_contenders(out, o);
		fprintf(out, "\n");
	}
	if (c->variants && v->pause_ms > 0)
		fprintf(out, "%s: %d %s%s, %d ms of pause before each run\n\n", c->name, v->units,
			c->unit, v->units == 1 ? "" : "s", v->pause_ms);
	else if (c->variants)
		fprintf(out, "%s: %d %s%s, back to back\n\n", c->name, v->units, c->unit,
			v->units == 1 ? "" : "s");
}

int table_write(FILE *out, const struct outcome *o, bool first, struct err *err)
{
	__attribute__((cleanup(table_cleanup))) struct libscols_table *t = scols_new_table();
	if (!t || make_columns(t) < 0 || fill(t, o) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a table");
	scols_table_set_stream(t, out);
	write_head(out, o, first);
	if (scols_print_table(t) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot print a table");
	write_ratio_note(out, o);
	for (size_t i = 0; o->variant.units > 0 && i < o->comparison->n; i++)
		if (!o->rows[i].why)
			write_unit(out, o, &o->rows[i]);
	fprintf(out, "\n");
	return fflush(out) == 0 ? 0 : err_set(err, FAULT_INFRA, errno, "cannot print a table");
}
