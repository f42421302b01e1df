/* buf.h - growable bytes; always NUL-terminated once something was added. */
#ifndef MOULETTE_BASE_BUF_H
#define MOULETTE_BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* NULL while empty */
	size_t len, cap;
};

#define AUTO_BUF __attribute__((cleanup(buf_done))) struct buf

void buf_done(struct buf *b);
/** buf_add() and friends abort the program when memory is out: sizes are bounded by callers. */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
/** buf_reserve() - room for @len more bytes, which are then added without moving what is there. */
void buf_reserve(struct buf *b, size_t len);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** buf_take() - the bytes as a heap string ("" when empty); the buffer is empty afterwards. */
char *buf_take(struct buf *b);

#endif
