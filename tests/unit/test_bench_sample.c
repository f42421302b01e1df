/* test_bench_sample.c - a run is measured with all that it starts. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signals.h"
#include "bench/sample.h"

static char log_path[64];
static int signals;
static struct err err;
static char *env[] = { (char *)"PATH=/usr/bin:/bin", NULL };

static void setup(void)
{
	sigset_t set;
	snprintf(log_path, sizeof log_path, "/tmp/moulette-unit.XXXXXX");
	close(mkstemp(log_path));
	signals_ending(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
}

static void teardown(void)
{
	close(signals);
	unlink(log_path);
}

static int run(const char *script, struct sample *ret)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)(size_t)script, NULL };
	return sample_run(argv, env, log_path, signals, ret, &err);
}

START_TEST(status_and_output)
{
	struct sample s;
	ck_assert_msg(run("cat; echo out; echo err >&2; exit 3", &s) == 0, "%s", err.msg);
	ck_assert(WIFEXITED(s.status) && WEXITSTATUS(s.status) == 3);
	ck_assert_int_gt(s.wall_ns, 0);
	ck_assert_int_gt(s.peak_bytes, 65536);
	ck_assert_int_eq(sample_failed(s.status, log_path, &err), -1);
	ck_assert_msg(strstr(err.msg, "status 3: out?err") != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_command_that_is_not_there)
{
	struct sample s;
	char *argv[] = { (char *)"/nowhere", NULL };
	ck_assert_int_eq(sample_run(argv, env, log_path, signals, &s, &err), 0);
	ck_assert(WIFEXITED(s.status) && WEXITSTATUS(s.status) == 127);
}
END_TEST

/* The loop runs in a process whose parent ends at once: only who adopts it can count it. */
START_TEST(what_it_leaves_is_counted)
{
	struct sample alone, left;
	ck_assert_int_eq(run("true", &alone), 0);
	ck_assert_int_eq(run("(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done) & exit 0", &left), 0);
	ck_assert_int_gt(left.cpu_ns, alone.cpu_ns * 4);
}
END_TEST

START_TEST(an_interrupt_ends_it)
{
	struct sample s;
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	int64_t start = clock_mono_ns();
	ck_assert_int_eq(run("sleep 100", &s), -1);
	ck_assert_str_eq(err.code, "interrupted");
	ck_assert_int_lt(clock_mono_ns() - start, 50 * NSEC_PER_SEC);
}
END_TEST

Suite *suite_bench_sample(void);

Suite *suite_bench_sample(void)
{
	Suite *s = suite_create("bench/sample");
	TCase *tc = tcase_create("sample");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, status_and_output);
	tcase_add_test(tc, a_command_that_is_not_there);
	tcase_add_test(tc, what_it_leaves_is_counted);
	tcase_add_test(tc, an_interrupt_ends_it);
	suite_add_tcase(s, tc);
	return s;
}
