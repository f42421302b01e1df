/* engine.c - finds an OCI runtime, learns its version, starts it. */
#include "container/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "init/protocol.h"

#define ENGINE_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define VERSION_MAX 4096
#define VERSION_MS 10000

static char *const engine_env[] = { (char *)ENGINE_PATH, (char *)"LC_ALL=C", NULL };

void engine_done(struct engine *e)
{
	free(e->name);
	free(e->path);
	free(e->version);
	memset(e, 0, sizeof *e);
}

static char *search(const char *name)
{
	if (strchr(name, '/'))
		return realpath(name, NULL);
	const char *path = getenv("PATH");
	AUTO_FREE char *dirs = mem_printf("%s:%s", path ? path : "", &ENGINE_PATH[strlen("PATH=")]);
	char *save = NULL;
	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *file = mem_printf("%s/%s", dir, name);
		struct stat st;
		if (dir[0] == '/' && stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(file, X_OK) == 0)
			return realpath(file, NULL);
	}
	errno = ENOENT;
	return NULL;
}

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

static int child_cgroups(const struct engine_call *call)
{
	for (size_t i = 0; i < call->n_cgroup_fds; i++)
		if (write(call->cgroup_fds[i], "0", 1) != 1)
			return -1;
	return 0;
}

/* What our caller's shell was limited to is nothing that a box should feel; the box's own limits
 * are in its config. */
static void reset_limits(void)
{
	static const int kinds[] = { RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_AS, RLIMIT_RSS,
				     RLIMIT_NPROC };
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

static void child_exec(const struct engine *e, char *const *argv, const struct engine_call *call,
		       pid_t parent)
{
	/* Signals that we block for a signalfd, or ignore, are as a fresh process has them. */
	sigset_t none;
	signal(SIGPIPE, SIG_DFL);
	reset_limits();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || child_cgroups(call) < 0 || child_stdio(call) < 0)
		_exit(127);
	/* Nothing of the host but these may reach the engine, whatever our caller left open. */
	syscall(SYS_close_range, call->socket >= 0 ? INIT_SOCKET + 1 : INIT_SOCKET, ~0u, 0);
	execve(e->path, argv, engine_env);
	dprintf(2, "cannot execute %s: %s\n", e->path, strerror(errno));
	_exit(127);
}

static int spawn(const struct engine *e, char *const *argv, const struct engine_call *call,
		 pid_t *ret_pid, int *ret_pidfd, struct err *err)
{
	pid_t parent = getpid();
	/* Not fork: whatever we wrote to afterwards would be copied, page by page. The child changes
	 * nothing in our memory but its own frames. */
	pid_t pid = vfork();
	if (pid == 0)
		child_exec(e, argv, call, parent);
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start the engine '%s'", e->path);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0) {
		int saved = errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return err_set(err, FAULT_INFRA, saved, "cannot watch the engine '%s'", e->path);
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*ret_pid = pid;
	*ret_pidfd = fd;
	return 0;
}

int engine_run(const struct engine *e, const struct engine_call *call, pid_t *ret_pid,
	       int *ret_pidfd, struct err *err)
{
	char *const serving[] = { e->name, (char *)"--root", (char *)call->state_dir,
				  (char *)"run", (char *)"--bundle", (char *)call->bundle,
				  (char *)"--preserve-fds", (char *)"1", (char *)call->id, NULL };
	/* runsc: its cgroups are ours, its seccomp is opt-in, and only lo is there. */
	char *const once[] = { e->name, (char *)"--root", (char *)call->state_dir,
			       (char *)"--ignore-cgroups", (char *)"--oci-seccomp",
			       (char *)"--network=none", (char *)"run", (char *)"--bundle",
			       (char *)call->bundle, (char *)call->id, NULL };
	return spawn(e, e->inherits_fds ? serving : once, call, ret_pid, ret_pidfd, err);
}

/* "crun version 1.8.1", "runc version 1.1.5+ds1": the first line names both. */
static int parse_version(struct engine *e, const char *text)
{
	char name[32], version[64];
	if (sscanf(text, "%31s version %63s", name, version) != 2)
		return -1;
	if (strncmp(version, "release-", 8) == 0)
		memmove(version, version + 8, strlen(version + 8) + 1);
	free(e->name);
	free(e->version);
	e->name = mem_strdup(name);
	e->version = mem_strdup(version);
	return 0;
}

static int ask_version(struct engine *e, struct err *err)
{
	char *const argv[] = { e->path, (char *)"--version", NULL };
	AUTO_FD int out = memfd_create("version", MFD_CLOEXEC);
	AUTO_FD int pidfd = -1;
	pid_t pid;
	if (out < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a memory file");
	const struct engine_call call = { .socket = -1, .input = -1, .output = out, .errors = out };
	if (spawn(e, argv, &call, &pid, &pidfd, err) < 0)
		return -1;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	if (poll(&p, 1, VERSION_MS) <= 0)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	AUTO_BUF text = { 0 };
	lseek(out, 0, SEEK_SET);
	if (fd_read_all(out, &text, VERSION_MAX) < 0 || !text.data ||
	    parse_version(e, text.data) < 0)
		return err_set_code(err, "engine.unusable", FAULT_INFRA, 0,
				    "'%s' is no OCI runtime: '%s --version' does not say NAME "
				    "version NUMBER; set MOULETTE_ENGINE to crun, runc or runsc",
				    e->path, e->path);
	return 0;
}

/* Asking costs as much as a small test, so the answer is kept beside the file's identity. */
static int learn_version(const struct places *p, struct engine *e, struct err *err)
{
	struct stat st;
	if (stat(e->path, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot look at the engine '%s'", e->path);
	AUTO_FREE char *file = mem_printf("%s/engine-%jx-%jx-%jx-%jx-%lx", p->run,
					  (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
					  (uintmax_t)st.st_size, (uintmax_t)st.st_mtim.tv_sec,
					  st.st_mtim.tv_nsec);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, file, &text, VERSION_MAX) == 0 && text.data &&
	    parse_version(e, text.data) == 0)
		return 0;
	if (ask_version(e, err) < 0)
		return -1;
	/* A whole line by one write(2): a reader sees it or an empty file, and then asks itself. */
	AUTO_FREE char *line = mem_printf("%s version %s\n", e->name, e->version);
	file_write(AT_FDCWD, file, line);
	return 0;
}

/* At a path of its own: over the program itself it would be in the way of who binds all of /usr. */
void engine_pin(struct engine *e, const struct places *p)
{
	AUTO_FREE char *at = mem_printf("%s/%s", p->run, e->name);
	const unsigned long flags = MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
	if (strcmp(e->name, "crun") != 0)
		return;
	AUTO_FD int fd = open(at, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || mount(e->path, at, NULL, MS_BIND, NULL) < 0)
		return;
	if (mount(NULL, at, NULL, MS_REMOUNT | flags, NULL) < 0) {
		umount2(at, MNT_DETACH);
		return;
	}
	free(e->path);
	e->path = ptr_steal(&at);
}

int engine_find(const struct places *p, struct engine *ret, struct err *err)
{
	struct engine e = { 0 };
	e.path = search(p->engine);
	if (!e.path)
		return err_set_code(err, "engine.missing", FAULT_INFRA, errno,
				    "cannot find the engine '%s'; install one (apt-get install "
				    "crun) or set MOULETTE_ENGINE to a path", p->engine);
	if (learn_version(p, &e, err) < 0) {
		engine_done(&e);
		return -1;
	}
	e.hides_unified = strcmp(e.name, "crun") == 0;
	e.inherits_fds = strcmp(e.name, "runsc") != 0;
	*ret = e;
	return 0;
}
