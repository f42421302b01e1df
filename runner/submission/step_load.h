/* step_load.h - one entry of `build` or `tests` of an assignment. */
#ifndef MOULETTE_SUBMISSION_STEP_LOAD_H
#define MOULETTE_SUBMISSION_STEP_LOAD_H

#include "base/err.h"
#include "base/json.h"
#include "model/assignment.h"

/**
 * step_load_build(), step_load_test() - append the step that @o describes to the struct assignment,
 * whose dir is there
 * @where: path of @o for messages
 *
 * What peers of a test bring along as `files` is read later, see files_load(). After a failure a
 * half-made step is in the assignment, to be freed with the rest. FAULT_USAGE.
 */
int step_load_build(struct json_object *o, const char *where, void *assignment, struct err *err);
int step_load_test(struct json_object *o, const char *where, void *assignment, struct err *err);
/** step_check_unique() - no two steps of the list @where have the same name. FAULT_USAGE. */
int step_check_unique(const struct step_spec *steps, size_t n, const char *where, struct err *err);

#endif
