/* watch.h - one long run of moulette, looked at from outside while it goes on. */
#ifndef MOULETTE_BENCH_WATCH_H
#define MOULETTE_BENCH_WATCH_H

#include "bench/growth.h"

struct watch {
	const struct bench *bench;
	const struct work *work; /* one step */
	const char *log, *marks; /* its output; a folder that gets a file a mark, or NULL */
	int lines; /* without marks: the first line is one, then every so many, less one
				  * at the last */
};

/** watch_run() - readings at each of @n marks: what was used since the start, and what is held.
 *  FAULT_INFRA: the run failed, or did not come to all its marks; code "interrupted". */
int watch_run(const struct watch *w, struct tenth *readings, int n, struct err *err);

/** watch_cgroups(), watch_mounts() - how many there are now. */
int watch_cgroups(void);
int watch_mounts(void);

#endif
