/* process.c - a child that begins in a cgroup, and the ends of children. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel_calls.h"
#include "base/mem.h"

#define TEXT_MAX 65536
#define DEPTH_MAX 16

#define STACK_SIZE 65536

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

pid_t process_start_in(int folder, void (*child)(void *arg), void *arg)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof stack,
		.cgroup = (unsigned)folder,
	};
	const long pid = clone3_with(&args, child, arg);
	if (pid > 0)
		return (pid_t)pid;
	errno = (int)-pid;
	return -1;
}

int process_wait(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

int process_wait_ms(pid_t pid, int ms)
{
	AUTO_FD int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;
	do
		n = poll(&p, 1, fd < 0 ? 0 : ms);
	while (n < 0 && errno == EINTR);
	if (n == 0 && fd >= 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	return process_wait(pid);
}

int process_end(pid_t pid)
{
	kill(pid, SIGKILL);
	return process_wait(pid);
}

/* The state is the field behind the name, which may hold parentheses and blanks (proc(5)). */
bool process_is_running(pid_t pid)
{
	AUTO_FREE char *path = mem_printf("/proc/%ld/stat", (long)pid);
	AUTO_BUF text = { 0 };
	if (file_read(AT_FDCWD, path, &text, TEXT_MAX) < 0 || !text.data)
		return false;
	const char *name_end = strrchr(text.data, ')');
	return name_end && (strncmp(name_end, ") R", 3) == 0 || strncmp(name_end, ") D", 3) == 0);
}

static bool is_busy(pid_t pid, int depth)
{
	AUTO_FREE char *path = mem_printf("/proc/%ld/task/%ld/children", (long)pid, (long)pid);
	AUTO_BUF text = { 0 };
	char *save = NULL;
	if (process_is_running(pid))
		return true;
	if (depth == DEPTH_MAX || file_read(AT_FDCWD, path, &text, TEXT_MAX) < 0 || !text.data)
		return false;
	for (char *word = strtok_r(text.data, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (is_busy((pid_t)strtol(word, NULL, 10), depth + 1))
			return true;
	return false;
}

bool process_is_busy(pid_t pid)
{
	return is_busy(pid, 0);
}
