/* batch_input.h - many submissions as archives, and an assignment that reads a file of each. */
#ifndef MOULETTE_BENCH_BATCH_INPUT_H
#define MOULETTE_BENCH_BATCH_INPUT_H

#include "bench/room.h"

#define BATCH_FILES 12          /* of a submission, 50 KB in all */
#define BATCH_FILE "answer.txt" /* the one that the test prints */
#define BATCH_SAYS "42\n"

struct batch_input {
	struct room *room;
	char *archives;   /* a folder of tar archives */
	char *assignment; /* its only test is `busybox cat answer.txt` */
	char **paths;     /* of the archives */
};

/** batch_input_make() - with @n archives, no two of them alike; *ret is to be freed in any case. */
int batch_input_make(const struct bench *b, int n, struct batch_input **ret, struct err *err);
void batch_input_free(struct batch_input *in);

/** batch_command() - `moulette batch` with @workers of the first @n archives, all of them: < 0. */
void batch_command(const struct batch_input *in, const char *moulette, int workers, int n,
		   struct work *ret);

/** batch_prove() - does the log hold @n lines that say `passed`? */
int batch_prove(const char *log, int n, struct err *err);

#endif
