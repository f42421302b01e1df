/*
 * start.c - starts moulette-unpack, for one submission or as a server.
 *
 * A server has done once what costs most of a start: libraries are loaded and linked. Each job is
 * done by a clone of it, which the kernel makes a child of ours (CLONE_PARENT), so that it is waited
 * for, measured and killed as any other; it confines itself and ends with its job. The server itself
 * reads no byte of a student's, and nothing that one of them could change is there for the next.
 */
#include "unpack/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel_calls.h"
#include "base/mem.h"
#include "child/child.h"
#include "child/process.h"

#define FDS_MAX (CHILD_CGROUPS + CHILD_CGROUPS_MAX)
#define ANSWER_MS 30000 /* a server that does not answer within that is taken to hang */

/* The environment is not inherited; zip has local times, so the zone is passed on. */
static char *zone_setting(void)
{
	const char *zone = getenv("TZ");
	return mem_printf("TZ=%s", zone && *zone ? zone : ":/etc/localtime");
}

/* Starts the program with @fds behind its stdio; @fds[0] is its end of a socket. */
static int start_program(const char *program, int *fds, size_t n, pid_t *ret, struct err *err)
{
	AUTO_FREE char *zone = zone_setting();
	char *const argv[] = { "moulette-unpack", "unpack-child", NULL };
	char *const env[] = { "LC_ALL=C.UTF-8", zone, NULL };
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start unpacking");
	int all[FDS_MAX] = { null, null, null };
	memcpy(all + CHILD_SOCKET, fds, n * sizeof *fds);
	const struct child_spec spec = {
		.memory = CHILD_SHARED,
		.death = SIGKILL,
		.session = true,
		.fds = all,
		.n_fds = CHILD_SOCKET + n,
		.program = program,
		.argv = argv,
		.env = env,
		.failed = START_FAILED,
	};
	*ret = child_start(&spec);
	return *ret < 0 ? err_set(err, FAULT_INFRA, errno, "cannot start unpacking") : 0;
}

static int open_socket(int *ret_ours, int *ret_theirs, struct err *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start unpacking");
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

int start_interrupted(struct err *err)
{
	return err_set_code(err, "interrupted", FAULT_NONE, 0, "unpacking was interrupted");
}

/* --- servers ------------------------------------------------------------------------------ */

int unpack_server_start(struct unpack_server *s, const char *program, struct err *err)
{
	const struct child_job job = { .role = CHILD_SERVER };
	AUTO_FD int ours = -1, theirs = -1;
	if (s->pid > 0)
		return 0;
	if (open_socket(&ours, &theirs, err) < 0 ||
	    start_program(program, &theirs, 1, &s->pid, err) < 0)
		return -1;
	s->sock = fd_steal(&ours);
	s->pidfd = pidfd_open(s->pid, 0);
	if (s->pidfd < 0 || fd_send(s->sock, &job, sizeof job, NULL, 0) < 0) {
		err_set(err, FAULT_INFRA, errno, "cannot start unpacking");
		unpack_server_end(s);
		return -1;
	}
	return 0;
}

/* Return: status of wait, of one that had ended by itself its own. */
static int end_server(struct unpack_server *s)
{
	if (s->pid <= 0)
		return 0;
	const int status = process_end(s->pid);
	fd_close(&s->sock);
	fd_close(&s->pidfd);
	s->pid = 0;
	return status;
}

void unpack_server_end(struct unpack_server *s)
{
	end_server(s);
}

static bool has_ended(const struct unpack_server *s)
{
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };
	return s->pid > 0 && poll(&p, 1, 0) > 0;
}

/* Its end is seen at the process, too: whoever traces it may hold its end of the socket open. */
static int wait_answer(const struct unpack_request *req, struct err *err)
{
	struct pollfd p[] = { { .fd = req->server->sock, .events = POLLIN },
			      { .fd = req->server->pidfd, .events = POLLIN },
			      { .fd = req->interrupt_fd, .events = POLLIN } };
	int n;
	alive_for(req->alive, ANSWER_MS * NSEC_PER_MS);
	do
		n = poll(p, 3, ANSWER_MS);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot wait for the unpacking server");
	if (n == 0)
		return err_set_code(err, "unpack.died", FAULT_INFRA, 0,
				    "the unpacking server did not answer within %d s",
				    ANSWER_MS / 1000);
	if (!p[0].revents && p[2].revents)
		return start_interrupted(err);
	return 0;
}

static int ask_server(const struct unpack_request *req, const struct child_job *job, const int *fds,
		      size_t n, pid_t *ret, struct err *err)
{
	const int sock = req->server->sock;
	struct server_reply reply;
	if (fd_send(sock, job, sizeof *job, fds, n) == 0 && wait_answer(req, err) < 0)
		return -1;
	if (fd_recv(sock, &reply, sizeof reply, NULL, NULL, NULL, MSG_DONTWAIT) !=
	    (ssize_t)sizeof reply)
		return err_set_code(err, "unpack.died", FAULT_INFRA, 0,
				    "the unpacking server ended without an answer");
	if (reply.pid <= 0)
		return err_set(err, FAULT_INFRA, reply.error, "cannot start unpacking");
	*ret = reply.pid;
	return 0;
}

/* --- children ----------------------------------------------------------------------------- */

static int start_alone(struct child *c, const struct unpack_request *req,
		       const struct child_job *job, int *fds, size_t n, struct err *err)
{
	if (start_program(req->program, fds, n, &c->pid, err) < 0)
		return -1;
	/* A child that is gone already is noticed when it is waited for. */
	if (fd_send(c->sock, job, sizeof(*job), NULL, 0) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		return err_set(err, FAULT_INFRA, errno, "cannot tell the unpacking child its job");
	return 0;
}

static int start_by_server(struct child *c, const struct unpack_request *req,
			   const struct child_job *job, const int *fds, size_t n, struct err *err)
{
	/* One that ended since the last time is nobody's failure. One that ends while it is asked is not
	 * asked again: it may have started a child that we do not know, and that writes, too. */
	if (has_ended(req->server))
		end_server(req->server);
	if (unpack_server_start(req->server, req->program, err) < 0)
		return -1;
	if (ask_server(req, job, fds, n, &c->pid, err) == 0)
		return 0;
	const int status = end_server(req->server);
	if (WIFEXITED(status) && WEXITSTATUS(status) == START_FAILED)
		return err_set(err, FAULT_INFRA, 0, "cannot run '%s' as the unpacking child",
			       req->program);
	return -1;
}

int start_child(struct child *c, const struct unpack_request *req, const struct child_job *job,
		int in, int out, struct err *err)
{
	AUTO_FD int theirs = -1;
	if (open_socket(&c->sock, &theirs, err) < 0)
		return -1;
	int fds[FDS_MAX - CHILD_SOCKET] = { theirs, in, out };
	const size_t n = CHILD_CGROUPS - CHILD_SOCKET + job->n_cgroups;
	for (size_t i = 0; i < job->n_cgroups; i++)
		fds[CHILD_CGROUPS - CHILD_SOCKET + i] = req->cgroup_fds[i];
	if ((req->server ? start_by_server(c, req, job, fds, n, err) :
			   start_alone(c, req, job, fds, n, err)) < 0)
		return -1;
	c->pidfd = pidfd_open(c->pid, 0);
	return c->pidfd < 0 ? err_set(err, FAULT_INFRA, errno, "cannot watch the unpacking child") :
			      0;
}
