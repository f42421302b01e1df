/* fd.c - descriptors: whole reads and writes, memfds, passing them along. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_pread_all(int fd, void *data, size_t len, off_t at)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, (char *)data + have, len - have, at + (off_t)have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

int fd_read_all(int fd, struct buf *b, size_t max)
{
	char chunk[16384];
	size_t total = 0;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		total += (size_t)n;
		if (total > max) {
			errno = EFBIG;
			return -1;
		}
		buf_add(b, chunk, (size_t)n);
	}
	buf_add(b, "", 0); /* never NULL */
	return 0;
}

int file_there(const char *path, struct err *err)
{
	if (access(path, F_OK) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ?
		       0 :
		       err_set(err, err_path_fault(errno), errno, "cannot look at '%s'", path);
}

int file_read(int dirfd, const char *path, struct buf *b, size_t max)
{
	AUTO_FD int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -1 : fd_read_all(fd, b, max);
}

int file_write(int dirfd, const char *path, const char *text)
{
	AUTO_FD int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : fd_write_all(fd, text, strlen(text));
}

int file_read_i64(int dirfd, const char *path, int64_t *ret)
{
	char text[64];
	AUTO_FD int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -1;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") == 0) {
		*ret = INT64_MAX;
		return 0;
	}
	char *end;
	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (errno || end == text || *end) {
		errno = errno ? errno : EINVAL;
		return -1;
	}
	*ret = v;
	return 0;
}

int fd_memfd(const char *name, const void *data, size_t len)
{
	AUTO_FD int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || fd_write_all(fd, data, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -1;
	return fd_steal(&fd);
}

/* Kernels before 5.6: one component at a time, none of them a link. */
static int open_by_components(int dirfd, const char *path, int flags, mode_t mode)
{
	if (*path == '/' || !*path) {
		errno = *path ? EXDEV : ENOENT;
		return -1;
	}
	AUTO_FD int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	AUTO_FREE char *copy = mem_strdup(path);
	char *save = NULL, *name = strtok_r(copy, "/", &save);

	while (at >= 0 && name) {
		char *next = strtok_r(NULL, "/", &save);
		if (strcmp(name, "..") == 0) {
			errno = EXDEV;
			return -1;
		}
		int fd = next ? openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) :
				openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd < 0)
			return -1;
		close(at);
		at = fd;
		name = next;
	}
	/* O_PATH opens the link itself instead of failing, unlike openat2. */
	struct stat st;
	if (at >= 0 && (flags & O_PATH) && !(flags & O_NOFOLLOW) && fstat(at, &st) == 0 &&
	    S_ISLNK(st.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	return fd_steal(&at);
}

int fd_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	if (fd < 0 && errno == ENOSYS)
		return open_by_components(dirfd, path, flags, mode);
	return (int)fd;
}

int fd_open_unlinked(const char *path, int flags)
{
	const bool absolute = *path == '/';
	const char *below = path + strspn(path, "/");
	AUTO_FD int from = open(absolute ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return from < 0 ? -1 : fd_open_beneath(from, absolute && !*below ? "." : below, flags, 0);
}

int fd_mkdir_beneath(int dirfd, const char *path, mode_t mode)
{
	AUTO_FD int at = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *copy = mem_strdup(path);
	char *save = NULL;

	for (char *name = strtok_r(copy, "/", &save); at >= 0 && name;
	     name = strtok_r(NULL, "/", &save)) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			errno = EXDEV;
			return -1;
		}
		if (mkdirat(at, name, mode) < 0 && errno != EEXIST)
			return -1;
		int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -1;
		close(at);
		at = fd;
	}
	return fd_steal(&at);
}

char *fd_closed_beneath(int dirfd, const char *path)
{
	for (const char *end = path; end; end = strchr(end + (end > path), '/')) {
		AUTO_FREE char *way = mem_strndup(path, (size_t)(end - path));
		AUTO_FD int fd = fd_open_beneath(dirfd, *way ? way : ".", O_PATH | O_DIRECTORY, 0);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0)
			return NULL;
		if (!(st.st_mode & S_IXOTH))
			return ptr_steal(&way);
	}
	return NULL;
}

int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * FD_SEND_MAX)];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n > FD_SEND_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (n > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	ssize_t got;
	do
		got = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -1 : 0;
}

/* Descriptors that nobody wants are closed. Return: false when more came than fit. */
static bool take_control(struct msghdr *msg, int *fds, size_t *n, pid_t *ret_pid)
{
	bool fit = !(msg->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS) {
			size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			for (size_t i = 0; i < count; i++) {
				int fd;
				memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
				bool room = fds && n && *n < FD_SEND_MAX;
				if (room)
					fds[(*n)++] = fd;
				else
					close(fd);
				fit = fit && (room || !fds || !n);
			}
		} else if (c->cmsg_type == SCM_CREDENTIALS && ret_pid) {
			struct ucred cred;
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			*ret_pid = cred.pid;
		}
	}
	return fit;
}

ssize_t fd_recv(int sock, void *data, size_t len, int *fds, size_t *n, pid_t *ret_pid, int flags)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * FD_SEND_MAX) +
			   CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control) };

	if (n)
		*n = 0;
	ssize_t got;
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	if (!take_control(&msg, fds, n, ret_pid) || (msg.msg_flags & MSG_TRUNC)) {
		while (fds && n && *n > 0)
			close(fds[--*n]);
		errno = EMSGSIZE;
		return -1;
	}
	return got;
}

int fd_mkdir_p(const char *path, mode_t mode)
{
	AUTO_FREE char *copy = mem_strdup(path);

	if (!*path) {
		errno = ENOENT;
		return -1;
	}
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -1;
		*p = '/';
	}
	struct stat st;
	if (mkdir(copy, mode) == 0)
		return 0;
	if (errno != EEXIST || stat(copy, &st) < 0)
		return -1;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode) ? 0 : -1;
}
