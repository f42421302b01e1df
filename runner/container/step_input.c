/* step_input.c - what a step reads: a sealed copy in memory, or a pipe that we feed. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "container/running.h"

#define STDIN_MEMFD_MAX (1 << 20) /* above that a pipe is cheaper than the copy */

static int open_pipe_stdin(struct running *r, struct err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	r->stdin_fd = fds[0];
	r->feed_fd = fds[1];
	if (fchown(fds[0], running_owner(r), running_owner(r)) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot give a pipe to the box");
	fcntl(r->feed_fd, F_SETFL, O_NONBLOCK);
	return 0;
}

int running_open_input(struct running *r, struct err *err)
{
	const char *path = r->step->spec->stdin_path;
	struct stat st;
	if (!path) {
		if (open_pipe_stdin(r, err) < 0)
			return -1;
		fd_close(&r->feed_fd);
		return 0;
	}
	AUTO_FD int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0 || fstat(file, &st) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open the input '%s'", path);
	if (st.st_size > STDIN_MEMFD_MAX) {
		r->input_fd = fd_steal(&file);
		return open_pipe_stdin(r, err);
	}
	/* A copy: the teacher's file, opened again through /proc, could be written to. */
	AUTO_BUF text = { 0 };
	if (fd_read_all(file, &text, STDIN_MEMFD_MAX) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read the input '%s'", path);
	r->stdin_fd = fd_memfd("stdin", text.data, text.len);
	return r->stdin_fd < 0 ? err_set(err, FAULT_INFRA, errno, "cannot make a memory file") : 0;
}

/* A step that does not read its input is no event. */
int running_feed(struct running *r, struct err *err)
{
	char chunk[65536];
	ssize_t n = read(r->input_fd, chunk, sizeof chunk);
	if (n < 0 && errno != EINTR)
		return err_set(err, FAULT_INFRA, errno, "cannot read the input '%s'",
			       r->step->spec->stdin_path);
	ssize_t put = n > 0 ? write(r->feed_fd, chunk, (size_t)n) : 0;
	bool over = n == 0 || (put < 0 && errno != EAGAIN);
	if (put < n && n > 0)
		lseek(r->input_fd, (put > 0 ? put : 0) - n, SEEK_CUR);
	if (over)
		fd_close(&r->feed_fd);
	return 0;
}
