/* meter.h - the process in which a run is measured. */
#ifndef MOULETTE_BENCH_METER_H
#define MOULETTE_BENCH_METER_H

#include <sys/types.h>

#include "bench/sample.h"

/* What the meter says through its pipe, at once. */
struct reading {
	struct sample sample;
	int lingered; /* processes that had to be killed */
};

/** meter_main() - do @w, write a reading to @to, and end. Its children are those of this run alone. */
_Noreturn void meter_main(const struct work *w, const char *log, int out, int errors, int to);

/** meter_spawn() - vfork and exec, as quickly as that can be done. -1: errno. */
pid_t meter_spawn(char *const *argv, char *const *env, int in, int out, int errors);

/** meter_empty() - the reading end of a pipe that holds nothing. -1: errno. */
int meter_empty(void);

#endif
