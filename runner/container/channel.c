/* channel.c - requests to the PID 1 that serves all steps of a box. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "container/running.h"

static uint32_t add_strings(struct buf *b, char *const *list)
{
	uint32_t n = 0;
	for (; list && list[n]; n++)
		buf_add(b, list[n], strlen(list[n]) + 1);
	return n;
}

static int socket_begin(struct running *r, struct err *err)
{
	AUTO_BUF msg = { 0 };
	struct init_step head = { .type = INIT_STEP };
	buf_add(&msg, &head, sizeof head);
	head.n_argv = add_strings(&msg, r->step->spec->argv);
	head.n_env = add_strings(&msg, r->step->env);
	head.text_len = (uint32_t)(msg.len - sizeof head);
	head.file_bytes = (uint64_t)r->step->spec->limits.v[LIMIT_DISK];
	if (head.text_len > INIT_TEXT_MAX)
		return err_set(err, FAULT_ASSIGNMENT, 0,
			       "command and environment of step '%s' are "
			       "longer than %d bytes",
			       r->step->spec->name, INIT_TEXT_MAX);
	memcpy(msg.data, &head, sizeof head);
	int fds[INIT_STDIO_FDS + CG_COUNT] = { r->stdin_fd, r->out.write_fd, r->err.write_fd };
	size_t n = INIT_STDIO_FDS;
	for (size_t i = 0; i < r->cgroup->n_procs; i++)
		fds[n++] = r->cgroup->procs[i];
	running_start_clock(r);
	if (fd_send(r->box->socket, msg.data, msg.len, fds, n) < 0)
		return running_gone(r, "the box ended", err);
	/* Our ends for writing stay until the step is over: while it runs, nobody need be woken because
	 * nobody else has one any more. */
	fd_close(&r->stdin_fd);
	return 0;
}

static void socket_kill(struct running *r)
{
	const struct init_kill msg = { .type = INIT_KILL };
	fd_send(r->box->socket, &msg, sizeof msg, NULL, 0); /* a dead socket is noticed by poll */
}

/* PID 1 alone knows which process is the step's; to it the request belongs to the step that runs. */
static int socket_signal(struct running *r, int signo)
{
	const struct init_kill msg = { .type = INIT_KILL, .signo = signo };
	return fd_send(r->box->socket, &msg, sizeof msg, NULL, 0) < 0 ? ESRCH : 0;
}

static int socket_fd(const struct running *r)
{
	return r->box->socket;
}

static void socket_take_reply(struct running *r)
{
	ssize_t n = fd_recv(r->box->socket, &r->reply, sizeof r->reply, NULL, NULL, NULL, 0);
	r->done = n == (ssize_t)sizeof r->reply && r->reply.type == INIT_DONE;
	if (!r->done)
		r->box->dead = true;
}

static void socket_end(struct running *r)
{
	(void)r; /* PID 1 waits for the next step */
}

const struct channel channel_socket = {
	.begin = socket_begin,
	.kill = socket_kill,
	.signal = socket_signal,
	.fd = socket_fd,
	.take_reply = socket_take_reply,
	.end = socket_end,
};
