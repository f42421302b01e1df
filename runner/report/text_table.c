/* text_table.c - the steps of a result as aligned lines, by libsmartcols. */
#include "report/text_table.h"

#include <libsmartcols/libsmartcols.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "report/escape.h"
#include "report/words.h"

#define CELL 80

static void table_cleanup(struct libscols_table **t)
{
	scols_unref_table(*t);
}

typedef void cell_fn(const struct step_result *s, char cell[CELL]);

static void cell_verdict(const struct step_result *s, char cell[CELL])
{
	char words[32];
	snprintf(cell, CELL, "%s", words_verdict(s->verdict, words));
}

static void cell_points(const struct step_result *s, char cell[CELL])
{
	char got[32], max[32];
	if (isnan(s->max_points))
		snprintf(cell, CELL, "-");
	else
		snprintf(cell, CELL, "%s/%s", words_points(s->points, got),
			 words_points(s->max_points, max));
}

static void cell_duration(int64_t ns, char cell[CELL])
{
	char text[32] = "-";
	if (ns >= 0)
		duration_format(ns, text);
	snprintf(cell, CELL, "%s", text);
}

static void cell_cpu(const struct step_result *s, char cell[CELL])
{
	cell_duration(s->facts.cpu_ns, cell);
}

static void cell_wall(const struct step_result *s, char cell[CELL])
{
	cell_duration(s->facts.wall_ns, cell);
}

static void cell_memory(const struct step_result *s, char cell[CELL])
{
	char text[32] = "-";
	if (s->facts.memory_peak_bytes >= 0)
		size_format(s->facts.memory_peak_bytes, text);
	snprintf(cell, CELL, "%s", text);
}

/* clang-format off */
static const struct { const char *name; int flags; cell_fn *cell; } columns[] = {
	{ "VERDICT", 0, cell_verdict },
	{ "STEP", SCOLS_FL_TRUNC, NULL }, /* a name may be long */
	{ "POINTS", SCOLS_FL_RIGHT, cell_points },
	{ "CPU", SCOLS_FL_RIGHT, cell_cpu },
	{ "WALL", SCOLS_FL_RIGHT, cell_wall },
	{ "MEMORY", SCOLS_FL_RIGHT, cell_memory },
};
/* clang-format on */
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

static int fill_line(struct libscols_table *t, const struct step_result *s)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);

	for (size_t i = 0; line && i < N_COLUMNS; i++) {
		AUTO_BUF name = { 0 };
		char cell[CELL] = "";
		if (columns[i].cell)
			columns[i].cell(s, cell);
		else
			escape_name(&name, s->name ? s->name : "", strlen(s->name ? s->name : ""));
		if (scols_line_set_data(line, i, columns[i].cell ? cell : name.data) < 0)
			return -1;
	}
	return line ? 0 : -1;
}

static int fill(struct libscols_table *t, const struct run_result *r, int width)
{
	scols_table_set_termforce(t, SCOLS_TERMFORCE_ALWAYS); /* a file gets the same width */
	scols_table_set_termwidth(t, (size_t)width);
	/* Cells are escaped already; a second time would make "\x1b" "\x5cx1b". */
	scols_table_enable_noencoding(t, 1);
	scols_table_set_column_separator(t, "  ");
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (!scols_table_new_column(t, columns[i].name, 0, columns[i].flags))
			return -1;
	for (size_t i = 0; i < r->n_steps; i++)
		if (fill_line(t, &r->steps[i]) < 0)
			return -1;
	return 0;
}

int text_table_lines(const struct run_result *r, int width, char ***ret, struct err *err)
{
	CLEANUP(table_cleanup) struct libscols_table *t = scols_new_table();
	AUTO_FREE char *text = NULL;
	AUTO_STRV lines = NULL;
	char *rest;

	if (!t || fill(t, r, width) < 0 || scols_print_table_to_string(t, &text) < 0)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot lay out the table of steps");
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line)
			strv_add(&lines, line);
	if (strv_len(lines) != r->n_steps + 1)
		return err_set(err, FAULT_INFRA, 0,
			       "the table of steps has %zu lines, expected %zu", strv_len(lines),
			       r->n_steps + 1);
	*ret = ptr_steal(&lines);
	return 0;
}
