/* meter.c - runs the steps of a work, adopts what they leave behind, and adds up what all cost. */
#include "bench/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "bench/spans.h"

#define LINGER_NS (10 * NSEC_PER_SEC)
#define UNIFIED "/sys/fs/cgroup/unified"

struct meter {
	const struct work *work;
	int in, out, errors;
	struct reading r;
};

int meter_empty(void)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	close(ends[1]);
	return ends[0];
}

/* Between vfork and exec: nothing that could change what the parent has. */
static void exec_command(char *const *argv, char *const *env, int in, int out, int errors)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0)
		_exit(127);
	execve(argv[0], argv, env);
	dprintf(2, "cannot execute %s\n", argv[0]);
	_exit(127);
}

pid_t meter_spawn(char *const *argv, char *const *env, int in, int out, int errors)
{
	sigset_t all, old;
	/* A handler of ours must not run in the child, which has our memory. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid_t pid = vfork();
	if (pid == 0)
		exec_command(argv, env, in, out, errors);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

static int64_t ns_of(struct timeval t)
{
	return t.tv_sec * NSEC_PER_SEC + t.tv_usec * INT64_C(1000);
}

static void count(struct meter *m, const struct rusage *u)
{
	int64_t peak = u->ru_maxrss * INT64_C(1024);
	m->r.sample.cpu_ns += ns_of(u->ru_utime) + ns_of(u->ru_stime);
	if (peak > m->r.sample.peak_bytes)
		m->r.sample.peak_bytes = peak;
}

/* --- what is left behind ------------------------------------------------------------------ */

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

static void reap_others(struct meter *m)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	const int64_t until = clock_mono_ns() + LINGER_NS;
	struct rusage u;
	for (;;) {
		pid_t pid = wait4(-1, NULL, WNOHANG, &u);
		if (pid < 0)
			return;
		if (pid > 0) {
			count(m, &u);
			continue;
		}
		/* Those that a killed one leaves come to us in turn. */
		if (clock_mono_ns() > until)
			m->r.lingered += kill_children();
		nanosleep(&nap, NULL);
	}
}

/* --- steps -------------------------------------------------------------------------------- */

static int run_once(struct meter *m, const struct step *s, bool uncounted)
{
	struct rusage u;
	int *status = &m->r.sample.status;
	pid_t pid = meter_spawn(s->argv, m->work->env, m->in, m->out, m->errors);
	if (pid < 0 || wait4(pid, status, 0, &u) != pid)
		_exit(1);
	if (!uncounted)
		count(m, &u);
	return *status;
}

static void run_steps(struct meter *m)
{
	for (size_t i = 0; i < m->work->n && m->r.sample.status == 0; i++) {
		const struct step *s = &m->work->steps[i];
		const int64_t start = clock_mono_ns();
		for (int k = 0; k < s->times && run_once(m, s, s->uncounted) == 0; k++)
			;
		if (!s->uncounted)
			m->r.sample.wall_ns += clock_mono_ns() - start;
	}
}

static void run_call(struct meter *m)
{
	struct rusage before, after;
	const int64_t start = clock_mono_ns();
	getrusage(RUSAGE_SELF, &before);
	m->r.sample.status = m->work->call(m->work->ctx, m->out);
	getrusage(RUSAGE_SELF, &after);
	m->r.sample.wall_ns = clock_mono_ns() - start;
	count(m, &after);
	m->r.sample.cpu_ns -= ns_of(before.ru_utime) + ns_of(before.ru_stime);
}

static void run_watched(struct meter *m, const char *log)
{
	struct spans *spans = spans_open(m->work->opened, log);
	struct rusage u;
	const struct step *s = &m->work->steps[0];
	pid_t pid = spans ? meter_spawn(s->argv, m->work->env, m->in, m->out, m->errors) : -1;
	if (pid < 0 || spans_watch(spans, pid, &m->r.sample.wall_ns) < 0 ||
	    wait4(pid, &m->r.sample.status, 0, &u) != pid)
		_exit(1);
	count(m, &u);
}

/* In a mount namespace of this process, which nobody else sees. */
static void hide_unified(void)
{
	if (access(UNIFIED, F_OK) < 0)
		return;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", UNIFIED, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		_exit(1);
}

void meter_main(const struct work *w, const char *log, int out, int errors, int to)
{
	struct meter m = { .work = w, .in = meter_empty(), .out = out, .errors = errors };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (m.in < 0)
		_exit(1);
	if (w->hide_unified)
		hide_unified();
	const int64_t before = w->outside ? w->outside(w->ctx) : 0;
	if (w->call)
		run_call(&m);
	else if (w->opened)
		run_watched(&m, log);
	else
		run_steps(&m);
	reap_others(&m);
	if (w->outside)
		m.r.sample.cpu_ns += w->outside(w->ctx) - before;
	_exit(write(to, &m.r, sizeof m.r) == (ssize_t)sizeof m.r ? 0 : 1);
}
