/* child.c - what moulette-unpack does: take the request, confine itself, work, reply. */
#include <unistd.h>

#include "base/fd.h"
#include "unpack/child.h"

static int work(const struct child_job *job, struct child_reply *reply, struct err *err)
{
	if (confine_self(job, err) < 0)
		return -1;
	if (job->role == CHILD_FOLDER)
		return folder_run(job, reply, err);
	return extract_run(job, &reply->outcome, err);
}

int unpack_child_main(void)
{
	struct child_job job;
	struct child_reply reply = { 0 };

	ssize_t n = fd_recv(CHILD_SOCKET, &job, sizeof(job), NULL, NULL, NULL, 0);
	if (n != (ssize_t)sizeof(job))
		return 1; /* not started by unpack.c, or by another version of it */
	reply.result = work(&job, &reply, &reply.err);
	/* Libraries tidy up at exit with calls that the filter does not have. */
	_exit(fd_send(CHILD_SOCKET, &reply, sizeof(reply), NULL, 0) < 0 ? 1 : 0);
}
