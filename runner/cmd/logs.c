/* logs.c - print the captured output of a run from its log.
 *
 * Output of a running run is polled several times a second. The run record says which steps began
 * at which offset, and its lock shows whether more output may come.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/find_run.h"
#include "container/live.h"
#include "report/log_out.h"

#define LOOK_AGAIN_MS 80
#define CHUNK (64u * 1024)

struct reading {
	struct found_run *run;
	struct run_result result; /* of one that is over */
	int log;                  /* -1: nothing was captured (yet) */
	struct framelog_cursor cursor;
	struct log_out out;
	int64_t known;       /* frames that begin before here belong to steps that are known */
	int stream;          /* 0: both */
	const char *step;    /* NULL: all */
	bool follow, closed; /* closed: the reader of stdout is gone */
};

/* --- whose bytes -------------------------------------------------------------------------- */

static int reload(struct reading *r, struct err *err)
{
	struct live_run fresh;
	if (live_load(r->run->mark, r->run->id, &fresh, err) < 0)
		return -1;
	live_run_done(&r->run->live);
	r->run->live = fresh;
	return 0;
}

/* In a running run a step lasts until the next one begins. */
static bool of_live_step(const struct live_run *l, const char *name, int64_t at)
{
	const struct live_step *in = NULL;
	for (size_t i = 0; i < l->n_steps && l->steps[i].log_begin <= at; i++)
		in = &l->steps[i];
	return in && in->index < strv_len(l->plan) && strcmp(l->plan[in->index], name) == 0;
}

static bool of_result_step(const struct run_result *r, const char *name, int64_t at)
{
	for (size_t i = 0; i < r->n_steps; i++)
		if (strcmp(r->steps[i].name, name) == 0 && at >= r->steps[i].facts.log_begin &&
		    at < r->steps[i].facts.log_end)
			return true;
	return false;
}

/* Return: 1, 0, -1. A step is told before its first byte, so that a frame which is newer than what
 * we know is looked up anew. */
static int is_wanted(struct reading *r, struct err *err)
{
	struct stat st;
	if (r->stream && r->cursor.stream != r->stream)
		return 0;
	if (!r->step)
		return 1;
	if (r->run->mark < 0)
		return of_result_step(&r->result, r->step, r->cursor.at);
	if (r->cursor.at >= r->known) {
		if (fstat(r->log, &st) < 0 || reload(r, err) < 0)
			return -1;
		r->known = st.st_size;
	}
	return of_live_step(&r->run->live, r->step, r->cursor.at);
}

/* --- writing ------------------------------------------------------------------------------ */

static int put(struct reading *r, const struct buf *b, struct err *err)
{
	if (b->len == 0 || fd_write_all(STDOUT_FILENO, b->data, b->len) == 0)
		return 0;
	r->closed = errno == EPIPE;
	return r->closed ? 0 : err_set(err, FAULT_INFRA, errno, "cannot write to stdout");
}

static int damaged(const struct reading *r, struct err *err)
{
	return err_set(err, FAULT_INFRA, 0,
		       "the captured output of run '%s' is damaged: its log cannot be read "
		       "beyond byte %" PRId64,
		       r->run->id, r->cursor.at);
}

/* All that is there now. */
static int drain(struct reading *r, struct err *err)
{
	AUTO_FREE char *chunk = mem_alloc(CHUNK);
	ssize_t n;
	while (r->log >= 0 && !r->closed && (n = framelog_next(&r->cursor, chunk, CHUNK)) != 0) {
		AUTO_BUF b = { 0 };
		if (n < 0)
			return errno == EBADMSG ?
				       damaged(r, err) :
				       err_set(err, FAULT_INFRA, errno,
					       "cannot read the output of '%s'", r->run->id);
		int wanted = is_wanted(r, err);
		if (wanted < 0)
			return -1;
		if (!wanted)
			continue;
		log_out_add(&r->out, r->cursor.stream, chunk, (size_t)n, &b);
		if (put(r, &b, err) < 0)
			return -1;
	}
	return 0;
}

/* --- the two kinds ------------------------------------------------------------------------ */

static int open_log(struct reading *r, const char *path, struct err *err)
{
	if (!path || r->log >= 0)
		return 0;
	r->log = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (r->log < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot open '%s', the captured output of run '%s'", path,
			       r->run->id);
	r->cursor.fd = r->log;
	return 0;
}

static int no_such_step(const struct reading *r, char *const *names, struct err *err)
{
	AUTO_BUF list = { 0 };
	for (size_t i = 0; names && names[i]; i++)
		buf_printf(&list, "%s'%s'", i ? ", " : "", names[i]);
	return err_set(err, FAULT_USAGE, 0, "run '%s' has no step '%s'; its steps: %s", r->run->id,
		       r->step,
		       list.data        ? list.data :
		       r->run->mark < 0 ? "none" :
					  "none yet");
}

static int check_step(const struct reading *r, char *const *names, struct err *err)
{
	for (char *const *n = names; n && *n; n++)
		if (strcmp(*n, r->step) == 0)
			return 0;
	return no_such_step(r, names, err);
}

/* A log that was truncated after a frame looks complete. */
static bool is_whole(const struct reading *r)
{
	struct stat st;
	int64_t end = 0;
	for (size_t i = 0; i < r->result.n_steps; i++)
		if (r->result.steps[i].facts.log_end > end)
			end = r->result.steps[i].facts.log_end;
	return r->log < 0 || (fstat(r->log, &st) == 0 && st.st_size >= end);
}

static int print_result(struct reading *r, struct err *err)
{
	AUTO_STRV names = strv_dup(NULL);
	if (store_get(r->run->store, r->run->id, &r->result, err) < 0)
		return -1;
	for (size_t i = 0; i < r->result.n_steps; i++)
		strv_add(&names, r->result.steps[i].name);
	if ((r->step && check_step(r, names, err) < 0) ||
	    open_log(r, r->result.log_path, err) < 0 || drain(r, err) < 0)
		return -1;
	return is_whole(r) ? 0 : damaged(r, err);
}

/* A reader that goes away ends the wait. */
static void wait_a_moment(struct reading *r)
{
	struct pollfd out = { .fd = STDOUT_FILENO };
	/* events is 0, so any event means that the reader is gone. */
	if (poll(&out, 1, LOOK_AGAIN_MS) > 0)
		r->closed = true;
}

/* Polls once: reads the state of the run first, so that output written before its end is not missed.
 * Return: 1 more may come, 0 that was all, -1. */
static int look(struct reading *r, struct err *err)
{
	if (reload(r, err) < 0)
		return -1;
	const struct live_run *l = &r->run->live;
	enum live_status status = l->status;
	bool wait = r->follow && status == LIVE_ALIVE;
	/* The steps are unknown until the submission is unpacked. */
	if (r->step && (l->plan || !wait) && check_step(r, l->plan, err) < 0)
		return -1;
	/* The log of a run without output is removed with the run. */
	if (open_log(r, l->log_path, status == LIVE_ALIVE ? err : NULL) < 0 && status == LIVE_ALIVE)
		return -1;
	if (drain(r, err) < 0)
		return -1;
	if (status == LIVE_DIED)
		fprintf(stderr,
			"moulette: run '%s': the moulette process that ran it died; this is all "
			"the output that it had captured\n",
			r->run->id);
	return wait && !r->closed;
}

static int print_live(struct reading *r, struct err *err)
{
	int more;
	while ((more = look(r, err)) > 0)
		wait_a_moment(r);
	return more;
}

static int print_run(struct reading *r, struct err *err)
{
	AUTO_BUF rest = { 0 };
	if ((r->run->mark >= 0 ? print_live(r, err) : print_result(r, err)) < 0)
		return -1;
	log_out_end(&r->out, &rest);
	return r->closed ? 0 : put(r, &rest, err);
}

static int logs_exec(const struct places *places, const struct cli *cli, struct err *err)
{
	AUTO_FOUND_RUN found = { .mark = -1 };
	bool out = cli_has(cli, "stdout"), errors = cli_has(cli, "stderr");
	struct reading r = {
		.run = &found,
		.log = -1,
		.cursor = { .fd = -1 },
		.step = cli_get(cli, "step"),
		.follow = cli_has(cli, "follow"),
		.out = { .escape = isatty(STDOUT_FILENO) },
		.stream = out == errors ? 0 :
			  out           ? FRAMELOG_STDOUT :
					  FRAMELOG_STDERR,
	};
	if (cli->n_args != 1)
		return usage_error(err,
				   "logs: expected one ID, got %zu; 'moulette list' lists them",
				   cli->n_args);
	if (find_run(places, cli->args[0], &found, err) < 0)
		return -1;
	run_result_init(&r.result);
	int got = print_run(&r, err);
	run_result_done(&r.result);
	fd_close(&r.log);
	return got;
}

static const struct option_spec options[] = {
	{ "step", 0, "NAME", "print the output of this step only" },
	{ "stdout", 0, NULL, "print the standard output only" },
	{ "stderr", 0, NULL, "print the standard error only" },
	{ "follow", 'f', NULL, "print new output as it comes, until the run ends" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_logs = {
	.name = "logs",
	.synopsis = "logs [--step NAME] [--stdout | --stderr] [-f] ID",
	.summary = "print the captured output of a run",
	.options = options,
	.exec = logs_exec,
};
