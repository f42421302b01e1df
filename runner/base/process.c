/* process.c - the ends of children. */
#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

int process_wait(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

int process_end(pid_t pid)
{
	kill(pid, SIGKILL);
	return process_wait(pid);
}
