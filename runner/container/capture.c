/* capture.c - bounded reading of one output stream. */
#include "container/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define CHUNK 65536
#define ROUNDS 8
/* Most streams stay empty. */
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

int capture_open(int stream, int64_t cap, uid_t owner, const char *drop, struct capture *ret,
		 struct err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot make a pipe");
	if (fchown(fds[1], owner, owner) < 0) {
		err_set(err, FAULT_INFRA, errno, "cannot give a pipe to the box");
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	/* Only our end: a program would not expect EAGAIN from its stdout. */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*ret = (struct capture){ .read_fd = fds[0],
				 .write_fd = fds[1],
				 .stream = stream,
				 .cap = cap,
				 .filter = { .line = drop } };
	return 0;
}

static int keep(struct capture *c, const char *data, size_t len, capture_sink_fn *sink, void *ctx,
		struct err *err)
{
	if ((int64_t)len > c->cap - c->bytes) {
		c->over = true;
		len = (size_t)(c->cap - c->bytes);
	}
	if (len == 0)
		return 0;
	if (sink(ctx, c->stream, data, len) < 0)
		return err_set(err, FAULT_INFRA, errno,
			       "cannot write the output of a step to its log");
	if (!c->digest)
		c->digest = digest_new();
	digest_add(c->digest, data, len);
	c->bytes += (int64_t)len;
	return 0;
}

/* At the end of the stream, @len 0, what was held back comes out. */
static int keep_filtered(struct capture *c, const char *data, size_t len, capture_sink_fn *sink,
			 void *ctx, struct err *err)
{
	AUTO_BUF left = { 0 };
	if (!c->filter.line)
		return keep(c, data, len, sink, ctx, err);
	if (len > 0)
		line_filter_add(&c->filter, data, len, &left);
	else
		line_filter_end(&c->filter, &left);
	if (keep(c, left.data, left.len, sink, ctx, err) < 0)
		return -1;
	/* The same line without end is a flood like any other. */
	c->over |= c->filter.taken > c->cap;
	return 0;
}

/* Return: bytes read, 0 at the end, -1 nothing there now, -2 failure. */
static ssize_t take(struct capture *c, capture_sink_fn *sink, void *ctx, struct err *err)
{
	char chunk[CHUNK];
	ssize_t n;
	do
		n = read(c->read_fd, chunk, sizeof chunk);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -1;
	if (n < 0) {
		err_set(err, FAULT_INFRA, errno, "cannot read the output of a step");
		return -2;
	}
	return keep_filtered(c, chunk, (size_t)n, sink, ctx, err) < 0 ? -2 : n;
}

static int read_rounds(struct capture *c, int rounds, capture_sink_fn *sink, void *ctx,
		       struct err *err)
{
	for (int i = 0; i < rounds && !c->over; i++) {
		ssize_t n = take(c, sink, ctx, err);
		if (n == -2)
			return -1;
		if (n == -1)
			return 1;
		if (n == 0)
			return 0;
	}
	return !c->over;
}

int capture_read(struct capture *c, capture_sink_fn *sink, void *ctx, struct err *err)
{
	return read_rounds(c, ROUNDS, sink, ctx, err);
}

int capture_drain(struct capture *c, capture_sink_fn *sink, void *ctx, struct err *err)
{
	/* Its writers are dead, and the cap ends a flood: this ends. */
	if (read_rounds(c, INT_MAX, sink, ctx, err) < 0)
		return -1;
	return keep_filtered(c, NULL, 0, sink, ctx, err);
}

void capture_facts(struct capture *c, struct stream_facts *ret)
{
	ret->bytes = c->bytes;
	ret->over = c->over;
	if (c->digest)
		digest_end(c->digest, ret->sha256);
	else
		memcpy(ret->sha256, EMPTY_SHA256, sizeof EMPTY_SHA256);
}

void capture_close(struct capture *c)
{
	if (c->read_fd >= 0)
		close(c->read_fd);
	if (c->write_fd >= 0)
		close(c->write_fd);
	digest_free(c->digest);
	*c = (struct capture){ .read_fd = -1, .write_fd = -1 };
}
