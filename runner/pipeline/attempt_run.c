/* attempt_run.c - runs one step in the box of an attempt, beside the peers of its test. */
#include "pipeline/attempt_run.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "pipeline/peers.h"

static int sink_log(void *ctx, int stream, const void *data, size_t len)
{
	struct job *job = ctx;
	uint32_t step = (uint32_t)job->result->n_steps;
	return framelog_add(job->log, step, stream, data, len);
}

/* The peers of a test are a part of it, and run while it does. */
static int run_in_turn(struct attempt *a, const struct box_step *step, bool alone,
		       struct step_facts *facts, struct err *err)
{
	const struct session *s = a->session;
	struct running *all[WATCHED_MAX];
	struct turn turn;
	if (turn_begin(&s->turns, a->cell.slot.number, alone, a->job->live->control.stop_fd,
		       s->host.alive, &turn, err) < 0)
		return -1;
	all[0] = cell_start(&a->cell, step, -1, -1, facts);
	cells_wait(all, 1 + (a->peers ? peers_running(a->peers, all + 1) : 0), all[0]);
	const int bad = cell_finish(&a->cell, all[0], facts, err);
	facts->beside = turn_end(&s->turns, &turn);
	return bad;
}

/* @to: the sink of its output and, for a step of the plan, its number and the source of signals. */
static int run_in_box(struct attempt *a, const struct step_spec *spec, const struct box_step *to,
		      bool alone, struct step_facts *facts, struct err *err)
{
	const struct session *s = a->session;
	AUTO_STRV env = cell_base_env(&a->cell);
	env_set_all(&env, spec->env);
	env_set_all(&env, s->opt.env);
	AUTO_FREE char *drop = runtimes_env(&s->runtimes, spec, &env);
	struct box_step step = *to;
	step.spec = spec;
	step.env = env;
	step.fresh = a->cell.areas[AREA_WORK].frozen;
	step.drop = drop;
	return run_in_turn(a, &step, alone, facts, err);
}

int attempt_run_planned(struct attempt *a, size_t i, struct step_facts *facts, struct err *err)
{
	const struct box_step to = { .sink = sink_log,
				     .sink_ctx = a->job,
				     .number = (uint32_t)i,
				     .kill_fd = a->job->live->control.kill_fd };
	return run_in_box(a, &a->plan.steps[i], &to, a->job->first != NULL, facts, err);
}

int attempt_ask(struct attempt *a, const struct step_spec *spec, capture_sink_fn *sink, void *ctx,
		struct step_facts *ret, struct err *err)
{
	const struct box_step to = { .sink = sink, .sink_ctx = ctx, .kill_fd = -1 };
	step_facts_init(ret);
	if (run_in_box(a, spec, &to, false, ret, err) < 0)
		return -1;
	if (!ret->box_failed)
		return 0;
	*err = *ret->trouble;
	return -1;
}
