/* verdict.h - turn measured facts into verdicts; pure. Source: contract, "Which verdict". */
#ifndef MOULETTE_RESULT_VERDICT_H
#define MOULETTE_RESULT_VERDICT_H

#include "model/result.h"

/**
 * verdict_step() - judge one step
 * @spec: what was asked; @cmp: outcome of the comparison (done=false: none)
 * @res:  facts and limits are set; verdict, fault, limit_hit, points, max_points and message are
 *        written. Message: one line for people why it is not passed ("ended with status 3,
 *        expected 0", "killed by SIGSEGV (invalid memory access)", "used 1.02 s of 1 s cpu time",
 *        "not built: ./reverse does not exist"). What could not be graded (internal_error) has
 *        neither points nor 0: NaN.
 */
void verdict_step(const struct step_spec *spec, const struct comparison *cmp,
		  struct step_result *res);
/** verdict_skip() - the step was not run because an earlier one failed. */
void verdict_skip(const struct step_spec *spec, const char *because, struct step_result *res);
/** verdict_needs_output() - must the output be compared at all to judge this step? (false when a
 *  limit or the status already decides) */
bool verdict_needs_output(const struct step_spec *spec, const struct step_result *res);
/** verdict_run() - verdict, fault, score and max_score of the submission from its steps; score null
 *  when the fault is the assignment's or the infrastructure's, or the only step is a command. */
void verdict_run(struct run_result *run);

#endif
