/* test_result_verdict.c - every rule of the contract's "Which verdict", at its borders. */
#include "result/verdict.h"

#include <check.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "result/hints.h"

Suite *suite_result_verdict(void);

#define MS INT64_C(1000000)
#define CPU_LIMIT (1000 * MS)
#define WALL_LIMIT (2000 * MS)
enum output { NOT_COMPARED, RIGHT, WRONG };

/* Facts that differ from those of a step that ended with status 0 after 10 ms of each clock. */
struct row {
	const char *label;
	enum step_kind kind;
	int want_exit;
	enum output output;
	int exit_code, signal;
	int64_t cpu_ns, wall_ns, waited_ns;
	int64_t oom_kills, pids_denied;
	enum limit_id ended_for;
	bool out_over, err_over, disk_full, box_failed;
	unsigned int hints;
	enum exec_stage stage;
	int exec_errno;
	bool in_work;
	const char *note;
	enum verdict verdict;
	enum fault fault;
	enum limit_id hit;
	const char *words; /* part of the message; "" : empty */
};

#define TEST                                                                               \
	.kind = STEP_TEST, .ended_for = LIMIT_NONE, .cpu_ns = 10 * MS, .wall_ns = 10 * MS, \
	.waited_ns = -1
#define BUILD TEST, .kind = STEP_BUILD
#define PASSED .verdict = VERDICT_PASSED, .fault = FAULT_NONE, .hit = LIMIT_NONE, .words = ""
#define GOT(v) .verdict = VERDICT_##v, .fault = FAULT_STUDENT, .hit = LIMIT_NONE
#define HIT(v, l) .verdict = VERDICT_##v, .fault = FAULT_STUDENT, .hit = LIMIT_##l
#define OURS .verdict = VERDICT_INTERNAL_ERROR, .fault = FAULT_INFRA, .hit = LIMIT_NONE
#define TEACHERS .verdict = VERDICT_INTERNAL_ERROR, .fault = FAULT_ASSIGNMENT, .hit = LIMIT_NONE
#define EXEC(e) .stage = EXEC_EXEC, .exec_errno = (e), .exit_code = -1

/* A later designator replaces an earlier one: that is how a row says what is different. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
static const struct row rows[] = {
	/* passing */
	{ "nothing compared", TEST, PASSED },
	{ "right output", TEST, .output = RIGHT, PASSED },
	{ "the status that was asked for", TEST, .want_exit = 3, .exit_code = 3, PASSED },
	{ "status 137 that was asked for", TEST, .want_exit = 137, .exit_code = 137, PASSED },
	{ "cpu at the limit", TEST, .cpu_ns = CPU_LIMIT, .wall_ns = CPU_LIMIT, PASSED },
	{ "wall at the limit", TEST, .wall_ns = WALL_LIMIT, PASSED },
	{ "a refused process without harm", TEST, .output = RIGHT, .pids_denied = 7, PASSED },
	{ "a full disk without harm", TEST, .output = RIGHT, .disk_full = true, PASSED },
	{ "build", BUILD, PASSED },
	{ "build with refused processes", BUILD, .pids_denied = 1, PASSED },
	{ "command", TEST, .kind = STEP_COMMAND, PASSED },
	{ "nothing was counted", TEST, .oom_kills = -1, .pids_denied = -1, PASSED },

	/* 1. internal_error */
	{ "box failed", TEST, .box_failed = true, .exit_code = -1, OURS,
	  .words = "the box ended for a test" },
	{ "box failed in a build", BUILD, .box_failed = true, .exit_code = -1, OURS, .words = "" },
	{ "box failed, wall clock", TEST, .box_failed = true, .exit_code = -1,
	  .ended_for = LIMIT_WALL, OURS, .words = "the box ended" },
	{ "box failed, disk full", TEST, .box_failed = true, .exit_code = -1, .disk_full = true,
	  OURS, .words = "the box ended" },
	{ "box failed, memory counted", TEST, .box_failed = true, .exit_code = -1, .oom_kills = 1,
	  HIT(MEMORY_LIMIT, MEMORY), .words = "64 MiB" },
	{ "box failed, output", TEST, .box_failed = true, .exit_code = -1, .out_over = true,
	  HIT(OUTPUT_LIMIT, OUTPUT), .words = "" },
	{ "box failed, ended for output", TEST, .box_failed = true, .exit_code = -1,
	  .ended_for = LIMIT_OUTPUT, HIT(OUTPUT_LIMIT, OUTPUT), .words = "one of its streams" },
	{ "box failed, processes", TEST, .box_failed = true, .exit_code = -1, .pids_denied = 1,
	  HIT(PROCESS_LIMIT, PROCESSES), .words = "" },
	{ "box failed, cpu", TEST, .box_failed = true, .exit_code = -1, .ended_for = LIMIT_CPU,
	  HIT(TIME_LIMIT, CPU), .words = "" },
	{ "fork", TEST, .stage = EXEC_FORK, .exec_errno = ENOMEM, .exit_code = -1, OURS,
	  .words = "cannot start a process in the box: Cannot allocate memory" },
	{ "fork, EAGAIN", TEST, .stage = EXEC_FORK, .exec_errno = EAGAIN, .exit_code = -1, OURS,
	  .words = "cannot start a process" },
	{ "cgroup", TEST, .stage = EXEC_CGROUP, .exec_errno = ENOENT, .exit_code = -1, OURS,
	  .words = "cannot set the limits" },
	{ "setup", TEST, .stage = EXEC_SETUP, .exec_errno = EPERM, .exit_code = -1, OURS,
	  .words = "cannot prepare" },
	{ "setup outranks memory", TEST, .stage = EXEC_SETUP, .exec_errno = EPERM, .exit_code = -1,
	  .oom_kills = 1, OURS, .words = "cannot prepare" },
	{ "chdir", TEST, .stage = EXEC_CHDIR, .exec_errno = EIO, .exit_code = -1, OURS,
	  .words = "cannot enter the work folder" },
	{ "not in the image", TEST, EXEC(ENOENT), TEACHERS, .words = "'prog' is not in the image" },
	{ "not in the image, build", BUILD, EXEC(ENOENT), TEACHERS, .words = "not in the image" },
	{ "not in the image outranks memory", TEST, EXEC(ENOENT), .oom_kills = 1, TEACHERS,
	  .words = "not in the image" },
	{ "of the image, not executable", TEST, EXEC(EACCES), TEACHERS,
	  .words = "prog is not executable" },
	{ "too many arguments", TEST, EXEC(E2BIG), .in_work = true, TEACHERS,
	  .words = "Argument list too long" },
	{ "exec, out of memory", TEST, EXEC(ENOMEM), OURS, .words = "memory" },
	{ "exec, trouble of the disk", TEST, EXEC(EIO), OURS, .words = "" },
	{ "exec, asks for too much memory", TEST, EXEC(ENOMEM), .in_work = true,
	  .verdict = VERDICT_RUNTIME_ERROR, .fault = FAULT_STUDENT, .hit = LIMIT_NONE,
	  .words = "memory" },
	{ "exec, a program that is cut short", TEST, EXEC(EIO), .in_work = true,
	  .verdict = VERDICT_RUNTIME_ERROR, .fault = FAULT_STUDENT, .hit = LIMIT_NONE,
	  .words = "" },

	/* 2. memory, even when all is right */
	{ "memory", TEST, .signal = SIGKILL, .exit_code = -1, .oom_kills = 1,
	  HIT(MEMORY_LIMIT, MEMORY),
	  .words = "used more than 64 MiB of memory: the kernel killed "
		   "a process" },
	{ "memory of a child, all right", TEST, .output = RIGHT, .oom_kills = 2,
	  HIT(MEMORY_LIMIT, MEMORY), .words = "the kernel killed processes" },
	{ "memory before output", TEST, .oom_kills = 1, .out_over = true, .ended_for = LIMIT_OUTPUT,
	  HIT(MEMORY_LIMIT, MEMORY), .words = "" },
	{ "memory before time", TEST, .oom_kills = 1, .ended_for = LIMIT_CPU, .signal = SIGKILL,
	  HIT(MEMORY_LIMIT, MEMORY), .words = "" },
	{ "memory in a build", BUILD, .exit_code = 2, .oom_kills = 1, HIT(MEMORY_LIMIT, MEMORY),
	  .words = "" },
	{ "memory in a build that went well", BUILD, .oom_kills = 1, HIT(MEMORY_LIMIT, MEMORY),
	  .words = "" },

	/* 3. output */
	{ "output", TEST, .signal = SIGKILL, .ended_for = LIMIT_OUTPUT, .out_over = true,
	  HIT(OUTPUT_LIMIT, OUTPUT), .words = "wrote more than 1 MiB to standard output" },
	{ "output seen after the end", TEST, .output = RIGHT, .err_over = true,
	  HIT(OUTPUT_LIMIT, OUTPUT), .words = "to standard error" },
	{ "output of both", TEST, .out_over = true, .err_over = true, HIT(OUTPUT_LIMIT, OUTPUT),
	  .words = "to standard output and standard error" },
	{ "output before processes", TEST, .pids_denied = 1, .out_over = true, .exit_code = 1,
	  HIT(OUTPUT_LIMIT, OUTPUT), .words = "" },
	{ "output in a build", BUILD, .signal = SIGKILL, .ended_for = LIMIT_OUTPUT,
	  .err_over = true, HIT(OUTPUT_LIMIT, OUTPUT), .words = "" },

	/* 4. processes, when it did not pass */
	{ "refused and status wrong", TEST, .pids_denied = 3, .exit_code = 1,
	  HIT(PROCESS_LIMIT, PROCESSES),
	  .words = "needed more than 20 processes at a time: 3 "
		   "refused; ended with status 1, expected 0" },
	{ "refused and output wrong", TEST, .pids_denied = 1, .output = WRONG,
	  HIT(PROCESS_LIMIT, PROCESSES), .words = "; the output is wrong" },
	{ "fork bomb until the clock", TEST, .pids_denied = 999, .ended_for = LIMIT_CPU,
	  .signal = SIGKILL, .cpu_ns = CPU_LIMIT + 1, HIT(PROCESS_LIMIT, PROCESSES),
	  .words = "; ended by the cpu limit" },
	{ "refused, right, but too slow", TEST, .pids_denied = 1, .output = RIGHT,
	  .cpu_ns = CPU_LIMIT + 1, HIT(PROCESS_LIMIT, PROCESSES), .words = "" },
	{ "processes before disk", TEST, .pids_denied = 1, .disk_full = true, .exit_code = 1,
	  HIT(PROCESS_LIMIT, PROCESSES), .words = "" },
	{ "processes in a build", BUILD, .pids_denied = 1, .exit_code = 2,
	  HIT(PROCESS_LIMIT, PROCESSES), .words = "" },

	/* 5. disk, when it did not pass */
	{ "file too large", TEST, .signal = SIGXFSZ, .exit_code = -1, HIT(DISK_LIMIT, DISK),
	  .words = "wrote a file of more than 16 MiB; killed by SIGXFSZ" },
	{ "disk full and status wrong", TEST, .disk_full = true, .exit_code = 1,
	  HIT(DISK_LIMIT, DISK),
	  .words = "filled /dev/shm, which holds 3 MiB; ended with status 1" },
	{ "disk full and output wrong", TEST, .disk_full = true, .output = WRONG,
	  HIT(DISK_LIMIT, DISK), .words = "" },
	{ "disk before time", TEST, .disk_full = true, .ended_for = LIMIT_WALL, .signal = SIGKILL,
	  HIT(DISK_LIMIT, DISK), .words = "" },
	{ "disk in a build", BUILD, .disk_full = true, .exit_code = 2, HIT(DISK_LIMIT, DISK),
	  .words = "" },
	{ "file too large for a part of a compiler", BUILD, .exit_code = 4, .hints = HINT_FILE_SIZE,
	  HIT(DISK_LIMIT, DISK), .words = "wrote a file of more than 16 MiB; ended with status 4" },
	{ "so a build says that went well", BUILD, .hints = HINT_FILE_SIZE, PASSED },
	{ "so a test says", TEST, .exit_code = 4, .hints = HINT_FILE_SIZE, GOT(RUNTIME_ERROR),
	  .words = "" },
	{ "file too large in a build", BUILD, .signal = SIGXFSZ, HIT(DISK_LIMIT, DISK),
	  .words = "" },

	/* 6. time */
	{ "cpu, ended by us", TEST, .ended_for = LIMIT_CPU, .signal = SIGKILL, .exit_code = -1,
	  .cpu_ns = CPU_LIMIT + 20 * MS, HIT(TIME_LIMIT, CPU),
	  .words = "used 1.02 s of 1 s cpu time" },
	{ "cpu, ended by us, rounded", TEST, .ended_for = LIMIT_CPU, .signal = SIGKILL,
	  .cpu_ns = CPU_LIMIT + 1, HIT(TIME_LIMIT, CPU), .words = "used more than 1 s of cpu" },
	{ "wall, asleep", TEST, .ended_for = LIMIT_WALL, .signal = SIGKILL, .exit_code = -1,
	  .wall_ns = WALL_LIMIT + 1, HIT(TIME_LIMIT, WALL),
	  .words =
		  "took longer than 2 s, but used only 10 ms of cpu time: it slept, waited for input, or the host was too busy" },
	{ "wall, asleep, as is known", TEST, .ended_for = LIMIT_WALL, .signal = SIGKILL,
	  .exit_code = -1, .wall_ns = WALL_LIMIT + 1, .waited_ns = 0, HIT(TIME_LIMIT, WALL),
	  .words =
		  "took longer than 2 s, but used only 10 ms of cpu time: it slept or waited for input" },
	{ "waited for a processor, then right", TEST, .output = RIGHT, .wall_ns = 9 * WALL_LIMIT,
	  .waited_ns = 8 * WALL_LIMIT, PASSED },
	{ "waited, and took too long all the same", TEST, .output = RIGHT,
	  .wall_ns = 9 * WALL_LIMIT, .waited_ns = 8 * WALL_LIMIT - 1, HIT(TIME_LIMIT, WALL),
	  .words = "" },
	{ "wall, busy", TEST, .ended_for = LIMIT_WALL, .signal = SIGKILL,
	  .cpu_ns = WALL_LIMIT / 2 + MS, .wall_ns = WALL_LIMIT + 1, HIT(TIME_LIMIT, WALL),
	  .words = "took longer than 2 s" },
	{ "cpu above, all right", TEST, .output = RIGHT, .cpu_ns = CPU_LIMIT + 1,
	  HIT(TIME_LIMIT, CPU), .words = "" },
	{ "wall above, all right", TEST, .output = RIGHT, .wall_ns = WALL_LIMIT + 1,
	  HIT(TIME_LIMIT, WALL), .words = "" },
	{ "time before status", TEST, .exit_code = 1, .cpu_ns = CPU_LIMIT + 1, HIT(TIME_LIMIT, CPU),
	  .words = "" },
	{ "time before output", TEST, .output = WRONG, .wall_ns = WALL_LIMIT + 1,
	  HIT(TIME_LIMIT, WALL), .words = "" },
	{ "exit 0 on the way out", TEST, .ended_for = LIMIT_CPU, .output = RIGHT,
	  HIT(TIME_LIMIT, CPU), .words = "" },
	{ "time in a build", BUILD, .ended_for = LIMIT_WALL, .signal = SIGKILL,
	  HIT(TIME_LIMIT, WALL), .words = "" },
	{ "slow build that went well", BUILD, .cpu_ns = CPU_LIMIT + 1, HIT(TIME_LIMIT, CPU),
	  .words = "" },

	/* 7. status and signal */
	{ "status", TEST, .exit_code = 3, GOT(RUNTIME_ERROR),
	  .words = "ended with status 3, expected 0" },
	{ "status 0 is wrong too", TEST, .want_exit = 2, GOT(RUNTIME_ERROR),
	  .words = "ended with status 0, expected 2" },
	{ "status 137 is no signal", TEST, .exit_code = 137, GOT(RUNTIME_ERROR),
	  .words = "ended with status 137" },
	{ "status before output", TEST, .exit_code = 1, .output = WRONG, GOT(RUNTIME_ERROR),
	  .words = "ended with status 1" },
	{ "signal", TEST, .signal = SIGSEGV, .exit_code = -1, GOT(RUNTIME_ERROR),
	  .words = "killed by SIGSEGV (invalid memory access)" },
	{ "signal though the output is right", TEST, .signal = SIGABRT, .output = RIGHT,
	  GOT(RUNTIME_ERROR), .words = "SIGABRT (abort() or a failed assertion)" },
	{ "signal 9 without a count", TEST, .signal = SIGKILL, GOT(RUNTIME_ERROR),
	  .words = "killed by SIGKILL (not because of a limit)" },
	{ "signal that is told as libc does", TEST, .signal = SIGHUP, GOT(RUNTIME_ERROR),
	  .words = "killed by SIGHUP (Hangup)" },
	{ "real-time signal", TEST, .signal = 40, GOT(RUNTIME_ERROR), .words = "a real-time" },
	{ "command", TEST, .kind = STEP_COMMAND, .exit_code = 1, GOT(RUNTIME_ERROR), .words = "" },
	{ "build status", BUILD, .exit_code = 2, GOT(COMPILE_ERROR),
	  .words = "prog: ended with status 2, expected 0" },
	{ "build signal", BUILD, .signal = SIGSEGV, GOT(COMPILE_ERROR),
	  .words = "prog: killed by SIGSEGV" },
	{ "not built", TEST, EXEC(ENOENT), .in_work = true, GOT(RUNTIME_ERROR),
	  .words = "not built: prog does not exist" },
	{ "not there, build", BUILD, EXEC(ENOENT), .in_work = true, GOT(COMPILE_ERROR),
	  .words = "prog does not exist" },
	{ "not executable", TEST, EXEC(EACCES), .in_work = true, GOT(RUNTIME_ERROR),
	  .words = "prog is not executable" },
	{ "no program", TEST, EXEC(ENOEXEC), .in_work = true, GOT(RUNTIME_ERROR),
	  .words = "neither a program nor a script" },
	{ "carriage return", TEST, EXEC(ENOENT), .in_work = true,
	  .note = "the first line ends in a carriage return", GOT(RUNTIME_ERROR),
	  .words = "prog: the first line ends in a carriage return" },
	{ "other errors of exec", TEST, EXEC(ELOOP), .in_work = true, GOT(RUNTIME_ERROR),
	  .words = "cannot start prog: Too many levels of symbolic links" },
	{ "work folder closed", TEST, .stage = EXEC_CHDIR, .exec_errno = EACCES, .exit_code = -1,
	  GOT(RUNTIME_ERROR), .words = "cannot enter the work folder: Permission denied" },
	{ "not built, disk full", TEST, EXEC(ENOENT), .in_work = true, .disk_full = true,
	  HIT(DISK_LIMIT, DISK), .words = "" },

	/* 8. output */
	{ "wrong output", TEST, .output = WRONG, GOT(WRONG_ANSWER),
	  .words = "line 1: expected \"a\", got \"b\"" },
};

/* A step whose network refused something; the first of @n is 10.0.0.9:5432/tcp. */
static const struct {
	const char *label;
	struct row facts;
	size_t n;
	const char *message;
} refusals[] = {
	{ "one",
	  { "", TEST, .exit_code = 1 },
	  1,
	  "ended with status 1, expected 0; refused: "
	  "10.0.0.9:5432/tcp (not allowed by the network of this test)" },
	{ "three",
	  { "", TEST, .exit_code = 1 },
	  3,
	  "ended with status 1, expected 0; refused: "
	  "10.0.0.9:5432/tcp (not allowed by the network of this test), and 2 more" },
	{ "one fewer than are listed",
	  { "", TEST, .exit_code = 1 },
	  63,
	  "ended with status 1, "
	  "expected 0; refused: 10.0.0.9:5432/tcp (not allowed by the network of this test), and "
	  "62 more" },
	{ "as many as are listed",
	  { "", TEST, .exit_code = 1 },
	  64,
	  "ended with status 1, "
	  "expected 0; refused: 10.0.0.9:5432/tcp (not allowed by the network of this test), and "
	  "at least 63 more" },
	{ "a build",
	  { "", BUILD, .exit_code = 2 },
	  2,
	  "prog: ended with status 2, expected 0; "
	  "refused: 10.0.0.9:5432/tcp (not allowed by the network of this build step), and 1 "
	  "more" },
	{ "a command",
	  { "", TEST, .kind = STEP_COMMAND, .signal = SIGABRT },
	  1,
	  "killed by "
	  "SIGABRT (abort() or a failed assertion); refused: 10.0.0.9:5432/tcp (not allowed by the "
	  "network of this command)" },
	{ "waits for an answer",
	  { "", TEST, .ended_for = LIMIT_WALL, .wall_ns = WALL_LIMIT + 1 },
	  1,
	  "took longer than 2 s, but used only 10 ms of cpu time: it slept, waited for input, or the host was too busy; refused: "
	  "10.0.0.9:5432/tcp (not allowed by the network of this test)" },
	{ "wrong output",
	  { "", TEST, .output = WRONG },
	  1,
	  "line 1: expected \"a\", got \"b\"; "
	  "refused: 10.0.0.9:5432/tcp (not allowed by the network of this test)" },
	{ "passed all the same", { "", TEST, .output = RIGHT }, 2, "" },
	{ "the box failed", { "", TEST, .box_failed = true }, 1, "the box ended for a test" },
	{ "a card that refused nothing",
	  { "", TEST, .exit_code = 1 },
	  0,
	  "ended with status 1, expected 0" },
};
#pragma GCC diagnostic pop
#define N_ROWS ((int)(sizeof rows / sizeof *rows))

static char program[] = "prog";
static char *argv[] = { program, NULL };

static struct step_spec spec_of(const struct row *r)
{
	return (struct step_spec){ .name = program,
				   .argv = argv,
				   .kind = r->kind,
				   .exit = r->want_exit,
				   .points = 2.5 };
}

static void measure(const struct row *r, struct step_result *res)
{
	struct step_facts *f = &res->facts;
	memset(res, 0, sizeof *res);
	step_facts_init(f);
	res->limits = (struct limits){ { CPU_LIMIT, WALL_LIMIT, 64 << 20, 20, 1 << 20, 16 << 20 } };
	memset(res->message, 'x', sizeof res->message); /* what was there must go */
	f->ran = !r->box_failed;
	f->exit_code = r->exit_code;
	f->signal = r->signal;
	f->cpu_ns = r->cpu_ns;
	f->wall_ns = r->wall_ns;
	f->waited_ns = r->waited_ns;
	f->oom_kills = r->oom_kills;
	f->pids_denied = r->pids_denied;
	f->ended_for = r->ended_for;
	f->out.over = r->out_over;
	f->err.over = r->err_over;
	if (r->disk_full)
		f->full = (struct full_place){ "/dev/shm", 3 << 20 };
	f->hints = r->hints;
	f->box_failed = r->box_failed;
	f->exec_stage = r->stage;
	f->exec_errno = r->exec_errno;
	f->exec_in_work = r->in_work;
	f->exec_note = mem_strdup(r->note);
	if (r->box_failed) {
		struct err trouble = { 0 };
		err_set(&trouble, FAULT_INFRA, 0, "the box ended for a test");
		step_facts_failed(f, &trouble);
	}
}

START_TEST(one_row)
{
	const struct row *r = &rows[_i];
	struct step_spec spec = spec_of(r);
	struct step_result res;
	struct comparison cmp = { .done = r->output != NOT_COMPARED, .equal = r->output == RIGHT };
	if (r->output == WRONG)
		strcpy(cmp.message, "line 1: expected \"a\", got \"b\"");
	measure(r, &res);
	verdict_step(&spec, &cmp, &res);
	ck_assert_msg(res.verdict == r->verdict, "%s: %s", r->label, verdict_name(res.verdict));
	ck_assert_msg(res.fault == r->fault, "%s: fault %s", r->label, fault_name(res.fault));
	ck_assert_msg(res.limit_hit == r->hit, "%s: limit %d", r->label, (int)res.limit_hit);
	ck_assert_msg(strstr(res.message, r->words) &&
			      (*r->words || r->verdict != VERDICT_PASSED || !*res.message),
		      "%s: '%s'", r->label, res.message);
	ck_assert_msg((res.message[0] == '\0') == (r->verdict == VERDICT_PASSED), "%s: '%s'",
		      r->label, res.message);
	ck_assert_msg(res.max_points == 2.5, "%s: of %g", r->label, res.max_points);
	if (r->verdict == VERDICT_INTERNAL_ERROR)
		ck_assert_msg(isnan(res.points), "%s: %g points", r->label, res.points);
	else
		ck_assert_msg(res.points == (r->verdict == VERDICT_PASSED ? 2.5 : 0),
			      "%s: %g points", r->label, res.points);
	step_facts_done(&res.facts);
}
END_TEST

/* What is decided without the output must be the same with it; what is not must depend on it. */
START_TEST(output_is_asked_for_when_it_matters)
{
	const struct row *r = &rows[_i];
	struct step_spec spec = spec_of(r);
	struct step_result right, wrong;
	struct comparison equal = { .done = true, .equal = true }, differs = { .done = true };
	measure(r, &right);
	measure(r, &wrong);
	bool needed = verdict_needs_output(&spec, &right);
	verdict_step(&spec, &equal, &right);
	verdict_step(&spec, &differs, &wrong);
	ck_assert_msg(needed == (right.verdict != wrong.verdict), "%s: %d, %s and %s", r->label,
		      needed, verdict_name(right.verdict), verdict_name(wrong.verdict));
	step_facts_done(&right.facts);
	step_facts_done(&wrong.facts);
}
END_TEST

START_TEST(without_points_there_are_none)
{
	static const struct row fine = { "", TEST, PASSED }, bad = { "", TEST, .exit_code = 1 };
	struct step_spec spec = spec_of(&fine);
	struct step_result res;
	struct comparison cmp = { .done = false };
	spec.points = NAN;
	measure(&fine, &res);
	verdict_step(&spec, &cmp, &res);
	ck_assert(isnan(res.points) && isnan(res.max_points));
	measure(&bad, &res);
	verdict_step(&spec, &cmp, &res);
	ck_assert(isnan(res.points) && isnan(res.max_points));
	verdict_skip(&spec, "the build failed", &res);
	ck_assert(isnan(res.points) && isnan(res.max_points));
}
END_TEST

START_TEST(messages_are_one_printable_line)
{
	static const struct row missing = { "", TEST, EXEC(ENOENT), .in_work = true };
	char name[600], *words[] = { name, NULL };
	struct step_spec spec = spec_of(&missing);
	struct step_result res;
	struct comparison cmp = { .done = false };
	memset(name, 'n', sizeof name);
	strcpy(name + sizeof name - 8, "end");
	memcpy(name, "./a\n\033[31m\xff", 10);
	spec.argv = words;
	measure(&missing, &res);
	verdict_step(&spec, &cmp, &res);
	ck_assert_msg(strncmp(res.message, "not built: ./a??[31m?nnn", 24) == 0, "'%s'",
		      res.message);
	ck_assert_uint_eq(strlen(res.message), sizeof res.message - 1);
}
END_TEST

static struct network_facts *refused(size_t n)
{
	struct network_facts *f = network_facts_new(n);
	for (f->n_refused = 0; f->n_refused < n; f->n_refused++)
		f->refused[f->n_refused] = (struct network_refusal){
			.address = 0x0a000009,
			.port = (uint16_t)(5432 + f->n_refused),
			.protocol = IPPROTO_TCP,
			.count = 1,
		};
	return f;
}

START_TEST(what_was_refused_is_named)
{
	const struct row *r = &refusals[_i].facts;
	struct step_spec spec = spec_of(r);
	struct step_result res;
	struct comparison cmp = { .done = r->output != NOT_COMPARED,
				  .equal = r->output == RIGHT,
				  .message = "line 1: expected \"a\", got \"b\"" };
	measure(r, &res);
	res.facts.network = refused(refusals[_i].n);
	verdict_step(&spec, &cmp, &res);
	ck_assert_msg(strcmp(res.message, refusals[_i].message) == 0, "%s: '%s'",
		      refusals[_i].label, res.message);
	verdict_step(&spec, &cmp, &res); /* judged again: said once */
	ck_assert_str_eq(res.message, refusals[_i].message);
	step_facts_done(&res.facts);
}
END_TEST

#define WHOLE "; refused: 10.0.0.9:5432/tcp (not allowed by the network of this test), and 1 more"
#define SHORT "; refused: 10.0.0.9:5432/tcp, and 1 more"
/* A cause of @length bytes and two refusals: the whole form at its border, the short one, and a
 * cause that is cut between its characters. */
static const struct {
	const char *label;
	size_t length;
	const char *unit, *tail;
	size_t kept; /* bytes of the cause */
	bool dots;
} lengths[] = {
	{ "whole", 299 - (sizeof WHOLE - 1), "x", WHOLE, 299 - (sizeof WHOLE - 1), false },
	{ "short", 300 - (sizeof WHOLE - 1), "x", SHORT, 300 - (sizeof WHOLE - 1), false },
	{ "longest comparison", 239, "x", SHORT, 239, false },
	{ "short at its end", 299 - (sizeof SHORT - 1), "x", SHORT, 299 - (sizeof SHORT - 1),
	  false },
	{ "cut", 300 - (sizeof SHORT - 1), "x", SHORT, 296 - (sizeof SHORT - 1), true },
	{ "as long as can be", 299, "x", SHORT, 296 - (sizeof SHORT - 1), true },
	{ "cut between characters", 298, "\xe6\x97\xa5", SHORT, (296 - (sizeof SHORT - 1)) / 3 * 3,
	  true },
};

START_TEST(causes_make_room_for_what_was_refused)
{
	static const struct row closed = { "", TEST, EXEC(ENOENT), .in_work = true };
	static const char before[] = "not built: ", after[] = " does not exist";
	struct step_spec spec = spec_of(&closed);
	struct step_result res;
	struct comparison cmp = { .done = false };
	char name[600] = "", cause[700];
	char *words[] = { name, NULL };
	size_t len = lengths[_i].length - strlen(before) - strlen(after);
	for (size_t n = strlen(lengths[_i].unit); strlen(name) + n <= len;)
		strcat(name, lengths[_i].unit);
	spec.argv = words;
	measure(&closed, &res);
	verdict_step(&spec, &cmp, &res);
	strcpy(cause, res.message);
	res.facts.network = refused(2);
	verdict_step(&spec, &cmp, &res);
	size_t kept = lengths[_i].kept < strlen(cause) ? lengths[_i].kept : strlen(cause);
	while (kept > 0 && ((unsigned char)cause[kept] & 0xc0) == 0x80)
		kept--;
	cause[kept] = '\0';
	char want[800];
	snprintf(want, sizeof want, "%s%s%s", cause, lengths[_i].dots ? "..." : "",
		 lengths[_i].tail);
	ck_assert_msg(strcmp(res.message, want) == 0, "%s: '%s', not '%s'", lengths[_i].label,
		      res.message, want);
	ck_assert_msg(utf8_valid(res.message, strlen(res.message)), "%s", lengths[_i].label);
	step_facts_done(&res.facts);
}
END_TEST

START_TEST(a_skipped_step_says_why)
{
	struct step_spec spec = { .name = program, .kind = STEP_TEST, .points = 3 };
	struct step_result res = { .limit_hit = LIMIT_CPU, .fault = FAULT_INFRA };
	verdict_skip(&spec, "the build failed", &res);
	ck_assert_int_eq(res.verdict, VERDICT_SKIPPED);
	ck_assert_int_eq(res.fault, FAULT_NONE);
	ck_assert_int_eq(res.limit_hit, LIMIT_NONE);
	ck_assert_double_eq(res.points, 0);
	ck_assert_double_eq(res.max_points, 3);
	ck_assert_str_eq(res.message, "not run: the build failed");
}
END_TEST

#define P VERDICT_PASSED
#define W VERDICT_WRONG_ANSWER
#define T VERDICT_TIME_LIMIT
#define C VERDICT_COMPILE_ERROR
#define S VERDICT_SKIPPED
#define I VERDICT_INTERNAL_ERROR
/* Each step is worth its place in the list, 1, 2, 4; NaN where worth is 0. */
static const struct {
	const char *label;
	enum verdict steps[3];
	enum fault internal; /* of the first internal_error; a second one is the other's */
	double worth[3];
	enum verdict verdict;
	enum fault fault;
	double score, max;
} runs[] = {
	{ "all passed", { P, P, P }, 0, { 0, 2, 4 }, P, FAULT_NONE, 6, 6 },
	{ "the first failure decides", { P, W, T }, 0, { 1, 2, 4 }, W, FAULT_STUDENT, 1, 7 },
	{ "the last failure", { P, P, T }, 0, { 1, 2, 4 }, T, FAULT_STUDENT, 3, 7 },
	{ "skipped ones do not decide", { C, S, S }, 0, { 0, 2, 4 }, C, FAULT_STUDENT, 0, 6 },
	{ "skipped before", { S, P, W }, 0, { 0, 2, 4 }, W, FAULT_STUDENT, 2, 6 },
	{ "a later internal_error wins",
	  { W, P, I },
	  FAULT_INFRA,
	  { 1, 2, 4 },
	  I,
	  FAULT_INFRA,
	  NAN,
	  7 },
	{ "the first internal_error has the fault",
	  { I, P, I },
	  FAULT_ASSIGNMENT,
	  { 1, 2, 4 },
	  I,
	  FAULT_ASSIGNMENT,
	  NAN,
	  7 },
	{ "a command", { P, P, P }, 0, { 0, 0, 0 }, P, FAULT_NONE, NAN, NAN },
	{ "a command that failed", { W, P, P }, 0, { 0, 0, 0 }, W, FAULT_STUDENT, NAN, NAN },
};

START_TEST(one_run)
{
	struct run_result run;
	enum fault internal = runs[_i].internal;
	run_result_init(&run);
	for (int i = 0; i < 3; i++) {
		struct step_result *s = run_result_add(&run);
		double worth = runs[_i].worth[i] > 0 ? runs[_i].worth[i] : NAN;
		s->verdict = runs[_i].steps[i];
		s->fault = s->verdict == P || s->verdict == S ? FAULT_NONE : FAULT_STUDENT;
		s->max_points = worth;
		s->points = s->verdict == P ? worth : isnan(worth) || s->verdict == I ? NAN : 0;
		if (s->verdict == I) {
			s->fault = internal;
			internal = internal == FAULT_INFRA ? FAULT_ASSIGNMENT : FAULT_INFRA;
		}
	}
	verdict_run(&run);
	ck_assert_msg(run.verdict == runs[_i].verdict, "%s: %s", runs[_i].label,
		      verdict_name(run.verdict));
	ck_assert_msg(run.fault == runs[_i].fault, "%s: %s", runs[_i].label, fault_name(run.fault));
	if (isnan(runs[_i].score))
		ck_assert_msg(isnan(run.score), "%s: score %g", runs[_i].label, run.score);
	else
		ck_assert_msg(run.score == runs[_i].score, "%s: score %g", runs[_i].label,
			      run.score);
	if (isnan(runs[_i].max))
		ck_assert_msg(isnan(run.max_score), "%s: of %g", runs[_i].label, run.max_score);
	else
		ck_assert_msg(run.max_score == runs[_i].max, "%s: of %g", runs[_i].label,
			      run.max_score);
	ck_assert_uint_eq(run.n_groups, 0);
	run_result_done(&run);
}
END_TEST

Suite *suite_result_verdict(void)
{
	Suite *s = suite_create("result/verdict");
	TCase *tc = tcase_create("verdict");
	tcase_add_loop_test(tc, one_row, 0, N_ROWS);
	tcase_add_loop_test(tc, output_is_asked_for_when_it_matters, 0, N_ROWS);
	tcase_add_test(tc, without_points_there_are_none);
	tcase_add_test(tc, messages_are_one_printable_line);
	tcase_add_loop_test(tc, what_was_refused_is_named, 0,
			    (int)(sizeof refusals / sizeof *refusals));
	tcase_add_loop_test(tc, causes_make_room_for_what_was_refused, 0,
			    (int)(sizeof lengths / sizeof *lengths));
	tcase_add_test(tc, a_skipped_step_says_why);
	tcase_add_loop_test(tc, one_run, 0, (int)(sizeof runs / sizeof *runs));
	suite_add_tcase(s, tc);
	return s;
}
