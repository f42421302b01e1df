/* watch.c - a process of its own starts the run and adopts what it leaves; we look at that process
 * and at all below it whenever a mark is reached. */
#include "bench/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "bench/meter.h"
#include "bench/processes.h"

struct eye {
	const struct watch *w;
	pid_t nurse;
	int inotify, log, done, lines;
	struct tenth *readings;
	int n;
};

/* --- the run ------------------------------------------------------------------------------ */

static void nurse_main(const struct watch *w, int out, int errors)
{
	int status = 0, in = meter_empty();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t pid = in < 0 ? -1 :
			     meter_spawn(w->work->steps[0].argv, w->work->env, in, out, errors);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		_exit(1);
	while (waitpid(-1, NULL, 0) > 0)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static pid_t start(const struct watch *w)
{
	AUTO_FREE char *log_err = mem_printf("%s.err", w->log);
	AUTO_FD int out = open(w->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	AUTO_FD int errors = open(log_err, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0 || errors < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0)
		nurse_main(w, out, errors);
	return pid;
}

/* --- readings ----------------------------------------------------------------------------- */

static int64_t memory_of(pid_t pid)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/status", (int)pid);
	AUTO_FILE FILE *f = fopen(path, "re");
	char line[256];
	long long kib, sum = 0;
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "RssAnon: %lld", &kib) == 1 ||
		    sscanf(line, "RssShmem: %lld", &kib) == 1)
			sum += kib;
	return sum * 1024;
}

static int fds_of(pid_t pid)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/fd", (int)pid);
	AUTO_DIR DIR *d = opendir(path);
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	return n;
}

static void hold(pid_t pid, struct tenth *to)
{
	to->memory += memory_of(pid);
	to->fds += fds_of(pid);
}

/* Children that have not become another program: workers. */
static void hold_workers(pid_t runner, struct tenth *to)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/task/%d/children", (int)runner, (int)runner);
	AUTO_FILE FILE *f = fopen(path, "re");
	long pid;
	while (f && fscanf(f, "%ld", &pid) == 1)
		if (process_is((pid_t)pid, "moulette"))
			hold((pid_t)pid, to);
}

static void hold_all(pid_t nurse, struct tenth *to)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/task/%d/children", (int)nurse, (int)nurse);
	AUTO_FILE FILE *f = fopen(path, "re");
	long pid;
	if (!f || fscanf(f, "%ld", &pid) != 1)
		return;
	hold((pid_t)pid, to);
	hold_workers((pid_t)pid, to);
}

static void read_now(struct eye *e)
{
	struct tenth *t = &e->readings[e->done++];
	*t = (struct tenth){ .cpu_ns = (double)tree_cpu_ns(e->nurse),
			     .wall_ns = (double)clock_mono_ns() };
	hold_all(e->nurse, t);
}

/* --- marks -------------------------------------------------------------------------------- */

static int count_lines(int fd)
{
	char chunk[65536];
	int n = 0;
	ssize_t len;
	while ((len = read(fd, chunk, sizeof chunk)) > 0)
		for (ssize_t i = 0; i < len; i++)
			n += chunk[i] == '\n';
	return n;
}

/* The first line is the first mark, then every so many; the last but one is the last: with the last
 * line the run ends, and nothing is held any more. */
static int lines_of_mark(const struct eye *e)
{
	if (e->done == 0)
		return 1;
	return e->done * e->w->lines - (e->done + 1 == e->n);
}

static void take_lines(struct eye *e)
{
	e->lines += count_lines(e->log);
	while (e->done < e->n && e->lines >= lines_of_mark(e))
		read_now(e);
}

static void take_events(struct eye *e)
{
	_Alignas(struct inotify_event) char room[4096];
	ssize_t len = read(e->inotify, room, sizeof room);
	if (!e->w->marks) {
		take_lines(e);
		return;
	}
	for (char *at = room; len > 0 && at < room + len;) {
		const struct inotify_event *event = (const void *)at;
		if (e->done < e->n)
			read_now(e);
		at += sizeof *event + event->len;
	}
}

static int look_until_end(struct eye *e, struct err *err)
{
	AUTO_FD int ended = (int)syscall(SYS_pidfd_open, e->nurse, 0);
	struct pollfd fds[] = { { .fd = e->inotify, .events = POLLIN },
				{ .fd = ended, .events = POLLIN },
				{ .fd = e->w->bench->interrupt_fd, .events = POLLIN } };
	while (ended >= 0 && !fds[1].revents && !fds[2].revents) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot wait for a run");
		if (fds[0].revents)
			take_events(e);
	}
	if (fds[2].revents)
		return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	return ended < 0 ? err_set(err, FAULT_INFRA, errno, "cannot watch a run") : 0;
}

static int end(struct eye *e, bool bad, struct err *err)
{
	int status = 0;
	if (bad) {
		tree_end(e->nurse);
		return -1;
	}
	waitpid(e->nurse, &status, 0);
	if (status != 0)
		return sample_failed(status, e->w->log, err);
	if (e->done < e->n)
		return err_set(err, FAULT_INFRA, 0, "a run ended after %d of %d marks", e->done,
			       e->n);
	return 0;
}

int watch_run(const struct watch *w, struct tenth *readings, int n, struct err *err)
{
	AUTO_FD int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct eye e = { .w = w, .inotify = inotify, .readings = readings, .n = n };
	AUTO_FD int log = open(w->log, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	e.log = log;
	if (inotify < 0 || log < 0 ||
	    inotify_add_watch(inotify, w->marks ? w->marks : w->log,
			      w->marks ? IN_CREATE : IN_MODIFY) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot watch '%s'",
			       w->marks ? w->marks : w->log);
	tree_adopt();
	e.nurse = start(w);
	if (e.nurse < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start '%s'",
			       w->work->steps[0].argv[0]);
	int bad = look_until_end(&e, err);
	/* The last line may have come with the end. */
	if (!bad && !w->marks)
		take_lines(&e);
	return end(&e, bad, err);
}

/* --- what may be left --------------------------------------------------------------------- */

int watch_cgroups(void)
{
	char *const tops[] = { (char *)"/sys/fs/cgroup", NULL };
	FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *e;
	int n = 0;
	while (walk && (e = fts_read(walk)))
		n += e->fts_info == FTS_D;
	if (walk)
		fts_close(walk);
	return n;
}

int watch_mounts(void)
{
	AUTO_FD int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? 0 : count_lines(fd);
}
