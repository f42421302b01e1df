/* box.h - one running container of one submission, and the steps that run in it. */
#ifndef MOULETTE_CONTAINER_BOX_H
#define MOULETTE_CONTAINER_BOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "container/box_data.h"
#include "container/capture.h"
#include "model/assignment.h"
#include "model/result.h"

/** box_start() - run the engine on room->bundle and wait for PID 1 to greet. FAULT_INFRA with the
 *  engine's own words; code "box.unlimited" when PID 1 is not limited as it should be, "interrupted"
 *  when interrupt_fd became readable. */
int box_start(const struct box_options *opt, struct box *ret, struct err *err);

/** One step to be run. */
struct box_step {
	const struct step_spec *spec; /* argv, limits, kind, stdin_path */
	char *const *env;             /* whole environment */
	bool fresh;                   /* runs over what the build left, and leaves nothing */
	capture_sink_fn *sink;
	void *sink_ctx;
	const char *drop; /* a line, with its newline, that is no output of the step; NULL: none */
	/* Who may send it signals (container/control.h), and the number by which it is named there;
	 * -1: nobody. */
	int kill_fd;
	uint32_t number;
};
/** A step that was started. */
struct running;
#define WATCHED_MAX 16 /* that are watched together */
/**
 * step_start() - ask the box for a step
 * @step:  borrowed until the step is finished
 * @stdin_fd, @stdout_fd: pipes in the place of its own input and of what is read of its output, borrowed;
 *         -1: none. A program that is to open them again by name must own them.
 * @facts: initialised; outlives the step
 *
 * What keeps it from starting makes it over. It is to be finished or abandoned.
 */
struct running *step_start(struct box *b, const struct box_step *step, int stdin_fd, int stdout_fd,
			   struct step_facts *facts);
/** steps_watch() - wait until something happens to one of the @n steps, or its clock is due, and see to it;
 *  steps that are over are passed over. One round, of @most_ns at most (-1: no bound). @n is WATCHED_MAX at
 *  most, each step in a box of its own. */
void steps_watch(struct running *const *all, size_t n, int64_t most_ns);
/** step_is_over() - its last process is dead, or the box failed. */
bool step_is_over(const struct running *r);
/** step_finish() - of a step that is over: its facts; frees @r. box_failed is set, with words, when PID 1 or
 *  the engine died or our own work failed. Return: 0, or -1 when interrupted (code "interrupted"). */
int step_finish(struct running *r, struct err *err);
/** step_abandon() - give up a step without its facts; frees @r. The box runs no further step, and box_end() ends
 *  its processes. */
void step_abandon(struct running *r);
/** box_tests_group() - make the group of tests, unless it is there: earlier than box_build_done() would.
 *  FAULT_INFRA. */
int box_tests_group(struct box *b, struct err *err);
/** box_build_done() - the build is over: from now on steps run fresh. FAULT_INFRA. */
int box_build_done(struct box *b, struct err *err);
/** box_renew() - end the container and start another one over the same areas, as they were when the
 *  build was done; the network namespace at room->netns is the caller's to renew between.
 *  box_stop() first, then box_renew(). FAULT_INFRA. */
void box_stop(struct box *b);
int box_renew(struct box *b, struct err *err);
/** box_end() - end PID 1 and the engine; accepts a box that never started. */
void box_end(struct box *b);

#endif
