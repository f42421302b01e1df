/* worker.h - a process that grades one submission after the other, each in a box that was ready
 * before it came. */
#ifndef MOULETTE_PIPELINE_WORKER_H
#define MOULETTE_PIPELINE_WORKER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "pipeline/session.h"
#include "report/report.h"

/** From the crew to a worker: messages of a SOCK_SEQPACKET socket, cut behind the words. */
struct worker_order {
	enum {
		ORDER_GRADE, /* @words */
		ORDER_KEPT,  /* the result that was sent is stored */
		ORDER_DROP,  /* it could not be */
	} type;
	bool more; /* with a result: another submission is to come; have a box ready */
	char words
		[2 *
		 PATH_MAX]; /* a path, and behind its NUL the name in the result; "": that of the file */
};

/** From a worker to the crew. */
struct worker_answer {
	enum {
		ANSWER_RESULT, /* with one descriptor: @parcel bytes (store/parcel.h), then its text */
		ANSWER_NONE,    /* @err: this one cannot be graded; it went while others were */
		ANSWER_TROUBLE, /* @err: nothing can be kept: the batch ends */
	} type;
	uint64_t parcel;
	struct err err;
};

struct worker_options {
	struct session *session; /* opened; its store is the crew's alone */
	const struct report_format *format;
	struct report_options report;
	int socket;  /* to the crew; its end ends the worker */
	int stop_fd; /* readable or hung up: stop at once */
	struct alive
		*alive; /* its signs of life; they say ALIVE_WAITS while it waits for an order */
};

/** worker_main() - in a process of its own. Does not return. */
void worker_main(const struct worker_options *opt) __attribute__((noreturn));

#endif
