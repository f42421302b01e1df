/* line_filter.c - takes one known line out of a stream that comes in pieces. */
#include "container/line_filter.h"

#include <string.h>

/* Bytes up to the end of the current line; the whole of @len when it does not end here. */
static size_t rest_of_line(struct line_filter *f, const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);
	f->within = !end;
	return end ? (size_t)(end - data) + 1 : len;
}

static size_t match(const struct line_filter *f, const char *data, size_t len)
{
	const char *want = f->line + f->held;
	size_t n = 0;
	while (n < len && want[n] && data[n] == want[n])
		n++;
	return n;
}

void line_filter_add(struct line_filter *f, const char *data, size_t len, struct buf *to)
{
	while (len > 0) {
		size_t n = f->within ? 0 : match(f, data, len);
		f->held += n;
		if (n > 0 && !f->line[f->held]) {
			f->taken += (int64_t)f->held;
			f->held = 0;
		} else if (n < len) {
			/* The bytes that were alike come from the line itself: some of them may have
			 * gone by in an earlier piece. */
			line_filter_end(f, to);
			size_t rest = rest_of_line(f, data + n, len - n);
			buf_add(to, data + n, rest);
			n += rest;
		}
		data += n;
		len -= n;
	}
}

void line_filter_end(struct line_filter *f, struct buf *to)
{
	buf_add(to, f->line, f->held);
	f->held = 0;
}
