/* import_child.c - a forked child that reads foreign bytes, and what may come back from it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "archive/rootfs_writer.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/signals.h"
#include "child/child.h"
#include "child/confine.h"
#include "child/process.h"
#include "import/import.h"

/* 512 layers and an environment; more is no image. */
#define MAX_TEXT (4u << 20)
/* xz -9 takes 65 MiB, zstd's default window at most 128 MiB, 4,000,000 entries the rest. */
#define MEMORY_BYTES (UINT64_C(1) << 30)

void import_report_tree(struct import_report *r, const struct writer *w)
{
	r->bytes = w->bytes;
	r->entries = w->entries;
	r->setid = w->setid;
	r->devices = w->devices;
	r->capabilities = w->capabilities;
	r->pipes = w->pipes;
	r->open_folders = w->open_folders;
	memcpy(r->open_folder, w->open_folder, sizeof(r->open_folder));
}

void import_report_dropped(const struct import_report *r, struct image *i)
{
	i->dropped_setid = r->setid;
	i->dropped_devices = r->devices;
	i->dropped_capabilities = r->capabilities;
	i->dropped_pipes = r->pipes;
}

static int work(void *ctx)
{
	const struct import_call *call = ctx;
	struct import_report r = { .result = -1 };
	struct buf text = { 0 };

	r.result = call->work(call->ctx, CHILD_ROOT, CHILD_OTHER, &r, &text);
	r.text_len = (uint32_t)text.len;
	return fd_write_all(CHILD_REPORT, &r, sizeof(r)) < 0 ||
	       fd_write_all(CHILD_REPORT, text.data, text.len) < 0;
}

int import_confine(int root, struct err *err)
{
	const struct confine confine = { .role = CONFINE_IMAGE,
					 .root = root,
					 .address_bytes = MEMORY_BYTES };
	return confine_self(&confine, err) < 0 ?
		       err_wrap(err,
				"cannot confine the reader of images (it has to start as root)") :
		       0;
}

static int died(int status, struct err *err)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (sig == SIGSEGV || sig == SIGBUS || sig == SIGABRT || sig == SIGFPE || sig == SIGILL)
		return err_set(err, FAULT_USAGE, 0, "the archive made its reader crash (signal %d)",
			       sig);
	if (sig)
		return err_set(err, FAULT_INFRA, 0, "its reader was killed (signal %d)", sig);
	return err_set(err, FAULT_USAGE, 0,
		       "its reader ended with status %d: the archive needs too much memory",
		       WEXITSTATUS(status));
}

/* The child may have been taken over: its words are bounded text, its fault is one of two. */
static int take_report(const struct buf *said, struct import_report *r, struct buf *text,
		       struct err *err)
{
	memcpy(r, said->data, sizeof(*r));
	r->open_folder[sizeof(r->open_folder) - 1] = '\0';
	if (r->result != 0) {
		r->err.msg[sizeof(r->err.msg) - 1] = '\0';
		enum fault fault = r->err.fault == FAULT_USAGE ? FAULT_USAGE : FAULT_INFRA;
		return err_set(err, fault, 0, "%s", r->err.msg);
	}
	if (r->text_len != said->len - sizeof(*r))
		return err_set(err, FAULT_INFRA, 0, "its reader said too little");
	buf_add(text, said->data + sizeof(*r), r->text_len);
	return 0;
}

/* All that the child says. Return: 0, or -1 with @err; EFBIG: it says too much. */
static int listen(int from, struct buf *said, struct err *err)
{
	sigset_t ending;
	signals_ending(&ending);
	/* Not read from: what is seen here ends the program once the import has tidied up. */
	AUTO_FD int signals = signalfd(-1, &ending, SFD_CLOEXEC);
	struct pollfd fds[2] = { { from, POLLIN, 0 }, { signals, POLLIN, 0 } };
	char chunk[65536];

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot wait for its reader");
		if (fds[1].revents)
			return err_set(err, FAULT_INFRA, 0, "interrupted");
		if (!fds[0].revents)
			continue;
		ssize_t n = read(from, chunk, sizeof(chunk));
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot read from its reader");
		if (n > 0)
			buf_add(said, chunk, (size_t)n);
		if (said->len > sizeof(struct import_report) + MAX_TEXT)
			return err_set(err, FAULT_INFRA, 0, "its reader says too much");
	}
}

int import_child(const struct import_call *call, struct import_report *ret, struct buf *text,
		 struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	AUTO_FD int from = ends[0], to = ends[1];
	AUTO_BUF said = { 0 };
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '/dev/null'");
	int fds[] = { null,       null,        CONFINE_SANITIZED ? STDERR_FILENO : null,
		      call->root, call->other, to,
		      call->lock };
	const struct child_spec spec = {
		.death = SIGKILL,
		.fds = fds,
		.n_fds = sizeof fds / sizeof *fds,
		.body = work,
		.ctx = (void *)call,
		.failed = 1,
	};
	const pid_t pid = child_start(&spec);
	if (pid < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot start a reader of images");
	fd_close(&to);
	int got = listen(from, &said, err);
	const int status = got < 0 ? process_end(pid) : process_wait(pid);
	if (got < 0)
		return -1;
	if (status != 0 || said.len < sizeof(*ret))
		return died(status, err);
	return take_report(&said, ret, text, err);
}
