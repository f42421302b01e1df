/* spans.h - how long it takes from a file's being opened to the next line of output. */
#ifndef MOULETTE_BENCH_SPANS_H
#define MOULETTE_BENCH_SPANS_H

#include <stdint.h>
#include <sys/types.h>

struct spans; /* a folder and a log that are watched */

/** spans_open() - before the program that is watched starts. NULL: errno. */
struct spans *spans_open(const char *folder, const char *log);

/**
 * spans_watch() - until @pid has ended, which is left to be waited for
 * @ret_sum: of all spans. Each begins with the first opening of a file of the folder since the last
 *           one, and ends when the log has grown.
 * Frees @s. -1: errno, or there was no span.
 */
int spans_watch(struct spans *s, pid_t pid, int64_t *ret_sum);

#endif
