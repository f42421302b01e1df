/* step.c - one step from its request to what was measured and what it left.
 *
 * The order matters. Clean areas and a cgroup with limits first; then the request, with descriptors
 * for stdio and cgroup, to PID 1; then step_watch.c reads the output and watches the clock, the CPU
 * counter and the OOM event until PID 1 says that the last process is dead. Only then are pipes emptied,
 * counters read and the areas looked at: nobody can change them any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "container/running.h"
#include "model/spec.h"

static bool interrupted(const struct err *err)
{
	return strcmp(err->code, "interrupted") == 0;
}

uid_t running_owner(const struct running *r)
{
	return r->box->opt.slot->uid_base + SPEC_BOX_UID;
}

int running_gone(const struct running *r, const char *what, struct err *err)
{
	r->box->dead = true;
	return err_set_code(err, "box.died", FAULT_INFRA, 0, "%s while step '%s' ran", what,
			    r->step->spec->name);
}

/* --- before ------------------------------------------------------------------------------- */

int64_t running_area_bytes(const struct running *r, int i)
{
	int64_t disk = r->step->spec->limits.v[LIMIT_DISK];
	int64_t max = r->box->opt.area_max[i];
	return max > 0 && max < disk ? max : disk;
}

static int prepare_areas(struct running *r, struct err *err)
{
	const struct box_options *opt = &r->box->opt;
	for (int i = 0; i < AREA_COUNT; i++) {
		int bad = r->step->fresh ?
				  area_renew(&opt->areas[i], running_area_bytes(r, i),
					     r->box->mnt_ns, opt->own_mnt, err) :
				  area_allow(&opt->areas[i], running_area_bytes(r, i), err);
		if (bad)
			return -1;
	}
	return 0;
}

static int prepare_cgroup(struct running *r, struct err *err)
{
	const struct limits *l = &r->step->spec->limits;
	const struct cgroup_limits lim = {
		.memory_bytes = l->v[LIMIT_MEMORY] + r->channel->memory_overhead,
		.processes = r->channel->memory_overhead ? 0 : l->v[LIMIT_PROCESSES],
	};
	const struct slot *slot = r->box->opt.slot;
	r->cgroup = &r->box->tests;
	if (!r->step->fresh) {
		/* Kept until the box ends: what a build step wrote stays charged to it alone. */
		AUTO_FREE char *group = mem_printf("%s/b%d", slot->group, r->box->builds++);
		if (step_cgroup_open(r->box->opt.host, group, slot->group, &r->own, err) < 0)
			return -1;
		r->cgroup = &r->own;
	}
	return step_cgroup_begin(r->cgroup, &lim, err);
}

static int drain(struct running *r, struct err *err)
{
	struct capture *const both[] = { &r->out, &r->err };
	for (int i = 0; i < 2; i++)
		if (both[i]->read_fd >= 0 &&
		    capture_drain(both[i], r->step->sink, r->step->sink_ctx, err) < 0)
			return -1;
	/* Over the cap only in what was left in the pipe: the step is judged like any other. */
	if ((r->out.over || r->err.over) && r->facts->ended_for == LIMIT_NONE)
		r->facts->ended_for = LIMIT_OUTPUT;
	return 0;
}

/* Both streams: a program may have its stderr where its stdout is. */
static int open_output(struct running *r, struct err *err)
{
	const int64_t cap = r->step->spec->limits.v[LIMIT_OUTPUT];
	const char *drop = r->step->drop;
	uid_t owner = running_owner(r);
	if (capture_open(FRAMELOG_STDOUT, cap, owner, drop, &r->out, err) < 0)
		return -1;
	return capture_open(FRAMELOG_STDERR, cap, owner, drop, &r->err, err);
}

/* @in, @out: in the place of an input of the step's own, and of reading what it prints; -1: neither. */
static int join(struct running *r, int in, int out, struct err *err)
{
	if (r->channel->memory_overhead && (in >= 0 || out >= 0))
		return err_set(err, FAULT_USAGE, 0,
			       "engine '%s' cannot connect boxes with pipes; use crun or runc",
			       r->box->opt.engine->name);
	if ((in < 0 ? running_open_input(r, err) : 0) < 0 || open_output(r, err) < 0)
		return -1;
	if (in >= 0)
		r->stdin_fd = fcntl(in, F_DUPFD_CLOEXEC, 0);
	if (out >= 0) {
		capture_close(&r->out);
		r->out.write_fd = fcntl(out, F_DUPFD_CLOEXEC, 0);
	}
	return r->out.write_fd < 0 || r->stdin_fd < 0 ?
		       err_set(err, FAULT_INFRA, errno, "cannot give a pipe to the box") :
		       0;
}

static int begin(struct running *r, int in, int out, struct err *err)
{
	if (r->box->dead)
		return running_gone(r, "the box had ended", err);
	if (prepare_areas(r, err) < 0 || prepare_cgroup(r, err) < 0 || join(r, in, out, err) < 0 ||
	    r->channel->begin(r, err) < 0)
		return -1;
	/* Another box waits until the last one who could write is gone. */
	if (out >= 0)
		fd_close(&r->out.write_fd);
	running_plan(r);
	r->began = true;
	return 0;
}

struct running *step_start(struct box *b, const struct box_step *step, int stdin_fd, int stdout_fd,
			   struct step_facts *facts)
{
	struct running *r = mem_alloc(sizeof *r);
	*r = (struct running){ .box = b,
			       .step = step,
			       .facts = facts,
			       .stdin_fd = -1,
			       .feed_fd = -1,
			       .input_fd = -1,
			       .caller_fd = -1,
			       .out = { .read_fd = -1, .write_fd = -1 },
			       .err = { .read_fd = -1, .write_fd = -1 } };
	r->own.oom_event = -1;
	r->channel = b->opt.engine->inherits_fds ? &channel_socket : &channel_once;
	r->failed = r->over = begin(r, stdin_fd, stdout_fd, &r->trouble) < 0;
	return r;
}

/* All processes are dead, or the box is of no use any more. */
static int find_facts(struct running *r, struct err *err)
{
	int bad = r->failed ? -1 : 0;
	/* PID 1 may have died because of what the step did: the counters tell. */
	if (bad && !interrupted(err) && r->box->dead)
		running_counts(r);
	if (!bad && (drain(r, err) < 0 || running_facts(r, err) < 0))
		bad = -1;
	/* Whatever failed, the step may still run: nothing else may run in this box. */
	if (bad)
		r->box->dead = true;
	if (running_is_starting(r))
		r->out.over = r->err.over = false;
	capture_facts(&r->out, &r->facts->out);
	capture_facts(&r->err, &r->facts->err);
	return bad;
}

static void end(struct running *r)
{
	r->channel->end(r);
	fd_close(&r->stdin_fd);
	fd_close(&r->feed_fd);
	fd_close(&r->input_fd);
	fd_close(&r->caller_fd);
	capture_close(&r->out);
	capture_close(&r->err);
	step_cgroup_close(&r->own);
	free(r);
}

int step_finish(struct running *r, struct err *err)
{
	struct err trouble = r->trouble;
	struct step_facts *facts = r->facts;
	int bad = r->began ? find_facts(r, &trouble) : -1;
	end(r);
	if (bad && interrupted(&trouble)) {
		*err = trouble;
		return -1;
	}
	if (bad)
		step_facts_failed(facts, &trouble);
	return 0;
}

void step_abandon(struct running *r)
{
	r->box->dead = true;
	end(r);
}
