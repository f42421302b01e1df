/* attempt.c - runs the steps of one submission in its box, and judges them. */
#include "pipeline/attempt.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "pipeline/attempt_again.h"
#include "pipeline/attempt_box.h"
#include "pipeline/attempt_compiler.h"
#include "pipeline/attempt_explain.h"
#include "pipeline/attempt_run.h"
#include "pipeline/judge.h"
#include "pipeline/peers.h"
#include "submission/assignment.h"

struct probe {
	char line[256]; /* a longer one cannot be the one that is looked for */
	size_t len;
	int state;
	bool found;
};

static int sink_probe(void *ctx, int stream, const void *data, size_t len)
{
	struct probe *p = ctx;
	const char *text = data;
	for (size_t i = 0; stream == FRAMELOG_STDOUT && i < len; i++) {
		if (text[i] != '\n') {
			if (p->len < sizeof p->line)
				p->line[p->len++] = text[i];
			continue;
		}
		p->found |= assignment_probe_line(&p->state, p->line, p->len);
		p->len = 0;
	}
	return 0;
}

/* Has the Makefile a target `check`? make itself answers, after the build, in a step whose traces
 * are thrown away; whatever the step does, it costs the student nothing. */
static int probe_check(struct attempt *a, bool *ret, struct err *err)
{
	static char *const argv[] = { (char *)"make", (char *)"-pq", (char *)".moulette-none",
				      NULL };
	struct probe probe = { .len = 0 };
	struct step_spec spec = a->plan.steps[0];
	spec.argv = (char **)argv;
	spec.stdin_path = NULL;
	spec.limits.v[LIMIT_OUTPUT] = 64 << 20;
	struct step_facts facts;
	int bad = attempt_ask(a, &spec, sink_probe, &probe, &facts, err);
	step_facts_done(&facts);
	if (bad)
		return -1;
	*ret = probe.found;
	return 0;
}

/* The built-in assignment learns after its build what there is to be tested. */
static int plan_tests(struct attempt *a, struct err *err)
{
	AUTO_FD int fd = -1;
	bool has_check = false;
	if (attempt_assignment(a))
		return 0;
	if (cell_work(&a->cell, &fd, err) < 0)
		return -1;
	if (!assignment_wants_probe(NULL, fd))
		return 0;
	if (probe_check(a, &has_check, err) < 0)
		return -1;
	if (!has_check)
		return 0;
	if (attempt_plan(a, true, err) < 0)
		return -1;
	live_plan(a->job->live, &a->plan);
	/* The point moved from the build to the test. */
	struct step_result *build = a->job->result->n_steps ? &a->job->result->steps[0] : NULL;
	if (build)
		judge_step(a->job->log, &a->plan.steps[0], build, NULL);
	return 0;
}

/* Files are laid again here and not before the next step, because in a second box the next step
 * may be any step of the plan. */
static int build_over(struct attempt *a, struct err *err)
{
	if (a->cell.areas[AREA_WORK].frozen || a->job->command)
		return 0;
	if (attempt_lay_files(a, err) < 0 || cell_freeze(&a->cell, err) < 0)
		return -1;
	return plan_tests(a, err);
}

/* Steps of kind test run fresh; a lone command runs in the work folder itself. */
static int before_step(struct attempt *a, size_t i, struct err *err)
{
	if (a->plan.steps[i].kind == STEP_TEST)
		return build_over(a, err);
	return i > 0 ? attempt_lay_files(a, err) : 0;
}

static void skip_from(struct attempt *a, size_t i, const char *because)
{
	for (; i < a->plan.n; i++) {
		struct step_result *res = run_result_add(a->job->result);
		res->name = mem_strdup(a->plan.steps[i].name);
		res->kind = a->plan.steps[i].kind;
		res->limits = a->plan.steps[i].limits;
		verdict_skip(&a->plan.steps[i], because, res);
	}
}

/* A box that died for no reason that the kernel counted gets a second chance; the same step again
 * is told by name, as it may have been provoked. */
static bool try_again(struct attempt *a, const struct step_result *res, bool *ret_again)
{
	const struct err *trouble = res->facts.trouble;
	if (!res->facts.box_failed)
		return false;
	/* An engine that hangs would hang as long once more. */
	if (trouble && strcmp(trouble->code, "engine.timeout") == 0)
		return false;
	if (res->fault == FAULT_INFRA && ++a->job->failures < BOX_FAILURES_MAX) {
		*ret_again = true;
		return true;
	}
	return false;
}

/* A program that `files` laid into the work folder is the assignment's, not the student's. */
static bool is_laid(const struct attempt *a, const char *program)
{
	const struct assignment *asg = attempt_assignment(a);
	program = attempt_within_work(program);
	for (size_t i = 0; asg && i < asg->n_files; i++) {
		const char *to = attempt_within_work(asg->files[i].to);
		size_t len = strlen(to);
		while (len > 0 && to[len - 1] == '/')
			len--;
		if (len > 0 && strncmp(program, to, len) == 0 &&
		    (program[len] == '\0' || program[len] == '/'))
			return true;
	}
	return false;
}

/* The clock of the step begins when its peers are ready. If they cannot get ready, the step counts
 * as not run, for a reason that is not the student's. */
static int run_among_peers(struct attempt *a, size_t i, char note[PEERS_NOTE_MAX],
			   struct step_facts *facts, struct err *err)
{
	const struct step_spec *spec = &a->plan.steps[i];
	struct peers peers;
	struct err trouble = { 0 };
	if (spec->n_peers == 0)
		return attempt_run_planned(a, i, facts, err);
	int bad = peers_start(a, spec, &peers, &trouble);
	if (bad && strcmp(trouble.code, "interrupted") == 0) {
		*err = trouble;
	} else if (bad) {
		step_facts_failed(facts, &trouble);
		bad = 0;
	} else {
		a->peers = &peers;
		bad = attempt_run_planned(a, i, facts, err);
		a->peers = NULL;
		peers_note(&peers, note);
	}
	peers_end(&peers);
	return bad;
}

/* The student's step met a failure of the host, and is judged as one. */
static int blame_host(struct job *job, const struct step_spec *spec, const struct err *why,
		      struct step_result *res, struct err *err)
{
	res->facts.pids_denied = 0;
	step_facts_failed(&res->facts, why);
	return judge_step(job->log, spec, res, err);
}

/* Another group's limit of processes is not the step's. */
static int blame_group_around(struct job *job, const struct step_spec *spec,
			      struct step_result *res, struct err *err)
{
	struct err why = { 0 };
	err_set_code(&why, "host.processes", FAULT_INFRA, 0,
		     "a cgroup above the boxes has reached its limit of processes "
		     "(pids.max, TasksMax), so step '%s' could not start a process "
		     "within its own limit",
		     spec->name);
	return blame_host(job, spec, &why, res, err);
}

/* @ret_again: it is to be run again, without words that the compiler lacks. */
static int doubt_compiler(struct attempt *a, size_t i, struct step_result *res, bool *ret_again,
			  struct err *err)
{
	struct err why = { 0 };
	if (attempt_doubt_compiler(a, i, ret_again, &why, err) < 0)
		return -1;
	return why.msg[0] ? blame_host(a->job, &a->plan.steps[i], &why, res, err) : 0;
}

static int run_once(struct attempt *a, size_t i, struct step_result *ret, struct err *err)
{
	const struct step_spec *spec = &a->plan.steps[i];
	struct job *job = a->job;
	char note[PEERS_NOTE_MAX] = "";
	bool again = false;
	attempt_fit_compiler(a, i);
	memset(ret, 0, sizeof *ret);
	ret->kind = spec->kind;
	ret->limits = spec->limits;
	alive_for(job->session->host.alive, 0);
	step_facts_init(&ret->facts);
	ret->facts.log_begin = framelog_mark(job->log);
	live_step(job->live, i, ret->facts.log_begin);
	int bad = run_among_peers(a, i, note, &ret->facts, err);
	a->used = true;
	ret->facts.log_end = framelog_mark(job->log);
	if (ret->facts.exec_in_work && is_laid(a, spec->argv[0]))
		ret->facts.exec_in_work = false;
	attempt_read_hints(a, &ret->facts);
	if (bad || judge_step(job->log, spec, ret, err) < 0) {
		step_facts_done(&ret->facts);
		return -1;
	}
	if (ret->verdict != VERDICT_PASSED && ret->facts.processes_around)
		bad = blame_group_around(job, spec, ret, err);
	else if (ret->verdict == VERDICT_COMPILE_ERROR)
		bad = doubt_compiler(a, i, ret, &again, err);
	if (bad || again)
		step_facts_done(&ret->facts);
	if (bad)
		return -1;
	if (again)
		return run_once(a, i, ret, err);
	attempt_explain(a, spec, ret);
	if (ret->verdict != VERDICT_PASSED && *note)
		attempt_add_words(ret, note);
	return 0;
}

static void keep(struct job *job, const struct step_spec *spec, const struct step_result *res)
{
	struct step_result *to = run_result_add(job->result);
	*to = *res;
	to->name = mem_strdup(spec->name);
}

/* A step left what cannot be set back, @first has another network, or nothing is to be shared: the
 * next ones get another box over the same areas. */
static int renew_box(struct attempt *a, const struct step_spec *first, struct err *err)
{
	cell_stop(&a->cell);
	attempt_want_network(a, first);
	if (cell_renew(&a->cell, err) < 0)
		return -1;
	attempt_tell_box(a);
	a->used = false;
	return 0;
}

static bool wants_new_box(const struct attempt *a, const struct step_spec *s)
{
	const struct session *session = a->session;
	enum isolation how = session->opt.isolation;
	if (how == ISOLATION_UNSET)
		how = session->profile.isolation;
	if (how == ISOLATION_STRICT && s->kind == STEP_TEST && a->used)
		return true;
	return a->cell.box.worn || !attempt_network_fits(a, s);
}

/* @ret_again: the step is a build, and is run once more where nothing of its first run is left. */
static int run_step(struct attempt *a, size_t i, struct step_result *ret, bool *ret_again,
		    struct err *err)
{
	const struct step_spec *spec = &a->plan.steps[i];
	if (run_once(a, i, ret, err) < 0)
		return -1;
	if (again_wanted(a, spec, ret)) {
		again_keep(a->job, ret);
		*ret_again = spec->kind == STEP_BUILD || a->cell.box.dead;
		if (*ret_again)
			return 0;
		if ((wants_new_box(a, spec) && renew_box(a, spec, err) < 0) ||
		    run_once(a, i, ret, err) < 0)
			return -1;
	}
	if (a->job->first)
		again_choose(a->job, ret);
	again_note(a, ret);
	return 0;
}

int attempt_steps(struct attempt *a, bool *ret_again, struct err *err)
{
	struct job *job = a->job;
	*ret_again = false;
	run_result_reserve(job->result, a->plan.n);
	for (size_t i = 0; i < a->plan.n; i++) {
		struct step_result res;
		/* Judged in an earlier box: only builds have to be done again. */
		bool known = i < job->result->n_steps;
		if (known && a->plan.steps[i].kind != STEP_BUILD)
			continue;
		if (wants_new_box(a, &a->plan.steps[i]) && renew_box(a, &a->plan.steps[i], err) < 0)
			return -1;
		if (before_step(a, i, err) < 0 ||
		    (known ? run_once(a, i, &res, err) : run_step(a, i, &res, ret_again, err)) < 0)
			return -1;
		if (*ret_again)
			return 0;
		bool again = try_again(a, &res, ret_again);
		if (!again && !known) {
			keep(job, &a->plan.steps[i], &res);
			job->failures = 0;
		} else {
			step_facts_done(&res.facts);
		}
		if (again)
			return 0;
		if (known && res.verdict != VERDICT_PASSED)
			return err_set_code(
				err, "box.died", FAULT_INFRA, 0,
				"build step '%s' passed in the first box and not in the "
				"second: %s",
				a->plan.steps[i].name, res.message);
		if (res.kind == STEP_BUILD && res.verdict != VERDICT_PASSED) {
			skip_from(a, job->result->n_steps, "the build failed");
			return 0;
		}
		if (a->cell.box.dead && i + 1 < a->plan.n) {
			*ret_again = res.verdict != VERDICT_INTERNAL_ERROR;
			if (!*ret_again)
				skip_from(a, i + 1, "the box ended");
			return 0;
		}
		/* A Makefile without tests still has to be asked for them. */
		if (i + 1 == a->plan.n && res.kind == STEP_BUILD && build_over(a, err) < 0)
			return -1;
	}
	return 0;
}
