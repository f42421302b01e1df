/* engine_run.c - starts an OCI runtime as a child that dies with us, in cgroups and with descriptors
 * that are chosen for it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/process.h"
#include "container/engine.h"
#include "init/protocol.h"

static char *const engine_env[] = { (char *)ENGINE_PATH, (char *)"LC_ALL=C", NULL };

/* In the child; the descriptors of @call may be numbered below 4 themselves. */
static int child_stdio(const struct engine_call *call)
{
	int empty[2], fds[4] = { -1, -1, -1, -1 };
	if (pipe(empty) < 0)
		return -1;
	const int from[4] = { call->input < 0 ? empty[0] : call->input, call->output, call->errors,
			      call->socket };
	for (int i = 0; i < 4 && from[i] >= 0; i++)
		if ((fds[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10)) < 0)
			return -1;
	for (int i = 0; i < 4 && fds[i] >= 0; i++)
		if (dup2(fds[i], i) < 0)
			return -1;
	return 0;
}

static int child_cgroups(const struct engine_call *call, bool born_there)
{
	/* It counts, and limits nothing: who does not get there is not counted. */
	if (call->born_in >= 0 && !born_there) {
		const int fd = openat(call->born_in, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			(void)!write(fd, "0", 1);
	}
	if (call->processors &&
	    sched_setaffinity(0, sizeof *call->processors, call->processors) < 0)
		return -1;
	for (size_t i = 0; i < call->n_cgroup_fds; i++)
		if (write(call->cgroup_fds[i], "0", 1) != 1)
			return -1;
	return 0;
}

/* What our caller's shell was limited to is nothing that a box should feel; the box's own limits
 * are in its config. */
static void reset_limits(void)
{
	static const int kinds[] = { RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA,
				     RLIMIT_AS,  RLIMIT_RSS,   RLIMIT_NPROC };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct rlimit l;
		const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
		__rlimit_resource_t kind = (__rlimit_resource_t)kinds[i];
		/* Without CAP_SYS_RESOURCE no further than the hard limit. */
		if (setrlimit(kind, &none) < 0 && getrlimit(kind, &l) == 0) {
			l.rlim_cur = l.rlim_max;
			setrlimit(kind, &l);
		}
	}
}

/* With CAP_SYS_RESOURCE the kernel notes what is written as the least that this process and those below it
 * may choose without; in a user namespace nobody has it. Else the floor is our caller's, which may be far
 * below. The profile's own number is the engine's to write. */
static void set_oom_floor(void)
{
	const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "0", 1);
	close(fd);
}

/* All of them: the C library keeps two of the kernel's signals to itself, refuses them, and a caller may
 * ignore them all the same. Zeros are SIG_DFL in every layout of the kernel's struct. */
static void reset_signals(void)
{
	static const unsigned char as_fresh[64];
	for (int signo = 1; signo < NSIG; signo++)
		syscall(SYS_rt_sigaction, signo, as_fresh, NULL, NSIG / 8);
}

struct child {
	const struct engine *engine;
	char *const *argv;
	const struct engine_call *call;
	pid_t parent;
	bool born_there; /* in call->born_in */
};

static void child_exec(void *arg)
{
	const struct child *c = arg;
	/* Signals that we block for a signalfd, or that we or our caller (nohup) ignore, are as a fresh
	 * process has them: a box inherits what the engine has. */
	sigset_t none;
	reset_signals();
	reset_limits();
	set_oom_floor();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* From a PID namespace of its own the parent is not seen. */
	const pid_t above = getppid();
	if ((above != c->parent && !(c->call->alone && above == 0)) ||
	    child_cgroups(c->call, c->born_there) < 0 || child_stdio(c->call) < 0)
		_exit(127);
	/* Nothing of the host but these may reach the engine, whatever our caller left open. */
	syscall(SYS_close_range, c->call->socket >= 0 ? INIT_SOCKET + 1 : INIT_SOCKET, ~0u, 0);
	execve(c->engine->path, c->argv, engine_env);
	dprintf(2, "cannot execute %s: %s\n", c->engine->path, strerror(errno));
	_exit(127);
}

/* With the first process of a PID namespace the kernel ends all others of it, whatever session or
 * group they moved to. Return: as fork(); -1 where no such namespace can be made. */
static pid_t fork_alone(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
}

int engine_spawn(const struct engine *e, char *const *argv, const struct engine_call *call,
		 pid_t *ret_pid, int *ret_pidfd, struct err *err)
{
	struct child child = { .engine = e,
			       .argv = argv,
			       .call = call,
			       .parent = getpid(),
			       .born_there = call->born_in >= 0 };
	pid_t pid = call->alone      ? fork_alone() :
		    child.born_there ? process_start_in(call->born_in, child_exec, &child) :
				       -1;
	/* Not fork: whatever we wrote to afterwards would be copied, page by page. The child changes
	 * nothing in our memory but its own frames. */
	if (pid < 0) {
		child.born_there = false;
		pid = vfork();
	}
	if (pid == 0)
		child_exec(&child);
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start the engine '%s'", e->path);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0) {
		int saved = errno;
		process_end(pid);
		return err_set(err, FAULT_INFRA, saved, "cannot watch the engine '%s'", e->path);
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*ret_pid = pid;
	*ret_pidfd = fd;
	return 0;
}

/* Options of the engine itself, before its command. */
static size_t add_global(const struct engine *e, const struct engine_call *call, char **argv)
{
	size_t n = 0;
	argv[n++] = e->name;
	argv[n++] = (char *)"--root";
	argv[n++] = (char *)call->state_dir;
	if (call->leaves_cgroups)
		argv[n++] = (char *)ENGINE_LEAVES_CGROUPS;
	if (e->inherits_fds)
		return n;
	/* runsc: its cgroups are ours, its seccomp is opt-in, and only lo is there. */
	argv[n++] = (char *)"--ignore-cgroups";
	argv[n++] = (char *)"--oci-seccomp";
	argv[n++] = (char *)"--network=none";
	return n;
}

/* A container's usual list of calls refuses all of keyctl, and then the engine cannot make a session
 * keyring for the box. The call that is tried changes nothing: without a keyring it says ENOKEY. */
static bool is_keyctl_refused(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 0) < 0 &&
	       errno != ENOKEY;
}

int engine_run(const struct engine *e, const struct engine_call *call, pid_t *ret_pid,
	       int *ret_pidfd, struct err *err)
{
	char *argv[16] = { NULL };
	size_t n = add_global(e, call, argv);
	argv[n++] = (char *)"run";
	argv[n++] = (char *)"--bundle";
	argv[n++] = (char *)call->bundle;
	if (e->inherits_fds) {
		argv[n++] = (char *)"--preserve-fds";
		argv[n++] = (char *)"1";
		if (is_keyctl_refused())
			argv[n++] = (char *)"--no-new-keyring";
	}
	argv[n] = (char *)call->id;
	return engine_spawn(e, argv, call, ret_pid, ret_pidfd, err);
}
