/* copy.c - copies a file into one without a name. */
#include "base/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define PIECE (INT64_C(8) << 20)
#define BLOCK 65536
/* One name for all: whoever finds it there removes it, and takes nothing from a process that has it open. */
#define MOMENT ".copy"

static int make_with_name(int dir)
{
	for (;;) {
		int fd = openat(dir, MOMENT, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				0600);
		const int failed = fd < 0 ? errno : 0;
		if (failed && failed != EEXIST)
			return -1;
		if (unlinkat(dir, MOMENT, 0) < 0 && errno != ENOENT) {
			if (fd >= 0)
				close(fd);
			return -1;
		}
		if (!failed)
			return fd;
	}
}

int copy_nameless(int dir)
{
	int fd = openat(dir, ".", O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);
	/* EISDIR: a kernel or a file system that does not know the flag. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		return make_with_name(dir);
	return fd;
}

int copy_share(int from, int to)
{
	return ioctl(to, FICLONE, from);
}

static bool cannot_copy_so(int error)
{
	return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP ||
	       error == EPERM || error == EBADF || error == EIO;
}

/* By way of this process. Return: bytes, 0 at the end of @from. */
static ssize_t copy_block(int from, int to, int64_t at, int64_t len)
{
	char block[BLOCK];
	const size_t want = len < BLOCK ? (size_t)len : BLOCK;
	ssize_t n = fd_pread_all(from, block, want, at);
	ssize_t done = 0;
	while (n > 0 && done < n) {
		ssize_t wrote = pwrite(to, block + done, (size_t)(n - done), at + done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		done += wrote;
	}
	return n;
}

/* Return: bytes, 0 at the end of @from. An end that the kernel tells is looked at again, since some file
 * systems tell one where there is none. */
static ssize_t copy_piece(int from, int to, int64_t at, int64_t len)
{
	off_t in = at, out = at;
	ssize_t n = copy_file_range(from, &in, to, &out, (size_t)len, 0);
	if (n > 0 || (n < 0 && !cannot_copy_so(errno) && errno != EINTR))
		return n;
	return copy_block(from, to, at, len);
}

/* Bytes @at to @end. Return: where it ended, which is before @end where @from does; -1. */
static int64_t copy_range(int from, int to, int64_t at, int64_t end, bool (*go_on)(void *),
			  void *ctx)
{
	int64_t piece_end = at + PIECE;
	while (at < end) {
		const int64_t left = end - at;
		ssize_t n = copy_piece(from, to, at, left < PIECE ? left : PIECE);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		at += n;
		if (at < piece_end)
			continue;
		piece_end = at + PIECE;
		if (!go_on(ctx)) {
			errno = ECANCELED;
			return -1;
		}
	}
	return at;
}

/* The next data from @at on, where the file system tells; *ret_end: where a hole follows. Return: @size where
 * nothing but a hole is left. */
static int64_t next_data(int from, int64_t at, int64_t size, int64_t *ret_end)
{
	const int64_t data = lseek(from, at, SEEK_DATA);
	const int64_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
	*ret_end = hole < 0 || hole > size ? size : hole;
	if (data < 0)
		return errno == ENXIO ? size : at;
	return data < size ? data : size;
}

/* Data alone: a file with holes may have any size, and the copy is to take no more room than the file. */
static int copy_data(int from, int to, int64_t size, bool (*go_on)(void *), void *ctx)
{
	int64_t end;
	for (int64_t at = next_data(from, 0, size, &end); at < size;
	     at = next_data(from, end, size, &end))
		if (copy_range(from, to, at, end, go_on, ctx) < 0)
			return -1;
	return ftruncate(to, size);
}

int copy_bytes(int from, int to, int64_t max, bool (*go_on)(void *ctx), void *ctx)
{
	struct stat st;
	if (fstat(from, &st) < 0)
		return -1;
	if (st.st_blocks * 512 < st.st_size)
		return copy_data(from, to, st.st_size < max ? st.st_size : max, go_on, ctx);
	return copy_range(from, to, 0, max, go_on, ctx) < 0 ? -1 : 0;
}

int copy_same(int a, int b, int64_t size)
{
	char of_a[BLOCK], of_b[BLOCK];
	for (int64_t at = 0; at < size; at += BLOCK) {
		const size_t want = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		const ssize_t got_a = fd_pread_all(a, of_a, want, at),
			      got_b = fd_pread_all(b, of_b, want, at);
		if (got_a < 0 || got_b < 0)
			return -1;
		if (got_a != got_b || (size_t)got_a != want || memcmp(of_a, of_b, want) != 0)
			return 0;
	}
	return 1;
}
