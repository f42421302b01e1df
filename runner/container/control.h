/* control.h - how other processes reach a run: two sockets beside its mark.
 *
 * HOME/live/ID.kill takes a signal for the running step, HOME/live/ID.end ends the run. Who connects
 * reaches the runner itself and nobody else, whatever became of its process id; when it is gone,
 * there is nobody to connect to. The folder is 0700, so only its user and root get there.
 */
#ifndef MOULETTE_CONTAINER_CONTROL_H
#define MOULETTE_CONTAINER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/places.h"

/** The runner's ends. */
struct control {
	int kill_fd, end_fd; /* listening */
	int stop_fd;         /* readable: stop, by a signal or because the end was asked for */
};
#define CONTROL_NONE                                       \
	{                                                  \
		.kill_fd = -1, .end_fd = -1, .stop_fd = -1 \
	}

/** control_open() - @interrupt_fd: borrowed, seen through stop_fd too; -1: none. FAULT_INFRA. */
int control_open(const struct places *p, const char *id, int interrupt_fd, struct control *ret,
		 struct err *err);
/** control_end_asked() - did somebody ask for the end of the run? */
bool control_end_asked(const struct control *c);
void control_close(const struct places *p, const char *id, struct control *c);
/** control_remove() - the sockets' names; missing ones are no error. */
void control_remove(const struct places *p, const char *id);

/**
 * control_hear() - what somebody wants of the step that runs; never waits
 * @kill_fd: of the run, readable or not
 * @caller:  the connection that is being served; -1: none. Poll it instead of @kill_fd.
 * @step:    number of the step: a request for another one is answered here
 *
 * Return: the signal that the step is to get, to be followed by control_answer(), or 0.
 */
int control_hear(int kill_fd, int *caller, uint32_t step);
/** control_answer() - @error: 0 or an errno. Closes *caller. */
void control_answer(int *caller, int error);

/** control_signal() - ask a run to send @signo to the main process of its step number @step.
 *  Return: 0, or -1 with FAULT_USAGE when that step does not run (any more). */
int control_signal(const struct places *p, const char *id, uint32_t step, int signo,
		   struct err *err);
/** control_ask_end() - ask a run to end. Return: 1 asked, 0 it is gone already, -1 FAULT_INFRA. */
int control_ask_end(const struct places *p, const char *id, struct err *err);

#endif
