/* step_facts.c - what is known of a step when its last process is dead, and what it left. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "container/running.h"
#include "container/traces.h"
#include "model/spec.h"

static void explain_exec(struct running *r)
{
	static const char work[] = SPEC_WORK_PATH "/";
	struct step_facts *f = r->facts;
	const char *path = r->step->spec->argv[0];
	const char *words = NULL;
	char name[INIT_NOTE_MAX];
	f->exec_in_work = strchr(path, '/') && !strstr(path, "../") &&
			  (path[0] != '/' || strncmp(path, work, sizeof work - 1) == 0);
	err_escape(name, sizeof name, r->reply.note, strnlen(r->reply.note, INIT_NOTE_MAX));
	if (r->reply.note_kind == INIT_NOTE_CARRIAGE)
		words = "Windows line endings (CRLF): the first line ends in a carriage "
			"return; save it with Unix line endings";
	else if (r->reply.note_kind == INIT_NOTE_INTERPRETER)
		f->exec_note = mem_printf("the first line names '%.120s', which does not exist",
					  name);
	else if (r->reply.note_kind == INIT_NOTE_LOADER)
		words = "its dynamic loader is not in the image";
	else if (r->reply.note_kind == INIT_NOTE_FOREIGN)
		words = "built for another processor architecture";
	if (words)
		f->exec_note = mem_strdup(words);
}

/* user and system as wait4 saw their share, of the sum that the kernel counted for the group. */
static void share_cpu(struct step_facts *f, uint64_t user_us, uint64_t system_us)
{
	int64_t user = (int64_t)user_us * 1000, system = (int64_t)system_us * 1000;
	if (f->cpu_ns < 0)
		f->cpu_ns = user + system;
	f->user_ns = user + system > 0 ?
			     (int64_t)((double)f->cpu_ns * (double)user / (double)(user + system)) :
			     0;
	f->system_ns = f->cpu_ns - f->user_ns;
}

/* Of a process that is gone the kernel tells no more: what was last known is kept. */
static void take_waited(struct running *r)
{
	struct step_facts *f = r->facts;
	const int64_t waited = running_waited(r);
	if (waited >= 0)
		f->waited_ns = waited < f->wall_ns || f->wall_ns < 0 ? waited : f->wall_ns;
}

static void take_facts(struct running *r)
{
	struct step_facts *f = r->facts;
	const struct init_done *d = &r->reply;
	f->ran = true;
	f->exec_stage = (enum exec_stage)d->stage;
	f->exec_errno = d->error;
	if (d->stage == INIT_STAGE_EXEC)
		explain_exec(r);
	if (d->stage == INIT_STAGE_NONE && WIFSIGNALED(d->status))
		f->signal = WTERMSIG(d->status);
	else if (d->stage == INIT_STAGE_NONE)
		f->exit_code = WEXITSTATUS(d->status);
	f->wall_ns = (int64_t)d->wall_ns;
	take_waited(r);
	/* Our clock begins before the step's: one that ended by itself in time was in time. */
	if (f->ended_for == LIMIT_WALL && d->stage == INIT_STAGE_NONE && f->signal != SIGKILL &&
	    step_facts_busy_ns(f) <= r->step->spec->limits.v[LIMIT_WALL])
		f->ended_for = LIMIT_NONE;
	f->leftovers = d->leftovers;
	f->rss_peak_bytes = (int64_t)d->rss_peak_kib * 1024;
}

static int count(struct running *r, struct err *err)
{
	struct cgroup_counters c;
	if (step_cgroup_end(r->cgroup, &c, err) < 0)
		return -1;
	if (c.short_around)
		return err_set_code(
			err, "host.memory", FAULT_INFRA, 0,
			"the host ran out of memory: its kernel killed processes of step "
			"'%s', which was within its limit",
			r->step->spec->name);
	struct step_facts *f = r->facts;
	f->memory_peak_bytes = c.memory_peak_bytes;
	/* The engine's threads are no processes of the step. */
	f->processes_peak = r->channel->memory_overhead ? -1 : c.processes_peak;
	f->oom_kills = c.oom_kills;
	f->pids_denied = r->channel->memory_overhead ? -1 : c.pids_denied;
	f->processes_around = c.processes_around && !r->channel->memory_overhead;
	f->cpu_ns = c.cpu_ns;
	f->throttled_ns = c.throttled_ns;
	if (f->ended_for == LIMIT_WALL && f->overloaded)
		return err_set_code(
			err, "host.overloaded", FAULT_INFRA, 0,
			"the host was too busy: step '%s' waited %.1f s for a processor, more "
			"than %d times its wall limit; grade it again when the host is idle",
			r->step->spec->name, (double)f->waited_ns / 1e9, WAITED_MAX);
	share_cpu(f, r->reply.user_us, r->reply.system_us);
	return 0;
}

/* The first one that is full: what came after may be its consequence. */
static void note_full(struct running *r, int i)
{
	static const char *const names[AREA_COUNT] = { [AREA_WORK] = "the work folder",
						       [AREA_TMP] = "/tmp",
						       [AREA_SHM] = "/dev/shm" };
	struct full_place *full = &r->facts->full;
	const enum area_fill fill = area_fill(&r->box->opt.areas[i]);
	if (fill != AREA_HAS_ROOM && !full->name)
		*full = (struct full_place){ names[i], fill == AREA_NO_BLOCKS ?
							       running_area_bytes(r, i) :
							       0 };
}

static int clean_up(struct running *r, struct err *err)
{
	struct area *areas = r->box->opt.areas;
	if (r->step->fresh)
		areas_check(areas, AREA_COUNT);
	/* What a test has not touched is as large as its limit. */
	for (int i = 0; i < AREA_COUNT; i++)
		if (!r->step->fresh || areas[i].dirty)
			note_full(r, i);
	if (r->box->init_pid == 0)
		return 0; /* PID 1 and its namespaces went with the step */
	sched_restore(r->box->init_pid, &r->box->sched);
	return traces_clean(r->box, r->facts, err);
}

void running_counts(struct running *r)
{
	struct cgroup_counters c;
	step_cgroup_look(r->cgroup, &c);
	r->facts->oom_kills = c.short_around ? 0 : c.oom_kills;
	r->facts->pids_denied = r->channel->memory_overhead ? -1 : c.pids_denied;
}

int running_facts(struct running *r, struct err *err)
{
	take_facts(r);
	if (count(r, err) < 0)
		return -1;
	return clean_up(r, err);
}
