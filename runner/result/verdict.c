/* verdict.c - turn measured facts into verdicts and messages; pure. */
#include "result/verdict.h"

#include <errno.h>
#include <math.h>
#include <signal.h>

#include "result/hints.h"
#include "result/words.h"

struct judgement {
	enum verdict verdict;
	enum fault fault;
	enum limit_id limit;
};

static struct judgement student(enum verdict verdict, enum limit_id limit)
{
	return (struct judgement){ verdict, FAULT_STUDENT, limit };
}

static struct judgement internal(enum fault fault)
{
	return (struct judgement){ VERDICT_INTERNAL_ERROR, fault, LIMIT_NONE };
}

/* --- facts, one question each ------------------------------------------------------------- */

/* Counters of the kernel are valid even if the box died. A clock of the runner is not enough if the box
 * does not respond, because the host may be the reason. */
static bool is_explained(const struct step_facts *f)
{
	return f->oom_kills > 0 || f->pids_denied > 0 || f->ended_for == LIMIT_OUTPUT ||
	       f->ended_for == LIMIT_CPU || f->out.over || f->err.over;
}

/* A file of the student's that is cut short gives EIO, one that asks for too much memory ENOMEM:
 * for a program of the work folder neither is trouble of ours. */
static bool is_ours(const struct step_facts *f)
{
	int sys = f->exec_errno;
	return sys == EMFILE || sys == ENFILE || sys == EAGAIN ||
	       (!f->exec_in_work && (sys == EIO || sys == ENOMEM));
}

/* PID 1 makes the child before it enters the step's cgroup, so that no limit of the step can be
 * why that fails. The work folder belongs to the student, who alone can have closed it. */
static enum fault exec_fault(const struct step_facts *f)
{
	switch (f->exec_stage) {
	case EXEC_OK:
		return FAULT_NONE;
	case EXEC_CHDIR:
		return f->exec_in_work || f->exec_errno == EACCES ? FAULT_STUDENT : FAULT_INFRA;
	case EXEC_EXEC:
		if (is_ours(f))
			return FAULT_INFRA;
		if (f->exec_errno == E2BIG) /* the arguments are the assignment's */
			return FAULT_ASSIGNMENT;
		return f->exec_in_work ? FAULT_STUDENT : FAULT_ASSIGNMENT;
	case EXEC_FORK:
	case EXEC_CGROUP:
	case EXEC_SETUP:
		break;
	}
	return FAULT_INFRA;
}

/* A compiler outlives its assembler, says that SIGXFSZ ended it, and removes the file. The file may be sparse,
 * so no peak shows it. No other printed text decides a verdict. A student gains nothing by printing it: the
 * build has failed anyway. */
static bool wrote_too_much(const struct step_spec *spec, const struct step_facts *f)
{
	return f->signal == SIGXFSZ || (spec->kind == STEP_BUILD && (f->hints & HINT_FILE_SIZE));
}

static enum limit_id time_over(const struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	if (f->ended_for == LIMIT_CPU || f->ended_for == LIMIT_WALL)
		return f->ended_for;
	if (res->limits.v[LIMIT_CPU] != LIMIT_UNSET && f->cpu_ns > res->limits.v[LIMIT_CPU])
		return LIMIT_CPU;
	if (res->limits.v[LIMIT_WALL] != LIMIT_UNSET &&
	    step_facts_busy_ns(f) > res->limits.v[LIMIT_WALL])
		return LIMIT_WALL;
	return LIMIT_NONE;
}

static bool ended_well(const struct step_spec *spec, const struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	return f->ran && !f->box_failed && f->exec_stage == EXEC_OK && f->signal == 0 &&
	       f->exit_code == spec->exit && time_over(res) == LIMIT_NONE;
}

/* Causes that do not depend on status and output; VERDICT_PASSED: none of them. */
static struct judgement outright(const struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	if ((f->box_failed || !f->ran) && !is_explained(f))
		return internal(f->trouble && f->trouble->fault == FAULT_ASSIGNMENT ?
					FAULT_ASSIGNMENT :
					FAULT_INFRA);
	enum fault fault = exec_fault(f);
	if (fault == FAULT_ASSIGNMENT || fault == FAULT_INFRA)
		return internal(fault);
	if (f->oom_kills > 0)
		return student(VERDICT_MEMORY_LIMIT, LIMIT_MEMORY);
	if (f->ended_for == LIMIT_OUTPUT || f->out.over || f->err.over)
		return student(VERDICT_OUTPUT_LIMIT, LIMIT_OUTPUT);
	return (struct judgement){ VERDICT_PASSED, FAULT_NONE, LIMIT_NONE };
}

static struct judgement judge(const struct step_spec *spec, const struct comparison *cmp,
			      const struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	struct judgement j = outright(res);
	bool well = ended_well(spec, res);
	if (j.verdict != VERDICT_PASSED || (well && (!cmp->done || cmp->equal)))
		return j;
	if (f->pids_denied > 0)
		return student(VERDICT_PROCESS_LIMIT, LIMIT_PROCESSES);
	if (wrote_too_much(spec, f) || f->full.name)
		return student(VERDICT_DISK_LIMIT, LIMIT_DISK);
	if (time_over(res) != LIMIT_NONE)
		return student(VERDICT_TIME_LIMIT, time_over(res));
	if (!well)
		return student(spec->kind == STEP_BUILD ? VERDICT_COMPILE_ERROR :
							  VERDICT_RUNTIME_ERROR,
			       LIMIT_NONE);
	return student(VERDICT_WRONG_ANSWER, LIMIT_NONE);
}

/* A step earns all its points or none; the points of an ungraded step are unknown, not 0. */
static double points_of(enum verdict verdict, double max)
{
	if (isnan(max) || verdict == VERDICT_INTERNAL_ERROR)
		return NAN;
	return verdict == VERDICT_PASSED ? max : 0;
}

void verdict_step(const struct step_spec *spec, const struct comparison *cmp,
		  struct step_result *res)
{
	struct judgement j = judge(spec, cmp, res);
	res->verdict = j.verdict;
	res->fault = j.fault;
	res->limit_hit = j.limit;
	res->max_points = spec->points;
	res->points = points_of(j.verdict, spec->points);
	words_of_step(spec, cmp, res);
}

void verdict_skip(const struct step_spec *spec, const char *because, struct step_result *res)
{
	res->verdict = VERDICT_SKIPPED;
	res->fault = FAULT_NONE;
	res->limit_hit = LIMIT_NONE;
	res->max_points = spec->points;
	res->points = points_of(VERDICT_SKIPPED, spec->points);
	words_say(res, "not run: %s", because);
}

bool verdict_needs_output(const struct step_spec *spec, const struct step_result *res)
{
	return outright(res).verdict == VERDICT_PASSED && ended_well(spec, res);
}

static void add_points(double *sum, double points)
{
	if (isnan(points))
		return;
	*sum = isnan(*sum) ? points : *sum + points;
}

/* Rounds, so that ten times 0.1 is 1 in any order of the tests. NaN stays. */
static double rounded(double points)
{
	return round(points * 1e6) / 1e6;
}

void verdict_run(struct run_result *run)
{
	const struct step_result *decides = NULL;
	run->score = run->max_score = NAN;
	for (size_t i = 0; i < run->n_steps; i++) {
		const struct step_result *s = &run->steps[i];
		add_points(&run->score, s->points);
		add_points(&run->max_score, s->max_points);
		if (s->verdict == VERDICT_PASSED || s->verdict == VERDICT_SKIPPED)
			continue;
		if (!decides || (s->verdict == VERDICT_INTERNAL_ERROR &&
				 decides->verdict != VERDICT_INTERNAL_ERROR))
			decides = s;
	}
	run->score = rounded(run->score);
	run->max_score = rounded(run->max_score);
	run->verdict = decides ? decides->verdict : VERDICT_PASSED;
	run->fault = decides ? decides->fault : FAULT_NONE;
	if (run->fault == FAULT_ASSIGNMENT || run->fault == FAULT_INFRA)
		run->score = NAN;
}
