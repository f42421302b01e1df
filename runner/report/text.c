/* text.c - a result for people: verdict, points and reasons. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "report/escape.h"
#include "report/fold.h"
#include "report/formats.h"
#include "report/locale.h"
#include "report/report.h"
#include "report/text_table.h"
#include "report/words.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40
/* Below a failed test: enough to see what went wrong; the whole of it is in the log. */
#define EXCERPT_LINES 20
#define EXCERPT_COLUMNS 400
#define NAME_MAX_BYTES 80
#define INDENT "    "

/* What the parts of one report share. */
struct page {
	FILE *out;
	const struct run_result *r;
	bool color;
	int width; /* 0: no terminal */
	int log;
	bool cut; /* something that was captured is not shown */
	int rc;   /* -1: the log could not be read; *err says why */
	struct err *err;
};

static const char *color_of(enum verdict v)
{
	switch (v) {
	case VERDICT_PASSED:
		return "\033[32m"; /* green */
	case VERDICT_WRONG_ANSWER:
	case VERDICT_RUNTIME_ERROR:
	case VERDICT_COMPILE_ERROR:
	case VERDICT_REFUSED:
		return "\033[31m"; /* red */
	case VERDICT_INTERNAL_ERROR:
		return "\033[35m"; /* magenta: the fault of the host or the assignment */
	default:
		return "\033[33m"; /* yellow: a limit, or not run at all */
	}
}

/* @n bytes of @text in the colour of @v. */
static void put_colored(const struct page *p, enum verdict v, const char *text, size_t n)
{
	if (p->color)
		fprintf(p->out, "%s%.*s\033[0m", color_of(v), (int)n, text);
	else
		fprintf(p->out, "%.*s", (int)n, text);
}

/* A name, cut where it would fill the line. */
static void put_name(const struct page *p, const char *s)
{
	AUTO_BUF shown = { 0 };
	escape_name(&shown, s, strlen(s));
	if (shown.len <= NAME_MAX_BYTES)
		fputs(shown.data, p->out);
	else
		fprintf(p->out, "%.*s...",
			(int)utf8_cut_head(shown.data, shown.len, NAME_MAX_BYTES - 3), shown.data);
}

/* A line of the report, which may quote a program. */
static void put_line(const struct page *p, const char *text)
{
	struct fold f = { .out = p->out,
			  .first = INDENT,
			  .next = INDENT "  ",
			  .note = INDENT,
			  .width = p->width };
	fold_line(&f, text, strlen(text));
}

/* "alice (alice.tar.gz): wrong answer, 12/20 points" */
static void put_headline(const struct page *p)
{
	const struct run_result *r = p->r;
	const char *name = r->submission.name ? r->submission.name : "submission";
	const char *file = r->submission.file;
	char words[32], got[32], max[32];

	put_name(p, name);
	if (file && *file && strcmp(file, name) != 0) {
		fputs(" (", p->out);
		put_name(p, file);
		fputs(")", p->out);
	}
	fputs(": ", p->out);
	words_verdict(r->verdict, words);
	put_colored(p, r->verdict, words, strlen(words));
	if (!isnan(r->score) && isnan(r->max_score))
		fprintf(p->out, ", %s points", words_points(r->score, got));
	else if (!isnan(r->score))
		fprintf(p->out, ", %s/%s point%s", words_points(r->score, got),
			words_points(r->max_score, max), r->max_score == 1 ? "" : "s");
	if (r->submission.changed)
		fputs(" (changed while it was read)", p->out);
}

/* The message quotes names. */
static void add_error(struct buf *b, const struct run_result *r)
{
	escape_name(b, words_error_message(r), strlen(words_error_message(r)));
	buf_printf(b, " (%s)", words_error_code(r));
}

/* The reason for a refusal or an error, its fault, and the consequence for the student. */
static void put_error(const struct page *p)
{
	const struct run_result *r = p->r;
	AUTO_BUF reason = { 0 };

	add_error(&reason, r);
	put_line(p, reason.data);
	if (r->fault == FAULT_ASSIGNMENT)
		put_line(p, "the fault lies with the assignment, not with the student");
	else if (r->fault == FAULT_INFRA)
		put_line(p, "the fault lies with this host or with moulette, not with the "
			    "student");
	else
		put_line(p, "not accepted, nothing was run; please hand it in again");
	if (isnan(r->score))
		put_line(p, "no points were recorded");
}

static void put_stream(struct page *p, const struct step_result *s, int stream)
{
	const struct stream_facts *sf = stream == FRAMELOG_STDOUT ? &s->facts.out : &s->facts.err;
	bool whole = s->kind == STEP_COMMAND;
	struct fold f = { .out = p->out,
			  .first = INDENT "| ",
			  .next = INDENT ": ",
			  .note = INDENT "+ ",
			  .width = p->width,
			  .max_columns = whole ? 0 : EXCERPT_COLUMNS };
	AUTO_STREAM_TEXT text = { 0 };
	struct err *err = p->rc == 0 ? p->err : NULL;

	if (sf->bytes <= 0)
		return;
	if (stream_text_load(p->log, &s->facts, stream, STREAM_TEXT_MAX, &text, err) < 0) {
		err_wrap(err, "step '%s'", s->name ? s->name : "");
		p->rc = -1;
	}
	fprintf(p->out, INDENT "%s:\n", stream == FRAMELOG_STDOUT ? "stdout" : "stderr");
	p->cut |= fold_text(&f, &text, whole ? 0 : EXCERPT_LINES);
	if (text.len == 0)
		fprintf(p->out, INDENT "+ the captured bytes cannot be read\n");
	if (sf->over)
		fprintf(p->out, INDENT "+ what came after the output limit was not captured\n");
}

/* Below the step's line in the table. */
static void put_details(struct page *p, const struct step_result *s)
{
	bool failed = s->verdict != VERDICT_PASSED && s->verdict != VERDICT_SKIPPED;

	if (s->message[0] && s->verdict != VERDICT_SKIPPED)
		put_line(p, s->message);
	if (!failed && s->kind != STEP_COMMAND)
		return;
	/* Compilers report errors on stderr; stdout mostly has the commands that make echoes. */
	if (s->kind == STEP_BUILD)
		put_stream(p, s, FRAMELOG_STDERR);
	put_stream(p, s, FRAMELOG_STDOUT);
	if (s->kind != STEP_BUILD)
		put_stream(p, s, FRAMELOG_STDERR);
}

static int put_steps(struct page *p)
{
	const struct run_result *r = p->r;
	AUTO_STRV lines = NULL;
	char words[32];

	if (r->n_steps == 0)
		return 0;
	if (text_table_lines(r, (p->width ? p->width : WIDTH_DEFAULT) - 2, &lines, p->err) < 0)
		return -1;
	fprintf(p->out, "\n  %s\n", lines[0]);
	for (size_t i = 0; i < r->n_steps; i++) {
		size_t n = strlen(words_verdict(r->steps[i].verdict, words));
		fputs("  ", p->out);
		put_colored(p, r->steps[i].verdict, lines[i + 1], n);
		fprintf(p->out, "%s\n", lines[i + 1] + n);
		put_details(p, &r->steps[i]);
	}
	return 0;
}

static void put_groups(const struct page *p)
{
	const struct run_result *r = p->r;
	char got[32], max[32];

	for (size_t i = 0; i < r->n_groups; i++) {
		fputs(i == 0 ? "\n  groups: " : ", ", p->out);
		put_name(p, r->groups[i].name ? r->groups[i].name : "");
		fprintf(p->out, " %s/%s", words_points(r->groups[i].score, got),
			words_points(r->groups[i].max_score, max));
	}
	if (r->n_groups > 0)
		fputc('\n', p->out);
}

/* Explains to students why their changes to these files have no effect. */
static void put_replaced(const struct page *p)
{
	const char *line = p->r->replaced;
	for (bool first = true; line && *line; first = false) {
		size_t len = strcspn(line, "\n");
		AUTO_BUF shown = { 0 };
		escape_name(&shown, line, len);
		fprintf(p->out, "%s%s", first ? "\n  replaced by the assignment's files: " : ", ",
			shown.data);
		line += len + (line[len] == '\n');
	}
	if (p->r->replaced)
		fputc('\n', p->out);
}

static int put_page(struct page *p)
{
	put_headline(p);
	fputc('\n', p->out);
	if (p->r->submission.changed)
		put_line(p, "the file changed each time it was copied, so the last copy was "
			    "graded; grade it again when it is complete");
	if (words_has_error(p->r))
		put_error(p);
	if (put_steps(p) < 0)
		return -1;
	put_groups(p);
	put_replaced(p);
	if (p->cut)
		fputs("\n  some output is left out; -f json has 64 KiB of each stream\n", p->out);
	return 0;
}

static int text_write(FILE *out, const struct run_result *r, const struct report_options *opt,
		      struct err *err)
{
	IN_REPORT_LOCALE;
	AUTO_FD int log = -1;
	struct page p = { .out = out,
			  .r = r,
			  .color = opt->color,
			  .width = opt->width,
			  .err = err };

	if (p.width > 0 && p.width < WIDTH_MIN)
		p.width = WIDTH_MIN;
	p.rc = stream_log_open(r, &log, err);
	p.log = log;
	if (put_page(&p) < 0)
		return -1;
	if (fflush(out) != 0 || ferror(out))
		return err_set(err, FAULT_INFRA, errno, "cannot write the report");
	return p.rc;
}

/* Why, in the words of what decided: " - sums: line 1: expected ..." */
static void put_reason(const struct page *p)
{
	const struct run_result *r = p->r;
	AUTO_BUF reason = { 0 };

	if (words_has_error(r))
		add_error(&reason, r);
	for (size_t i = 0; !reason.data && i < r->n_steps; i++) {
		const struct step_result *s = &r->steps[i];
		if (s->verdict != r->verdict || s->verdict == VERDICT_PASSED)
			continue;
		escape_name(&reason, s->name ? s->name : "", s->name ? strlen(s->name) : 0);
		if (s->message[0])
			buf_str(&reason, ": ");
		escape_terminal(&reason, s->message, strlen(s->message));
	}
	if (reason.data)
		fprintf(p->out, " - %s", reason.data);
}

static int text_write_line(FILE *out, const struct run_result *r, const struct report_options *opt,
			   struct err *err)
{
	IN_REPORT_LOCALE;
	const struct page p = { .out = out, .r = r, .color = opt->color };

	put_headline(&p);
	put_reason(&p);
	fputc('\n', out);
	if (fflush(out) != 0 || ferror(out))
		return err_set(err, FAULT_INFRA, errno, "cannot write the report");
	return 0;
}

const struct report_format report_text = {
	.name = "text",
	.summary = "for people: the verdict, a table of steps, why a step failed",
	.write = text_write,
	.write_line = text_write_line,
};
