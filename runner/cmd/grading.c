/* grading.c - the assignment and the options of a run, from the command line to a session's options. */
#include "cmd/grading.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/signals.h"
#include "cmd/options.h"
#include "submission/assignment.h"

static int take_assignment(const struct cli *cli, struct assignment *ret, bool *ret_given,
			   struct err *err)
{
	const char *path = cli_get(cli, "assignment");
	const int given = path ? 1 : file_there("assignment.json", err);
	*ret_given = given > 0;
	if (given <= 0)
		return given;
	if (assignment_load(path ? path : ".", ret, err) < 0)
		return -1;
	return cli->command ? 0 : assignment_check_tests(ret, err);
}

static int take_limits(const struct cli *cli, const char *command, struct session_options *opt,
		       struct err *err)
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
	if (factor &&
	    (end == factor || *end || !(opt->time_factor >= 0.01 && opt->time_factor <= 10000)))
		return usage_error(err,
				   "%s: --time-factor '%s': expected a number from 0.01 to 10000",
				   command, factor);
	return 0;
}

static int take_isolation(const struct cli *cli, const char *command, struct session_options *opt,
			  struct err *err)
{
	const char *word = cli_get(cli, "isolation");
	AUTO_FREE char *where = mem_printf("%s: isolation", command);
	return word ? isolation_parse(word, where, &opt->isolation, err) : 0;
}

/* The descriptor gets signals once the session has blocked them. */
static int open_signals(int *ret, struct err *err)
{
	sigset_t set;
	signals_ending(&set);
	*ret = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret < 0 ? err_set(err, FAULT_INFRA, errno, "cannot watch for signals") : 0;
}

int grading_interrupted(int signals, const char *what)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
		return EXIT_TROUBLE;
	fprintf(stderr, "moulette: interrupted; %s\n", what);
	return 128 + (int)info.ssi_signo;
}

int grading_open(const struct places *places, const struct cli *cli, const char *command,
		 struct grading *ret, struct err *err)
{
	struct session_options *opt = &ret->opt;
	bool given = false;
	*ret = (struct grading){ .signals = -1,
				 .opt = { .places = places,
					  .command = cli->command,
					  .image = cli_get(cli, "image"),
					  .profile = cli_get(cli, "profile") } };
	if (take_assignment(cli, &ret->assignment, &given, err) < 0 ||
	    take_isolation(cli, command, opt, err) < 0 ||
	    cli_plain_engine(cli, command, &opt->plain_engine, err) < 0 ||
	    take_limits(cli, command, opt, err) < 0 || cli_env(cli, &ret->env, err) < 0 ||
	    cli_mounts(cli, &ret->mounts, &opt->n_mounts, err) < 0 ||
	    open_signals(&ret->signals, err) < 0)
		return -1;
	opt->assignment = given ? &ret->assignment : NULL;
	opt->mounts = ret->mounts;
	opt->env = ret->env;
	opt->interrupt_fd = ret->signals;
	return 0;
}

void grading_close(struct grading *g)
{
	fd_close(&g->signals);
	strv_free(g->env);
	mounts_free(g->mounts, g->opt.n_mounts);
	assignment_done(&g->assignment);
}
