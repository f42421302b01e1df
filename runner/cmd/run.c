/* run.c - grade one submission and print the result. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/signals.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "pipeline/grade.h"
#include "report/report.h"
#include "submission/assignment.h"

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
	{ "format", 'f', "FORMAT[:FILE]", "text (default) or json; may be repeated, each with a file" },
	{ "output", 'o', "FILE", "file of the format that names none (default: stdout)" },
	{ "name", 'n', "NAME", "name of the submission in the result (default: of its file)" },
	OPTION_VOLUME,
	OPTION_ENV,
	{ "limit", 'l', "NAME=VALUE", "override a limit: cpu, wall, memory, processes, output, disk" },
	{ "time-factor", 't', "X", "multiply every time limit by X (a slow machine)" },
	{ "isolation", 0, "HOW", "box: all tests in one container; strict: each in a new one" },
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
		return usage_error(err, "run: %zu formats name no file; write -f FORMAT:FILE", n);
	if (!path)
		return 0;
	if (!nameless)
		return usage_error(err, "run: -o '%s': every format has a file already", path);
	nameless->path = mem_strdup(path);
	return 0;
}

/* Opened before anything runs, so that a typing error costs no grading; emptied only when the
 * report is there. */
static int open_outputs(struct outputs *out, struct err *err)
{
	for (size_t i = 0; i < out->n; i++) {
		struct output *o = &out->list[i];
		int fd = o->path ? open(o->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) :
				   fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return err_set(err, o->path ? FAULT_USAGE : FAULT_INFRA, errno,
				       "cannot write to '%s'", o->path ? o->path : "stdout");
		o->file = fdopen(fd, "w");
		if (!o->file) {
			close(fd);
			return err_set(err, FAULT_INFRA, errno, "cannot open a stream");
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

static struct report_options look_at_terminal(FILE *file)
{
	struct report_options opt = { .color = false, .width = 0 };
	struct winsize size;
	const char *term = getenv("TERM");
	if (!isatty(fileno(file)))
		return opt;
	opt.color = !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		opt.width = size.ws_col;
	return opt;
}

static int write_outputs(struct outputs *out, const struct run_result *r, struct err *err)
{
	for (size_t i = 0; i < out->n; i++) {
		struct output *o = &out->list[i];
		const struct report_options opt = look_at_terminal(o->file);
		struct stat st;
		if (o->path && fstat(fileno(o->file), &st) == 0 && S_ISREG(st.st_mode) &&
		    ftruncate(fileno(o->file), 0) < 0)
			return err_set(err, FAULT_INFRA, errno, "cannot empty '%s'", o->path);
		if (o->format->write(o->file, r, &opt, err) < 0)
			return -1;
		if (fflush(o->file) != 0 || ferror(o->file))
			return err_set(err, FAULT_INFRA, errno, "cannot write the result to '%s'",
				       o->path ? o->path : "stdout");
	}
	return 0;
}

static int take_assignment(const struct cli *cli, struct assignment *ret, bool *ret_given,
			   struct err *err)
{
	const char *path = cli_get(cli, "assignment");
	*ret_given = path || access("assignment.json", F_OK) == 0;
	if (!*ret_given)
		return 0;
	if (assignment_load(path ? path : ".", ret, err) < 0)
		return -1;
	return cli->command ? 0 : assignment_check_tests(ret, err);
}

static int take_limits(const struct cli *cli, struct session_options *opt, struct err *err)
{
	limits_init(&opt->over);
	for (size_t i = 0; i < cli->n_given; i++)
		if (strcmp(cli->given[i].spec->name, "limit") == 0 &&
		    limits_assign(&opt->over, cli->given[i].value, err) < 0)
			return -1;
	const char *factor = cli_get(cli, "time-factor");
	char *end = NULL;
	opt->time_factor = factor ? strtod(factor, &end) : 1;
	/* Written so that NaN is refused, too. */
	if (factor && (end == factor || *end ||
		       !(opt->time_factor >= 0.01 && opt->time_factor <= 10000)))
		return usage_error(err, "run: time factor '%s': expected a number from 0.01 to 10000",
				   factor);
	return 0;
}

/* Readable once the session has blocked the signals. */
static int open_signals(int *ret, struct err *err)
{
	sigset_t set;
	signals_ending(&set);
	*ret = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret < 0 ? err_set(err, FAULT_INFRA, errno, "cannot watch for signals") : 0;
}

static int signal_status(int fd)
{
	struct signalfd_siginfo info;
	if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
		return EXIT_TROUBLE;
	fprintf(stderr, "moulette: interrupted; the box is ended, nothing was recorded\n");
	return 128 + (int)info.ssi_signo;
}

static int status_of(const struct run_result *r)
{
	if (r->verdict == VERDICT_PASSED)
		return EXIT_ALL_PASSED;
	return r->verdict == VERDICT_INTERNAL_ERROR ? EXIT_TROUBLE : EXIT_NOT_PASSED;
}

static int grade_and_report(const struct session_options *opt, const struct cli *cli,
			    struct outputs *out, struct err *err)
{
	struct session session;
	struct run_result result;
	AUTO_FREE char *path = realpath(cli->args[0], NULL);
	/* Absolute, since grading changes the current folder; a missing one is said by the stage. */
	if (!path)
		path = mem_strdup(cli->args[0]);
	run_result_init(&result);
	int status = session_open(opt, &session, err);
	if (status == 0)
		status = grade(&session, path, cli_get(cli, "name"), cli->command, &result, err);
	if (status == 0 && (status = write_outputs(out, &result, err)) == 0)
		status = status_of(&result);
	else if (strcmp(err->code, "interrupted") == 0)
		status = signal_status(opt->interrupt_fd);
	run_result_done(&result);
	session_close(&session);
	return status;
}

static int run_with(const struct places *places, const struct cli *cli,
		    const struct assignment *assignment, struct outputs *out, struct err *err)
{
	AUTO_FD int signals = -1;
	AUTO_STRV env = NULL;
	struct mount_spec *mounts = NULL;
	struct session_options opt = { .places = places, .assignment = assignment,
				       .image = cli_get(cli, "image"),
				       .profile = cli_get(cli, "profile") };
	const char *name = cli_get(cli, "name");
	if (name && !*name)
		return usage_error(err, "run: name '': expected a name");
	const char *isolation = cli_get(cli, "isolation");
	if (isolation && isolation_parse(isolation, "run: isolation", &opt.isolation, err) < 0)
		return -1;
	if (take_limits(cli, &opt, err) < 0 || cli_env(cli, &env, err) < 0 ||
	    cli_mounts(cli, &mounts, &opt.n_mounts, err) < 0)
		return -1;
	opt.mounts = mounts;
	opt.env = env;
	int status = take_outputs(cli, out, err);
	if (status == 0)
		status = open_signals(&signals, err);
	opt.interrupt_fd = signals;
	if (status == 0)
		status = grade_and_report(&opt, cli, out, err);
	mounts_free(mounts, opt.n_mounts);
	return status;
}

static int run_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	struct assignment assignment = { 0 };
	struct outputs out = { .n = 0 };
	bool given = false;
	if (cli->n_args != 1)
		return usage_error(err, "run: expected one SUBMISSION, got %zu; see 'moulette run "
				   "--help'", cli->n_args);
	int status = take_assignment(cli, &assignment, &given, err);
	if (status == 0)
		status = run_with(places, cli, given ? &assignment : NULL, &out, err);
	outputs_done(&out);
	assignment_done(&assignment);
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
