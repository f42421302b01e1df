/*
 * tool.c - a program of the host, run so that nothing of it outlives us.
 *
 * It is the first process of a PID namespace: when it dies, all that it started dies, and with the
 * last of them goes the mount namespace. It dies when we do, whatever kills us.
 */
#include "child/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/signals.h"
#include "child/child.h"
#include "child/process.h"
#include "child/tool_show.h"

#define SAID_MAX (1u << 16) /* of what it says the last 32 to 64 KiB are kept */
#define NOT_STARTED 127     /* as shells have it */

/* ---- where it is ---- */

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int tool_find(const char *name, const char *package, char **ret, struct err *err)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *words = mem_strdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *save = NULL;

	for (char *dir = strtok_r(words, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *full = mem_printf("%s/%s", dir, name);
		/* A relative folder of PATH would be another one where the program runs. */
		if (dir[0] != '/' || !is_program(full))
			continue;
		*ret = ptr_steal(&full);
		return 0;
	}
	return err_set(err, FAULT_USAGE, 0, "program '%s' is not installed: apt-get install %s",
		       name, package);
}

/* ---- its start: in the child ---- */

static bool runner_is_gone(int said)
{
	struct pollfd p = { .fd = said };
	/* Nobody listens: we died before the child asked to be told. */
	return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

static int own_namespaces(void)
{
	static const char name[] = "box";
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			       mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
				     NULL) < 0 ||
			       sethostname(name, sizeof(name) - 1) < 0 ?
		       -1 :
		       0;
}

struct start {
	const struct tool *tool;
	int said; /* where the program writes its words */
	int from_said;
};

static int set_up(const struct tool *t)
{
	const struct rlimit file = { (rlim_t)t->max_file, (rlim_t)t->max_file };

	umask(022);
	return own_namespaces() < 0 || chdir(t->folder) < 0 ||
			       (t->max_file > 0 && setrlimit(RLIMIT_FSIZE, &file) < 0) ?
		       -1 :
		       0;
}

static int prepare(void *ctx)
{
	const struct start *s = ctx;
	close(s->from_said); /* else there would always be one that could read */
	if (runner_is_gone(s->said))
		return -1;
	if (set_up(s->tool) == 0)
		return 0;
	const char *why = strerrordesc_np(errno);
	if (why)
		(void)!write(s->said, why, strlen(why));
	return -1;
}

/* ---- what it says ---- */

static void keep_tail(struct buf *b)
{
	if (b->len <= SAID_MAX)
		return;
	size_t cut = b->len - SAID_MAX / 2;
	const char *line = memchr(b->data + cut, '\n', b->len - cut);
	if (line)
		cut = (size_t)(line - b->data) + 1;
	memmove(b->data, b->data + cut, b->len - cut + 1);
	b->len -= cut;
}

static void take_said(struct tool_show *show, char *chunk, size_t n, struct buf *said)
{
	for (size_t i = 0; i < n; i++)
		if (chunk[i] == '\0')
			chunk[i] = '?'; /* it is read as text */
	buf_add(said, chunk, n);
	keep_tail(said);
	tool_show_said(show, chunk, n);
}

/* What one of its two streams has. Return: 1 more may come, 0 it is closed, -1. */
static int take(struct tool_show *show, int fd, bool is_out, struct buf *said, struct err *err)
{
	const struct tool *t = show->tool;
	char chunk[8192];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read what '%s' says", t->path);
	if (n == 0)
		return 0;
	if (!is_out)
		take_said(show, chunk, (size_t)n, said);
	else if (t->out->len + (size_t)n > TOOL_OUT_MAX)
		return err_set(err, FAULT_INFRA, 0, "'%s' prints more than 1 MiB", t->path);
	else
		buf_add(t->out, chunk, (size_t)n);
	return 1;
}

static int listen(const struct tool *t, int out, int err_end, struct buf *said, struct err *err)
{
	sigset_t ending;
	signals_ending(&ending);
	/* Not read from: what is seen here ends the program once the caller has tidied up. */
	AUTO_FD int signals = signalfd(-1, &ending, SFD_CLOEXEC);
	struct pollfd fds[] = { { out, POLLIN, 0 },
				{ err_end, POLLIN, 0 },
				{ signals, POLLIN, 0 } };
	struct tool_show show = { .tool = t };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_set(err, FAULT_INFRA, errno, "cannot wait for '%s'", t->path);
		}
		if (fds[2].revents)
			return err_set(err, FAULT_INFRA, 0, "interrupted");
		for (int i = 0; i < 2; i++) {
			int got = fds[i].fd < 0 || !fds[i].revents ?
					  1 :
					  take(&show, fds[i].fd, i == 0, said, err);
			if (got < 0)
				return -1;
			if (got == 0)
				fds[i].fd = -1;
		}
	}
	return 0;
}

/* ---- its life ---- */

static int start(const struct tool *t, int *ret_out, int *ret_said, pid_t *ret, struct err *err)
{
	int out[2] = { -1, -1 }, said[2];

	if (pipe2(said, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int from_said = said[0], to_said = said[1];
	if (t->out && pipe2(out, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int from_out = out[0], to_out = out[1];
	AUTO_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '/dev/null'");
	/* No other descriptor: mmdebstrap 1.3.5 fails when the next free number has two digits, which
	 * sh cannot say. */
	int fds[] = { null, to_out >= 0 ? to_out : to_said, to_said };
	struct start s = { t, to_said, from_said };
	const struct child_spec spec = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC,
		.death = SIGKILL,
		.session = true,
		.prepare = prepare,
		.ctx = &s,
		.fds = fds,
		.n_fds = sizeof fds / sizeof *fds,
		.program = t->path,
		.argv = t->argv,
		.env = t->env,
		.failed = NOT_STARTED,
	};
	const pid_t pid = child_start(&spec);
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot start '%s' in namespaces of its own (it takes root)",
			       t->path);
	*ret_out = fd_steal(&from_out);
	*ret_said = fd_steal(&from_said);
	*ret = pid;
	return 0;
}

int tool_run(const struct tool *t, struct buf *said, struct err *err)
{
	AUTO_FD int out = -1, err_end = -1;
	pid_t pid = -1;

	if (start(t, &out, &err_end, &pid, err) < 0)
		return -1;
	int got = listen(t, out, err_end, said, err);
	tool_show_clear(t->about);
	const int status = got < 0 ? process_end(pid) : process_wait(pid);
	if (got < 0)
		return -1;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	if (WEXITSTATUS(status) == NOT_STARTED)
		return err_set(err, FAULT_INFRA, 0, "cannot start '%s' (%s)", t->path,
			       said->len ? said->data : "no reason given");
	return WEXITSTATUS(status);
}

const char *tool_last_lines(const struct buf *said, int n)
{
	if (!said->len)
		return "";
	const char *at = said->data + said->len;
	/* The end of the last line begins no line. */
	if (at > said->data && at[-1] == '\n')
		at--;
	for (; at > said->data; at--)
		if (at[-1] == '\n' && --n == 0)
			break;
	return at;
}
