/* sample.h - one run of some commands, measured with all that they start. */
#ifndef MOULETTE_BENCH_SAMPLE_H
#define MOULETTE_BENCH_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct step {
	char **argv;
	int times;
	bool uncounted; /* has to be done, but is not what is measured */
};

/** What one run does: its steps in order, each as often as it says, until one ends badly. */
struct work {
	struct step *steps;
	size_t n;
	char **env;
	/* crun refuses a hybrid host while it sees the cgroup2 mount: covered for this run alone. */
	bool hide_unified;
	/* In place of steps, in the process that measures. Return: a status as of wait(2). */
	int (*call)(void *ctx, int out);
	/* CPU time of others that work for the run, such as a server; read before and after. */
	int64_t (*outside)(void *ctx);
	void *ctx; /* owned: freed with free() */
	/* Wall is the sum of the spans from a file's being opened in this folder to the next line of
	 * output; NULL: all of the steps. */
	char *opened;
};

void work_add(struct work *w, char *const *argv, int times);
void work_done(struct work *w);

struct sample {
	int64_t wall_ns;    /* of the steps that count, without what they leave running */
	int64_t cpu_ns;     /* user and system, of every process that they left to be reaped too */
	int64_t peak_bytes; /* resident, of the largest of them */
	int status;         /* of the last step, as wait(2) has it */
};

/**
 * sample_run() - do @w
 * @log:          file for its output, made anew; what it says on stderr goes to LOG.err
 * @interrupt_fd: a signalfd; when it becomes readable the run is ended, code "interrupted"
 *
 * The input of every step is an empty pipe: crun gives its stdio to the box's user, and the host's
 * /dev/null is none to give. A process of its own adopts what the steps leave behind and waits for
 * that, too; what is still there 10 s later is killed, and an error. FAULT_INFRA.
 */
int sample_run(const struct work *w, const char *log, int interrupt_fd, struct sample *ret,
	       struct err *err);

/** sample_failed() - say how a run ended that should have ended well: its status, and the last that
 *  it wrote to @log and LOG.err. Return: -1, FAULT_INFRA. */
int sample_failed(int status, const char *log, struct err *err);

/** sample_forget() - remove both files of a log. */
void sample_forget(const char *log);

#endif
