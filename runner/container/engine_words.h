/* engine_words.h - what an engine prints, in constant memory. */
#ifndef MOULETTE_CONTAINER_ENGINE_WORDS_H
#define MOULETTE_CONTAINER_ENGINE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ENGINE_WORDS_MAX (UINT64_C(1) << 20) /* no engine prints more for a good reason */
/* Bytes of both ends: a message has room for them, and the last words explain most. */
#define ENGINE_WORDS_FIRST 100
#define ENGINE_WORDS_LAST 200

/** The reading end of a pipe, and both ends of what came through it. */
struct engine_words {
	int fd; /* does not block; -1: none */
	uint64_t bytes;
	char first[ENGINE_WORDS_FIRST], last[ENGINE_WORDS_LAST];
};

/** engine_words_open() - *ret_theirs is the writing end, for the engine. FAULT_INFRA. */
int engine_words_open(struct engine_words *w, int *ret_theirs, struct err *err);
/** engine_words_take() - read what is there now; does not wait.
 *  Return: false once the engine has printed more than ENGINE_WORDS_MAX. */
bool engine_words_take(struct engine_words *w);
/** engine_words_line() - as one line: all of it, or the first and the last words around "...". */
char *engine_words_line(const struct engine_words *w);
/** engine_words_close() - accepts what was never opened (fd -1). */
void engine_words_close(struct engine_words *w);

#endif
