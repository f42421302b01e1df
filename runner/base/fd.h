/* fd.h - descriptors: whole reads and writes, memfds, passing them along, trees. */
#ifndef MOULETTE_BASE_FD_H
#define MOULETTE_BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* All descriptors made here are close-on-exec. */

/** fd_write_all() - write all @len bytes. Return: 0, or -1 with errno. */
int fd_write_all(int fd, const void *data, size_t len);
/** fd_pread_all() - @len bytes from @at on, fewer where the file ends. -1: errno. */
ssize_t fd_pread_all(int fd, void *data, size_t len, off_t at);
/** fd_read_all() - append to @b until end of file, at most @max bytes (EFBIG above). -1: errno. */
int fd_read_all(int fd, struct buf *b, size_t max);
/** file_there() - is there anything at @path, links followed? Return: 1, 0, or -1 when the host does not
 *  tell, which is not taken for "no": the fault is that of err_path_fault(), @path is named. */
int file_there(const char *path, struct err *err);
/** file_read() - a whole file by name below @dirfd (AT_FDCWD). -1: errno. */
int file_read(int dirfd, const char *path, struct buf *b, size_t max);
/** file_write() - write @text to an existing control file or a new one (0600). -1: errno. */
int file_write(int dirfd, const char *path, const char *text);
/** file_read_i64() - one decimal number ("max" gives INT64_MAX). -1: errno. */
int file_read_i64(int dirfd, const char *path, int64_t *ret);

/** fd_memfd() - an anonymous file that holds @len bytes, sealed against every change; the
 *  position is 0. -1: errno. */
int fd_memfd(const char *name, const void *data, size_t len);

/** fd_open_beneath() - openat2 beneath @dirfd without following any symlink (RESOLVE_BENEATH |
 *  RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS); a walk by components on ENOSYS. -1: errno. */
int fd_open_beneath(int dirfd, const char *path, int flags, mode_t mode);
/** fd_open_unlinked() - an ordinary path, absolute or from the current folder, no part of which is a
 *  symbolic link. -1: errno, ELOOP where one is. */
int fd_open_unlinked(const char *path, int flags);
/** fd_mkdir_beneath() - make @path and its parents beneath @dirfd (0755 less umask), following no
 *  link; existing folders are kept. Return: descriptor of the folder, or -1 with errno. */
int fd_mkdir_beneath(int dirfd, const char *path, mode_t mode);
/** fd_closed_beneath() - the first folder on the way to @path that others may not enter: "" for
 *  @dirfd itself, "a" or "a/b"; owned. NULL: there is none. Where the path ends early, so does the
 *  search. */
char *fd_closed_beneath(int dirfd, const char *path);

#define FD_SEND_MAX 16
/** fd_send() - one message on a socket with @n descriptors. -1: errno. */
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t n);
/**
 * fd_recv() - one message of a SOCK_SEQPACKET socket
 * @fds:     room for FD_SEND_MAX descriptors; @n counts them (both may be NULL)
 * @ret_pid: pid of the sender, when the socket has SO_PASSCRED (may be NULL)
 *
 * Return: bytes, 0 at end of file, or -1 with errno (EMSGSIZE: cut message).
 */
ssize_t fd_recv(int sock, void *data, size_t len, int *fds, size_t *n, pid_t *ret_pid, int flags);

/** tree_remove() - remove everything below the folder @dirfd, links unfollowed, in constant
 *  stack; stays on the file system of @dirfd. Return: 0, or -1 with errno of the first failure. */
int tree_remove(int dirfd);
/** tree_remove_at() - the same, and the entry @name itself; a missing one is no error. */
int tree_remove_at(int dirfd, const char *name);

/** fd_mkdir_p() - make a folder and its parents by an ordinary path. -1: errno. */
int fd_mkdir_p(const char *path, mode_t mode);

#endif
