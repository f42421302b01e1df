/* live_run.h - a run while it goes on, as its mark tells other processes. */
#ifndef MOULETTE_MODEL_LIVE_RUN_H
#define MOULETTE_MODEL_LIVE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum live_status {
	LIVE_ALIVE,
	LIVE_DIED, /* its runner ended without ending the run */
	LIVE_OVER, /* it ended in good order since its mark was opened */
};

/** A step that began; a step that was tried again is there twice. */
struct live_step {
	size_t index; /* in the plan */
	int64_t started_real_ns;
	int64_t log_begin; /* its frames end where the next step's begin */
};

/** Strings are owned, and NULL as long as they are not known. */
struct live_run {
	char id[27];
	enum live_status status;
	bool running; /* its box was started */
	pid_t runner;
	int64_t runner_start; /* clock ticks since boot, as in /proc/PID/stat */
	char *boot;           /* id of that boot */
	uid_t owner;          /* who started it */
	int64_t created_real_ns;
	char *submission, *assignment, *image, *profile, *engine;
	char *log_path; /* captured bytes (base/framelog.h) */
	char *bundle, *oci_version;
	pid_t init_pid; /* of the box's PID 1 on the host; 0: none, or not known */
	char **plan;    /* names of the steps */
	struct live_step *steps;
	size_t n_steps;
};

void live_run_done(struct live_run *r);
/** live_run_step() - name of the step that began last; NULL: none did. */
const char *live_run_step(const struct live_run *r);

#endif
