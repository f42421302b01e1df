/*
 * unpack.c - the parent's side of unpacking: start confined children, wait, believe nothing.
 *
 * Each child is of a program of its own, moulette-unpack, so that it has no database, no layout of
 * memory and no descriptor of ours but those of child.h (start.h says how it comes). An archive or a source file takes one
 * child; a folder takes two, one that reads it and one that unpacks what the first sends through a
 * pipe. A child answers with one message, which waits in its socket until the child has ended: so one poll
 * over pidfds, the clock and the interrupt is all there is. Children are in a session of their own
 * (a terminal's ^C reaches the parent alone) and die with the parent.
 */
#include "unpack/unpack.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/process.h"
#include "unpack/start.h"

struct run {
	const struct unpack_request *req;
	const struct unpack_outcome *before; /* what counts against the limits already */
	struct child extract, folder;        /* the second for a SUBMISSION_FOLDER only */
	int64_t began_ns, deadline_ns;
};

/* No child outlives the call, however it ends. */
static void child_done(struct child *c)
{
	int saved = errno;

	if (c->pid > 0)
		process_end(c->pid);
	c->pid = 0;
	cleanup_fd(&c->pidfd);
	cleanup_fd(&c->sock);
	c->pidfd = c->sock = -1;
	errno = saved;
}

static void run_done(struct run *r)
{
	child_done(&r->extract);
	child_done(&r->folder);
}

static int start_all(struct run *r, const struct submission *sub, struct err *err)
{
	const struct unpack_request *req = r->req;
	struct child_job job = {
		.role = CHILD_EXTRACT,
		.kind = sub->kind,
		.uid = req->uid,
		.gid = req->gid,
		.n_cgroups = (uint32_t)req->n_cgroup_fds,
		.parent = getpid(),
		.limits = req->limits,
		.used = { r->before->entries, r->before->folders, r->before->bytes },
	};
	AUTO_FD int from = -1;
	AUTO_FD int to = -1;
	int pipe_fds[2];

	if (sub->kind != SUBMISSION_FOLDER) {
		/* A name that does not fit is too long for a file, too: cut, it stays so. */
		if (sub->kind == SUBMISSION_SOURCE)
			strncpy(job.name, sub->file, sizeof(job.name) - 1);
		return start_child(&r->extract, req, &job, sub->fd, req->dest_fd, err);
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	from = pipe_fds[0];
	to = pipe_fds[1];
	if (start_child(&r->extract, req, &job, from, req->dest_fd, err) < 0)
		return -1;
	job.role = CHILD_FOLDER;
	return start_child(&r->folder, req, &job, sub->fd, to, err);
}

static int64_t cpu_ns(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * NSEC_PER_SEC +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) * INT64_C(1000);
}

static void child_reap(struct child *c)
{
	struct rusage usage;
	pid_t got;

	do
		got = wait4(c->pid, &c->status, 0, &usage);
	while (got < 0 && errno == EINTR);
	c->cpu_ns = got < 0 ? 0 : cpu_ns(&usage);
	if (got < 0)
		c->status = 0; /* somebody else took it; its reply decides */
	c->pid = 0;
	c->ended = true;
}

/*
 * The time is up. Counted is the clock, but a student answers only for what the archive makes the
 * child do: one that mostly waited, for a slow disk or a busy machine, is our trouble.
 */
static int out_of_time(struct run *r, struct err *err)
{
	int64_t limit = r->req->limits.time_ns, spent = r->before->cpu_ns;
	struct child *const all[] = { &r->extract, &r->folder };

	for (size_t i = 0; i < 2; i++) {
		if (all[i]->pid > 0) {
			kill(all[i]->pid, SIGKILL);
			child_reap(all[i]);
		}
		spent += all[i]->cpu_ns;
	}
	if (spent < limit / 2)
		return err_set(err, FAULT_INFRA, ETIMEDOUT,
			       "unpacking waited for the host most of its %.3g s",
			       (double)limit / 1e9);
	return err_set_code(err, "archive.time", FAULT_STUDENT, 0,
			    "unpacking took more than %.3g s; `time` in the profile's "
			    "`moulette.unpack` is the limit",
			    (double)limit / 1e9);
}

/* Who ended while we did something else is not late. */
static int meanwhile(struct run *r, struct err *err)
{
	const int64_t begin = clock_mono_ns();

	if (!r->req->meanwhile)
		return 0;
	int got = r->req->meanwhile(r->req->ctx, err);
	r->deadline_ns += clock_mono_ns() - begin;
	r->began_ns += clock_mono_ns() - begin;
	return got;
}

/* Until every child has ended. */
static int wait_all(struct run *r, struct err *err)
{
	struct child *const all[] = { &r->extract, &r->folder };

	for (;;) {
		struct pollfd p[3] = { { .fd = r->req->interrupt_fd, .events = POLLIN } };
		bool left = false;
		for (size_t i = 0; i < 2; i++) {
			left = left || all[i]->pid > 0;
			p[1 + i] = (struct pollfd){ .fd = all[i]->pid > 0 ? all[i]->pidfd : -1,
						    .events = POLLIN };
		}
		if (!left)
			return 0;
		int64_t rest = r->deadline_ns - clock_mono_ns();
		if (rest <= 0)
			return out_of_time(r, err);
		int64_t ms = rest / 1000000 + 1;
		alive_for(r->req->alive, rest);
		if (poll(p, 3, ms > 60000 ? 60000 : (int)ms) < 0 && errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot wait for unpacking");
		if (p[0].revents)
			return start_interrupted(err);
		for (size_t i = 0; i < 2; i++) {
			if (p[1 + i].revents)
				child_reap(all[i]);
		}
	}
}

/* No reply: the child was killed, crashed, or never became the program. */
static int died(const struct child *c, const struct unpack_request *req, struct err *err)
{
	if (WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGXCPU)
		return err_set_code(err, "archive.time", FAULT_STUDENT, 0,
				    "unpacking took more processor time than its limit of %.3g s",
				    (double)req->limits.time_ns / 1e9);
	if (WIFSIGNALED(c->status))
		return err_set_code(err, "unpack.died", FAULT_INFRA, 0,
				    "the unpacking child died of signal %d (%s)",
				    WTERMSIG(c->status), strsignal(WTERMSIG(c->status)));
	if (WEXITSTATUS(c->status) == START_FAILED)
		return err_set(err, FAULT_INFRA, 0, "cannot run '%s' as the unpacking child",
			       req->program);
	return err_set(err, FAULT_INFRA, 0,
		       "the unpacking child ended with status %d and without a word",
		       WEXITSTATUS(c->status));
}

static bool ends(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

/* The child has read foreign bytes: its words are checked and escaped like theirs. */
static int child_read(const struct child *c, const struct unpack_request *req,
		      struct child_reply *ret, struct err *err)
{
	struct child_reply r;

	ssize_t n = fd_recv(c->sock, &r, sizeof(r), NULL, NULL, NULL, MSG_DONTWAIT);
	if (n <= 0)
		return died(c, req, err);
	if (n != (ssize_t)sizeof(r) || !ends(r.err.msg, sizeof(r.err.msg)) ||
	    !ends(r.err.code, sizeof(r.err.code)) || !ends(r.sha256, sizeof(r.sha256)) ||
	    !ends(r.outcome.top, sizeof(r.outcome.top)) ||
	    (r.result != 0 && r.err.fault != FAULT_STUDENT && r.err.fault != FAULT_INFRA))
		return err_set(err, FAULT_INFRA, EBADMSG, "the unpacking child's words");
	if (r.result != 0) {
		bool coded = strspn(r.err.code, "abcdefghijklmnopqrstuvwxyz._") ==
			     strlen(r.err.code);
		err_set_code(err, coded ? r.err.code : "", r.err.fault, 0, "%s", r.err.msg);
		if (err)
			err->sys = r.err.sys;
		return -1;
	}
	*ret = r;
	return 0;
}

/* Is the folder to be entered one, in the destination and not behind a link? */
static int check_outcome(const struct unpack_request *req, const struct unpack_outcome *o,
			 struct err *err)
{
	if (o->entries < 0 || o->entries > req->limits.entries || o->bytes < 0 ||
	    o->bytes > req->limits.bytes || o->folders < 0 || o->folders > req->limits.entries)
		return err_set(err, FAULT_INFRA, EBADMSG, "the unpacking child's figures");
	if (o->top[0] == '\0')
		return 0;
	AUTO_FD int fd = fd_open_beneath(req->dest_fd, o->top, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot enter the unpacked folder '%s'",
			       o->top);
	return 0;
}

/* Two children have two stories: when the reader of a folder failed, the other one saw a tar that
 * was cut off; when the other one refused, the reader saw a closed pipe. */
static int read_folder_reply(struct run *r, struct child_reply *ret, struct err *err)
{
	struct err reading = { 0 }, writing = { 0 };
	struct child_reply out;
	int read = child_read(&r->folder, r->req, ret, &reading);
	int wrote = child_read(&r->extract, r->req, &out, &writing);

	if (read == 0 && wrote == 0) {
		ret->outcome = out.outcome;
		return 0;
	}
	if (err)
		*err = wrote < 0 && (read == 0 || reading.sys == EPIPE) ? writing : reading;
	return -1;
}

static int run_all(struct run *r, struct submission *sub, struct unpack_outcome *ret,
		   struct err *err)
{
	bool folder = sub->kind == SUBMISSION_FOLDER;
	struct child_reply reply;

	if (start_all(r, sub, err) < 0 || meanwhile(r, err) < 0 || wait_all(r, err) < 0)
		return -1;
	if ((folder ? read_folder_reply(r, &reply, err) :
		      child_read(&r->extract, r->req, &reply, err)) < 0 ||
	    check_outcome(r->req, &reply.outcome, err) < 0)
		return -1;
	sub->entries = reply.outcome.entries;
	if (folder) {
		sub->bytes = reply.bytes;
		memcpy(sub->sha256, reply.sha256, sizeof(sub->sha256));
	}
	*ret = reply.outcome;
	ret->took_ns = r->before->took_ns + clock_mono_ns() - r->began_ns;
	ret->cpu_ns = r->before->cpu_ns + r->extract.cpu_ns + r->folder.cpu_ns;
	return 0;
}

static int run(const struct unpack_request *req, const struct unpack_outcome *before,
	       struct submission *sub, struct unpack_outcome *ret, struct err *err)
{
	const int64_t now = clock_mono_ns();
	struct run r = { .req = req,
			 .before = before,
			 .extract = { .pidfd = -1, .sock = -1 },
			 .folder = { .pidfd = -1, .sock = -1 },
			 .began_ns = now,
			 .deadline_ns = now + req->limits.time_ns - before->took_ns };

	assert(req->n_cgroup_fds <= CHILD_CGROUPS_MAX);
	int got = run_all(&r, sub, ret, err);
	run_done(&r);
	/* What a failure left of it is not found out: the next one has a new one. */
	if (got < 0 && req->server)
		unpack_server_end(req->server);
	return got;
}

int unpack_run(const struct unpack_request *req, struct submission *sub, struct unpack_outcome *ret,
	       struct err *err)
{
	const struct unpack_outcome nothing = { 0 };
	return run(req, &nothing, sub, ret, err);
}

/* --- an archive within -------------------------------------------------------------------- */

/* The file at @path, open, and an empty folder in its place. */
static int make_way(const struct unpack_request *req, const char *path, int *ret_file, int *ret_dir,
		    struct err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	AUTO_FREE char *parent = slash ? mem_strndup(path, (size_t)(slash - path)) :
					 mem_strdup(".");
	AUTO_FD int at = fd_open_beneath(req->dest_fd, parent, O_PATH | O_DIRECTORY, 0);
	AUTO_FD int file = at < 0 ? -1 : fd_open_beneath(at, name, O_RDONLY | O_NONBLOCK, 0);
	AUTO_FD int dir = -1;
	struct stat st;

	if (file < 0 || fstat(file, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, FAULT_INFRA, file < 0 ? errno : 0, "cannot open the archive");
	if (unlinkat(at, name, 0) < 0 || mkdirat(at, name, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make its folder");
	dir = fd_open_beneath(at, name, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0 || fchown(dir, req->uid, req->gid) < 0 || fchmod(dir, 0755) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make its folder");
	*ret_file = fd_steal(&file);
	*ret_dir = fd_steal(&dir);
	return 0;
}

static int run_within(const struct unpack_request *req, const char *path,
		      const struct unpack_outcome *before, struct unpack_outcome *ret,
		      struct err *err)
{
	struct unpack_request inner = *req;
	AUTO_FD int file = -1;
	AUTO_FD int dir = -1;
	char top[sizeof ret->top];

	if (make_way(req, path, &file, &dir, err) < 0)
		return -1;
	struct submission archive = { .kind = SUBMISSION_ARCHIVE, .fd = file };
	inner.dest_fd = dir;
	inner.meanwhile = NULL;
	if (run(&inner, before, &archive, ret, err) < 0)
		return -1;
	if (snprintf(top, sizeof top, "%s%s%s", path, *ret->top ? "/" : "", ret->top) >=
	    (int)sizeof top)
		return err_set_code(err, "archive.too_long", FAULT_STUDENT, 0,
				    "the folder in it has a name of more than %d bytes",
				    PATH_BYTES_MAX);
	memcpy(ret->top, top, sizeof top);
	return 0;
}

int unpack_within(const struct unpack_request *req, const char *path, struct submission *sub,
		  struct unpack_outcome *out, struct err *err)
{
	struct unpack_outcome both = { 0 };
	if (run_within(req, path, out, &both, err) < 0)
		return err_wrap(err, "within '%.160s'", path);
	sub->entries = both.entries;
	*out = both;
	return 0;
}
