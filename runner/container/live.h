/* live.h - marks of the runs of one home: others see what a run does, and nothing of a killed one
 * stays. */
#ifndef MOULETTE_CONTAINER_LIVE_H
#define MOULETTE_CONTAINER_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "container/control.h"
#include "model/assignment.h"
#include "model/live_run.h"
#include "model/places.h"
#include "model/result.h"

/** The mark of a run of ours: HOME/live/ID, locked as long as it is open. */
struct live {
	const struct places *places; /* borrowed */
	char id[27];
	int fd;
	int64_t end; /* of what was said in it */
	struct control control;
};

/** live_begin() - mark a run, before anything of it is made; @interrupt_fd as control_open() has
 *  it. FAULT_INFRA. */
int live_begin(const struct places *p, const char *id, int interrupt_fd, struct live *ret,
	       struct err *err);
/** live_end() - the run is whole: what it left is a result. */
void live_end(struct live *l);

/* What others may know. Each is one write to the page cache; one that fails (a full disk) costs the
 * run nothing. */
/** live_describe() - who handed in what, and what it is graded with. */
void live_describe(struct live *l, const struct run_result *r);
/** live_plan() - the steps that will come; replaces what was said. */
void live_plan(struct live *l, const struct plan *plan);
/** live_box() - the box was started; @init is its PID 1, 0: each step has its own. @bundle is its
 *  path in the runner's mount namespace. */
void live_box(struct live *l, pid_t init, const char *bundle, const char *oci_version);
/** live_step() - step @index of the plan begins; its output goes into the log from @log_begin on. */
void live_step(struct live *l, size_t index, int64_t log_begin);

/* Of other processes' runs. Looking changes nothing. */
/** live_list() - ids of all marks, in their order. */
int live_list(const struct places *p, char ***ret, struct err *err);
/** live_open() - the mark of @id. Return: 1, 0 there is none, -1. */
int live_open(const struct places *p, const char *id, int *ret_fd, struct err *err);
/** live_load() - what is said in an open mark by now. */
int live_load(int fd, const char *id, struct live_run *ret, struct err *err);
/** live_process() - a process's state letter, and its start in clock ticks since boot. 0 or -1. */
int live_process(pid_t pid, char *ret_state, int64_t *ret_start);
/** live_runner_stopped() - does the runner live, but stopped, as by Ctrl-Z? Then it answers nobody. */
bool live_runner_stopped(const struct live_run *r);
/** live_wait() - until the run of an open mark has ended, however it does. */
int live_wait(int fd, struct err *err);

/** live_sweep() - for each run that was killed: remove its log unless @stored says that its result
 *  is in the store (1 yes, 0 no, -1 error), then its mark. @ret_swept counts runs. */
int live_sweep(const struct places *p, int (*stored)(void *ctx, const char *id, struct err *err),
	       void *ctx, int *ret_swept, struct err *err);

#endif
