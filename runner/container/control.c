/* control.c - the sockets of a run: the runner's side and that of `moulette kill`.
 *
 * A request names the step that it is for, by number: one that comes late is answered with ESRCH
 * instead of hitting the step that came next. The runner answers while a step runs, from the loop
 * that watches it. Nobody ever answers on the other socket: that somebody connected to it is the
 * request, and stays one until the run has ended.
 */
#include "container/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define KILL_SUFFIX ".kill"
#define END_SUFFIX ".end"
#define BACKLOG 16

struct request {
	uint32_t step;
	int32_t signo;
};

/* --- both sides --------------------------------------------------------------------------- */

/* Named through a descriptor of the folder: the path of a home may be longer than a socket's. */
static int open_socket(const struct places *p, const char *id, const char *suffix, bool serve)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	AUTO_FD int dir = open(p->live, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (dir < 0 || fd < 0)
		return -1;
	snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/%s%s", dir, id, suffix);
	const struct sockaddr *at = (const struct sockaddr *)&name;
	int bad = serve ? bind(fd, at, sizeof name) < 0 || listen(fd, BACKLOG) < 0 :
			  connect(fd, at, sizeof name) < 0;
	return bad ? -1 : fd_steal(&fd);
}

/* --- the runner --------------------------------------------------------------------------- */

static int stop_when(int stop_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	return fd < 0 ? 0 : epoll_ctl(stop_fd, EPOLL_CTL_ADD, fd, &event);
}

int control_open(const struct places *p, const char *id, int interrupt_fd, struct control *ret,
		 struct err *err)
{
	struct control c = CONTROL_NONE;
	c.stop_fd = epoll_create1(EPOLL_CLOEXEC);
	c.kill_fd = open_socket(p, id, KILL_SUFFIX, true);
	c.end_fd = open_socket(p, id, END_SUFFIX, true);
	if (c.stop_fd < 0 || c.kill_fd < 0 || c.end_fd < 0 ||
	    fcntl(c.kill_fd, F_SETFL, O_NONBLOCK) < 0 || stop_when(c.stop_fd, interrupt_fd) < 0 ||
	    stop_when(c.stop_fd, c.end_fd) < 0) {
		err_set(err, FAULT_INFRA, errno, "cannot make the sockets of a run in '%s'",
			p->live);
		control_close(p, id, &c);
		return -1;
	}
	*ret = c;
	return 0;
}

bool control_end_asked(const struct control *c)
{
	struct pollfd fd = { .fd = c->end_fd, .events = POLLIN };
	return poll(&fd, 1, 0) > 0;
}

void control_close(const struct places *p, const char *id, struct control *c)
{
	control_remove(p, id);
	fd_close(&c->kill_fd);
	fd_close(&c->end_fd);
	fd_close(&c->stop_fd);
}

void control_remove(const struct places *p, const char *id)
{
	static const char *const suffixes[] = { KILL_SUFFIX, END_SUFFIX };
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		AUTO_FREE char *path = mem_printf("%s/%s%s", p->live, id, suffixes[i]);
		unlink(path);
	}
}

/* The folder's mode keeps others out; somebody may have opened it on purpose. */
static bool is_ours(int fd)
{
	struct ucred who;
	socklen_t len = sizeof who;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

int control_hear(int kill_fd, int *caller, uint32_t step)
{
	struct request req;
	if (*caller < 0) {
		*caller = accept4(kill_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (*caller < 0)
			return 0;
		if (!is_ours(*caller))
			fd_close(caller);
	}
	if (*caller < 0)
		return 0;
	ssize_t n = recv(*caller, &req, sizeof req, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0; /* not said yet */
	if (n != (ssize_t)sizeof req || req.signo < 1 || req.signo >= NSIG) {
		fd_close(caller);
		return 0;
	}
	if (req.step == step)
		return req.signo;
	control_answer(caller, ESRCH);
	return 0;
}

void control_answer(int *caller, int error)
{
	const int32_t answer = error;
	send(*caller, &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
	fd_close(caller);
}

/* --- everybody else ----------------------------------------------------------------------- */

int control_signal(const struct places *p, const char *id, uint32_t step, int signo,
		   struct err *err)
{
	const struct request req = { .step = step, .signo = signo };
	int32_t answer = ESRCH; /* as when the runner goes without a word */
	AUTO_FD int fd = open_socket(p, id, KILL_SUFFIX, false);
	if (fd < 0 && errno != ENOENT && errno != ECONNREFUSED)
		return err_set(err, FAULT_INFRA, errno, "cannot reach run '%s'", id);
	if (fd >= 0 && send(fd, &req, sizeof req, MSG_NOSIGNAL) == (ssize_t)sizeof req &&
	    recv(fd, &answer, sizeof answer, 0) != (ssize_t)sizeof answer)
		answer = ESRCH;
	if (answer == 0)
		return 0;
	if (answer == EOPNOTSUPP)
		return err_set(err, FAULT_USAGE, 0,
			       "run '%s': its engine cannot signal a single step; 'moulette kill "
			       "--box' ends the run",
			       id);
	if (answer == ESRCH)
		return err_set(err, FAULT_USAGE, 0, "run '%s': the step has ended", id);
	return err_set(err, FAULT_INFRA, answer, "run '%s': cannot reach its step", id);
}

int control_ask_end(const struct places *p, const char *id, struct err *err)
{
	AUTO_FD int fd = open_socket(p, id, END_SUFFIX, false);
	if (fd >= 0)
		return 1;
	if (errno == ENOENT || errno == ECONNREFUSED)
		return 0;
	return err_set(err, FAULT_INFRA, errno, "cannot reach run '%s'", id);
}
