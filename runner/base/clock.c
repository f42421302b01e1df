/* clock.c - time and the identifiers made of it. */
#include "base/clock.h"

#include <stdio.h>
#include <sys/random.h>

int64_t clock_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static int64_t now(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return clock_ns(ts);
}

int64_t clock_mono_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

int64_t clock_real_ns(void)
{
	return now(CLOCK_REALTIME);
}

void clock_iso8601(int64_t real_ns, char buf[32])
{
	int64_t sec_64 = real_ns / NSEC_PER_SEC, ns = real_ns % NSEC_PER_SEC;
	if (ns < 0) { /* before 1970 */
		sec_64--;
		ns += NSEC_PER_SEC;
	}
	time_t sec = (time_t)sec_64;
	struct tm tm;

	gmtime_r(&sec, &tm);
	size_t n = strftime(buf, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, 32 - n, ".%06dZ", (int)(ns / 1000));
}

void clock_ulid(char buf[27])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char rnd[16] = { 0 };
	uint64_t ms = (uint64_t)(clock_real_ns() / 1000000);

	/* 16 bytes never fail or come short once the pool is ready (getrandom(2)). */
	if (getrandom(rnd, sizeof(rnd), 0) < 0)
		rnd[0] = (unsigned char)clock_mono_ns();
	for (int i = 9; i >= 0; i--, ms >>= 5)
		buf[i] = digits[ms & 31];
	for (int i = 0; i < 16; i++)
		buf[10 + i] = digits[rnd[i] & 31];
	buf[26] = '\0';
}

void clock_pause_ms(int ms)
{
	const struct timespec t = { 0, ms * 1000000L };
	nanosleep(&t, NULL);
}
