/* child.c - what moulette-unpack does: take the request, confine itself, work, reply. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "child/child.h"
#include "child/confine.h"
#include "unpack/child.h"

/* Address space: xz -9 wants 65 MiB, zstd -19 --long=27 some 130, the headers of a tar at most 64;
 * the program itself maps 40. A dictionary above is refused as too large. */
#define ADDRESS_BYTES (512ull << 20)
#define FILES_MAX 64 /* the writer holds a handful, folder.c one a level */

static int enter_cgroups(const struct child_job *job, struct err *err)
{
	for (uint32_t i = 0; i < job->n_cgroups; i++) {
		if (write(CHILD_CGROUPS + (int)i, "0\n", 2) != 2)
			return err_set(err, FAULT_INFRA, errno, "cannot enter the unpack cgroup");
	}
	if (close_range(CHILD_CGROUPS, ~0u, 0) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot close descriptors");
	return 0;
}

int child_confine(const struct child_job *job, struct err *err)
{
	const struct unpack_limits *lim = &job->limits;
	const bool folder = job->role == CHILD_FOLDER;
	const struct confine confine = {
		.role = folder ? CONFINE_FOLDER : CONFINE_EXTRACT,
		.root = folder ? CHILD_INPUT : CHILD_OUTPUT,
		.uid = job->uid,
		.gid = job->gid,
		.parent = job->parent,
		.address_bytes = ADDRESS_BYTES,
		/* The parent's clock ends the child before; this holds should the parent hang. */
		.cpu_s = lim->time_ns / 1000000000 + 2,
		.file_bytes = lim->file_bytes,
		.files = FILES_MAX + (folder ? lim->path_bytes / 2 : 0),
	};

	if (!folder && job->role != CHILD_EXTRACT)
		return err_set(err, FAULT_INFRA, 0, "unknown role %d of a job", (int)job->role);
	/* A file above its limit gives EFBIG, not death. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	return enter_cgroups(job, err) < 0 ? -1 : confine_self(&confine, err);
}

static int work(const struct child_job *job, struct child_reply *reply, struct err *err)
{
	if (child_confine(job, err) < 0)
		return -1;
	if (job->role == CHILD_FOLDER)
		return folder_run(job, reply, err);
	return extract_run(job, &reply->outcome, err);
}

static int do_job(void *ctx)
{
	const struct child_job *job = ctx;
	struct child_reply reply = { 0 };
	reply.result = work(job, &reply, &reply.err);
	return fd_send(CHILD_SOCKET, &reply, sizeof(reply), NULL, 0) < 0 ? 1 : 0;
}

/* The clone is no child of this process but of its parent, who waits for it as for a program that
 * it started itself. Neither has a thread or a lock that the other could miss. */
static void __attribute__((noreturn)) serve(void)
{
	struct child_job job;
	int fds[FD_SEND_MAX];
	size_t n = 0;
	confine_prepare(NULL); /* what failed, the first job says */
	while (fd_recv(CHILD_SOCKET, &job, sizeof job, fds, &n, NULL, 0) == (ssize_t)sizeof job) {
		struct server_reply reply = { 0 };
		const struct child_spec spec = {
			.flags = CLONE_PARENT,
			.fds = fds,
			.n_fds = n,
			.first_fd = CHILD_SOCKET,
			.body = do_job,
			.ctx = &job,
			.failed = 1,
		};
		const pid_t pid = child_start(&spec);
		reply.error = pid < 0 ? errno : 0;
		reply.pid = pid < 0 ? 0 : pid;
		for (size_t i = 0; i < n; i++)
			close(fds[i]);
		if (fd_send(CHILD_SOCKET, &reply, sizeof reply, NULL, 0) < 0) {
			/* Nobody will wait for it. */
			if (reply.pid > 0)
				kill(reply.pid, SIGKILL);
			break;
		}
	}
	_exit(0);
}

int unpack_child_main(void)
{
	struct child_job job;
	ssize_t n = fd_recv(CHILD_SOCKET, &job, sizeof(job), NULL, NULL, NULL, 0);
	if (n != (ssize_t)sizeof(job))
		return 1; /* not started by start.c, or by another version of it */
	if (job.role == CHILD_SERVER)
		serve();
	/* Libraries tidy up at exit with calls that the filter does not have. */
	_exit(do_job(&job));
}
