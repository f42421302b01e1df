/* framelog.c - frames of captured output in one append-only file. */
#include "base/framelog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A frame: step, stream and length, 4 bytes each and little-endian, then the bytes. The log stays
 * with the result, so its form does not depend on the machine. */
#define HEADER 12

static void put32(unsigned char *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(v >> (8 * i));
}

static uint32_t get32(const unsigned char *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

int framelog_create(struct framelog *l, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	*l = (struct framelog){ .fd = fd };
	return 0;
}

void framelog_close(struct framelog *l)
{
	cleanup_fd(&l->fd);
	l->fd = -1;
}

/* One frame at @at. A full disk shows as a short write first, then as an error. */
static int frame_write(int fd, int64_t at, unsigned char header[HEADER], const char *data,
		       size_t len)
{
	size_t done = 0;

	while (done < HEADER + len) {
		size_t head = done < HEADER ? HEADER - done : 0;
		size_t body = done < HEADER ? 0 : done - HEADER;
		struct iovec iov[2] = {
			{ .iov_base = header + (HEADER - head), .iov_len = head },
			{ .iov_base = (void *)(uintptr_t)(data + body), .iov_len = len - body },
		};
		ssize_t n = pwritev(fd, iov, 2, at + (int64_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

int64_t framelog_mark(struct framelog *l)
{
	l->last_len = 0;
	return l->end;
}

static void header_set(unsigned char header[HEADER], uint32_t step, int stream, size_t len)
{
	put32(header, step);
	put32(header + 4, (uint32_t)stream);
	put32(header + 8, (uint32_t)len);
}

/* A program that writes byte by byte must not cost twelve for each. The header comes first: who
 * reads a log that grows takes what stands behind a whole frame for the next one's header. Return:
 * bytes taken, 0 none, -1 with errno. */
static ssize_t join_last(struct framelog *l, uint32_t step, int stream, const char *data,
			 size_t len)
{
	unsigned char header[HEADER];
	if (l->last_len == 0 || l->last_step != step || l->last_stream != stream ||
	    l->last_len + len > FRAMELOG_MAX_FRAME)
		return 0;
	header_set(header, step, stream, l->last_len + len);
	if (pwrite(l->fd, header, HEADER, l->last_at) != HEADER)
		return -1;
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(l->fd, data + done, len - done, l->end + (int64_t)done);
		if (n < 0 && errno != EINTR) {
			int saved = errno;
			header_set(header, step, stream, l->last_len);
			(void)!pwrite(l->fd, header, HEADER, l->last_at);
			errno = saved;
			return -1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	l->last_len += (uint32_t)len;
	l->end += (int64_t)len;
	return (ssize_t)len;
}

static int add_frames(struct framelog *l, uint32_t step, int stream, const char *p, size_t len)
{
	int64_t at = l->end, last_at = l->last_at;
	size_t last_len = 0;
	while (len > 0) {
		unsigned char header[HEADER];
		last_at = at;
		last_len = len < FRAMELOG_MAX_FRAME ? len : FRAMELOG_MAX_FRAME;
		header_set(header, step, stream, last_len);
		if (frame_write(l->fd, at, header, p, last_len) < 0)
			return -1;
		at += HEADER + (int64_t)last_len;
		p += last_len;
		len -= last_len;
	}
	l->last_at = last_at;
	l->last_len = (uint32_t)last_len;
	l->last_step = step;
	l->last_stream = stream;
	l->end = at;
	return 0;
}

int framelog_add(struct framelog *l, uint32_t step, int stream, const void *data, size_t len)
{
	if (stream != FRAMELOG_STDOUT && stream != FRAMELOG_STDERR) {
		errno = EINVAL;
		return -1;
	}
	if (len == 0)
		return 0;
	ssize_t joined = join_last(l, step, stream, data, len);
	if (joined > 0 || (joined == 0 && add_frames(l, step, stream, data, len) == 0))
		return 0;
	/* Nothing reads beyond l->end, and the next frame overwrites it: a cut that fails harms
	 * nobody. */
	int saved = errno;
	l->last_len = 0;
	(void)!ftruncate(l->fd, l->end);
	errno = saved;
	return -1;
}

void framelog_reader_init(struct framelog_reader *r, int fd, int stream, int64_t begin, int64_t end)
{
	*r = (struct framelog_reader){ .fd = fd, .stream = stream, .at = begin, .end = end };
}

/* All @len bytes, or EBADMSG: inside of a range of frames the file cannot end. */
static int read_exactly(int fd, void *data, size_t len, int64_t at)
{
	char *p = data;

	while (len > 0) {
		ssize_t n = pread(fd, p, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0) {
			errno = EBADMSG;
			return -1;
		}
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Enter the next frame of our stream. Return: 1, 0 at the end of the range, -1. */
static int frame_next(struct framelog_reader *r)
{
	while (r->at != r->end) {
		unsigned char header[HEADER];
		if (r->at < 0 || r->at > r->end || r->end - r->at < HEADER) {
			errno = EBADMSG;
			return -1;
		}
		if (read_exactly(r->fd, header, HEADER, r->at) < 0)
			return -1;
		uint32_t stream = get32(header + 4), len = get32(header + 8);
		bool known = stream == FRAMELOG_STDOUT || stream == FRAMELOG_STDERR;
		if (!known || len == 0 || len > FRAMELOG_MAX_FRAME ||
		    len > r->end - r->at - HEADER) {
			errno = EBADMSG;
			return -1;
		}
		r->at += HEADER;
		if (stream == (uint32_t)r->stream) {
			r->left = len;
			return 1;
		}
		r->at += len;
	}
	return 0;
}

ssize_t framelog_read(struct framelog_reader *r, void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		if (r->left == 0) {
			int more = frame_next(r);
			/* What was read is handed out first; the next call meets the damage again.
			 */
			if (more < 0 && done == 0)
				return -1;
			if (more <= 0)
				break;
		}
		size_t n = len - done;
		if (n > (size_t)r->left)
			n = (size_t)r->left;
		if (read_exactly(r->fd, (char *)data + done, n, r->at) < 0)
			return done > 0 ? (ssize_t)done : -1;
		done += n;
		r->at += (int64_t)n;
		r->left -= (int64_t)n;
	}
	return (ssize_t)done;
}

struct frame {
	uint32_t step, len;
	int stream;
};

/* The header at @at. Return: 1, 0 it is not (wholly) there yet, -1. */
static int header_read(int fd, int64_t at, struct frame *ret)
{
	unsigned char header[HEADER];
	ssize_t n;
	do
		n = pread(fd, header, HEADER, at);
	while (n < 0 && errno == EINTR);
	if (n < HEADER)
		return n < 0 ? -1 : 0;
	uint32_t stream = get32(header + 4);
	*ret = (struct frame){ .step = get32(header),
			       .len = get32(header + 8),
			       .stream = (int)stream };
	if ((stream == FRAMELOG_STDOUT || stream == FRAMELOG_STDERR) && ret->len > 0 &&
	    ret->len <= FRAMELOG_MAX_FRAME)
		return 1;
	errno = EBADMSG;
	return -1;
}

/* Enter the frame behind a whole one. What stands there is a header only if the current frame was
 * not about to be made longer: its own header, looked at again, would say so. */
static int frame_behind(struct framelog_cursor *c, struct frame *f)
{
	struct frame behind, again;
	int64_t at = c->at + HEADER + f->len;
	int got = header_read(c->fd, at, &behind), saved = errno;
	if (header_read(c->fd, c->at, &again) != 1)
		return -1;
	if (again.len != f->len || got == 0) {
		*f = again;
		return again.len > c->done;
	}
	errno = saved;
	if (got < 0)
		return -1;
	*f = behind;
	c->at = at;
	c->done = 0;
	return 1;
}

ssize_t framelog_next(struct framelog_cursor *c, void *data, size_t len)
{
	struct frame f;
	int got = header_read(c->fd, c->at, &f);
	if (got == 1 && c->done >= f.len)
		got = frame_behind(c, &f);
	if (got <= 0)
		return got;
	c->step = f.step;
	c->stream = f.stream;
	ssize_t n;
	do
		n = pread(c->fd, data, len < f.len - c->done ? len : f.len - c->done,
			  c->at + HEADER + c->done);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		c->done += (uint32_t)n;
	return n;
}
