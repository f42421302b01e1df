/* sample.c - one run of some commands: clock, CPU time and memory of all that they start. */
#include "bench/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bench/meter.h"
#include "bench/processes.h"

#define RUN_MAX_MS (300 * 1000) /* no contender of ours needs as long for one run */
#define LOG_MAX (1 << 20)
#define SHOWN_MAX 200

void work_add(struct work *w, char *const *argv, int times)
{
	w->steps = mem_realloc(w->steps, (w->n + 1) * sizeof *w->steps);
	w->steps[w->n++] = (struct step){ .argv = strv_dup(argv), .times = times };
}

void work_done(struct work *w)
{
	for (size_t i = 0; i < w->n; i++)
		strv_free(w->steps[i].argv);
	free(w->steps);
	strv_free(w->env);
	free(w->opened);
	free(w->ctx);
	*w = (struct work){ .n = 0 };
}

static int take_reading(int from, int interrupt_fd, const char *name, struct reading *ret,
			struct err *err)
{
	struct pollfd fds[] = { { .fd = from, .events = POLLIN },
				{ .fd = interrupt_fd, .events = POLLIN } };
	int got;
	while ((got = poll(fds, 2, RUN_MAX_MS)) < 0 && errno == EINTR)
		;
	if (fds[1].revents)
		return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	if (got == 0)
		return err_set(err, FAULT_INFRA, 0, "'%s' did not end within %d s", name,
			       RUN_MAX_MS / 1000);
	if (read(from, ret, sizeof *ret) != (ssize_t)sizeof *ret)
		return err_set(err, FAULT_INFRA, 0, "cannot measure '%s'", name);
	if (ret->lingered)
		return err_set(err, FAULT_INFRA, 0, "'%s' left %d processes that did not end", name,
			       ret->lingered);
	return 0;
}

static int new_log(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

int sample_run(const struct work *w, const char *log, int interrupt_fd, struct sample *ret,
	       struct err *err)
{
	const char *name = w->n ? w->steps[0].argv[0] : "a request";
	AUTO_FREE char *log_err = mem_printf("%s.err", log);
	int ends[2];
	struct reading r;
	AUTO_FD int out = new_log(log);
	AUTO_FD int errors = new_log(log_err);
	if (out < 0 || errors < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot prepare a run of '%s'", name);
	AUTO_FD int from = ends[0];
	AUTO_FD int to = ends[1];
	tree_adopt();
	pid_t pid = fork();
	if (pid == 0)
		meter_main(w, log, out, errors, to);
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start '%s'", name);
	fd_close(&to);
	int bad = take_reading(from, interrupt_fd, name, &r, err);
	if (bad) {
		tree_end(pid);
		return -1;
	}
	waitpid(pid, NULL, 0);
	*ret = r.sample;
	return 0;
}

int sample_failed(int status, const char *log, struct err *err)
{
	AUTO_FREE char *log_err = mem_printf("%s.err", log);
	AUTO_BUF text = { 0 };
	file_read(AT_FDCWD, log, &text, LOG_MAX);
	file_read(AT_FDCWD, log_err, &text, LOG_MAX);
	const char *last = text.data ? text.data : "";
	if (text.len > SHOWN_MAX)
		last = text.data + text.len - SHOWN_MAX;
	if (WIFSIGNALED(status))
		return err_set(err, FAULT_INFRA, 0, "killed by signal %d: %s", WTERMSIG(status),
			       last);
	return err_set(err, FAULT_INFRA, 0, "ended with status %d: %s", WEXITSTATUS(status), last);
}

void sample_forget(const char *log)
{
	AUTO_FREE char *log_err = mem_printf("%s.err", log);
	unlink(log);
	unlink(log_err);
}
