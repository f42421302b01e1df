/* sample.c - one run of a command: clock, CPU time and memory of all that it starts. */
#include "bench/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"

#define LINGER_NS (10 * NSEC_PER_SEC)
#define LOG_MAX (1 << 20)
#define SHOWN_MAX 200

/* What the meter says through its pipe, at once. */
struct reading {
	struct sample sample;
	int lingered; /* processes that had to be killed */
};

static void exec_command(char *const *argv, char *const *env, int log)
{
	sigset_t none;
	int input = open("/dev/null", O_RDONLY);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (input < 0 || dup2(input, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(127);
	execve(argv[0], argv, env);
	dprintf(2, "cannot execute %s\n", argv[0]);
	_exit(127);
}

/* Our children are what the command left behind. */
static int kill_children(void)
{
	AUTO_FILE FILE *f = fopen("/proc/thread-self/children", "re");
	int n = 0;
	long pid;
	while (f && fscanf(f, "%ld", &pid) == 1)
		n += kill((pid_t)pid, SIGKILL) == 0;
	return n;
}

static int reap_others(void)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	const int64_t until = clock_mono_ns() + LINGER_NS;
	int killed = 0;
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return killed;
		if (pid > 0)
			continue;
		/* Those that a killed one leaves come to us in turn. */
		if (clock_mono_ns() > until)
			killed += kill_children();
		nanosleep(&nap, NULL);
	}
}

static int64_t ns_of(struct timeval t)
{
	return t.tv_sec * NSEC_PER_SEC + t.tv_usec * INT64_C(1000);
}

/* In a process of its own, whose children are those of this run alone. */
static void meter(char *const *argv, char *const *env, int log, int to)
{
	struct reading r = { .lingered = 0 };
	struct rusage u;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int64_t start = clock_mono_ns();
	pid_t pid = fork();
	if (pid == 0)
		exec_command(argv, env, log);
	if (pid < 0 || waitpid(pid, &r.sample.status, 0) != pid)
		_exit(1);
	r.sample.wall_ns = clock_mono_ns() - start;
	r.lingered = reap_others();
	getrusage(RUSAGE_CHILDREN, &u);
	r.sample.cpu_ns = ns_of(u.ru_utime) + ns_of(u.ru_stime);
	r.sample.peak_bytes = u.ru_maxrss * INT64_C(1024);
	_exit(write(to, &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
}

static int take_reading(int from, int interrupt_fd, const char *name, struct reading *ret,
			struct err *err)
{
	struct pollfd fds[] = { { .fd = from, .events = POLLIN },
				{ .fd = interrupt_fd, .events = POLLIN } };
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (fds[1].revents)
		return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	if (read(from, ret, sizeof *ret) != (ssize_t)sizeof *ret)
		return err_set(err, FAULT_INFRA, 0, "cannot measure '%s'", name);
	if (ret->lingered)
		return err_set(err, FAULT_INFRA, 0, "'%s' left %d processes that did not end", name,
			       ret->lingered);
	return 0;
}

int sample_run(char *const *argv, char *const *env, const char *log, int interrupt_fd,
	       struct sample *ret, struct err *err)
{
	int ends[2];
	struct reading r;
	AUTO_FD int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot prepare a run of '%s'", argv[0]);
	AUTO_FD int from = ends[0];
	AUTO_FD int to = ends[1];
	pid_t pid = fork();
	if (pid == 0)
		meter(argv, env, out, to);
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start '%s'", argv[0]);
	fd_close(&to);
	int bad = take_reading(from, interrupt_fd, argv[0], &r, err);
	if (bad)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!bad)
		*ret = r.sample;
	return bad;
}

int sample_failed(int status, const char *log, struct err *err)
{
	AUTO_BUF text = { 0 };
	file_read(AT_FDCWD, log, &text, LOG_MAX);
	const char *last = text.data ? text.data : "";
	if (text.len > SHOWN_MAX)
		last = text.data + text.len - SHOWN_MAX;
	if (WIFSIGNALED(status))
		return err_set(err, FAULT_INFRA, 0, "killed by signal %d: %s", WTERMSIG(status),
			       last);
	return err_set(err, FAULT_INFRA, 0, "ended with status %d: %s", WEXITSTATUS(status), last);
}
