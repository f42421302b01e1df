/* test_container_step_watch.c - what ends a step while it runs: its limits, its box, our caller. */
#include "test_container_running.h"

#include "base/buf.h"

static struct fake f;
static int kills;

/* A PID 1 that answers through a pipe: "d" it is done, "x" the box is dead. */
static void take_reply(struct running *r)
{
	char c = 'x';
	(void)!read(r->box->socket, &c, 1);
	r->done = c == 'd';
	r->box->dead = c == 'x';
}

static void count_kill(struct running *r)
{
	(void)r;
	kills++;
}

static int reply_fd(const struct running *r)
{
	return r->box->socket;
}

static const struct channel fake_channel = { .kill = count_kill,
					     .fd = reply_fd,
					     .take_reply = take_reply };
static const struct channel slow_channel = {
	.memory_overhead = 1, .kill = count_kill, .fd = reply_fd, .take_reply = take_reply
};

static int sink(void *ctx, int stream, const void *data, size_t len)
{
	(void)stream;
	buf_add(ctx, data, len);
	return 0;
}

static void make(const struct channel *channel)
{
	fake_make(&f, channel);
	kills = 0;
	f.step.sink = sink;
	for (int i = 0; i < LIMIT_COUNT; i++)
		f.spec.limits.v[i] = 1000 * NSEC_PER_SEC;
	f.cgroup.before = (struct cgroup_counters){ .cpu_ns = 0, .oom_kills = 0 };
	f.cgroup.files[CG_FILE_CPU] = counter("0\n");
	f.cgroup.files[CG_FILE_OOM] = counter("oom_kill 0\n");
	running_start_clock(&f.r);
	running_plan(&f.r);
}

static void setup(void)
{
	make(&fake_channel);
}

static int readable(const char *text)
{
	int fds[2];
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(fd_write_all(fds[1], text, strlen(text)), 0);
	close(fds[1]);
	return fds[0];
}

static void watch(void)
{
	struct running *all[] = { &f.r };
	steps_watch(all, 1, 0);
}

/* ---- what happens ---- */

enum what { REPLY, DEATH, ENGINE, ENGINE_AND_REPLY, INTERRUPT };

static const struct {
	const char *label;
	enum what what;
	bool failed;
	const char *code, *why;
} events[] = {
	{ "an answer", REPLY, false, "", "" },
	{ "no answer", DEATH, true, "box.died", "the box ended while step 'unit' ran" },
	{ "the engine's end", ENGINE, true, "box.died", "the box ended while step 'unit' ran" },
	{ "an answer beside it", ENGINE_AND_REPLY, false, "", "" },
	{ "our caller", INTERRUPT, true, "interrupted", "interrupted" },
};

START_TEST(an_event)
{
	const enum what what = events[_i].what;
	if (what == REPLY || what == ENGINE_AND_REPLY)
		f.box.socket = readable("d");
	if (what == DEATH)
		f.box.socket = readable("");
	if (what == ENGINE || what == ENGINE_AND_REPLY)
		f.box.engine_fd = readable("");
	if (what == INTERRUPT)
		f.box.opt.interrupt_fd = readable("x");
	watch();
	ck_assert_msg(step_is_over(&f.r), "%s", events[_i].label);
	ck_assert_msg(f.r.failed == events[_i].failed, "%s: %s", events[_i].label, f.r.trouble.msg);
	ck_assert_str_eq(f.r.trouble.code, events[_i].code);
	ck_assert_str_eq(f.r.trouble.msg, events[_i].why);
	ck_assert_int_eq(kills, 0);
	watch(); /* one that is over is passed over */
	ck_assert_msg(f.r.failed == events[_i].failed, "%s", events[_i].label);
}
END_TEST

START_TEST(nothing_happens)
{
	watch();
	ck_assert(!step_is_over(&f.r) && !f.r.killed);
	steps_watch(NULL, 0, -1); /* no step is no wait */
}
END_TEST

/* ---- limits ---- */

/* A tenth above the limit is let go on, so that it is known how far it would have been. */
static const struct {
	const char *label, *cpu, *oom;
	int64_t due; /* relative to now */
	enum limit_id ended_for;
	int kills;
} limits[] = {
	{ "within all", "1099999999\n", "oom_kill 0\n", NSEC_PER_SEC, LIMIT_NONE, 0 },
	{ "cpu, and a tenth", "1100000000\n", "oom_kill 0\n", NSEC_PER_SEC, LIMIT_NONE, 0 },
	{ "cpu, a nanosecond more", "1100000001\n", "oom_kill 0\n", NSEC_PER_SEC, LIMIT_CPU, 1 },
	{ "wall", "0\n", "oom_kill 0\n", -NSEC_PER_SEC, LIMIT_WALL, 1 },
	{ "wall before cpu", "1100000001\n", "oom_kill 0\n", -NSEC_PER_SEC, LIMIT_WALL, 1 },
	{ "memory", "0\n", "oom_kill 1\n", NSEC_PER_SEC, LIMIT_NONE, 1 },
};

START_TEST(a_limit)
{
	f.spec.limits.v[LIMIT_CPU] = NSEC_PER_SEC;
	f.spec.limits.v[LIMIT_WALL] = 3600 * NSEC_PER_SEC;
	f.cgroup.files[CG_FILE_CPU] = counter(limits[_i].cpu);
	f.cgroup.files[CG_FILE_OOM] = counter(limits[_i].oom);
	f.r.next_cpu_ns = 0;
	f.r.oom_near = true;
	f.r.wall_due_ns = clock_mono_ns() + limits[_i].due;
	if (limits[_i].due < 0)
		f.r.start_ns = f.r.wall_due_ns - f.spec.limits.v[LIMIT_WALL];
	else
		f.r.wall_due_ns += 3600 * NSEC_PER_SEC;
	watch();
	ck_assert_msg(kills == limits[_i].kills, "%s: %d kills", limits[_i].label, kills);
	ck_assert_msg(f.facts.ended_for == limits[_i].ended_for, "%s: %d", limits[_i].label,
		      (int)f.facts.ended_for);
	ck_assert_msg(!step_is_over(&f.r), "%s", limits[_i].label); /* PID 1 has yet to answer */
	watch();
	ck_assert_int_eq(kills, limits[_i].kills); /* once */
}
END_TEST

static const struct {
	const char *label;
	int64_t cap;
	bool over;
} caps[] = { { "the cap itself", 5, false }, { "a byte more", 4, true } };

START_TEST(output_has_a_cap)
{
	AUTO_BUF got = { 0 };
	f.step.sink_ctx = &got;
	f.r.out = (struct capture){ .read_fd = readable("hello"),
				    .write_fd = -1,
				    .stream = 1,
				    .cap = caps[_i].cap };
	f.r.start_ns -= NSEC_PER_SEC; /* what a short step prints is read when it is over */
	watch();
	ck_assert_msg(kills == caps[_i].over, "%s", caps[_i].label);
	ck_assert_int_eq(f.facts.ended_for, caps[_i].over ? LIMIT_OUTPUT : LIMIT_NONE);
	ck_assert_uint_eq(got.len, (size_t)caps[_i].cap);
	watch();
	ck_assert_int_eq(f.r.out.read_fd, -1);
	capture_close(&f.r.out);
}
END_TEST

START_TEST(a_counter_that_is_lost_is_ours)
{
	f.cgroup.files[CG_FILE_CPU] = -1;
	f.r.next_cpu_ns = 0;
	watch();
	ck_assert(step_is_over(&f.r) && f.r.failed);
	ck_assert_int_eq(f.r.trouble.fault, FAULT_INFRA);
	ck_assert_str_eq(f.r.trouble.msg, "cannot read the cpu time of cgroup 'g'");
}
END_TEST

/* Thirty seconds after it was killed, times our patience. */
static const struct {
	const char *label;
	double patience;
	int64_t ago;
	bool gone;
} graces[] = {
	{ "just killed", 1, 0, false },      { "within the grace", 1, 20, false },
	{ "beyond the grace", 1, 31, true }, { "on a slow machine", 2, 31, false },
	{ "beyond that", 2, 61, true },
};

START_TEST(a_killed_box_has_to_answer)
{
	f.box.opt.patience = graces[_i].patience;
	f.r.killed = true;
	f.r.killed_ns = clock_mono_ns() - graces[_i].ago * NSEC_PER_SEC;
	watch();
	ck_assert_msg(step_is_over(&f.r) == graces[_i].gone, "%s", graces[_i].label);
	ck_assert_msg(f.box.dead == graces[_i].gone, "%s", graces[_i].label);
	if (graces[_i].gone)
		ck_assert_str_eq(f.r.trouble.msg, "the box did not respond while step 'unit' ran");
}
END_TEST

/* Its engine's work is none of the step's, as long as it starts. */
START_TEST(an_engine_that_starts_has_a_clock_of_its_own)
{
	make(&slow_channel);
	f.box.engine_pid = getpid();
	f.r.starting = engine_clock(_i ? 0 : 600000);
	f.r.wall_due_ns = 0;
	f.r.next_cpu_ns = 0;
	ck_assert(running_is_starting(&f.r));
	if (_i)
		f.r.starting.end_ns = f.r.starting.last_ns = clock_mono_ns() - NSEC_PER_SEC;
	watch();
	ck_assert_int_eq(kills, 0);
	ck_assert_int_eq(f.r.failed, _i);
	if (_i)
		ck_assert_str_eq(f.r.trouble.code, "engine.timeout");
}
END_TEST

Suite *suite_container_step_watch(void);
Suite *suite_container_step_watch(void)
{
	Suite *s = suite_create("container/step_watch");
	TCase *tc = tcase_create("step_watch");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, an_event, 0, (int)(sizeof events / sizeof *events));
	tcase_add_test(tc, nothing_happens);
	tcase_add_loop_test(tc, a_limit, 0, (int)(sizeof limits / sizeof *limits));
	tcase_add_loop_test(tc, output_has_a_cap, 0, (int)(sizeof caps / sizeof *caps));
	tcase_add_test(tc, a_counter_that_is_lost_is_ours);
	tcase_add_loop_test(tc, a_killed_box_has_to_answer, 0,
			    (int)(sizeof graces / sizeof *graces));
	tcase_add_loop_test(tc, an_engine_that_starts_has_a_clock_of_its_own, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
