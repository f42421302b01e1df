/* judge.h - from measured facts and the log to the verdict of a step. */
#ifndef MOULETTE_PIPELINE_JUDGE_H
#define MOULETTE_PIPELINE_JUDGE_H

#include "base/err.h"
#include "base/framelog.h"
#include "model/result.h"
#include "result/verdict.h"

/** judge_step() - compare the step's output when that is needed, and judge. The message of a compile
 *  error quotes the compiler. *res has facts and limits. FAULT_INFRA when the log or the expected
 *  output cannot be read. */
int judge_step(const struct framelog *log, const struct step_spec *spec, struct step_result *res,
	       struct err *err);

#endif
