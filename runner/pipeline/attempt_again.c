/* attempt_again.c - when a step is run once more, and which of its two runs counts.
 *
 * A verdict must not depend on the neighbours: a step that was ended above its limit beside other
 * boxes, or is above it by less than a tenth, may stay below it alone. An endless loop that ran
 * alone would not.
 */
#include "pipeline/attempt_again.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "container/pressure.h"
#include "result/words.h"

#define RERUNS_MAX 5  /* of a submission */
#define NEAR 0.9      /* of the limit */
#define DISTURBED 0.1 /* of the time another task of the host waited for a processor */
#define SLEPT_CPU 4   /* a step that used a smaller part of its wall time as CPU slept or waited */

/* Above the limit, and the host may be why. */
static bool is_near_cpu(const struct step_result *res)
{
	return res->limit_hit == LIMIT_CPU &&
	       (res->facts.ended_for != LIMIT_CPU || res->facts.beside > 0);
}

/* The kernel does not tell whether it slept or waited for a processor. */
static bool may_have_waited(const struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	return res->limit_hit == LIMIT_WALL && f->waited_ns < 0 && f->cpu_ns >= 0 &&
	       f->cpu_ns < res->limits.v[LIMIT_WALL] / SLEPT_CPU;
}

/* A command may have changed what it cannot find again, and is worth no points. */
bool again_wanted(const struct attempt *a, const struct step_spec *spec,
		  const struct step_result *res)
{
	return spec->kind != STEP_COMMAND && !a->job->first && a->job->reruns < RERUNS_MAX &&
	       res->verdict == VERDICT_TIME_LIMIT && (is_near_cpu(res) || may_have_waited(res));
}

void again_keep(struct job *job, struct step_result *res)
{
	job->first = mem_alloc(sizeof *job->first);
	*job->first = *res;
	job->reruns++;
	memset(res, 0, sizeof *res);
}

void job_done(struct job *job)
{
	if (!job->first)
		return;
	step_facts_done(&job->first->facts);
	free(job->first->reruns);
	free(job->first);
	job->first = NULL;
}

static void add_run(struct buf *b, const struct step_result *r)
{
	const struct {
		const char *key;
		int64_t value;
	} numbers[] = {
		{ "cpu_ns", r->facts.cpu_ns },
		{ "wall_ns", r->facts.wall_ns },
		{ "waited_ns", r->facts.waited_ns },
		{ "beside", r->facts.beside },
	};
	buf_printf(b, "%s{\"verdict\": \"%s\"", b->len > 1 ? ", " : "", verdict_name(r->verdict));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (numbers[i].value < 0)
			buf_printf(b, ", \"%s\": null", numbers[i].key);
		else
			buf_printf(b, ", \"%s\": %" PRId64, numbers[i].key, numbers[i].value);
	buf_str(b, "}");
}

/* The time by which the first one was over its limit. */
static int64_t time_of(const struct step_result *res, enum limit_id limit)
{
	return limit == LIMIT_WALL ? res->facts.wall_ns : res->facts.cpu_ns;
}

void again_choose(struct job *job, struct step_result *res)
{
	struct step_result *first = job->first;
	AUTO_BUF runs = { 0 };
	char one[32], two[32];
	buf_str(&runs, "[");
	add_run(&runs, first);
	add_run(&runs, res);
	buf_str(&runs, "]");
	duration_format(time_of(first, first->limit_hit), one);
	duration_format(time_of(res, first->limit_hit), two);
	/* A run that failed because of the host proves nothing. */
	const bool failed = res->verdict == VERDICT_INTERNAL_ERROR;
	if (failed || time_of(first, first->limit_hit) <= time_of(res, first->limit_hit)) {
		const struct step_result other = *res;
		*res = *first;
		*first = other;
	}
	res->reruns = mem_strdup(runs.data);
	AUTO_FREE char *words = mem_printf(" (run twice, the second time alone: used %s and %s)",
					   one, two);
	if (res->verdict == VERDICT_TIME_LIMIT)
		words_append(res, words);
	job_done(job);
}

/* Did others of the host wait for a processor, for a part of the time that could explain a slow run? */
static bool is_disturbed(const struct attempt *a)
{
	const struct job *job = a->job;
	const int64_t host = pressure_host_ns(), own = pressure_some_ns(a->cell.box.pressure);
	const int64_t elapsed = clock_mono_ns() - job->began_ns;
	if (host < 0 || job->host_waited_ns < 0 || elapsed <= 0)
		return false;
	return (double)(host - job->host_waited_ns - (own > 0 ? own : 0)) >
	       DISTURBED * (double)elapsed;
}

void again_note(const struct attempt *a, struct step_result *res)
{
	const struct step_facts *f = &res->facts;
	const bool ended = f->ended_for == LIMIT_CPU || f->ended_for == LIMIT_WALL;
	const bool close = f->ran && !ended &&
			   (double)f->cpu_ns >= NEAR * (double)res->limits.v[LIMIT_CPU];
	const bool disturbed = res->limit_hit == LIMIT_CPU && (f->beside > 0 || is_disturbed(a));
	res->near_limit = res->reruns || close || disturbed;
	if (disturbed && !res->reruns)
		words_append(res, " (other work kept the host busy)");
}
