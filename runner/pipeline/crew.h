/* crew.h - many submissions, several workers: hands out, stores what comes back, replaces who
 * crashed or hangs. */
#ifndef MOULETTE_PIPELINE_CREW_H
#define MOULETTE_PIPELINE_CREW_H

#include "pipeline/session.h"
#include "report/report.h"

struct crew_options {
	struct session *session; /* opened, and in no namespace of its own */
	char *const *paths;      /* absolute */
	char *const *names;      /* of each path, in its result; NULL: that of its file */
	size_t n_paths;
	int workers;
	const struct report_format *format;
	struct report_options report;
	int interrupt_fd; /* readable: end; not read here. Its signals are blocked. */
	/** One result, stored; @text is in the format. -1 ends the batch with @err. */
	int (*each)(void *ctx, const struct run_result *r, const char *text, size_t len,
		    struct err *err);
	void (*tick)(void *ctx); /* now and then, while nothing comes */
	void *ctx;
};

/**
 * crew_run() - grade all of them
 *
 * A worker that crashes, or hangs and is killed for it, costs its submission one more try, in another
 * worker; the second time it is internal_error. Return: 0 when every submission has a result in the store; -1 with FAULT_USAGE or
 * FAULT_INFRA, or code "interrupted": what was not graded by then has none. No worker, box or mark of
 * theirs is left in any case.
 */
int crew_run(const struct crew_options *opt, struct err *err);

#endif
