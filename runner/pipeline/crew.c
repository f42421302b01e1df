/* crew.c - the parent of the workers: the only writer of the store and of the report.
 *
 * The workers are forks of a process that has opened everything once. Each has a socket for orders
 * and answers, and a pipe whose other end is ours: when that closes, because we stop or because we
 * were killed, it ends its box and itself.
 */
#include "pipeline/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/process.h"
#include "pipeline/grade.h"
#include "pipeline/worker.h"
#include "store/parcel.h"

#define TRIES_MAX 2
#define BARREN_MAX 3 /* workers that end before they took a submission, one after the other */
#define TICK_MS 200
#define RESULT_MAX (UINT64_C(1) << 30)
#define NO_JOB SIZE_MAX
#define END_NS (60 * NSEC_PER_SEC)

struct member {
	pid_t pid; /* 0: none */
	int socket, stop;
	size_t job; /* index of the path; NO_JOB: none */
	bool promised; /* it was told that more comes, and makes a box ready */
};

struct crew {
	const struct crew_options *opt;
	struct member *members;
	unsigned char *tries; /* of each path */
	size_t next;          /* the first one that was not handed out yet */
	size_t *again, n_again; /* to be tried once more, first */
	size_t done;
	int barren;
	bool stopping, interrupted;
};

/* --- workers ------------------------------------------------------------------------------ */

static void begin_worker(const struct crew *c, int socket, int stop)
{
	const struct worker_options opt = { .session = c->opt->session, .format = c->opt->format,
					    .report = c->opt->report, .socket = socket,
					    .stop_fd = stop };
	/* A terminal's ^C is ours to hand on. */
	setpgid(0, 0);
	/* The others' ends, which tell them that we are gone. */
	for (int i = 0; i < c->opt->workers; i++)
		if (c->members[i].pid > 0) {
			close(c->members[i].socket);
			close(c->members[i].stop);
		}
	worker_main(&opt);
}

static int start(struct crew *c, struct member *m, struct err *err)
{
	int pair[2], stop[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a socket");
	AUTO_FD int theirs = pair[0], ours = pair[1];
	if (pipe2(stop, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int hears = stop[0], stops = stop[1];
	fflush(NULL); /* else both would write it */
	pid_t pid = fork();
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start a worker");
	if (pid == 0) {
		close(ours);
		close(stops);
		begin_worker(c, theirs, hears);
	}
	*m = (struct member){ .pid = pid, .socket = fd_steal(&ours), .stop = fd_steal(&stops),
			      .job = NO_JOB, .promised = true };
	return 0;
}

/* Waits until it has ended its box. It may be waiting for an order instead of watching the pipe: the
 * end of the socket wakes it then. */
static int reap(struct member *m)
{
	fd_close(&m->stop);
	fd_close(&m->socket);
	const int status = process_wait(m->pid);
	m->pid = 0;
	return status;
}

static void stop_all(struct crew *c)
{
	c->stopping = true;
	for (int i = 0; i < c->opt->workers; i++)
		if (c->members[i].pid > 0)
			fd_close(&c->members[i].stop);
}

/* --- orders ------------------------------------------------------------------------------- */

static size_t jobs_left(const struct crew *c)
{
	return c->stopping ? 0 : c->n_again + (c->opt->n_paths - c->next);
}

static bool has_job(const struct crew *c)
{
	return jobs_left(c) > 0;
}

/* Is there one that no other worker has a box for? */
static bool promise(const struct crew *c, struct member *m)
{
	size_t promised = 0;
	m->promised = false;
	for (int i = 0; i < c->opt->workers; i++)
		promised += c->members[i].pid > 0 && c->members[i].promised;
	return m->promised = jobs_left(c) > promised;
}

static size_t take_job(struct crew *c)
{
	return c->n_again > 0 ? c->again[--c->n_again] : c->next++;
}

static void try_again(struct crew *c, size_t job)
{
	c->again = mem_realloc(c->again, (c->n_again + 1) * sizeof *c->again);
	c->again[c->n_again++] = job;
}

/* A worker that is gone is seen at its socket, and so is one whose order could not be sent: both
 * ends find the socket shut down. */
static void tell(const struct member *m, struct worker_order *o)
{
	if (send(m->socket, o, offsetof(struct worker_order, path) + strlen(o->path) + 1,
		 MSG_NOSIGNAL) < 0)
		shutdown(m->socket, SHUT_RDWR);
}

static void hand_out(struct crew *c, struct member *m)
{
	struct worker_order o = { .type = ORDER_GRADE };
	if (m->pid == 0 || m->job != NO_JOB || !has_job(c))
		return;
	m->job = take_job(c);
	m->promised = false;
	snprintf(o.path, sizeof o.path, "%s", c->opt->paths[m->job]);
	tell(m, &o);
}

/* --- answers ------------------------------------------------------------------------------ */

static int deliver(struct crew *c, const struct run_result *r, const char *text, size_t len,
		   struct err *err)
{
	/* One that cannot be stored is printed all the same. */
	const bool lost = store_put(c->opt->session->store, r, err) < 0;
	if (lost)
		err_wrap(err, "the result of '%s' is not stored and counts for nothing",
			 r->submission.name);
	c->done++;
	return c->opt->each(c->opt->ctx, r, text, len, lost ? NULL : err) < 0 || lost ? -1 : 0;
}

/* What sends a signal to us may send it to the programs of students as well, as systemd does when it
 * stops a service without KillMode=mixed. A result that comes after the signal may tell of that, and
 * would be a mark for what no student did. */
static void drop_result(struct member *m)
{
	struct worker_order o = { .type = ORDER_DROP };
	tell(m, &o);
	m->job = NO_JOB;
}

static int take_result(struct crew *c, struct member *m, const struct worker_answer *a, int fd,
		       struct err *err)
{
	AUTO_BUF bytes = { 0 };
	struct run_result result;
	run_result_init(&result);
	int bad = lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, &bytes, RESULT_MAX) < 0 ||
		  bytes.len < a->parcel;
	if (bad)
		err_set(err, FAULT_INFRA, errno, "cannot read a result from a worker");
	bad = bad || parcel_unpack(bytes.data, a->parcel, &result, err) < 0 ||
	      deliver(c, &result, bytes.data + a->parcel, bytes.len - a->parcel, err) < 0;
	struct worker_order o = { .type = bad ? ORDER_DROP : ORDER_KEPT, .more = promise(c, m) };
	tell(m, &o);
	run_result_done(&result);
	m->job = NO_JOB;
	c->barren = 0;
	return bad ? -1 : 0;
}

/* Nobody could grade it; that is said as a result, in the place of the worker's. */
static int give_up(struct crew *c, size_t job, const struct err *why, struct err *err)
{
	struct run_result result;
	AUTO_BUF line = { 0 };
	grade_lost(c->opt->session, c->opt->paths[job], why, &result);
	int bad = report_line(c->opt->format, &result, &c->opt->report, &line, err) < 0 ||
		  deliver(c, &result, line.data, line.len, err) < 0;
	run_result_done(&result);
	return bad ? -1 : 0;
}

/* All paths were there when the batch began: that one is not any more is nobody's usage. */
static int take_none(struct crew *c, struct member *m, const struct err *said, struct err *err)
{
	const size_t job = m->job;
	struct err why = *said;
	why.fault = FAULT_INFRA;
	m->job = NO_JOB;
	return give_up(c, job, &why, err);
}

static void name_end(int status, char words[64])
{
	char signal_words[16];
	if (WIFSIGNALED(status))
		snprintf(words, 64, "was killed by %s", signal_label(WTERMSIG(status), signal_words));
	else
		snprintf(words, 64, "ended with status %d", WEXITSTATUS(status));
}

/* It ended although nobody asked it to: its submission is tried once more, what it left is swept. */
static int replace(struct crew *c, struct member *m, struct err *err)
{
	size_t job = m->job;
	char words[64];
	int swept = 0;
	name_end(reap(m), words);
	session_sweep(c->opt->session->opt.places, c->opt->session->store, &swept, NULL);
	if (job == NO_JOB && ++c->barren >= BARREN_MAX)
		return err_set_code(err, "worker.died", FAULT_INFRA, 0,
				    "%d workers ended before they took a submission; the last one %s",
				    BARREN_MAX, words);
	if (job != NO_JOB && ++c->tries[job] < TRIES_MAX) {
		try_again(c, job);
	} else if (job != NO_JOB) {
		struct err why = { 0 };
		err_set_code(&why, "worker.died", FAULT_INFRA, 0,
			     "two workers ended while they graded it; the last one %s", words);
		if (give_up(c, job, &why, err) < 0)
			return -1;
	}
	return has_job(c) ? start(c, m, err) : 0;
}

/* What one worker says. -1: nothing more is to be graded. */
static int hear(struct crew *c, struct member *m, struct err *err)
{
	struct worker_answer a;
	int fds[FD_SEND_MAX];
	size_t n_fds = 0;
	ssize_t n = fd_recv(m->socket, &a, sizeof a, fds, &n_fds, NULL, 0);
	AUTO_FD int fd = n_fds > 0 ? fds[0] : -1;
	if (n != (ssize_t)sizeof a) {
		if (!c->stopping)
			return replace(c, m, err);
		reap(m);
		return 0;
	}
	if (a.type == ANSWER_RESULT && c->interrupted) {
		drop_result(m);
		return 0;
	}
	if (a.type == ANSWER_RESULT)
		return take_result(c, m, &a, fd, err);
	if (a.type == ANSWER_NONE && m->job != NO_JOB)
		return take_none(c, m, &a.err, err);
	*err = a.err;
	return -1;
}

/* --- the whole ---------------------------------------------------------------------------- */

static bool any_alive(const struct crew *c)
{
	for (int i = 0; i < c->opt->workers; i++)
		if (c->members[i].pid > 0)
			return true;
	return false;
}

/* Without work it is sent away at once, so that its end costs no time at the end. */
static void dismiss(struct crew *c, struct member *m)
{
	if (m->pid > 0 && m->job == NO_JOB && !has_job(c))
		reap(m);
}

static int round_of(struct crew *c, struct pollfd *p, struct err *err)
{
	const int n = c->opt->workers;
	for (int i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = c->members[i].pid > 0 ? c->members[i].socket : -1,
					.events = POLLIN };
	p[n] = (struct pollfd){ .fd = c->stopping ? -1 : c->opt->interrupt_fd, .events = POLLIN };
	if (poll(p, (nfds_t)n + 1, TICK_MS) < 0 && errno != EINTR)
		return err_set(err, FAULT_INFRA, errno, "cannot wait for workers");
	if (p[n].revents)
		return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	for (int i = 0; i < n; i++)
		if (p[i].revents && hear(c, &c->members[i], err) < 0)
			return -1;
	c->opt->tick(c->opt->ctx);
	return 0;
}

static int work(struct crew *c, struct pollfd *p, struct err *err)
{
	for (int i = 0; i < c->opt->workers; i++)
		if (start(c, &c->members[i], err) < 0)
			return -1;
	while (c->done < c->opt->n_paths) {
		for (int i = 0; i < c->opt->workers; i++)
			hand_out(c, &c->members[i]);
		if (round_of(c, p, err) < 0)
			return -1;
		for (int i = 0; i < c->opt->workers; i++)
			dismiss(c, &c->members[i]);
	}
	return 0;
}

/* One that does not answer is stopped or stuck. What it leaves, the next sweep finds. */
static void kill_all(struct crew *c)
{
	for (int i = 0; i < c->opt->workers; i++)
		if (c->members[i].pid > 0) {
			kill(c->members[i].pid, SIGKILL);
			reap(&c->members[i]);
		}
}

/* What was graded by now is still taken, unless a signal ended the batch. */
static void end(struct crew *c, struct pollfd *p)
{
	const int64_t deadline = clock_mono_ns() + END_NS;
	struct err late = { 0 };
	stop_all(c);
	while (any_alive(c) && clock_mono_ns() < deadline)
		round_of(c, p, &late);
	kill_all(c);
}

int crew_run(const struct crew_options *opt, struct err *err)
{
	struct crew c = { .opt = opt };
	c.members = mem_alloc((size_t)opt->workers * sizeof *c.members);
	c.tries = mem_alloc(opt->n_paths + 1);
	for (int i = 0; i < opt->workers; i++)
		c.members[i].socket = c.members[i].stop = -1;
	struct pollfd *p = mem_alloc(((size_t)opt->workers + 1) * sizeof *p);
	/* Trouble is told by each result: the workers try again. */
	session_seat(opt->session, NULL);
	if (opt->workers > 1)
		turns_share(&opt->session->turns, NULL);
	int bad = work(&c, p, err);
	c.interrupted = bad && strcmp(err->code, "interrupted") == 0;
	end(&c, p);
	free(p);
	free(c.members);
	free(c.tries);
	free(c.again);
	return bad;
}
