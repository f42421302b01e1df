/* result.c - names of verdicts and signals; making and freeing results. */
#include "model/result.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_PASSED] = "passed",
	[VERDICT_WRONG_ANSWER] = "wrong_answer",
	[VERDICT_RUNTIME_ERROR] = "runtime_error",
	[VERDICT_TIME_LIMIT] = "time_limit",
	[VERDICT_MEMORY_LIMIT] = "memory_limit",
	[VERDICT_OUTPUT_LIMIT] = "output_limit",
	[VERDICT_PROCESS_LIMIT] = "process_limit",
	[VERDICT_DISK_LIMIT] = "disk_limit",
	[VERDICT_COMPILE_ERROR] = "compile_error",
	[VERDICT_REFUSED] = "refused",
	[VERDICT_SKIPPED] = "skipped",
	[VERDICT_INTERNAL_ERROR] = "internal_error",
};

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

int verdict_of(const char *name)
{
	for (int i = 0; i < VERDICT_COUNT; i++)
		if (strcmp(name, verdict_names[i]) == 0)
			return i;
	return -1;
}

const char *signal_label(int signo, char buf[16])
{
	const char *name = sigabbrev_np(signo);
	if (name)
		snprintf(buf, 16, "SIG%s", name);
	else if (signo == SIGRTMIN)
		snprintf(buf, 16, "SIGRTMIN");
	else if (signo > SIGRTMIN && signo <= SIGRTMAX)
		snprintf(buf, 16, "SIGRTMIN+%d", signo - SIGRTMIN);
	else
		snprintf(buf, 16, "SIG%d", signo);
	return buf;
}

void step_facts_init(struct step_facts *f)
{
	memset(f, 0, sizeof *f);
	f->exit_code = -1;
	f->wall_ns = f->cpu_ns = f->user_ns = f->system_ns = -1;
	f->memory_peak_bytes = f->rss_peak_bytes = f->processes_peak = -1;
	f->leftovers = f->oom_kills = f->pids_denied = f->throttled_ns = f->waited_ns = f->beside =
		-1;
	f->ended_for = LIMIT_NONE;
	f->out.bytes = f->err.bytes = -1;
}

void step_facts_done(struct step_facts *f)
{
	free(f->network);
	free(f->trouble);
	free(f->exec_note);
	f->network = NULL;
	f->trouble = NULL;
	f->exec_note = NULL;
}

int64_t step_facts_busy_ns(const struct step_facts *f)
{
	return f->wall_ns < 0 || f->waited_ns < 0 ? f->wall_ns : f->wall_ns - f->waited_ns;
}

void step_facts_failed(struct step_facts *f, const struct err *trouble)
{
	f->box_failed = true;
	if (!f->trouble)
		f->trouble = mem_alloc(sizeof *f->trouble);
	*f->trouble = *trouble;
}

void run_result_init(struct run_result *r)
{
	memset(r, 0, sizeof *r);
	snprintf(r->version, sizeof r->version, "%s", MOULETTE_VERSION);
	r->score = r->max_score = r->host_pressure = NAN;
	r->submission.bytes = r->submission.entries = -1;
}

void run_result_reserve(struct run_result *r, size_t n)
{
	if (n <= r->room)
		return;
	r->steps = mem_realloc(r->steps, n * sizeof *r->steps);
	/* Touch the memory now, so that a lack of it shows before the steps run. */
	memset(r->steps + r->n_steps, 0, (n - r->n_steps) * sizeof *r->steps);
	r->room = n;
}

struct step_result *run_result_add(struct run_result *r)
{
	if (r->n_steps == r->room)
		run_result_reserve(r, r->room * 2 + !r->room);
	struct step_result *s = &r->steps[r->n_steps++];
	memset(s, 0, sizeof *s);
	s->points = s->max_points = NAN;
	s->limit_hit = LIMIT_NONE;
	limits_init(&s->limits);
	step_facts_init(&s->facts);
	return s;
}

/* A second box of the same submission finds the same files. */
static bool has_line(const char *lines, const char *name)
{
	const size_t len = strlen(name);
	for (const char *line = lines; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && (line[len] == '\0' || line[len] == '\n'))
			return true;
	}
	return false;
}

void run_result_replaced(struct run_result *r, const char *name)
{
	if (has_line(r->replaced, name))
		return;
	char *longer = r->replaced ? mem_printf("%s\n%s", r->replaced, name) : mem_strdup(name);
	free(r->replaced);
	r->replaced = longer;
}

void run_result_done(struct run_result *r)
{
	free(r->batch);
	free(r->submission.name);
	free(r->submission.file);
	free(r->assignment.name);
	free(r->image.name);
	free(r->image.digest);
	free(r->profile.name);
	free(r->engine.name);
	free(r->engine.version);
	for (size_t i = 0; i < r->n_steps; i++) {
		free(r->steps[i].name);
		free(r->steps[i].group);
		free(r->steps[i].reruns);
		step_facts_done(&r->steps[i].facts);
	}
	free(r->steps);
	for (size_t i = 0; i < r->n_groups; i++)
		free(r->groups[i].name);
	free(r->groups);
	free(r->processors);
	free(r->replaced);
	free(r->log_path);
	run_result_init(r);
}
