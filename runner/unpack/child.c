/* child.c - what moulette-unpack does: take the request, confine itself, work, reply. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "unpack/child.h"

static int work(const struct child_job *job, struct child_reply *reply, struct err *err)
{
	if (confine_self(job, err) < 0)
		return -1;
	if (job->role == CHILD_FOLDER)
		return folder_run(job, reply, err);
	return extract_run(job, &reply->outcome, err);
}

static void __attribute__((noreturn)) do_job(const struct child_job *job)
{
	struct child_reply reply = { 0 };
	reply.result = work(job, &reply, &reply.err);
	/* Libraries tidy up at exit with calls that the filter does not have. */
	_exit(fd_send(CHILD_SOCKET, &reply, sizeof(reply), NULL, 0) < 0 ? 1 : 0);
}

/* In the clone: the descriptors of its job, and no other. They were received, so they lie above
 * those of the server; out of the way of each other first. */
static void take_places(const int *fds, int n)
{
	int moved[FD_SEND_MAX];
	for (int i = 0; i < n; i++) {
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, CHILD_SOCKET + FD_SEND_MAX);
		if (moved[i] < 0)
			_exit(1);
	}
	for (int i = 0; i < n; i++)
		if (dup2(moved[i], CHILD_SOCKET + i) < 0)
			_exit(1);
	if (close_range((unsigned)(CHILD_SOCKET + n), ~0u, 0) < 0)
		_exit(1);
}

/* The clone is no child of this process but of its parent, who waits for it as for a program that
 * it started itself. Neither has a thread or a lock that the other could miss. */
static void __attribute__((noreturn)) serve(void)
{
	struct child_job job;
	int fds[FD_SEND_MAX];
	size_t n = 0;
	confine_prepare(NULL); /* what failed, the first job says */
	while (fd_recv(CHILD_SOCKET, &job, sizeof job, fds, &n, NULL, 0) == (ssize_t)sizeof job) {
		struct server_reply reply = { 0 };
		long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
		if (pid == 0) {
			take_places(fds, (int)n);
			do_job(&job);
		}
		reply.error = pid < 0 ? errno : 0;
		reply.pid = pid < 0 ? 0 : (pid_t)pid;
		for (size_t i = 0; i < n; i++)
			close(fds[i]);
		if (fd_send(CHILD_SOCKET, &reply, sizeof reply, NULL, 0) < 0) {
			/* Nobody will wait for it. */
			if (reply.pid > 0)
				kill(reply.pid, SIGKILL);
			break;
		}
	}
	_exit(0);
}

int unpack_child_main(void)
{
	struct child_job job;
	ssize_t n = fd_recv(CHILD_SOCKET, &job, sizeof(job), NULL, NULL, NULL, 0);
	if (n != (ssize_t)sizeof(job))
		return 1; /* not started by start.c, or by another version of it */
	if (job.role == CHILD_SERVER)
		serve();
	do_job(&job);
}
