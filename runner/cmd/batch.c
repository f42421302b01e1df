/* batch.c - grade many submissions, several at a time, and print a line for each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/signals.h"
#include "cmd/command.h"
#include "cmd/grading.h"
#include "cmd/options.h"
#include "container/processors.h"
#include "pipeline/crew.h"
#include "report/escape.h"
#include "report/progress.h"
#include "submission/handins.h"
#include "submission/names.h"

#define JOBS_MAX 1024

static const struct option_spec options[] = {
	OPTION_ASSIGNMENT,
	OPTION_IMAGE,
	OPTION_PROFILE,
	{ "jobs", 'j', "N",
	  "how many submissions to grade at a time (default: one for each processor)" },
	{ "format", 'f', "FORMAT",
	  "text (default) or json; one line for each submission, as soon as it is graded" },
	{ "output", 'o', "FILE", "file for the results (default: standard output)" },
	OPTIONS_OF_GRADING,
	OPTION_END,
};

/* The output and the progress of one call. */
struct batch {
	FILE *out;
	const char *path; /* of -o; NULL: stdout */
	const struct report_format *format;
	char **paths, **names; /* of each path; NULL: that of its file */
	struct progress progress;
};

/* Default: the available processors, divided by those that the assignment requests for a submission. */
static int take_jobs(const struct cli *cli, const struct assignment *a, int *ret, struct err *err)
{
	const char *text = cli_get(cli, "jobs");
	const int each = a && a->processors > 1 ? a->processors : 1;
	char *end = NULL;
	long n = text ? strtol(text, &end, 10) : processors_allowed() / each;
	if (text && (end == text || *end || n < 1 || n > JOBS_MAX))
		return usage_error(err, "batch: --jobs '%s': expected a number from 1 to %d", text,
				   JOBS_MAX);
	*ret = n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (int)n;
	return 0;
}

/* "json:FILE", as run takes it, gets the option that batch has for it. */
static int take_format(const char *text, const struct report_format **ret, struct err *err)
{
	const char *colon = strchr(text, ':');
	if (!colon || !colon[1])
		return report_format_find(text, ret, err);
	AUTO_FREE char *name = mem_strndup(text, (size_t)(colon - text));
	if (report_format_find(name, ret, err) < 0)
		return -1;
	return usage_error(err, "batch: format '%s': give the file with -o: -f %s -o %s", text,
			   name, colon + 1);
}

/* Called after all other checks of the command line, because it truncates the file. */
static int open_output(const struct cli *cli, struct batch *b, struct err *err)
{
	b->path = cli_get(cli, "output");
	if (!b->path && cmd_check_stdout(err) < 0)
		return -1;
	b->out = b->path ? fopen(b->path, "we") : stdout;
	return b->out ? 0 :
			err_set(err, err_path_fault(errno), errno, "cannot write to '%s'", b->path);
}

static int not_written(const struct batch *b, struct err *err)
{
	return err_set(err, FAULT_INFRA, errno, "cannot write the results to '%s'",
		       b->path ? b->path : "stdout");
}

static int each(void *ctx, const struct run_result *r, const char *text, size_t len,
		struct err *err)
{
	struct batch *b = ctx;
	progress_count(&b->progress, r->verdict);
	progress_clear(&b->progress);
	fwrite(text, 1, len, b->out);
	if (fflush(b->out) != 0 || ferror(b->out))
		return not_written(b, err);
	progress_show(&b->progress);
	return 0;
}

static void tick(void *ctx)
{
	struct batch *b = ctx;
	progress_show(&b->progress);
}

static void say_sum(const struct batch *b)
{
	AUTO_BUF tally = { 0 };
	const size_t left = b->progress.total - b->progress.done;
	progress_tally(&b->progress, &tally);
	if (left > 0 && tally.data)
		buf_printf(&tally, "; %zu not graded", left);
	fprintf(stderr, "moulette: %zu of %zu submission%s: %s\n", b->progress.done,
		b->progress.total, b->progress.total == 1 ? "" : "s",
		tally.data ? tally.data : "none graded");
}

static int status_of(const struct batch *b)
{
	return b->progress.tally[VERDICT_INTERNAL_ERROR] > 0 ? EXIT_TROUBLE : EXIT_ALL_PASSED;
}

/* Warns when the only argument is a folder that is graded as one submission. */
static void say_alone(const struct cli *cli, const struct batch *b)
{
	struct stat word, path;
	AUTO_BUF name = { 0 };
	if (cli->n_args == 1 && strv_len(b->paths) == 1 && stat(cli->args[0], &word) == 0 &&
	    S_ISDIR(word.st_mode) && stat(b->paths[0], &path) == 0 && word.st_ino == path.st_ino &&
	    word.st_dev == path.st_dev) {
		escape_name(&name, cli->args[0], strlen(cli->args[0]));
		fprintf(stderr,
			"moulette: '%s' holds source files, so it is one submission; to "
			"grade each file separately, name them: %s/*\n",
			name.data, name.data);
	}
}

static int grade_all(struct batch *b, struct session *s, int jobs, struct err *err)
{
	const size_t n = strv_len(b->paths);
	const struct crew_options crew = {
		.session = s,
		.paths = b->paths,
		.names = b->names,
		.n_paths = n,
		.workers = (size_t)jobs < n ? jobs : (int)n,
		.format = b->format,
		.report = report_options_for(b->out),
		.interrupt_fd = s->opt.interrupt_fd,
		.each = each,
		.tick = tick,
		.ctx = b,
	};
	signals_block();
	progress_begin(&b->progress, stderr, n);
	progress_show(&b->progress);
	int bad = crew_run(&crew, err);
	progress_clear(&b->progress);
	say_sum(b); /* also after an error, to show how many were not graded */
	if (bad && strcmp(err->code, "interrupted") == 0)
		return grading_interrupted(s->opt.interrupt_fd,
					   "all boxes are stopped; finished results are kept");
	return bad ? -1 : status_of(b);
}

static int open_and_grade(const struct cli *cli, struct grading *g, struct batch *b,
			  struct err *err)
{
	struct session session;
	const char *format = cli_get(cli, "format");
	int jobs = 1;
	if (take_jobs(cli, g->opt.assignment, &jobs, err) < 0 ||
	    take_format(format ? format : "text", &b->format, err) < 0)
		return -1;
	int status = session_open(&g->opt, &session, err);
	if (status == 0)
		status = handins_find(cli->args, stdin, session.languages.extensions, &b->paths,
				      err);
	if (status == 0)
		status = open_output(cli, b, err);
	if (status == 0) {
		b->names = names_tell_apart(b->paths);
		say_alone(cli, b);
		status = grade_all(b, &session, jobs, err);
	}
	session_close(&session);
	return status;
}

static int batch_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct grading g;
	struct batch b = { .out = NULL };
	if (cli->n_args == 0)
		return usage_error(
			err, "batch: expected SUBMISSION...: files, folders, or - for a list on "
			     "stdin; see 'moulette batch --help'");
	b.paths = strv_dup(NULL);
	int status = grading_open(places, cli, "batch", &g, err);
	if (status == 0)
		status = open_and_grade(cli, &g, &b, err);
	if (b.path && b.out && fclose(b.out) != 0 && status >= 0)
		status = not_written(&b, err);
	names_free(b.names, b.paths);
	strv_free(b.paths);
	grading_close(&g);
	return status;
}

const struct command cmd_batch = {
	.name = "batch",
	.synopsis = "batch [OPTION]... SUBMISSION...",
	.summary = "grade many submissions: files, folders, or - for a list on stdin",
	.options = options,
	.exec = batch_exec,
};
