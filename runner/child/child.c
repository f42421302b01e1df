/*
 * child.c - starts every child process of moulette.
 *
 * In the child the order is: session, signal of death, what the caller prepares (it still sees all
 * descriptors), the places of the descriptors, the program or the body.
 */
#include "child/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kernel_calls.h"
#include "child/process.h"

#define STACK_SIZE 65536

struct begun {
	const struct child_spec *spec;
	pid_t parent;
	bool in_cgroup;
};

static int tie_to_parent(const struct begun *b)
{
	const struct child_spec *s = b->spec;
	if (prctl(PR_SET_PDEATHSIG, s->death, 0, 0, 0) < 0)
		return -1;
	/* From a PID namespace of its own the parent is not seen. */
	return getppid() != b->parent && !(s->flags & CLONE_NEWPID) ? -1 : 0;
}

static void enter_cgroup(int folder)
{
	const int fd = openat(folder, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "0", 1);
}

/* First above the places, so that none of them overwrites another. */
static int place_fds(const struct child_spec *s)
{
	const int end = s->first_fd + (int)s->n_fds;
	int moved[CHILD_FDS_MAX];

	for (size_t i = 0; i < s->n_fds; i++)
		if ((moved[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, end)) < 0)
			return -1;
	for (size_t i = 0; i < s->n_fds; i++)
		if (dup2(moved[i], s->first_fd + (int)i) < 0)
			return -1;
	return close_range((unsigned)end, ~0u, 0);
}

static void __attribute__((noreturn)) execute(const struct child_spec *s)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(s->program, s->argv, s->env);
	dprintf(STDERR_FILENO, "cannot execute '%s': %s\n", s->program, strerrordesc_np(errno));
	_exit(s->failed);
}

static void begin(void *arg)
{
	const struct begun *b = arg;
	const struct child_spec *s = b->spec;

	if (s->session)
		setsid();
	if (s->death && tie_to_parent(b) < 0)
		_exit(s->failed);
	if (s->cgroup && *s->cgroup >= 0 && !b->in_cgroup)
		enter_cgroup(*s->cgroup);
	if ((s->prepare && s->prepare(s->ctx) < 0) || (s->n_fds > 0 && place_fds(s) < 0))
		_exit(s->failed);
	if (s->program)
		execute(s);
	_exit(s->body(s->ctx));
}

/* clone3(2) is all that takes a group, and it has no wrapper. The child of CLONE_VM needs a stack of its
 * own, so it must not return from the call: it goes on in @child. */
static long clone3_with(struct clone_args *args, void (*child)(void *arg), void *arg)
{
#if defined(__x86_64__)
	long ret;
	register void *const to __asm__("r12") = (void *)(uintptr_t)child;
	register void *const with __asm__("r13") = arg;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "1:"
			 : "=a"(ret)
			 : "a"(SYS_clone3), "D"(args), "S"(sizeof *args), "r"(to), "r"(with)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long ret __asm__("x0") = (long)(uintptr_t)args;
	register long size __asm__("x1") = (long)sizeof *args;
	register long number __asm__("x8") = SYS_clone3;
	register void *const to __asm__("x20") = (void *)(uintptr_t)child;
	register void *const with __asm__("x21") = arg;
	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x21\n\t"
			 "blr x20\n\t"
			 "1:"
			 : "+r"(ret)
			 : "r"(size), "r"(number), "r"(to), "r"(with)
			 : "memory", "cc");
	return ret;
#else
	(void)args, (void)child, (void)arg;
	return -ENOSYS;
#endif
}

/* As vfork(2), but the child is born in the group @folder. A process that moves there itself waits for
 * every processor of the host. */
static pid_t start_in(int folder, struct begun *b)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof stack,
		.cgroup = (unsigned)folder,
	};
	b->in_cgroup = true;
	const long pid = clone3_with(&args, begin, b);
	b->in_cgroup = pid > 0;
	return pid > 0 ? (pid_t)pid : -1;
}

pid_t child_start(const struct child_spec *spec)
{
	struct begun b = { .spec = spec, .parent = getpid() };
	pid_t pid = -1;

	assert(spec->n_fds <= CHILD_FDS_MAX);
	if (spec->memory == CHILD_COPY) {
		fflush(NULL); /* what is buffered would be written by both */
		/* fork(3) has its uses: in its child raise() finds the right thread. */
		pid = spec->flags == 0 ? fork() :
					 (pid_t)syscall(SYS_clone, spec->flags | SIGCHLD, NULL,
							NULL, NULL, NULL);
	} else {
		if (spec->cgroup && *spec->cgroup >= 0)
			pid = start_in(*spec->cgroup, &b);
		if (pid < 0)
			pid = vfork();
	}
	if (pid == 0)
		begin(&b);
	return pid;
}

int child_try(enum child_memory memory, int (*body)(void *ctx), void *ctx)
{
	const struct child_spec spec = { .memory = memory, .body = body, .ctx = ctx };
	const pid_t pid = child_start(&spec);
	if (pid < 0)
		return -1;
	const int status = process_wait(pid);
	if (status >= 0 && WIFEXITED(status))
		return WEXITSTATUS(status);
	errno = ECHILD;
	return -1;
}
