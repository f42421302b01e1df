/* report.c - one struct err over a pipe. */
#include "child/report.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "child/process.h"

int report_send(int fd, int got, const struct err *err)
{
	struct err said = { 0 };

	if (got != 0)
		said = *err;
	if (got != 0 && said.fault == FAULT_NONE)
		said.fault = FAULT_INFRA;
	return fd_write_all(fd, &said, sizeof said) < 0 ? 2 : got != 0;
}

int report_take(int fd, pid_t pid, const char *who, struct err *err)
{
	struct err said = { 0 };
	ssize_t n;

	while ((n = read(fd, &said, sizeof said)) < 0 && errno == EINTR)
		continue;
	const int status = process_wait(pid);
	if (n == (ssize_t)sizeof said) {
		if (said.fault == FAULT_NONE)
			return 0;
		if (err)
			*err = said;
		return -1;
	}
	return err_set(err, FAULT_INFRA, 0,
		       WIFSIGNALED(status) ? "%s was killed by signal %d" :
					     "%s ended with status %d and without a report",
		       who, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}
