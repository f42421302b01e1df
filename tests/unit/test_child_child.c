/* test_child_child.c - a child has the descriptors, the session and the end that its spec names. */
#include "child/child.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "child/process.h"
#include "child/report.h"

#define WORDS_MAX 4096

static int run(const struct child_spec *spec)
{
	const pid_t pid = child_start(spec);
	ck_assert_int_gt(pid, 0);
	const int status = process_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int pipe_with(char c)
{
	int ends[2];
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(write(ends[1], &c, 1), 1);
	close(ends[1]);
	return ends[0];
}

/* 3 reads 'a', 4 reads 'b', and above them nothing is open. */
static int reads_a_and_b(void *ctx)
{
	char a = 0, b = 0;
	(void)ctx;
	if (read(3, &a, 1) != 1 || read(4, &b, 1) != 1 || a != 'a' || b != 'b')
		return 1;
	for (int fd = 5; fd < 200; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 2;
	return fcntl(3, F_GETFD) & FD_CLOEXEC ? 3 : 0;
}

/* Rows: the numbers that the parent has for the first and the second descriptor. */
static const struct {
	const char *label;
	int a, b;
} places[] = {
	{ "in their places", 3, 4 },
	{ "in each other's places", 4, 3 },
	{ "one in the other's place", 150, 3 },
	{ "above", 100, 101 },
};

START_TEST(descriptors_get_their_places)
{
	int fds[2];
	const int a = pipe_with('a'), b = pipe_with('b');
	/* Moved by way of high numbers, for 3 and 4 may be taken by a and b. */
	const int high_a = fcntl(a, F_DUPFD, 160), high_b = fcntl(b, F_DUPFD, 160);
	close(a);
	close(b);
	fds[0] = dup2(high_a, places[_i].a);
	fds[1] = dup2(high_b, places[_i].b);
	const struct child_spec spec = { .fds = fds,
					 .n_fds = 2,
					 .first_fd = 3,
					 .body = reads_a_and_b,
					 .failed = 99 };
	ck_assert_msg(run(&spec) == 0, "%s", places[_i].label);
}
END_TEST

START_TEST(a_closed_descriptor_ends_the_child)
{
	int fds[] = { 199 };
	const struct child_spec spec = { .fds = fds,
					 .n_fds = 1,
					 .first_fd = 3,
					 .body = reads_a_and_b,
					 .failed = 99 };
	ck_assert_int_eq(run(&spec), 99);
}
END_TEST

static int refuses(void *ctx)
{
	(void)ctx;
	return -1;
}

static int seven(void *ctx)
{
	(void)ctx;
	return 7;
}

START_TEST(what_is_not_prepared_does_not_begin)
{
	const struct child_spec copy = { .prepare = refuses, .body = seven, .failed = 99 };
	const struct child_spec shared = { .memory = CHILD_SHARED,
					   .prepare = refuses,
					   .body = seven,
					   .failed = 98 };
	ck_assert_int_eq(run(&copy), 99);
	ck_assert_int_eq(run(&shared), 98);
}
END_TEST

static int death_and_session(void *ctx)
{
	int signal = 0;
	(void)ctx;
	prctl(PR_GET_PDEATHSIG, &signal);
	return signal == SIGTERM && getsid(0) == getpid() ? 0 : 1;
}

START_TEST(it_dies_with_its_parent_in_a_session_of_its_own)
{
	const struct child_spec spec = { .death = SIGTERM,
					 .session = true,
					 .body = death_and_session };
	ck_assert_int_eq(run(&spec), 0);
}
END_TEST

static int sleeps(void *ctx)
{
	(void)ctx;
	return pause();
}

/* The middle process ends at once; its child must not live on. */
static int leaves_a_child(void *ctx)
{
	const struct child_spec spec = { .death = SIGKILL, .body = sleeps };
	(void)ctx;
	return child_start(&spec) > 0 ? 0 : 1;
}

START_TEST(no_child_outlives_its_parent)
{
	int ends[2];
	char c;
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	const struct child_spec spec = { .body = leaves_a_child, .ctx = &ends[1] };
	ck_assert_int_eq(run(&spec), 0);
	close(ends[1]);
	/* The end of the pipe: the last process that had it is dead. */
	ck_assert_int_eq(read(ends[0], &c, 1), 0);
	close(ends[0]);
}
END_TEST

START_TEST(a_program_has_no_signal_blocked)
{
	AUTO_BUF said = { 0 };
	int ends[2];
	sigset_t all, before;
	char *const argv[] = { "grep", "SigBlk", "/proc/self/status", NULL }, *const env[] = {
		NULL
	};
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC), from = ends[0], to = ends[1];
	int fds[] = { null, to, null };
	const struct child_spec spec = { .memory = CHILD_SHARED,
					 .fds = fds,
					 .n_fds = 3,
					 .program = "/bin/grep",
					 .argv = argv,
					 .env = env };
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	const int status = run(&spec);
	sigprocmask(SIG_SETMASK, &before, NULL);
	fd_close(&to);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(fd_read_all(from, &said, WORDS_MAX), 0);
	ck_assert_str_eq(said.data, "SigBlk:\t0000000000000000\n");
}
END_TEST

START_TEST(a_program_that_cannot_be_executed_says_why)
{
	AUTO_BUF said = { 0 };
	int ends[2];
	char *const none[] = { NULL };
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	AUTO_FD int from = ends[0], to = ends[1];
	int fds[] = { to, to, to };
	const struct child_spec spec = { .memory = CHILD_SHARED,
					 .fds = fds,
					 .n_fds = 3,
					 .program = "/nowhere",
					 .argv = none,
					 .env = none,
					 .failed = 126 };
	ck_assert_int_eq(run(&spec), 126);
	fd_close(&to);
	ck_assert_int_eq(fd_read_all(from, &said, WORDS_MAX), 0);
	ck_assert_str_eq(said.data, "cannot execute '/nowhere': No such file or directory\n");
}
END_TEST

static int dies(void *ctx)
{
	(void)ctx;
	return raise(SIGKILL);
}

START_TEST(what_a_body_returns_is_told)
{
	ck_assert_int_eq(child_try(CHILD_COPY, seven, NULL), 7);
	ck_assert_int_eq(child_try(CHILD_SHARED, seven, NULL), 7);
	ck_assert_int_eq(child_try(CHILD_COPY, dies, NULL), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* --- reports ------------------------------------------------------------------------------ */

struct told {
	int fd, got;
	struct err err;
};

static int tells(void *ctx)
{
	const struct told *t = ctx;
	return report_send(t->fd, t->got, &t->err);
}

static const struct {
	const char *label;
	int (*body)(void *ctx);
	int got;
	enum fault fault;
	const char *msg;
	enum fault want;
	const char *says;
} reports[] = {
	{ "done", tells, 0, FAULT_NONE, "", FAULT_NONE, "" },
	{ "done, with words of a first try", tells, 0, FAULT_INFRA, "first", FAULT_NONE, "" },
	{ "a fault", tells, -1, FAULT_USAGE, "bad key", FAULT_USAGE, "bad key" },
	{ "a fault of no one", tells, -1, FAULT_NONE, "odd", FAULT_INFRA, "odd" },
	{ "no report", seven, 0, FAULT_NONE, "", FAULT_INFRA,
	  "the maker ended with status 7 and without a report" },
	{ "killed", dies, 0, FAULT_NONE, "", FAULT_INFRA, "the maker was killed by signal 9" },
};

START_TEST(a_report_is_taken)
{
	int ends[2];
	struct err err = { 0 };
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	struct told told = { ends[1], reports[_i].got, { .fault = reports[_i].fault } };
	snprintf(told.err.msg, sizeof told.err.msg, "%s", reports[_i].msg);
	const struct child_spec spec = { .body = reports[_i].body, .ctx = &told };
	const pid_t pid = child_start(&spec);
	close(ends[1]);
	const int got = report_take(ends[0], pid, "the maker", &err);
	close(ends[0]);
	ck_assert_msg(got == (reports[_i].want == FAULT_NONE ? 0 : -1), "%s: %d", reports[_i].label,
		      got);
	ck_assert_int_eq(err.fault, reports[_i].want);
	ck_assert_str_eq(err.msg, reports[_i].says);
}
END_TEST

Suite *suite_child_child(void);
Suite *suite_child_child(void)
{
	Suite *s = suite_create("child/child");
	TCase *tc = tcase_create("all");
	tcase_add_loop_test(tc, descriptors_get_their_places, 0, sizeof places / sizeof *places);
	tcase_add_test(tc, a_closed_descriptor_ends_the_child);
	tcase_add_test(tc, what_is_not_prepared_does_not_begin);
	tcase_add_test(tc, it_dies_with_its_parent_in_a_session_of_its_own);
	tcase_add_test(tc, no_child_outlives_its_parent);
	tcase_add_test(tc, a_program_has_no_signal_blocked);
	tcase_add_test(tc, a_program_that_cannot_be_executed_says_why);
	tcase_add_test(tc, what_a_body_returns_is_told);
	tcase_add_loop_test(tc, a_report_is_taken, 0, sizeof reports / sizeof *reports);
	suite_add_tcase(s, tc);
	return s;
}
