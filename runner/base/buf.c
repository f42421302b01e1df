/* buf.c - growable bytes. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

static void set_cap(struct buf *b, size_t cap)
{
	b->data = mem_realloc(b->data, cap);
	b->cap = cap;
}

void buf_reserve(struct buf *b, size_t len)
{
	if (b->len + len + 1 > b->cap)
		set_cap(b, b->len + len + 1);
	b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (b->len + len + 1 > b->cap) {
		size_t cap = b->cap ? b->cap : 64;
		while (cap < b->len + len + 1)
			cap *= 2;
		set_cap(b, cap);
	}
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	char *text = mem_alloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_add(b, text, (size_t)n);
	free(text);
}

char *buf_take(struct buf *b)
{
	char *got = b->data ? b->data : mem_strdup("");
	*b = (struct buf){ 0 };
	return got;
}
