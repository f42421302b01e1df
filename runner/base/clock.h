/* clock.h - time and the identifiers made of it. */
#ifndef MOULETTE_BASE_CLOCK_H
#define MOULETTE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_PER_MS INT64_C(1000000)

int64_t clock_mono_ns(void); /* CLOCK_MONOTONIC, for durations */
int64_t clock_real_ns(void); /* since 1970, for records */

/** clock_pause_ms() - sleep for less than a second; a signal ends it early. */
void clock_pause_ms(int ms);

/** clock_ns() - a time of the kernel's, as of a file. */
int64_t clock_ns(struct timespec t);

/** clock_iso8601() - "2026-11-24T02:10:11.123456Z" of nanoseconds since 1970 (UTC). */
void clock_iso8601(int64_t real_ns, char buf[32]);

/** clock_ulid() - a new ULID: 26 characters of Crockford's base 32, sorted by time, 80 random
 *  bits. Source: github.com/ulid/spec. */
void clock_ulid(char buf[27]);

#endif
