/* process.c - the ends of children, and what /proc tells of a process. */
#include "child/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel_calls.h"
#include "base/mem.h"

#define TEXT_MAX 65536
#define DEPTH_MAX 16

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
