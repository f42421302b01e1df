/* crew.c - the parent of the workers: the only writer of the store and of the report.
 *
 * The workers are forks of a process that has opened everything once. Each has a socket for orders
 * and answers, and a pipe whose other end the crew holds: when that end closes, because the crew
 * stops or was killed, the worker ends its box and itself. In shared memory a worker announces
 * until when its silence is normal; a worker that is silent for longer is stopped or hangs, and is
 * killed.
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

#include "base/alive.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/child.h"
#include "child/process.h"
#include "pipeline/grade.h"
#include "pipeline/worker.h"
#include "store/parcel.h"

#define TRIES_MAX 2
#define BARREN_MAX 3 /* workers that end before they took a submission, one after the other */
#define TICK_MS 200
#define RESULT_MAX (UINT64_C(1) << 30)
#define NO_JOB SIZE_MAX
#define END_NS (60 * NSEC_PER_SEC)
#define DIES_MS 10000
/* A worker hangs that is silent for so long beyond what it announced; times the time factor. */
#define SILENCE_NS (30 * NSEC_PER_SEC)
#define SILENCE_BUSY 6 /* times as long while the worker runs or waits for a disk */
/* A round takes TICK_MS and the time to handle its answers. In a longer round this process or the
 * machine was stopped, or this process did something else. */
#define AWAY_NS (5 * NSEC_PER_SEC)

struct member {
	pid_t pid; /* 0: none */
	int socket, stop;
	size_t job;      /* index of the path; NO_JOB: none */
	bool promised;   /* more submissions come, so it makes a box ready */
	int64_t told_ns; /* when it was last given an order, or asked to leave */
	int64_t hung_ns; /* the silence for which it was killed; 0: it was not */
};

struct crew {
	const struct crew_options *opt;
	struct member *members;
	struct alive *alive;    /* of each member */
	unsigned char *tries;   /* of each path */
	size_t next;            /* the first one that was not handed out yet */
	size_t *again, n_again; /* to be tried once more, first */
	size_t done;
	int barren;
	bool stopping, interrupted;
	int64_t looked_ns; /* when the signs of life were last looked at */
	int64_t back_ns;   /* since then they have been looked at in each round */
};

/* --- workers ------------------------------------------------------------------------------ */

static struct alive *alive_of(const struct crew *c, const struct member *m)
{
	return &c->alive[m - c->members];
}

struct begin {
	const struct crew *crew;
	const struct member *member;
	int socket, stop;   /* the ends of the worker */
	int ours, our_stop; /* those of the crew */
};

static int begin_worker(void *ctx)
{
	const struct begin *b = ctx;
	const struct crew *c = b->crew;
	const struct worker_options opt = { .session = c->opt->session,
					    .format = c->opt->format,
					    .report = c->opt->report,
					    .socket = b->socket,
					    .stop_fd = b->stop,
					    .alive = alive_of(c, b->member) };
	close(b->ours);
	close(b->our_stop);
	/* The crew passes on a terminal's ^C. */
	setpgid(0, 0);
	/* The ends of other workers, whose closing tells them that the crew is gone. */
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
	alive_for(alive_of(c, m), 0);
	struct begin begin = { c, m, theirs, hears, ours, stops };
	const struct child_spec spec = { .body = begin_worker, .ctx = &begin };
	const pid_t pid = child_start(&spec);
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start a worker");
	*m = (struct member){ .pid = pid,
			      .socket = fd_steal(&ours),
			      .stop = fd_steal(&stops),
			      .job = NO_JOB,
			      .promised = true,
			      .told_ns = clock_mono_ns() };
	return 0;
}

/* For a worker that closed its socket or was killed: it has ended or is about to. One that does not end
 * after SIGKILL either is left to the kernel. Return: status of waitpid(), or -1. */
static int reap(struct member *m)
{
	fd_close(&m->stop);
	fd_close(&m->socket);
	int status = process_wait_ms(m->pid, DIES_MS);
	if (status < 0 && errno == ETIMEDOUT) {
		kill(m->pid, SIGKILL);
		status = process_wait_ms(m->pid, DIES_MS);
	}
	m->pid = 0;
	return status;
}

/* The worker ends its box, then itself, which is seen at its socket. */
static void send_away(struct member *m)
{
	fd_close(&m->stop);
	m->promised = false;
	m->told_ns = clock_mono_ns();
}

static bool is_leaving(const struct member *m)
{
	return m->stop < 0;
}

static void stop_all(struct crew *c)
{
	c->stopping = true;
	for (int i = 0; i < c->opt->workers; i++)
		if (c->members[i].pid > 0 && !is_leaving(&c->members[i]))
			send_away(&c->members[i]);
}

static void sweep(const struct crew *c)
{
	int swept = 0;
	session_sweep(c->opt->session->opt.places, c->opt->session->store, &swept, NULL);
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

/* The crew notices a dead worker at its socket. If an order cannot be sent, shutdown() makes both
 * ends see the end of the socket in the same way. */
static void tell(const struct member *m, struct worker_order *o)
{
	const size_t path = strlen(o->words) + 1, name = strlen(o->words + path) + 1;
	if (send(m->socket, o, offsetof(struct worker_order, words) + path + name, MSG_NOSIGNAL) <
	    0)
		shutdown(m->socket, SHUT_RDWR);
}

static void hand_out(struct crew *c, struct member *m)
{
	struct worker_order o = { .type = ORDER_GRADE };
	if (m->pid == 0 || is_leaving(m) || m->job != NO_JOB || !has_job(c))
		return;
	m->job = take_job(c);
	m->promised = false;
	m->told_ns = clock_mono_ns();
	const char *name = c->opt->names[m->job];
	snprintf(o.words, sizeof o.words, "%s%c%s", c->opt->paths[m->job], '\0', name ? name : "");
	tell(m, &o);
}

/* --- answers ------------------------------------------------------------------------------ */

static int deliver(struct crew *c, const struct run_result *r, const char *text, size_t len,
		   struct err *err)
{
	/* A result that cannot be stored is printed all the same. */
	const bool lost = store_put(c->opt->session->store, r, err) < 0;
	if (lost)
		err_wrap(err, "the result of '%s' could not be stored and does not count",
			 r->submission.name);
	c->done++;
	return c->opt->each(c->opt->ctx, r, text, len, lost ? NULL : err) < 0 || lost ? -1 : 0;
}

/* A signal to this process may go to the programs of students as well, as when systemd stops a
 * service without KillMode=mixed. A result that comes after the signal may show its effect, and
 * would be a mark for something that no student did. */
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

/* No worker could grade it: the crew makes a result that says so, in place of the worker's. */
static int give_up(struct crew *c, size_t job, const struct err *why, struct err *err)
{
	struct run_result result;
	AUTO_BUF line = { 0 };
	grade_lost(c->opt->session, c->opt->paths[job], c->opt->names[job], why, &result);
	int bad = report_line(c->opt->format, &result, &c->opt->report, &line, err) < 0 ||
		  deliver(c, &result, line.data, line.len, err) < 0;
	run_result_done(&result);
	return bad ? -1 : 0;
}

/* All paths existed when the batch began. A path that vanished during the batch is an
 * infrastructure error, not a usage error. */
static int take_none(struct crew *c, struct member *m, const struct err *said, struct err *err)
{
	const size_t job = m->job;
	struct err why = *said;
	why.fault = FAULT_INFRA;
	m->job = NO_JOB;
	return give_up(c, job, &why, err);
}

static void name_end(const struct member *m, int status, char words[64])
{
	char signal_words[16];
	if (m->hung_ns > 0)
		snprintf(words, 64, "did not respond for %d s and was killed",
			 (int)(m->hung_ns / NSEC_PER_SEC));
	else if (WIFSIGNALED(status))
		snprintf(words, 64, "was killed by %s",
			 signal_label(WTERMSIG(status), signal_words));
	else
		snprintf(words, 64, "ended with status %d", WEXITSTATUS(status));
}

/* The worker ended unasked: its submission is tried once more, and its leftovers are swept. */
static int replace(struct crew *c, struct member *m, struct err *err)
{
	const size_t job = m->job;
	const char *code = m->hung_ns > 0 ? "worker.hung" : "worker.died";
	char words[64];
	name_end(m, reap(m), words);
	sweep(c);
	if (job == NO_JOB && ++c->barren >= BARREN_MAX)
		return err_set_code(
			err, code, FAULT_INFRA, 0,
			"%d workers ended before they started a submission; the last one %s",
			BARREN_MAX, words);
	if (job != NO_JOB && ++c->tries[job] < TRIES_MAX) {
		try_again(c, job);
	} else if (job != NO_JOB) {
		struct err why = { 0 };
		err_set_code(&why, code, FAULT_INFRA, 0,
			     "two workers ended while grading it; the last one %s", words);
		if (give_up(c, job, &why, err) < 0)
			return -1;
	}
	return has_job(c) ? start(c, m, err) : 0;
}

/* Its socket is at its end. */
static int end_of(struct crew *c, struct member *m, struct err *err)
{
	if (!c->stopping && !is_leaving(m))
		return replace(c, m, err);
	const int status = reap(m);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		sweep(c);
	return 0;
}

/* Handle one worker's answer. -1: nothing more is to be graded. */
static int hear(struct crew *c, struct member *m, struct err *err)
{
	struct worker_answer a;
	int fds[FD_SEND_MAX];
	size_t n_fds = 0;
	ssize_t n = fd_recv(m->socket, &a, sizeof a, fds, &n_fds, NULL, 0);
	AUTO_FD int fd = n_fds > 0 ? fds[0] : -1;
	if (n != (ssize_t)sizeof a)
		return end_of(c, m, err);
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

/* --- signs of life ------------------------------------------------------------------------ */

/* How long @m has been silent beyond what it announced. A worker may wait for an order for ever; one that
 * has an order and still says that it waits has not read it. */
static int64_t silent_ns(const struct crew *c, const struct member *m, int64_t now)
{
	int64_t until = alive_until(alive_of(c, m));
	if (until == ALIVE_WAITS)
		until = m->job == NO_JOB && !is_leaving(m) ? now : m->told_ns;
	return now - (until > c->back_ns ? until : c->back_ns);
}

/* A slow disk or a busy host is no reason to kill a worker. */
static int64_t most_silence_ns(const struct crew *c, const struct member *m)
{
	const double times = host_patience(&c->opt->session->host) *
			     (process_is_running(m->pid) ? SILENCE_BUSY : 1);
	return (int64_t)((double)SILENCE_NS * times);
}

static int end_if_hung(struct crew *c, struct member *m, int64_t now, struct err *err)
{
	const int64_t silent = silent_ns(c, m, now);
	if (silent <= SILENCE_NS)
		return 0;
	const int64_t most = most_silence_ns(c, m);
	if (silent <= most)
		return 0;
	m->hung_ns = most;
	kill(m->pid, SIGKILL);
	return end_of(c, m, err);
}

/* Silence while the crew itself was away does not count. */
static int look_after(struct crew *c, struct err *err)
{
	const int64_t now = clock_mono_ns();
	if (now - c->looked_ns > AWAY_NS)
		c->back_ns = now;
	c->looked_ns = now;
	for (int i = 0; i < c->opt->workers; i++)
		if (c->members[i].pid > 0 && end_if_hung(c, &c->members[i], now, err) < 0)
			return -1;
	return 0;
}

/* --- the whole ---------------------------------------------------------------------------- */

static bool any_alive(const struct crew *c)
{
	for (int i = 0; i < c->opt->workers; i++)
		if (c->members[i].pid > 0)
			return true;
	return false;
}

/* A worker without work leaves at once, so that the end of the batch does not wait for it. */
static void dismiss(struct crew *c, struct member *m)
{
	if (m->pid > 0 && !is_leaving(m) && m->job == NO_JOB && !has_job(c))
		send_away(m);
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
	return look_after(c, err);
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

/* Kills workers that show life but have not ended within END_NS. */
static void kill_all(struct crew *c)
{
	for (int i = 0; i < c->opt->workers; i++)
		if (c->members[i].pid > 0) {
			kill(c->members[i].pid, SIGKILL);
			end_of(c, &c->members[i], NULL);
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
	struct crew c = { .opt = opt, .looked_ns = clock_mono_ns() };
	c.alive = alive_map((size_t)opt->workers);
	if (!c.alive)
		return err_set(err, FAULT_INFRA, errno, "cannot share memory with workers");
	c.members = mem_alloc((size_t)opt->workers * sizeof *c.members);
	c.tries = mem_alloc(opt->n_paths + 1);
	for (int i = 0; i < opt->workers; i++)
		c.members[i].socket = c.members[i].stop = -1;
	struct pollfd *p = mem_alloc(((size_t)opt->workers + 1) * sizeof *p);
	/* Each worker tries again where this fails, and its result tells why. */
	host_seat(&opt->session->host, NULL);
	if (opt->workers > 1)
		turns_share(&opt->session->turns, NULL);
	int bad = work(&c, p, err);
	c.interrupted = bad && strcmp(err->code, "interrupted") == 0;
	end(&c, p);
	free(p);
	alive_unmap(c.alive, (size_t)opt->workers);
	free(c.members);
	free(c.tries);
	free(c.again);
	return bad;
}
