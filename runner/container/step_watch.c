/* step_watch.c - what is seen to while steps run: limits, output, input, signals for them.
 *
 * Several steps, each in a box of its own, are watched by one loop: every round waits until something
 * happens to one of them, or until the clock of one is due, and sees to that.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "container/control.h"
#include "container/running.h"

#define KILL_GRACE_NS (30 * NSEC_PER_SEC)
#define CPU_LOOK_MIN_NS (NSEC_PER_SEC / 500)
#define CPU_LOOK_MAX_NS NSEC_PER_SEC
/* What a short step prints fits in the pipes and is read when it is over: one waking up less. */
#define UNREAD_NS (NSEC_PER_SEC / 1000)

bool running_is_starting(const struct running *r)
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
	r->facts->ended_for = running_is_starting(r) ? LIMIT_NONE : why;
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
			    "engine '%s' did not start the box of step '%s' within %d s; "
			    "repair this engine, set MOULETTE_ENGINE to another one or, on a "
			    "slow machine, raise --time-factor",
			    b->opt.engine->name, r->step->spec->name, box_start_ms(b) / 1000);
}

static int look_at_clocks(struct running *r, int64_t now, struct err *err)
{
	const struct limits *l = &r->step->spec->limits;
	if (running_is_starting(r))
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

static int64_t time_to_wait(const struct running *r, int64_t now)
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
	if (running_is_starting(r) && wait < CPU_LOOK_MAX_NS)
		wait = CPU_LOOK_MAX_NS;
	return wait;
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

void running_plan(struct running *r)
{
	plan_cpu_look(r, r->start_ns, cpu_end(&r->step->spec->limits));
}

static void fill(const struct running *r, int64_t now, struct pollfd *p)
{
	const bool unread = now < r->start_ns + UNREAD_NS;
	p[P_SOCKET].fd = r->channel->fd(r);
	/* Killed with its step, an engine of one step may end before the last writer of its reply does. */
	p[P_ENGINE].fd = r->killed && r->channel->memory_overhead ? -1 : r->box->engine_fd;
	p[P_INTERRUPT].fd = r->box->opt.interrupt_fd;
	p[P_OUT].fd = unread ? -1 : r->out.read_fd;
	p[P_ERR].fd = unread ? -1 : r->err.read_fd;
	p[P_FEED].fd = r->feed_fd;
	p[P_OOM].fd = r->cgroup->oom_event;
	p[P_CALLER].fd = r->caller_fd < 0 ? r->step->kill_fd : r->caller_fd;
	for (int i = 0; i < P_COUNT; i++)
		p[i].events = i == P_FEED ? POLLOUT : POLLIN;
}

/* Before the wait. Return: how long it may last. */
static int look(struct running *r, int64_t now, int64_t *ret_wait, struct err *err)
{
	const int64_t grace = (int64_t)((double)KILL_GRACE_NS * r->box->opt.patience);
	if (!r->killed && look_at_clocks(r, now, err) < 0)
		return -1;
	if (r->killed && now - r->killed_ns > grace)
		return running_gone(r, "the box did not respond", err);
	*ret_wait = time_to_wait(r, now);
	return 0;
}

static void fail(struct running *r, const struct err *why)
{
	r->trouble = *why;
	r->failed = r->over = true;
}

static void see_to(struct running *r, const struct pollfd *p)
{
	struct err err = { 0 };
	int bad = handle(r, p, &err);
	if (!bad && r->box->dead)
		bad = running_gone(r, "the box ended", &err);
	if (bad)
		fail(r, &err);
	r->over |= r->done;
}

void steps_watch(struct running *const *all, size_t n, int64_t most_ns)
{
	struct pollfd p[WATCHED_MAX * P_COUNT] = { { 0 } };
	struct running *polled[WATCHED_MAX];
	const int64_t now = clock_mono_ns();
	int64_t wait = most_ns < 0 ? INT64_MAX : most_ns;
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		struct err err = { 0 };
		int64_t own = 0;
		if (all[i]->over)
			continue;
		if (look(all[i], now, &own, &err) < 0) {
			fail(all[i], &err);
			return;
		}
		wait = own < wait ? own : wait;
		fill(all[i], now, &p[k * P_COUNT]);
		polled[k++] = all[i];
	}
	if (k == 0)
		return;
	const struct timespec ts = { wait / NSEC_PER_SEC, wait % NSEC_PER_SEC };
	alive_for(polled[0]->box->opt.alive, wait);
	if (ppoll(p, k * P_COUNT, &ts, NULL) < 0 && errno != EINTR) {
		struct err err = { 0 };
		err_set(&err, FAULT_INFRA, errno, "cannot wait for a step");
		fail(polled[0], &err);
		return;
	}
	for (size_t i = 0; i < k; i++)
		see_to(polled[i], &p[i * P_COUNT]);
}

bool step_is_over(const struct running *r)
{
	return r->over;
}
