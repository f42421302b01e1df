/* init.c - PID 1 of a box: starts steps, reaps what they leave, and reports how they ended.
 *
 * A static program that uses nothing of the image. It has the uid of the steps, so it is not
 * dumpable (a step can neither trace it nor read its /proc entry) and holds nothing that a step
 * could not have: the cgroup descriptors it gets for a step are closed before the step's program
 * starts, and so is that of its own oom_score_adj. While a step runs, SIGIO tells it about the
 * socket: a kill request, or that the runner is gone, after which no box may go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/program.h"
#include "init/protocol.h"

#define WORK "/work"
#define FDS_MAX 16

/* How many signals that a step sends are looked at as they come, and the rest after each more. */
#define STRAYS_MAX 64
#define STRAYS_REST_MS 10

/* What a step is made of; it lives in main's frame. The vfork child writes its failure here. */
struct step {
	bool serving; /* by the socket; else there is one step, named by our arguments */
	struct init_step head;
	char **argv, **env;
	int fds[FDS_MAX];
	size_t n_fds;
	struct init_done done;
};

/* For the handler: does a step run, and its first process; 0: it has ended. Process ids come again
 * only after all others, and whoever is there then is of the same step. */
static volatile sig_atomic_t running, first;

/* Signals of this step that came without a message. */
static volatile sig_atomic_t strays;

/* How the kernel weighs us when memory is short: our own file, which the runner opened, and what it held
 * at first. */
static struct {
	int fd;
	size_t len;
	char own[16];
} oom = { .fd = -1 };

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Nothing but a kill request may come while a step runs: anything else means that the runner and
 * we do not agree on what is running. Return: whether one came. */
static bool take_kills(void)
{
	struct init_kill msg;
	ssize_t n;
	bool any = false;
	while ((n = recv(INIT_SOCKET, &msg, sizeof msg, MSG_DONTWAIT | MSG_TRUNC)) > 0) {
		if (n != (ssize_t)sizeof msg || msg.type != INIT_KILL)
			_exit(1);
		if (msg.signo == 0)
			kill(-1, SIGKILL);
		else if (first > 0)
			kill((pid_t)first, msg.signo);
		any = true;
	}
	if (n == 0)
		_exit(0);
	return any;
}

/* A step may send this signal as well, as often as it likes, by kill(2) or a descriptor (F_SETOWN). The
 * CPU time of PID 1 is charged to the box, but to no step. So it rests: signals that come meanwhile
 * become one, and a message ends the rest. */
static void on_socket(int signo)
{
	int saved = errno;
	(void)signo;
	/* A signal that a step left behind: what comes next is a request, not a kill. */
	if (running && !take_kills() && ++strays > STRAYS_MAX) {
		struct pollfd message = { .fd = INIT_SOCKET, .events = POLLIN };
		poll(&message, 1, STRAYS_REST_MS);
	}
	errno = saved;
}

static void listen_while_waiting(const struct step *s, bool on)
{
	if (s->serving)
		fcntl(INIT_SOCKET, F_SETFL, on ? O_RDWR | O_ASYNC : O_RDWR);
}

/* One message of the runner, with its descriptors. Return: bytes; 0 or less: the runner is gone. */
static ssize_t take(struct iovec *iov, size_t n_iov, int fds[FDS_MAX], size_t *ret_fds)
{
	union {
		char buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = iov,
			      .msg_iovlen = n_iov,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof control.buf };
	ssize_t n;
	do
		n = recvmsg(INIT_SOCKET, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*ret_fds = 0;
	for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL; c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		*ret_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), *ret_fds * sizeof(int));
	}
	return n;
}

static int receive(char *text, size_t size, struct step *s)
{
	struct iovec iov[2] = { { &s->head, sizeof s->head }, { text, size } };
	const ssize_t n = take(iov, 2, s->fds, &s->n_fds);
	if (n <= 0)
		return -1;
	/* A kill request that came too late for its step is not an error. */
	if ((size_t)n < sizeof s->head)
		return 0;
	if (s->head.type != INIT_STEP || s->n_fds < INIT_STDIO_FDS || s->head.text_len > size ||
	    (size_t)n != sizeof s->head + s->head.text_len)
		return -1;
	return 1;
}

/* @text holds n strings; pointers to them, NULL-terminated, go to @list. */
static char *split(char *text, const char *end, uint32_t n, char **list)
{
	for (uint32_t i = 0; i < n; i++) {
		char *nul = memchr(text, '\0', (size_t)(end - text));
		if (!nul)
			_exit(1);
		list[i] = text;
		text = nul + 1;
	}
	list[n] = NULL;
	return text;
}

static void fail(struct step *s, enum init_stage stage)
{
	s->done.stage = stage;
	s->done.error = errno;
	_exit(127);
}

static int enter_cgroups(const struct step *s)
{
	for (size_t i = INIT_STDIO_FDS; i < s->n_fds; i++)
		if (write(s->fds[i], "0", 1) != 1)
			return -1;
	return 0;
}

/* Steps are born while we are what they are to be: the first to die. Nobody else is born then. */
static int be_first_to_die(bool on)
{
	return oom.fd >= 0 && pwrite(oom.fd, on ? "1000" : oom.own, on ? 4 : oom.len, 0) > 0 ? 0 :
											       -1;
}

static int take_stdio(const struct step *s)
{
	for (int i = 0; i < INIT_STDIO_FDS; i++)
		if (dup2(s->fds[i], i) < 0)
			return -1;
	return 0;
}

/* Runs in the memory of PID 1 (vfork) until execve. */
static void child(struct step *s)
{
	const struct rlimit fsize = { s->head.file_bytes, s->head.file_bytes };
	if (enter_cgroups(s) < 0)
		fail(s, INIT_STAGE_CGROUP);
	if (setsid() < 0 || take_stdio(s) < 0 || setrlimit(RLIMIT_FSIZE, &fsize) < 0)
		fail(s, INIT_STAGE_SETUP);
	if (chdir(WORK) < 0)
		fail(s, INIT_STAGE_CHDIR);
	program_exec(s->argv, s->env, &s->done);
	fail(s, INIT_STAGE_EXEC);
}

static void account(struct init_done *d, const struct rusage *u)
{
	d->user_us += (uint64_t)u->ru_utime.tv_sec * 1000000u + (uint64_t)u->ru_utime.tv_usec;
	d->system_us += (uint64_t)u->ru_stime.tv_sec * 1000000u + (uint64_t)u->ru_stime.tv_usec;
	if ((uint64_t)u->ru_maxrss > d->rss_peak_kib)
		d->rss_peak_kib = (uint64_t)u->ru_maxrss;
}

/* Until the first process has ended, then everything else is killed and reaped. Whoever lives in
 * here is our child or below one: without children there is nobody to be killed. */
static void reap(struct step *s, uint64_t start)
{
	bool ended = false, killed = false;
	for (;;) {
		int status;
		struct rusage usage;
		pid_t pid = wait4(-1, &status, __WALL | (ended && !killed ? WNOHANG : 0), &usage);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return;
		if (pid == 0) {
			kill(-1, SIGKILL);
			killed = true;
			continue;
		}
		account(&s->done, &usage);
		if (pid == first) {
			first = 0;
			s->done.wall_ns = now_ns() - start;
			s->done.status = status;
			ended = true;
		} else if (killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
			s->done.leftovers++;
		}
	}
}

static void close_all(const struct step *s)
{
	unsigned first_fd = (unsigned)s->fds[0], last_fd = (unsigned)s->fds[s->n_fds - 1];
	bool in_a_row = last_fd - first_fd == s->n_fds - 1;
	for (size_t i = 1; i < s->n_fds; i++)
		in_a_row &= s->fds[i] == s->fds[i - 1] + 1;
	if (in_a_row && close_range(first_fd, last_fd, 0) == 0)
		return;
	for (size_t i = 0; i < s->n_fds; i++)
		close(s->fds[i]);
}

static pid_t start_first(struct step *s)
{
	/* Without a socket the engine's own kernel decides who dies, by the cgroup around it. */
	if (be_first_to_die(true) < 0 && s->serving) {
		s->done.stage = INIT_STAGE_SETUP;
		s->done.error = errno;
		return -1;
	}
	pid_t pid = vfork();
	if (pid == 0)
		child(s);
	if (pid < 0) {
		s->done.stage = INIT_STAGE_FORK;
		s->done.error = errno;
	}
	if (be_first_to_die(false) < 0 && s->serving)
		_exit(1);
	return pid;
}

static void run(struct step *s)
{
	memset(&s->done, 0, sizeof s->done);
	s->done.type = INIT_DONE;
	uint64_t start = now_ns();
	pid_t pid = start_first(s);
	first = pid > 0 ? pid : 0;
	strays = 0;
	running = 1;
	/* Only now is there somebody to be killed. What came before raises no signal. */
	listen_while_waiting(s, true);
	if (s->serving)
		take_kills();
	close_all(s);
	reap(s, start);
	running = 0;
	listen_while_waiting(s, false);
}

static void serve(void)
{
	static char text[INIT_TEXT_MAX];
	static struct step s = { .serving = true };
	for (;;) {
		int got = receive(text, sizeof text, &s);
		if (got < 0)
			_exit(0);
		if (got == 0)
			continue;
		if (s.head.n_argv == 0 || s.head.n_argv > s.head.text_len ||
		    s.head.n_env > s.head.text_len)
			_exit(1);
		s.argv = malloc((s.head.n_argv + s.head.n_env + 2) * sizeof *s.argv);
		if (!s.argv)
			_exit(1);
		s.env = s.argv + s.head.n_argv + 1;
		char *end = text + s.head.text_len;
		split(split(text, end, s.head.n_argv, s.argv), end, s.head.n_env, s.env);
		run(&s);
		free(s.argv);
		if (send(INIT_SOCKET, &s.done, sizeof s.done, MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

static bool confined(const struct init_hello *h)
{
	return h->seccomp == 2 && h->no_new_privs == 1;
}

/* The only step: stdin is the file beside this program, the reply goes to descriptor 0. */
static int once(char **argv, char **env, const struct init_hello *hello)
{
	static struct step s;
	struct rlimit fsize;
	int reply = fcntl(0, F_DUPFD_CLOEXEC, 10);
	if (reply < 0 || write(reply, hello, sizeof *hello) != (ssize_t)sizeof *hello ||
	    !confined(hello) || getrlimit(RLIMIT_FSIZE, &fsize) < 0)
		return 1;
	s.argv = argv;
	s.env = env;
	s.head.file_bytes = fsize.rlim_cur;
	s.n_fds = INIT_STDIO_FDS;
	s.fds[0] = open(INIT_ONCE_STDIN, O_RDONLY | O_CLOEXEC);
	for (int i = 1; i < INIT_STDIO_FDS; i++)
		s.fds[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
	/* Ours would keep the pipes open for as long as we live. */
	for (int i = 0; i < INIT_STDIO_FDS; i++)
		close(i);
	run(&s);
	return write(reply, &s.done, sizeof s.done) == (ssize_t)sizeof s.done ? 0 : 1;
}

static int take_oom(void)
{
	struct init_begin begin;
	struct iovec iov = { &begin, sizeof begin };
	int fds[FDS_MAX];
	size_t n_fds;
	if (take(&iov, 1, fds, &n_fds) != (ssize_t)sizeof begin || begin.type != INIT_BEGIN ||
	    n_fds != 1)
		return -1;
	oom.fd = fds[0];
	const ssize_t n = pread(oom.fd, oom.own, sizeof oom.own, 0);
	oom.len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -1;
}

int main(int argc, char **argv, char **env)
{
	prctl(PR_SET_DUMPABLE, 0);
	if (chdir("/") < 0)
		return 1;
	const struct init_hello hello = { INIT_HELLO, INIT_PROTOCOL, prctl(PR_GET_SECCOMP),
					  prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) };
	if (argc > 2 && strcmp(argv[1], "once") == 0)
		return once(argv + 2, env, &hello);
	struct sigaction act = { .sa_handler = on_socket, .sa_flags = SA_RESTART };
	fcntl(INIT_SOCKET, F_SETFD, FD_CLOEXEC);
	fcntl(INIT_SOCKET, F_SETOWN, getpid());
	sigaction(SIGIO, &act, NULL);
	if (send(INIT_SOCKET, &hello, sizeof hello, MSG_NOSIGNAL) < 0 || !confined(&hello) ||
	    take_oom() < 0)
		return 1;
	serve();
	return 0;
}
