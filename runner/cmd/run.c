/* run.c - grade one submission and print the result. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/grading.h"
#include "cmd/options.h"
#include "pipeline/grade.h"
#include "report/report.h"
#include "submission/submission.h"

#define OUTPUTS_MAX 16

/* One -f: a format and where it goes. */
struct output {
	const struct report_format *format;
	char *path; /* NULL: stdout */
	FILE *file;
};
struct outputs {
	struct output list[OUTPUTS_MAX];
	size_t n;
};

static const struct option_spec options[] = {
	OPTION_ASSIGNMENT,
	OPTION_IMAGE,
	OPTION_PROFILE,
	{ "format", 'f', "FORMAT[:FILE]",
	  "text (default) or json; may be given several times, each with a file of its own" },
	{ "output", 'o', "FILE",
	  "file for the format given without one (default: standard output)" },
	{ "name", 'n', "NAME", "name of the submission in the result (default: that of its file)" },
	OPTIONS_OF_GRADING,
	OPTION_END,
};

static int add_output(const char *text, struct outputs *out, struct err *err)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *name = colon ? mem_strndup(text, (size_t)(colon - text)) : mem_strdup(text);
	if (out->n == OUTPUTS_MAX)
		return usage_error(err, "run: at most %d formats", OUTPUTS_MAX);
	if (colon && !colon[1])
		return usage_error(err, "run: format '%s': expected FORMAT or FORMAT:FILE", text);
	struct output *o = &out->list[out->n];
	if (report_format_find(name, &o->format, err) < 0)
		return -1;
	o->path = colon ? mem_strdup(colon + 1) : NULL;
	out->n++;
	return 0;
}

/* -o is the file of the only -f that names none. */
static int assign_output(const char *path, struct outputs *out, struct err *err)
{
	struct output *nameless = NULL;
	size_t n = 0;
	for (size_t i = 0; i < out->n; i++)
		if (!out->list[i].path) {
			nameless = &out->list[i];
			n++;
		}
	if (n > 1)
		return usage_error(err,
				   "run: %zu formats have no file; only one of them can go to the "
				   "standard output, so write -f FORMAT:FILE",
				   n);
	if (!path)
		return 0;
	if (!nameless)
		return usage_error(
			err,
			"run: -o '%s': each format has a file already; leave out -o or one "
			"of them",
			path);
	nameless->path = mem_strdup(path);
	return 0;
}

/* Opened before anything runs, so that a wrong path is found early; truncated only when the
 * report is ready. */
static int open_outputs(struct outputs *out, struct err *err)
{
	for (size_t i = 0; i < out->n; i++) {
		struct output *o = &out->list[i];
		if (!o->path && cmd_check_stdout(err) < 0)
			return -1;
		int fd = o->path ? open(o->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) :
				   fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return err_set(err, o->path ? err_path_fault(errno) : FAULT_INFRA, errno,
				       "cannot write to '%s'", o->path ? o->path : "stdout");
		o->file = fdopen(fd, "w");
		if (!o->file) {
			close(fd);
			return err_set(err, FAULT_INFRA, errno, "cannot open a stream for '%s'",
				       o->path ? o->path : "stdout");
		}
	}
	return 0;
}

static int take_outputs(const struct cli *cli, struct outputs *out, struct err *err)
{
	for (size_t i = 0; i < cli->n_given; i++)
		if (strcmp(cli->given[i].spec->name, "format") == 0 &&
		    add_output(cli->given[i].value, out, err) < 0)
			return -1;
	if (out->n == 0 && add_output("text", out, err) < 0)
		return -1;
	if (assign_output(cli_get(cli, "output"), out, err) < 0)
		return -1;
	return open_outputs(out, err);
}

static void outputs_done(struct outputs *out)
{
	for (size_t i = 0; i < out->n; i++) {
		free(out->list[i].path);
		if (out->list[i].file)
			fclose(out->list[i].file);
	}
}

static int not_written(const struct output *o, int sys, struct err *err)
{
	return err_set(err, FAULT_INFRA, sys, "cannot write the report to '%s'",
		       o->path ? o->path : "stdout");
}

/* Some errors appear only in close(2). */
static int write_output(struct output *o, const struct run_result *r, struct err *err)
{
	const struct report_options opt = report_options_for(o->file);
	struct stat st;
	if (o->path && fstat(fileno(o->file), &st) == 0 && S_ISREG(st.st_mode) &&
	    ftruncate(fileno(o->file), 0) < 0)
		return not_written(o, errno, err);
	int bad = o->format->write(o->file, r, &opt, err);
	if (ferror(o->file))
		return not_written(o, bad ? err->sys : 0, err);
	FILE *file = o->file;
	o->file = NULL;
	return fclose(file) == 0 ? bad : not_written(o, errno, err);
}

/* Writes every report that it can, and returns the first error. @kept: the result is in the database. */
static int write_outputs(struct outputs *out, const struct run_result *r, bool kept,
			 struct err *err)
{
	int bad = 0;
	for (size_t i = 0; i < out->n; i++) {
		struct err one = { 0 };
		if (write_output(&out->list[i], r, &one) == 0 || bad)
			continue;
		*err = one;
		bad = -1;
	}
	if (bad && kept)
		fprintf(stderr, "moulette: the result is stored; 'moulette state %s' prints it\n",
			r->id);
	return bad;
}

static int status_of(const struct run_result *r)
{
	if (r->verdict == VERDICT_PASSED)
		return EXIT_ALL_PASSED;
	return r->verdict == VERDICT_INTERNAL_ERROR ? EXIT_TROUBLE : EXIT_NOT_PASSED;
}

/* A result that cannot be stored is still printed. */
struct keeping {
	struct session *session;
	struct err trouble;
	bool lost;
};

static int keep(void *ctx, const struct run_result *r, struct err *err)
{
	struct keeping *k = ctx;
	(void)err;
	k->lost = grade_store(k->session, r, &k->trouble) < 0;
	return 0;
}

static int report(const struct keeping *k, const struct run_result *r, struct outputs *out,
		  struct err *err)
{
	const int bad = write_outputs(out, r, !k->lost, err);
	if (!k->lost)
		return bad ? -1 : status_of(r);
	if (r->log_path)
		unlink(r->log_path);
	if (bad)
		fprintf(stderr, "moulette: %s\n", err->msg);
	*err = k->trouble;
	err->fault = FAULT_INFRA;
	return err_wrap(err, "the result could not be stored and does not count");
}

static int grade_and_report(const struct session_options *opt, const struct cli *cli,
			    struct outputs *out, struct err *err)
{
	struct session session;
	struct run_result result;
	struct keeping keeping = { .session = &session };
	AUTO_FREE char *path = NULL;
	if (submission_resolve(cli->args[0], &path, err) < 0)
		return -1;
	const struct grade_request req = { .path = path,
					   .name = cli_get(cli, "name"),
					   .keep = keep,
					   .ctx = &keeping };
	run_result_init(&result);
	int status = session_open(opt, &session, err);
	if (status == 0)
		status = grade(&session, &req, &result, err);
	if (status == 0)
		status = report(&keeping, &result, out, err);
	else if (strcmp(err->code, "interrupted") == 0)
		status = grading_interrupted(opt->interrupt_fd,
					     "the box is stopped; no result was stored");
	run_result_done(&result);
	session_close(&session);
	return status;
}

static int run_with(const struct cli *cli, struct grading *g, struct outputs *out, struct err *err)
{
	const char *name = cli_get(cli, "name");
	if (name && !*name)
		return usage_error(err, "run: --name '': expected a name that is not empty");
	if (take_outputs(cli, out, err) < 0)
		return -1;
	return grade_and_report(&g->opt, cli, out, err);
}

static int run_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct grading g;
	struct outputs out = { .n = 0 };
	if (cli->n_args != 1)
		return usage_error(err,
				   "run: expected one SUBMISSION, got %zu; see 'moulette run "
				   "--help'",
				   cli->n_args);
	int status = grading_open(places, cli, "run", &g, err);
	if (status == 0)
		status = run_with(cli, &g, &out, err);
	outputs_done(&out);
	grading_close(&g);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.synopsis = "run [OPTION]... SUBMISSION [-- COMMAND [ARG]...]",
	.summary = "grade one submission: an archive, a folder or a source file",
	.options = options,
	.takes_command = true,
	.exec = run_exec,
};
