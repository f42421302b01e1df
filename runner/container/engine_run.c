/* engine_run.c - starts an OCI runtime as a child that dies with us, in cgroups and with descriptors
 * that are chosen for it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel_calls.h"
#include "child/child.h"
#include "child/process.h"
#include "container/engine.h"
#include "init/protocol.h"

static char *const engine_env[] = { (char *)ENGINE_PATH, (char *)"LC_ALL=C", NULL };

struct start {
	const struct engine_call *call;
	int fds[INIT_SOCKET + 1];
};

/* A box that gets no input has the end of an empty pipe as its stdin. */
static int give_input(struct start *s)
{
	int empty[2];
	if (s->call->input >= 0)
		return 0;
	if (pipe2(empty, O_CLOEXEC) < 0)
		return -1;
	s->fds[0] = empty[0];
	return 0;
}

static int enter_groups(const struct engine_call *call)
{
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

/* A box inherits what the engine has. The engine gets what a fresh process has, whatever this program
 * or its caller (nohup) blocks, ignores or limits. */
static int prepare(void *ctx)
{
	struct start *s = ctx;
	reset_signals();
	reset_limits();
	set_oom_floor();
	return enter_groups(s->call) < 0 ? -1 : give_input(s);
}

int engine_spawn(const struct engine *e, char *const *argv, const struct engine_call *call,
		 pid_t *ret_pid, int *ret_pidfd, struct err *err)
{
	struct start start = { call, { call->input, call->output, call->errors, call->socket } };
	struct child_spec spec = {
		/* The first process of a PID namespace takes all others of it with it, whatever session or
		 * group they moved to. */
		.memory = call->alone ? CHILD_COPY : CHILD_SHARED,
		.flags = call->alone ? CLONE_NEWPID : 0,
		.cgroup = &call->born_in,
		.death = SIGKILL,
		.prepare = prepare,
		.ctx = &start,
		.fds = start.fds,
		.n_fds = call->socket >= 0 ? INIT_SOCKET + 1 : INIT_SOCKET,
		.program = e->path,
		.argv = argv,
		.env = engine_env,
		.failed = 127,
	};
	pid_t pid = child_start(&spec);
	if (pid < 0 && call->alone) {
		/* An ordinary user cannot make one. */
		spec.memory = CHILD_SHARED;
		spec.flags = 0;
		pid = child_start(&spec);
	}
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start the engine '%s'", e->path);
	int fd = pidfd_open(pid, 0);
	if (fd < 0) {
		int saved = errno;
		process_end(pid);
		return err_set(err, FAULT_INFRA, saved, "cannot watch the engine '%s'", e->path);
	}
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
