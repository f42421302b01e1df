/* worker.c - grades the submissions that the crew orders, with the next box always ready.
 *
 * A worker renders its result, so that all processors share that work. The crew, the only writer,
 * stores it and answers "kept" before the worker removes the mark of the run, so that no sweep
 * takes the log for one without a result.
 */
#include "pipeline/worker.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "container/live.h"
#include "pipeline/attempt_box.h"
#include "pipeline/grade.h"
#include "store/parcel.h"

struct worker {
	const struct worker_options *opt;
	bool more;
	struct attempt box; /* that waits for a submission */
	struct unpack_server unpacker;
};

/* Return: is something to be heard? No: stop. */
static bool wait_order(const struct worker *w)
{
	struct pollfd p[] = { { .fd = w->opt->socket, .events = POLLIN },
			      { .fd = w->opt->stop_fd, .events = POLLIN } };
	alive_wait(w->opt->alive);
	while (poll(p, 2, -1) < 0 && errno == EINTR)
		continue;
	alive_for(w->opt->alive, 0);
	return p[1].revents == 0;
}

/* Waits. Return: 0, or -1 when the crew is gone. */
static int hear(const struct worker *w, struct worker_order *ret)
{
	ssize_t n = fd_recv(w->opt->socket, ret, sizeof *ret, NULL, NULL, NULL, 0);
	return n >= (ssize_t)offsetof(struct worker_order, words) ? 0 : -1;
}

/* --- a result ----------------------------------------------------------------------------- */

static int send_result(const struct worker *w, const struct run_result *r, struct err *err)
{
	struct worker_answer a = { .type = ANSWER_RESULT };
	AUTO_BUF bytes = { 0 };
	parcel_pack(&bytes, r);
	a.parcel = bytes.len;
	if (report_line(w->opt->format, r, &w->opt->report, &bytes, err) < 0)
		return -1;
	AUTO_FD int fd = memfd_create("result", MFD_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, bytes.data, bytes.len) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot send a result to the main process");
	return fd_send(w->opt->socket, &a, sizeof a, &fd, 1) < 0 ?
		       err_set(err, FAULT_INFRA, errno,
			       "cannot send a result to the main process") :
		       0;
}

static int keep(void *ctx, const struct run_result *r, struct err *err)
{
	struct worker *w = ctx;
	struct worker_order answer;
	alive_for(w->opt->alive, 0);
	if (send_result(w, r, err) < 0)
		return -1;
	if (hear(w, &answer) < 0 || answer.type == ORDER_GRADE)
		return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	w->more = answer.more;
	return answer.type == ORDER_KEPT ?
		       0 :
		       err_set_code(err, "interrupted", FAULT_NONE, 0, "not stored");
}

/* --- boxes -------------------------------------------------------------------------------- */

/* Errors are dropped here: the submission that needs a box meets them again and reports them. */
static void prepare(struct worker *w)
{
	struct session *s = w->opt->session;
	struct err err = { 0 };
	if (w->box.ready || !w->more || session_ready(s, &err) < 0 ||
	    unpack_server_start(&w->unpacker, s->opt.places->unpack, &err) < 0 ||
	    !attempt_can_wait(s))
		return;
	if (attempt_prepare(s, w->opt->stop_fd, &w->box, &err) < 0)
		attempt_end(&w->box);
}

/* Return: 0, or -1 when nothing more is to be graded. */
static int grade_one(struct worker *w, const struct worker_order *order)
{
	struct run_result result;
	struct err err = { 0 };
	const char *name = order->words + strlen(order->words) + 1;
	const struct grade_request req = { .path = order->words,
					   .name = *name ? name : NULL,
					   .keep = keep,
					   .ctx = w,
					   .ready = w->box.ready ? &w->box : NULL };
	int bad = grade(w->opt->session, &req, &result, &err);
	run_result_done(&result);
	if (!bad)
		return 0;
	const bool gone = err.fault == FAULT_USAGE;
	const struct worker_answer a = { .type = gone ? ANSWER_NONE : ANSWER_TROUBLE, .err = err };
	if (strcmp(err.code, "interrupted") != 0)
		fd_send(w->opt->socket, &a, sizeof a, NULL, 0);
	return gone ? 0 : -1;
}

void worker_main(const struct worker_options *opt)
{
	struct worker w = { .opt = opt, .more = true };
	struct worker_order order;
	opt->session->opt.interrupt_fd = opt->stop_fd;
	opt->session->unpacker = &w.unpacker;
	opt->session->host.alive = opt->alive;
	do
		prepare(&w);
	while (wait_order(&w) && hear(&w, &order) == 0 && order.type == ORDER_GRADE &&
	       grade_one(&w, &order) == 0);
	if (w.box.ready)
		attempt_end(&w.box);
	unpack_server_end(&w.unpacker);
	host_retreat(&opt->session->host);
	_exit(0);
}
