/* grade.h - one submission, from the file that was handed in to the stored result. */
#ifndef MOULETTE_PIPELINE_GRADE_H
#define MOULETTE_PIPELINE_GRADE_H

#include "base/err.h"
#include "model/result.h"
#include "pipeline/session.h"

struct attempt;

/** What is to be graded. All borrowed. */
struct grade_request {
	const char *path;
	const char *name;      /* how the result calls it; NULL: as the file */
	struct attempt *ready; /* a box that waits (pipeline/attempt.h), ended when it was used;
				* NULL: one is started. Only without a command. */
	/** A whole result, before the run's mark is removed: from now on its log is kept, or with -1
	 *  thrown away. */
	int (*keep)(void *ctx, const struct run_result *r, struct err *err);
	void *ctx;
};

/**
 * grade() - open, unpack, bundle, run, judge, keep
 * @ret: to be freed by the caller in every case
 *
 * A fault of the student is a verdict; so is, as internal_error, one of the assignment or the
 * infrastructure. Return: 0 with a result that is kept; -1 with FAULT_USAGE (nothing was run), code
 * "interrupted" (nothing is kept), or FAULT_INFRA when the result could not be kept.
 */
int grade(struct session *s, const struct grade_request *req, struct run_result *ret,
	  struct err *err);
/** grade_store() - keep, with the session as @ctx: into its store. */
int grade_store(void *ctx, const struct run_result *r, struct err *err);
/** grade_lost() - the result of a submission that no worker could grade, for a reason of the
 *  infrastructure. @name as that of a grade_request; @ret is initialised here; it is in no
 *  store yet. */
void grade_lost(const struct session *s, const char *path, const char *name, const struct err *why,
		struct run_result *ret);

#endif
