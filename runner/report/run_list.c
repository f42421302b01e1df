/* run_list.c - live runs and results, a line each or an object each. */
#include "report/run_list.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "model/limits.h"
#include "model/result.h"
#include "report/escape.h"
#include "report/json_out.h"
#include "report/locale.h"
#include "report/terminal.h"
#include "report/words.h"

/* Width of a line when it is unknown, and the smallest width that is accepted. */
#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40
#define GAP 2

struct run_row *run_rows_add(struct run_rows *r)
{
	r->rows = mem_realloc(r->rows, (r->n + 1) * sizeof *r->rows);
	struct run_row *row = &r->rows[r->n++];
	*row = (struct run_row){ .status = "",
				 .pid = -1,
				 .elapsed_ns = -1,
				 .steps_done = -1,
				 .steps_total = -1,
				 .score = NAN,
				 .max_score = NAN };
	return row;
}

void run_rows_done(struct run_rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct run_row *row = &r->rows[i];
		char *const strings[] = { row->bundle, row->owner, row->submission, row->assignment,
					  row->step };
		for (size_t k = 0; k < sizeof strings / sizeof *strings; k++)
			free(strings[k]);
	}
	free(r->rows);
	*r = (struct run_rows){ 0 };
}

/* A reader that closes the pipe early, such as `head`, is not an error: drop the remaining output. */
static int written(FILE *out, bool ok, struct err *err)
{
	if (fflush(out) == 0 && !ferror(out) && ok)
		return 0;
	if (errno != EPIPE)
		return err_set(err, FAULT_INFRA, errno, "cannot write to stdout");
	__fpurge(out);
	clearerr(out);
	return 0;
}

/* --- a table ------------------------------------------------------------------------------ */

static void cell_text(const char *text, struct buf *b)
{
	if (text && *text)
		escape_name(b, text, strlen(text));
	else
		buf_str(b, "-");
}

static void cell_id(const struct run_row *r, struct buf *b)
{
	cell_text(r->id, b);
}

static void cell_pid(const struct run_row *r, struct buf *b)
{
	if (r->pid < 0)
		buf_str(b, "-");
	else
		buf_printf(b, "%lld", (long long)r->pid);
}

/* A verdict in the words of the other tables, with what it was worth. */
static void cell_status(const struct run_row *r, struct buf *b)
{
	char words[32], got[32], max[32];
	int verdict = verdict_of(r->status);
	buf_str(b, verdict < 0 ? r->status : words_verdict((enum verdict)verdict, words));
	if (!isnan(r->max_score))
		buf_printf(b, " %s/%s", words_points(r->score, got),
			   words_points(r->max_score, max));
}

static void cell_bundle(const struct run_row *r, struct buf *b)
{
	cell_text(r->bundle, b);
}

static void cell_created(const struct run_row *r, struct buf *b)
{
	char text[32] = "-";
	if (r->created_real_ns > 0)
		clock_iso8601(r->created_real_ns, text);
	/* The lines are long enough without the microseconds. */
	char *fraction = strchr(text, '.');
	if (fraction)
		strcpy(fraction, "Z");
	buf_str(b, text);
}

static void cell_owner(const struct run_row *r, struct buf *b)
{
	cell_text(r->owner, b);
}

static void cell_submission(const struct run_row *r, struct buf *b)
{
	cell_text(r->submission, b);
}

static void cell_assignment(const struct run_row *r, struct buf *b)
{
	cell_text(r->assignment, b);
}

static void cell_step(const struct run_row *r, struct buf *b)
{
	cell_text(r->step, b);
	if (r->step && r->steps_total > 0)
		buf_printf(b, " (%lld/%lld)", (long long)r->steps_done + 1,
			   (long long)r->steps_total);
}

static void cell_elapsed(const struct run_row *r, struct buf *b)
{
	char text[32] = "-";
	if (r->elapsed_ns >= 0)
		duration_format(r->elapsed_ns, text);
	buf_str(b, text);
}

/* clang-format off */
static const struct {
	const char *name;
	int flags;
	void (*cell)(const struct run_row *r, struct buf *b);
	int rank;  /* if a line is too short, the highest rank is left out first; 0: always shown */
	int least; /* smallest width of a cell that may be cut */
} columns[] = {
	{ "ID", 0, cell_id, 0, 0 },
	{ "PID", SCOLS_FL_RIGHT, cell_pid, 0, 0 },
	{ "STATUS", 0, cell_status, 0, 0 },
	{ "BUNDLE", SCOLS_FL_TRUNC, cell_bundle, 5, 30 },
	{ "CREATED", 0, cell_created, 3, 0 },
	{ "OWNER", SCOLS_FL_TRUNC, cell_owner, 5, 8 },
	{ "SUBMISSION", SCOLS_FL_TRUNC, cell_submission, 0, 10 },
	{ "ASSIGNMENT", SCOLS_FL_TRUNC, cell_assignment, 4, 10 },
	{ "STEP", SCOLS_FL_TRUNC, cell_step, 2, 10 },
	{ "ELAPSED", SCOLS_FL_RIGHT, cell_elapsed, 1, 0 },
};
#define RANK_MAX 5
/* clang-format on */
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

static void table_cleanup(struct libscols_table **t)
{
	scols_unref_table(*t);
}

/* COLUMNS, else the width of the terminal. */
static int line_width(FILE *out)
{
	const char *given = getenv("COLUMNS");
	const long n = given ? strtol(given, NULL, 10) : 0;
	return n >= WIDTH_MIN && n <= INT_MAX ? (int)n :
						terminal_columns(out, WIDTH_MIN, WIDTH_DEFAULT);
}

/* Width that column @i needs, including the gap before it. */
static int needed(size_t i, const struct run_rows *r)
{
	size_t width = strlen(columns[i].name);
	if (columns[i].flags & SCOLS_FL_TRUNC)
		return columns[i].least + GAP;
	for (size_t k = 0; k < r->n; k++) {
		AUTO_BUF cell = { 0 };
		columns[i].cell(&r->rows[k], &cell);
		width = cell.len > width ? cell.len : width;
	}
	return (int)width + GAP;
}

/* The numbers of the columns that fit into lines of @width. Return: how many. */
static size_t choose_columns(const struct run_rows *r, int width, size_t chosen[N_COLUMNS])
{
	int sum[RANK_MAX + 1] = { 0 }, last = 0; /* what the columns of each rank need */
	size_t n = 0;
	for (size_t i = 0; i < N_COLUMNS; i++)
		sum[columns[i].rank] += needed(i, r);
	for (int left = width + GAP - sum[0]; last < RANK_MAX && left >= sum[last + 1]; last++)
		left -= sum[last + 1];
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (columns[i].rank <= last)
			chosen[n++] = i;
	return n;
}

static int fill(struct libscols_table *t, const struct run_rows *r, const size_t *chosen, size_t n)
{
	/* Cells are escaped already; a second time would make "\x1b" "\x5cx1b". */
	scols_table_enable_noencoding(t, 1);
	scols_table_set_column_separator(t, "  ");
	for (size_t i = 0; i < n; i++)
		if (!scols_table_new_column(t, columns[chosen[i]].name, 0,
					    columns[chosen[i]].flags))
			return -1;
	for (size_t k = 0; k < r->n; k++) {
		struct libscols_line *line = scols_table_new_line(t, NULL);
		for (size_t i = 0; i < n; i++) {
			AUTO_BUF cell = { 0 };
			columns[chosen[i]].cell(&r->rows[k], &cell);
			if (!line || scols_line_set_data(line, i, cell.data) < 0)
				return -1;
		}
	}
	return 0;
}

int run_list_table(FILE *out, const struct run_rows *r, struct err *err)
{
	IN_REPORT_LOCALE;
	CLEANUP(table_cleanup) struct libscols_table *t = scols_new_table();
	const int width = line_width(out);
	size_t chosen[N_COLUMNS];
	const size_t n = choose_columns(r, width, chosen);
	if (!t || fill(t, r, chosen, n) < 0)
		return err_set(err, FAULT_INFRA, ENOMEM, "cannot make a table");
	scols_table_set_stream(t, out);
	scols_table_set_termforce(t, SCOLS_TERMFORCE_ALWAYS); /* a file gets the same width */
	scols_table_set_termwidth(t, (size_t)width);
	/* libsmartcols prints no headings for a table without lines. */
	for (size_t i = 0; r->n == 0 && i < n; i++)
		fprintf(out, "%s%s", columns[chosen[i]].name, i + 1 < n ? "  " : "\n");
	return written(out, scols_print_table(t) == 0, err);
}

/* --- JSON --------------------------------------------------------------------------------- */

static void member(struct json_out *o, const char *key, const char *value)
{
	json_out_key(o, key);
	json_out_str(o, value);
}

static void member_time(struct json_out *o, const char *key, int64_t real_ns)
{
	char text[32];
	clock_iso8601(real_ns, text);
	member(o, key, real_ns > 0 ? text : NULL);
}

static void member_measure(struct json_out *o, const char *key, int64_t value)
{
	json_out_key(o, key);
	json_out_measure(o, value);
}

static void write_row(struct json_out *o, const struct run_row *r)
{
	json_out_open(o, '{');
	member(o, "id", r->id);
	member_measure(o, "pid", r->pid);
	member(o, "status", r->status);
	member(o, "bundle", r->bundle);
	member_time(o, "created", r->created_real_ns);
	member(o, "owner", r->owner);
	member(o, "submission", r->submission);
	member(o, "assignment", r->assignment);
	member(o, "step", r->step);
	member_measure(o, "steps_done", r->steps_done);
	member_measure(o, "steps_total", r->steps_total);
	member_measure(o, "elapsed_ns", r->elapsed_ns);
	json_out_key(o, "score");
	json_out_real(o, r->score);
	json_out_key(o, "max_score");
	json_out_real(o, r->max_score);
	json_out_close(o, '}');
}

static int finish(struct json_out *o, struct err *err)
{
	fputc('\n', o->f);
	return written(o->f, true, err);
}

int run_list_json(FILE *out, const struct run_rows *r, struct err *err)
{
	struct json_out o = { .f = out };
	json_out_open(&o, '[');
	for (size_t i = 0; i < r->n; i++) {
		json_out_next(&o);
		write_row(&o, &r->rows[i]);
	}
	json_out_close(&o, ']');
	return finish(&o, err);
}

/* Annotations are strings; unknown values are omitted. */
static void annotate(struct json_out *o, const char *key, const char *value)
{
	if (value && *value)
		member(o, key, value);
}

static void annotate_number(struct json_out *o, const char *key, size_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%zu", value);
	member(o, key, text);
}

static void write_annotations(struct json_out *o, const struct live_run *r)
{
	json_out_key(o, "annotations");
	json_out_open(o, '{');
	annotate(o, "org.moulette.status", r->status == LIVE_DIED ? "died" : NULL);
	annotate(o, "org.moulette.submission", r->submission);
	annotate(o, "org.moulette.assignment", r->assignment);
	annotate(o, "org.moulette.image", r->image);
	annotate(o, "org.moulette.profile", r->profile);
	annotate(o, "org.moulette.engine", r->engine);
	annotate(o, "org.moulette.step", live_run_step(r));
	if (r->n_steps) {
		const struct live_step *last = &r->steps[r->n_steps - 1];
		member_time(o, "org.moulette.step.started", last->started_real_ns);
		annotate_number(o, "org.moulette.steps.done", last->index);
	}
	if (r->plan)
		annotate_number(o, "org.moulette.steps.total", strv_len(r->plan));
	annotate(o, "org.moulette.log", r->log_path);
	annotate_number(o, "org.moulette.runner.pid", (size_t)r->runner);
	json_out_close(o, '}');
}

int run_state_json(FILE *out, const struct live_run *r, struct err *err)
{
	struct json_out o = { .f = out };
	const char *status = r->running ? "running" : "creating";
	json_out_open(&o, '{');
	/* Before the bundle is made, its version is that of every profile that ships. */
	member(&o, "ociVersion", r->oci_version ? r->oci_version : "1.0.2");
	member(&o, "id", r->id);
	member(&o, "status", r->status == LIVE_ALIVE ? status : "stopped");
	if (r->status == LIVE_ALIVE && r->init_pid > 0)
		member_measure(&o, "pid", r->init_pid);
	json_out_key(&o, "bundle");
	json_out_bytes(&o, r->bundle ? r->bundle : "", r->bundle ? strlen(r->bundle) : 0);
	write_annotations(&o, r);
	member_time(&o, "created", r->created_real_ns);
	json_out_close(&o, '}');
	return finish(&o, err);
}
