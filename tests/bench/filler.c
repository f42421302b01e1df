/* filler.c - contents of files, made of one pool a kind. */
#include "bench/filler.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define POOL (1 << 20)
#define KINDS 3

struct filler {
	uint64_t state;
	char *pools[KINDS];
};

/* xorshift64*, Marsaglia 2003, Vigna 2016. */
static uint64_t next(struct filler *f)
{
	f->state ^= f->state >> 12;
	f->state ^= f->state << 25;
	f->state ^= f->state >> 27;
	return f->state * UINT64_C(2685821657736338717);
}

uint64_t filler_below(struct filler *f, uint64_t n)
{
	return next(f) % n;
}

static void fill_packed(struct filler *f, char *to, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = next(f);
		memcpy(to + i, &word, len - i < 8 ? len - i : 8);
	}
}

/* Words of 1 to 10 letters out of 2,000, the first ones more often, in lines: gzip makes a third of
 * it, as of source and documentation. */
static void fill_text(struct filler *f, char *to)
{
	char words[2000][10];
	for (size_t i = 0; i < 2000; i++)
		for (size_t k = 0; k < 10; k++)
			words[i][k] = (char)('a' + filler_below(f, 26));
	for (size_t at = 0, column = 0; at < POOL;) {
		uint64_t word = filler_below(f, filler_below(f, 2000) + 1);
		size_t len = 1 + word % 10;
		for (size_t k = 0; k < len && at < POOL; k++)
			to[at++] = words[word][k];
		column += len + 1;
		if (at < POOL)
			to[at++] = column > 80 ? '\n' : ' ';
		column = column > 80 ? 0 : column;
	}
}

/* Like machine code: a few bytes are common, some are anything, and there are gaps. */
static void fill_program(struct filler *f, char *to)
{
	static const unsigned char common[] = { 0x48, 0x89, 0x8b, 0xe8, 0x0f, 0xc7, 0x00, 0xff };
	for (size_t i = 0; i < POOL; i++) {
		uint64_t r = next(f);
		to[i] = (char)((r & 7) ? common[r >> 8 & 7] : (unsigned char)(r >> 16));
		if (r >> 32 < 4000000 && i + 256 < POOL) {
			memset(to + i, 0, 256);
			i += 255;
		}
	}
}

struct filler *filler_new(uint64_t seed)
{
	struct filler *f = mem_alloc(sizeof *f);
	f->state = seed | 1;
	for (int i = 0; i < KINDS; i++)
		f->pools[i] = mem_alloc(POOL);
	fill_text(f, f->pools[FILL_TEXT]);
	fill_program(f, f->pools[FILL_PROGRAM]);
	fill_packed(f, f->pools[FILL_PACKED], POOL);
	return f;
}

void filler_free(struct filler *f)
{
	for (int i = 0; f && i < KINDS; i++)
		free(f->pools[i]);
	free(f);
}

char *filler_bytes(struct filler *f, enum filling kind, size_t len)
{
	char *data = mem_alloc(len + 1);
	if (kind == FILL_PACKED) {
		fill_packed(f, data, len);
		return data;
	}
	for (size_t at = 0; at < len;) {
		size_t from = filler_below(f, POOL), n = POOL - from;
		n = n < len - at ? n : len - at;
		memcpy(data + at, f->pools[kind] + from, n);
		at += n;
	}
	return data;
}
