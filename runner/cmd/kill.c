/* kill.c - send a signal to the running step, or end a whole run.
 *
 * The runner sends the signal on request (container/control.h), because it knows its step:
 * a process id from a stale run record could belong to another process by now.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/command.h"
#include "cmd/find_run.h"
#include "container/live.h"
#include "pipeline/session.h"

/* "TERM", "SIGTERM", "15", "RTMIN+3"; -1: none. */
static int signal_of(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);
	if (end != text && !*end)
		return number >= 1 && number < NSIG ? (int)number : -1;
	for (int i = 1; i < NSIG; i++) {
		char label[16];
		signal_label(i, label);
		if (strcasecmp(text, label) == 0 || strcasecmp(text, label + 3) == 0)
			return i;
	}
	return -1;
}

static int signal_step(const struct places *p, const struct found_run *f, int signo,
		       struct err *err)
{
	const struct live_run *r = &f->live;
	if (r->status == LIVE_DIED)
		return err_set(err, FAULT_USAGE, 0,
			       "run '%s': the moulette process that ran it died; 'moulette gc' "
			       "removes its leftovers",
			       f->id);
	if (r->n_steps == 0)
		return err_set(err, FAULT_USAGE, 0, "run '%s': no step is running yet", f->id);
	return control_signal(p, f->id, (uint32_t)r->steps[r->n_steps - 1].index, signo, err);
}

static int sweep(const struct places *p, const char *id, struct err *err)
{
	AUTO_STORE *store = NULL;
	int swept = 0;
	if (store_open(p->database, &store, err) < 0 || session_sweep(p, store, &swept, err) < 0)
		return -1;
	fprintf(stderr,
		"moulette: run '%s': the moulette process that ran it had died; "
		"its leftovers were removed\n",
		id);
	return 0;
}

static int end_run(const struct places *p, struct found_run *f, struct err *err)
{
	/* Without an answer the run is ending or died; the lock of its record shows which. */
	if (f->live.status == LIVE_ALIVE &&
	    (control_ask_end(p, f->id, err) < 0 || live_wait(f->mark, err) < 0))
		return -1;
	live_run_done(&f->live);
	if (live_load(f->mark, f->id, &f->live, err) < 0)
		return -1;
	return f->live.status == LIVE_DIED ? sweep(p, f->id, err) : 0;
}

/* @signo 0: the whole run. */
static int kill_one(const struct places *p, const char *given, int signo, struct err *err)
{
	AUTO_FOUND_RUN found = { .mark = -1 };
	if (find_run(p, given, &found, err) < 0)
		return -1;
	if (found.mark < 0)
		return err_set(err, FAULT_USAGE, 0, "run '%s' has ended", found.id);
	/* A stopped runner would not answer until it is continued. */
	if (live_runner_stopped(&found.live))
		return err_set(err, FAULT_USAGE, 0,
			       "run '%s': the moulette process that runs it is stopped; continue "
			       "it with 'fg' in its terminal or with 'kill -CONT %ld'",
			       found.id, (long)found.live.runner);
	return signo ? signal_step(p, &found, signo, err) : end_run(p, &found, err);
}

/* Tries every id, prints each failure, and returns the worst status. */
static int kill_all(const struct places *p, const struct cli *cli, int signo)
{
	int status = EXIT_ALL_PASSED;
	for (size_t i = 0; i < cli->n_args; i++) {
		struct err err = { 0 };
		if (kill_one(p, cli->args[i], signo, &err) == 0)
			continue;
		fprintf(stderr, "moulette: %s\n", err.msg);
		int got = err.fault == FAULT_USAGE ? EXIT_USAGE : EXIT_TROUBLE;
		status = got > status ? got : status;
	}
	return status;
}

static int kill_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	const char *name = cli_get(cli, "signal");
	bool box = cli_has(cli, "box");
	int signo = box ? 0 : SIGTERM;
	if (cli->n_args == 0)
		return usage_error(err,
				   "kill: expected the ID of a run; 'moulette list' lists them");
	if (name && box)
		return usage_error(
			err, "kill: --signal (for a step) and --box (for the whole run) exclude "
			     "each other; give one of them");
	if (name && (signo = signal_of(name)) < 0)
		return usage_error(err,
				   "kill: unknown signal '%s'; expected a name such as TERM or "
				   "SIGUSR1, or a number from 1 to %d",
				   name, NSIG - 1);
	return kill_all(places, cli, signo);
}

static const struct option_spec options[] = {
	{ "signal", 's', "SIGNAL", "signal to send to the running step (default TERM)" },
	{ "box", 'b', NULL, "end the whole run; its result is an error, code interrupted" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_kill = {
	.name = "kill",
	.synopsis = "kill [-s SIGNAL | --box] ID...",
	.summary = "send a signal to the running step, or end a run",
	.options = options,
	.exec = kill_exec,
};
