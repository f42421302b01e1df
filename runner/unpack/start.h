/* start.h - how the parent comes by a confined child: as a program of its own, or from a server. */
#ifndef MOULETTE_UNPACK_START_H
#define MOULETTE_UNPACK_START_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "unpack/child.h"
#include "unpack/request.h"

#define START_FAILED 126 /* exit status of a child that could not become the program */

struct child {
	pid_t pid; /* 0: not started, or reaped */
	int pidfd, sock;
	int status; /* of wait4, once it has ended */
	int64_t cpu_ns;
	bool ended;
};

/** start_child() - a child of ours in both cases, with @in and @out in their places and @job told.
 *  FAULT_INFRA; what is in *c then is the caller's to end. */
int start_child(struct child *c, const struct unpack_request *req, const struct child_job *job,
		int in, int out, struct err *err);

/** start_interrupted() - req->interrupt_fd became readable. Return: -1. */
int start_interrupted(struct err *err);

#endif
