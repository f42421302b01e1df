/* grade.h - one submission, from the file that was handed in to the stored result. */
#ifndef MOULETTE_PIPELINE_GRADE_H
#define MOULETTE_PIPELINE_GRADE_H

#include "base/err.h"
#include "model/result.h"
#include "pipeline/session.h"

/**
 * grade() - open, unpack, bundle, run, judge, store
 * @path: the submission;  @name: how the result calls it, NULL: as the file
 * @command: the only step; NULL: the steps of the assignment
 * @ret: to be freed by the caller in every case
 *
 * A fault of the student is a verdict; so is, as internal_error, one of the assignment or the
 * infrastructure. Return: 0 with a result that is in the store; -1 with FAULT_USAGE (nothing was
 * run), code "interrupted" (nothing is kept), or FAULT_INFRA when the result could not be stored.
 */
int grade(struct session *s, const char *path, const char *name, char *const *command,
	  struct run_result *ret, struct err *err);

#endif
