/* test_container_step_facts.c - what is known of a step when its last process is dead. */
#include "test_container_running.h"

static struct fake f;
static struct err err;

static void setup(void)
{
	fake_make(&f, &channel_socket);
	err = (struct err){ 0 };
	for (int i = 0; i < AREA_COUNT; i++)
		f.areas[i] = (struct area){ .watch = -1, .base = (char *)"/" };
	f.r.full_before_ns = -1;
	f.r.reply = (struct init_done){ .type = INIT_DONE };
	/* A host that counts nothing: neither is anything lost. */
	f.cgroup.before = (struct cgroup_counters){ .oom_kills = -1,
						    .pids_denied = -1,
						    .cpu_ns = -1,
						    .throttled_ns = -1 };
}

/* ---- how it ended ---- */

#define S NSEC_PER_SEC

static const struct {
	const char *label;
	int status; /* as wait(2) gives it */
	enum init_stage stage;
	uint64_t wall_ns;
	enum limit_id before, after; /* ended_for; the wall limit is 2 s */
	int exit_code, signal;
} ends[] = {
	{ "status 0", 0, INIT_STAGE_NONE, 1, LIMIT_NONE, LIMIT_NONE, 0, 0 },
	{ "status 3", 0x300, INIT_STAGE_NONE, 1, LIMIT_NONE, LIMIT_NONE, 3, 0 },
	{ "a signal", 11, INIT_STAGE_NONE, 1, LIMIT_NONE, LIMIT_NONE, -1, 11 },
	{ "not started", 0x300, INIT_STAGE_FORK, 1, LIMIT_NONE, LIMIT_NONE, -1, 0 },
	{ "wall", 9, INIT_STAGE_NONE, 2 * S + 1, LIMIT_WALL, LIMIT_WALL, -1, 9 },
	{ "ended by itself in time", 0, INIT_STAGE_NONE, 2 * S, LIMIT_WALL, LIMIT_NONE, 0, 0 },
	{ "ended by itself too late", 0, INIT_STAGE_NONE, 2 * S + 1, LIMIT_WALL, LIMIT_WALL, 0, 0 },
	{ "killed in time", 9, INIT_STAGE_NONE, 2 * S, LIMIT_WALL, LIMIT_WALL, -1, 9 },
	{ "another limit stays", 0, INIT_STAGE_NONE, 1, LIMIT_CPU, LIMIT_CPU, 0, 0 },
};

START_TEST(an_end)
{
	f.spec.limits.v[LIMIT_WALL] = 2 * S;
	f.facts.ended_for = ends[_i].before;
	f.r.reply.status = ends[_i].status;
	f.r.reply.stage = ends[_i].stage;
	f.r.reply.wall_ns = ends[_i].wall_ns;
	f.r.reply.rss_peak_kib = 3;
	ck_assert_msg(running_facts(&f.r, &err) == 0, "%s: %s", ends[_i].label, err.msg);
	ck_assert(f.facts.ran);
	ck_assert_msg(f.facts.exit_code == ends[_i].exit_code, "%s: %d", ends[_i].label,
		      f.facts.exit_code);
	ck_assert_msg(f.facts.signal == ends[_i].signal, "%s: %d", ends[_i].label, f.facts.signal);
	ck_assert_msg(f.facts.ended_for == ends[_i].after, "%s", ends[_i].label);
	ck_assert_int_eq(f.facts.rss_peak_bytes, 3072);
}
END_TEST

/* ---- a program that could not be executed ---- */

static const struct {
	const char *label, *path;
	enum init_note kind;
	const char *note; /* what PID 1 found in it */
	bool in_work;
	const char *words;
} notes[] = {
	{ "by name", "prog", INIT_NOTE_NONE, "", false, NULL },
	{ "here", "./prog", INIT_NOTE_NONE, "", true, NULL },
	{ "in the work folder", "/work/prog", INIT_NOTE_NONE, "", true, NULL },
	{ "beside the work folder", "/workshop/prog", INIT_NOTE_NONE, "", false, NULL },
	{ "in the image", "/usr/bin/prog", INIT_NOTE_NONE, "", false, NULL },
	{ "out of the work folder", "../usr/bin/prog", INIT_NOTE_NONE, "", false, NULL },
	{ "carriage return", "./p", INIT_NOTE_CARRIAGE, "", true,
	  "Windows line endings (CRLF): the first line ends in a carriage return; save it "
	  "with Unix line endings" },
	{ "interpreter", "./p", INIT_NOTE_INTERPRETER, "/bin/\x1bx", true,
	  "the first line names '/bin/?x', which does not exist" },
	{ "loader", "./p", INIT_NOTE_LOADER, "", true, "its dynamic loader is not in the image" },
	{ "foreign", "./p", INIT_NOTE_FOREIGN, "", true,
	  "built for another processor architecture" },
};

START_TEST(a_note)
{
	f.argv[0] = (char *)(uintptr_t)notes[_i].path;
	f.r.reply.stage = INIT_STAGE_EXEC;
	f.r.reply.error = ENOENT;
	f.r.reply.note_kind = notes[_i].kind;
	strcpy(f.r.reply.note, notes[_i].note);
	ck_assert_msg(running_facts(&f.r, &err) == 0, "%s: %s", notes[_i].label, err.msg);
	ck_assert_int_eq(f.facts.exec_errno, ENOENT);
	ck_assert_msg(f.facts.exec_in_work == notes[_i].in_work, "%s", notes[_i].label);
	const char *got = f.facts.exec_note ? f.facts.exec_note : "";
	ck_assert_msg(strcmp(got, notes[_i].words ? notes[_i].words : "") == 0, "%s: '%s'",
		      notes[_i].label, got);
	step_facts_done(&f.facts);
}
END_TEST

/* A note of PID 1 without a NUL is read no further than it is long. */
START_TEST(a_note_has_an_end)
{
	f.r.reply.stage = INIT_STAGE_EXEC;
	f.r.reply.note_kind = INIT_NOTE_INTERPRETER;
	memset(f.r.reply.note, 'n', INIT_NOTE_MAX);
	ck_assert_int_eq(running_facts(&f.r, &err), 0);
	ck_assert_uint_eq(strspn(f.facts.exec_note + strlen("the first line names '"), "n"), 120);
	step_facts_done(&f.facts);
}
END_TEST

/* ---- what the kernel counted ---- */

/* The group's sum, shared as wait4 saw it; @cpu -1: the group counts none. */
static const struct {
	const char *label, *cpu;
	uint64_t user_us, system_us;
	int64_t cpu_ns, user_ns, system_ns;
} shares[] = {
	{ "as it was seen", "4000\n", 3, 1, 4000, 3000, 1000 },
	{ "more than was seen", "8000\n", 3, 1, 8000, 6000, 2000 },
	{ "nothing seen", "8000\n", 0, 0, 8000, 0, 8000 },
	{ "nothing counted", NULL, 3, 1, 4000, 3000, 1000 },
};

START_TEST(a_share)
{
	if (shares[_i].cpu) {
		f.cgroup.before.cpu_ns = 0;
		f.cgroup.files[CG_FILE_CPU] = counter(shares[_i].cpu);
	}
	f.r.reply.user_us = shares[_i].user_us;
	f.r.reply.system_us = shares[_i].system_us;
	ck_assert_int_eq(running_facts(&f.r, &err), 0);
	ck_assert_msg(f.facts.cpu_ns == shares[_i].cpu_ns, "%s", shares[_i].label);
	ck_assert_msg(f.facts.user_ns == shares[_i].user_ns, "%s", shares[_i].label);
	ck_assert_msg(f.facts.system_ns == shares[_i].system_ns, "%s", shares[_i].label);
}
END_TEST

/* Kills for want of memory count for the step at its limit, and for the host below it. */
static const struct {
	const char *label, *peak, *oom;
	bool failed;
	int64_t kills;
} ooms[] = {
	{ "none", "1\n", "oom_kill 2\n", false, 0 },
	{ "at the limit", "1000\n", "oom_kill 3\n", false, 1 },
	{ "below the limit", "100\n", "oom_kill 3\n", true, 0 },
};

START_TEST(a_kill_for_memory)
{
	f.cgroup.set.memory_bytes = 1000;
	f.cgroup.before.oom_kills = 2;
	f.cgroup.files[CG_FILE_PEAK] = counter(ooms[_i].peak);
	f.cgroup.files[CG_FILE_OOM] = counter(ooms[_i].oom);
	running_counts(&f.r);
	ck_assert_msg(f.facts.oom_kills == ooms[_i].kills, "%s: looked", ooms[_i].label);
	int got = running_facts(&f.r, &err);
	ck_assert_msg(got == (ooms[_i].failed ? -1 : 0), "%s: %s", ooms[_i].label, err.msg);
	if (ooms[_i].failed) {
		ck_assert_int_eq(err.fault, FAULT_INFRA);
		ck_assert_str_eq(err.code, "host.memory");
	} else {
		ck_assert_int_eq(f.facts.oom_kills, ooms[_i].kills);
	}
}
END_TEST

START_TEST(a_counter_that_is_lost_gives_no_verdict)
{
	f.cgroup.before.oom_kills = 0;
	ck_assert_int_eq(running_facts(&f.r, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_str_eq(err.msg, "cannot read the counters of cgroup 'g'");
}
END_TEST

START_TEST(a_host_that_was_too_busy_gives_no_verdict)
{
	f.facts.ended_for = _i ? LIMIT_WALL : LIMIT_CPU;
	f.facts.overloaded = true;
	f.r.reply.status = SIGKILL;
	ck_assert_int_eq(running_facts(&f.r, &err), _i ? -1 : 0);
	ck_assert_str_eq(err.code, _i ? "host.overloaded" : "");
}
END_TEST

/* With an engine in the step's group its threads are counted, too: no number is better than that one. */
START_TEST(threads_of_an_engine_are_no_processes)
{
	static const struct channel with_engine = { .memory_overhead = 1 };
	if (_i)
		f.r.channel = &with_engine;
	f.cgroup.before.pids_denied = 0;
	f.cgroup.files[CG_FILE_PIDS_PEAK] = counter("1\n");
	f.cgroup.files[CG_FILE_PIDS_EVENTS] = counter("max 2\n");
	running_counts(&f.r);
	ck_assert_int_eq(f.facts.pids_denied, _i ? -1 : 2);
	ck_assert_int_eq(running_facts(&f.r, &err), 0);
	ck_assert_int_eq(f.facts.processes_peak, _i ? -1 : 1);
	ck_assert_int_eq(f.facts.pids_denied, _i ? -1 : 2);
}
END_TEST

Suite *suite_container_step_facts(void);
Suite *suite_container_step_facts(void)
{
	Suite *s = suite_create("container/step_facts");
	TCase *tc = tcase_create("step_facts");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, an_end, 0, (int)(sizeof ends / sizeof *ends));
	tcase_add_loop_test(tc, a_note, 0, (int)(sizeof notes / sizeof *notes));
	tcase_add_test(tc, a_note_has_an_end);
	tcase_add_loop_test(tc, a_share, 0, (int)(sizeof shares / sizeof *shares));
	tcase_add_loop_test(tc, a_kill_for_memory, 0, (int)(sizeof ooms / sizeof *ooms));
	tcase_add_test(tc, a_counter_that_is_lost_gives_no_verdict);
	tcase_add_loop_test(tc, a_host_that_was_too_busy_gives_no_verdict, 0, 2);
	tcase_add_loop_test(tc, threads_of_an_engine_are_no_processes, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
