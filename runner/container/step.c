/* step.c - one step: request, limits while it runs, what was measured, what it left.
 *
 * The order matters. Clean areas and a cgroup with limits first; then the request, with descriptors
 * for stdio and cgroup, to PID 1; then we read the output and watch the clock, the CPU counter and
 * the OOM event until PID 1 says that the last process is dead. Only then are pipes emptied,
 * counters read and the areas looked at: nobody can change them any more.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "container/control.h"
#include "container/running.h"
#include "model/spec.h"

#define KILL_GRACE_NS (30 * NSEC_PER_SEC)
#define CPU_LOOK_MIN_NS (NSEC_PER_SEC / 500)
#define CPU_LOOK_MAX_NS NSEC_PER_SEC
/* What a short step prints fits in the pipes and is read when it is over: one waking up less. */
#define UNREAD_NS (NSEC_PER_SEC / 1000)

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
		int bad = r->step->fresh ? area_renew(&opt->areas[i], running_area_bytes(r, i),
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

/* --- while it runs ------------------------------------------------------------------------ */

/* With an engine for each step, until it has started one: time and output are not the step's. */
static bool is_starting(const struct running *r)
{
	return r->channel->memory_overhead && !r->greeted;
}

static void kill_step(struct running *r, enum limit_id why)
{
	if (r->killed || r->done)
		return;
	/* A step may have made PID 1 the last to be scheduled. */
	if (r->box->init_pid > 0) /* 0: a PID 1 for one step, which goes with it */
		sched_restore(r->box->init_pid, &r->box->sched);
	r->channel->kill(r);
	r->killed = true;
	r->killed_ns = clock_mono_ns();
	r->facts->ended_for = is_starting(r) ? LIMIT_NONE : why;
}

/* One OOM kill ends the step: version 2 does it itself (memory.oom.group), version 1 announces the
 * OOM before it kills. */
static void look_at_oom(struct running *r)
{
	uint64_t events;
	r->oom_near = read(r->cgroup->oom_event, &events, sizeof events) > 0 || r->oom_near;
	if (step_cgroup_oom_kills(r->cgroup) <= 0)
		return;
	r->oom_near = false;
	kill_step(r, LIMIT_NONE);
}

/* A step that is a little above the limit goes on to its end, so that it is known how far it is. */
static int64_t cpu_end(const struct limits *l)
{
	return l->v[LIMIT_CPU] + l->v[LIMIT_CPU] / 10;
}

/* All processors together cannot use @left before then. */
static void plan_cpu_look(struct running *r, int64_t now, int64_t left)
{
	int64_t wait = left / r->box->processors;
	wait = wait < CPU_LOOK_MIN_NS ? CPU_LOOK_MIN_NS : wait;
	r->next_cpu_ns = now + (wait > CPU_LOOK_MAX_NS ? CPU_LOOK_MAX_NS : wait);
}

static int look_at_start(struct running *r, struct err *err)
{
	const struct box *b = r->box;
	if (engine_clock_left(&r->starting, b->engine_pid) > 0)
		return 0;
	return err_set_code(err, "engine.timeout", FAULT_INFRA, 0,
			    "engine '%s': did not start the box of step '%s' within %d s; repair this "
			    "engine, set MOULETTE_ENGINE to another one or, on a slow machine, raise "
			    "--time-factor", b->opt.engine->name, r->step->spec->name,
			    box_start_ms(b) / 1000);
}

static int look_at_clocks(struct running *r, int64_t now, struct err *err)
{
	const struct limits *l = &r->step->spec->limits;
	if (is_starting(r))
		return look_at_start(r, err);
	if (running_wall_is_over(r, now))
		kill_step(r, LIMIT_WALL);
	if (r->oom_near)
		look_at_oom(r);
	if (now < r->next_cpu_ns)
		return 0;
	int64_t used = step_cgroup_cpu_ns(r->cgroup);
	if (used < 0)
		return err_set(err, FAULT_INFRA, 0, "cannot read the cpu time of cgroup '%s'",
			       r->cgroup->group);
	int64_t left = cpu_end(l) - used;
	if (left < 0)
		kill_step(r, LIMIT_CPU);
	plan_cpu_look(r, now, left);
	return 0;
}

static struct timespec time_to_wait(const struct running *r, int64_t now)
{
	int64_t until = r->next_cpu_ns;
	if (now < r->start_ns + UNREAD_NS && until > r->start_ns + UNREAD_NS)
		until = r->start_ns + UNREAD_NS;
	if (r->wall_due_ns < until)
		until = r->wall_due_ns + 1;
	int64_t wait = until > now ? until - now : 0;
	if (r->oom_near && wait > CPU_LOOK_MIN_NS)
		wait = CPU_LOOK_MIN_NS;
	if (r->killed)
		wait = NSEC_PER_SEC;
	if (is_starting(r) && wait < CPU_LOOK_MAX_NS)
		wait = CPU_LOOK_MAX_NS;
	return (struct timespec){ wait / NSEC_PER_SEC, wait % NSEC_PER_SEC };
}

static int read_stream(struct running *r, struct capture *c, struct err *err)
{
	int got = capture_read(c, r->step->sink, r->step->sink_ctx, err);
	if (got < 0)
		return -1;
	if (c->over)
		kill_step(r, LIMIT_OUTPUT);
	if (got == 0)
		fd_close(&c->read_fd);
	return 0;
}

static void hear_caller(struct running *r)
{
	int signo = control_hear(r->step->kill_fd, &r->caller_fd, r->step->number);
	if (signo == 0)
		return;
	int (*const to_step)(struct running *, int) = r->channel->signal;
	control_answer(&r->caller_fd, r->killed ? ESRCH : to_step ? to_step(r, signo) : EOPNOTSUPP);
}

enum { P_SOCKET, P_ENGINE, P_INTERRUPT, P_OUT, P_ERR, P_FEED, P_OOM, P_CALLER, P_COUNT };

static int handle(struct running *r, const struct pollfd *p, struct err *err)
{
	if (p[P_INTERRUPT].revents)
		return err_set_code(err, "interrupted", FAULT_NONE, 0, "interrupted");
	if (p[P_OUT].revents && read_stream(r, &r->out, err) < 0)
		return -1;
	if (p[P_ERR].revents && read_stream(r, &r->err, err) < 0)
		return -1;
	if (p[P_FEED].revents && running_feed(r, err) < 0)
		return -1;
	if (p[P_OOM].revents)
		look_at_oom(r);
	if (p[P_CALLER].revents)
		hear_caller(r);
	if (p[P_SOCKET].revents)
		r->channel->take_reply(r);
	else if (p[P_ENGINE].revents)
		r->box->dead = true;
	return 0;
}

static int watch(struct running *r, struct err *err)
{
	while (!r->done) {
		int64_t now = clock_mono_ns();
		if (!r->killed && look_at_clocks(r, now, err) < 0)
			return -1;
		if (r->killed && now - r->killed_ns > (int64_t)((double)KILL_GRACE_NS *
							r->box->opt.patience))
			return running_gone(r, "the box did not answer", err);
		struct timespec wait = time_to_wait(r, now);
		bool unread = now < r->start_ns + UNREAD_NS;
		struct pollfd p[P_COUNT] = {
			[P_SOCKET] = { .fd = r->channel->fd(r), .events = POLLIN },
			/* Killed with its step, an engine of one step may end before the last writer of
			 * its reply does. */
			[P_ENGINE] = { .fd = r->killed && r->channel->memory_overhead ?
						     -1 : r->box->engine_fd, .events = POLLIN },
			[P_INTERRUPT] = { .fd = r->box->opt.interrupt_fd, .events = POLLIN },
			[P_OUT] = { .fd = unread ? -1 : r->out.read_fd, .events = POLLIN },
			[P_ERR] = { .fd = unread ? -1 : r->err.read_fd, .events = POLLIN },
			[P_FEED] = { .fd = r->feed_fd, .events = POLLOUT },
			[P_OOM] = { .fd = r->cgroup->oom_event, .events = POLLIN },
			[P_CALLER] = { .fd = r->caller_fd < 0 ? r->step->kill_fd : r->caller_fd,
				       .events = POLLIN },
		};
		alive_for(r->box->opt.alive, clock_ns(wait));
		if (ppoll(p, P_COUNT, &wait, NULL) < 0 && errno != EINTR)
			return err_set(err, FAULT_INFRA, errno, "cannot wait for a step");
		if (handle(r, p, err) < 0)
			return -1;
		if (r->box->dead)
			return running_gone(r, "the box ended", err);
	}
	return 0;
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

static int run(struct running *r, struct err *err)
{
	const struct limits *l = &r->step->spec->limits;
	if (prepare_areas(r, err) < 0 || prepare_cgroup(r, err) < 0 || running_open_input(r, err) < 0 ||
	    open_output(r, err) < 0 || r->channel->begin(r, err) < 0)
		return -1;
	plan_cpu_look(r, r->start_ns, cpu_end(l));
	int bad = watch(r, err);
	/* PID 1 may have died because of what the step did: the counters tell. */
	if (bad && !interrupted(err) && r->box->dead)
		running_counts(r);
	if (bad == 0 && (drain(r, err) < 0 || running_facts(r, err) < 0))
		bad = -1;
	/* Whatever failed, the step may still run: nothing else may run in this box. */
	if (bad)
		r->box->dead = true;
	if (is_starting(r))
		r->out.over = r->err.over = false;
	capture_facts(&r->out, &r->facts->out);
	capture_facts(&r->err, &r->facts->err);
	return bad;
}

int box_run(struct box *b, const struct box_step *step, struct step_facts *ret, struct err *err)
{
	struct running r = { .box = b, .step = step, .facts = ret, .stdin_fd = -1, .feed_fd = -1,
			     .input_fd = -1, .caller_fd = -1, .out = { .read_fd = -1, .write_fd = -1 },
			     .err = { .read_fd = -1, .write_fd = -1 } };
	r.own.oom_event = -1;
	r.channel = b->opt.engine->inherits_fds ? &channel_socket : &channel_once;
	struct err trouble = { 0 };
	int bad = b->dead ? running_gone(&r, "the box had ended", &trouble) : run(&r, &trouble);
	r.channel->end(&r);
	fd_close(&r.stdin_fd);
	fd_close(&r.feed_fd);
	fd_close(&r.input_fd);
	fd_close(&r.caller_fd);
	capture_close(&r.out);
	capture_close(&r.err);
	step_cgroup_close(&r.own);
	if (bad && interrupted(&trouble)) {
		*err = trouble;
		return -1;
	}
	if (bad)
		step_facts_failed(ret, &trouble);
	return 0;
}
