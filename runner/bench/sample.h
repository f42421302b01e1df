/* sample.h - one run of a command, measured with all that it starts. */
#ifndef MOULETTE_BENCH_SAMPLE_H
#define MOULETTE_BENCH_SAMPLE_H

#include <stdint.h>

#include "base/err.h"

struct sample {
	int64_t wall_ns; /* from fork to the end of the command itself */
	int64_t cpu_ns;	 /* user and system, of every process that the command left to be reaped */
	int64_t peak_bytes; /* resident, of the largest of them */
	int status;	    /* as wait(2) has it */
};

/**
 * sample_run() - run @argv to its end
 * @env:          its environment
 * @log:          file for its output, made anew; its input is empty
 * @interrupt_fd: a signalfd; when it becomes readable the run is ended, code "interrupted"
 *
 * A process of its own adopts what the command leaves behind and waits for that, too; what is still
 * there 10 s after the command is killed, and an error. FAULT_INFRA.
 */
int sample_run(char *const *argv, char *const *env, const char *log, int interrupt_fd,
	       struct sample *ret, struct err *err);

/** sample_failed() - say how a command ended that should have ended well: its status, and the last
 *  that it wrote to @log. Return: -1, FAULT_INFRA. */
int sample_failed(int status, const char *log, struct err *err);

#endif
