/* test_bench_sample.c - a run is measured with all that it starts. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
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
	sample_forget(log_path);
}

static void add_script(struct work *w, const char *script, int times)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)(size_t)script, NULL };
	work_add(w, argv, times);
	if (!w->env)
		w->env = strv_dup(env);
}

static int run_work(struct work *w, struct sample *ret)
{
	int bad = sample_run(w, log_path, signals, ret, &err);
	work_done(w);
	return bad;
}

static int run(const char *script, struct sample *ret)
{
	struct work w = { .n = 0 };
	add_script(&w, script, 1);
	return run_work(&w, ret);
}

static char *logged(void)
{
	AUTO_BUF text = { 0 };
	ck_assert_int_eq(file_read(AT_FDCWD, log_path, &text, 65536), 0);
	return buf_take(&text);
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
	struct work w = { .env = strv_dup(env) };
	char *argv[] = { (char *)"/nowhere", NULL };
	work_add(&w, argv, 1);
	ck_assert_int_eq(run_work(&w, &s), 0);
	ck_assert(WIFEXITED(s.status) && WEXITSTATUS(s.status) == 127);
}
END_TEST

/* The loop runs in a process whose parent ends at once: only who adopts it can count it. */
START_TEST(what_it_leaves_is_counted)
{
	struct sample alone, left;
	ck_assert_int_eq(run("true", &alone), 0);
	ck_assert_int_eq(run("(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done) & exit 0", &left),
			 0);
	ck_assert_int_gt(left.cpu_ns, alone.cpu_ns * 4);
}
END_TEST

START_TEST(steps_in_order_and_often)
{
	struct work w = { .n = 0 };
	struct sample s;
	add_script(&w, "echo a", 1);
	add_script(&w, "echo b; echo no >&2", 3);
	add_script(&w, "echo c", 1);
	ck_assert_int_eq(run_work(&w, &s), 0);
	AUTO_FREE char *text = logged();
	ck_assert_str_eq(text, "a\nb\nb\nb\nc\n");
	ck_assert_int_eq(s.status, 0);
}
END_TEST

START_TEST(the_first_that_fails_is_the_last)
{
	struct work w = { .n = 0 };
	struct sample s;
	add_script(&w, "echo a; exit 4", 5);
	add_script(&w, "echo b", 1);
	ck_assert_int_eq(run_work(&w, &s), 0);
	AUTO_FREE char *text = logged();
	ck_assert_str_eq(text, "a\n");
	ck_assert_int_eq(WEXITSTATUS(s.status), 4);
}
END_TEST

START_TEST(what_is_not_counted_costs_nothing)
{
	struct work w = { .n = 0 };
	struct sample s, alone;
	add_script(&w, "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 1", 1);
	add_script(&w, "true", 1);
	w.steps[0].uncounted = true;
	ck_assert_int_eq(run_work(&w, &s), 0);
	ck_assert_int_eq(run("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done", &alone), 0);
	ck_assert_int_lt(s.cpu_ns, alone.cpu_ns / 2);
	ck_assert_int_lt(s.wall_ns, NSEC_PER_SEC);
}
END_TEST

static int called(void *ctx, int out)
{
	*(int64_t *)ctx = clock_mono_ns(); /* in the meter's memory, not in ours */
	return write(out, "called\n", 7) == 7 ? 3 << 8 : 0;
}

static int64_t outside(void *ctx)
{
	return *(int64_t *)ctx == 5 ? 0 : NSEC_PER_SEC;
}

START_TEST(a_call_and_what_works_for_it)
{
	int64_t *ctx = mem_alloc(sizeof *ctx);
	struct work w = { .call = called, .outside = outside, .ctx = ctx };
	struct sample s;
	*ctx = 5;
	ck_assert_int_eq(sample_run(&w, log_path, signals, &s, &err), 0);
	ck_assert_int_eq(*ctx, 5);
	work_done(&w);
	AUTO_FREE char *text = logged();
	ck_assert_str_eq(text, "called\n");
	ck_assert_int_eq(WEXITSTATUS(s.status), 3);
	ck_assert_int_ge(s.cpu_ns, NSEC_PER_SEC);
}
END_TEST

/* A file is opened twice and a line follows, two times over; what is done before, between and after
 * that is not counted. */
START_TEST(from_opening_to_a_line)
{
	char folder[] = "/tmp/moulette-unit.XXXXXX";
	struct sample s;
	struct work w = { .n = 0 };
	ck_assert_ptr_nonnull(mkdtemp(folder));
	w.opened = mem_strdup(folder);
	AUTO_FREE char *file = mem_printf("%s/f", folder);
	ck_assert_int_eq(file_write(AT_FDCWD, file, "x"), 0);
	AUTO_FREE char *script = mem_printf("sleep 0.5; for i in 1 2; do read x <%s; sleep 0.1; "
					    "read x <%s; sleep 0.1; echo line; sleep 0.5; done",
					    file, file);
	add_script(&w, script, 1);
	ck_assert_int_eq(run_work(&w, &s), 0);
	unlink(file);
	rmdir(folder);
	ck_assert_msg(s.wall_ns > 390000000 && s.wall_ns < 800000000, "%lld", (long long)s.wall_ns);
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

/* In a process of its own: an interrupt as soon as the log says something, and a while more. */
static void interrupt_later(void)
{
	struct stat st;
	const pid_t us = getpid();
	if (fork() != 0)
		return;
	for (int i = 0; i < 3000 && (stat(log_path, &st) < 0 || st.st_size == 0); i++)
		usleep(10000);
	usleep(200000);
	_exit(kill(us, SIGTERM) < 0);
}

/* Neither who does not listen nor what it left behind. */
START_TEST(an_interrupt_ends_all)
{
	struct sample s;
	interrupt_later();
	int64_t start = clock_mono_ns();
	ck_assert_int_eq(run("trap '' TERM; (sleep 100 & echo $!); while :; do sleep 1; done", &s),
			 -1);
	ck_assert_str_eq(err.code, "interrupted");
	ck_assert_int_lt(clock_mono_ns() - start, 50 * NSEC_PER_SEC);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	AUTO_FREE char *pid = logged();
	ck_assert_int_gt(atoi(pid), 1);
	ck_assert_int_eq(kill(atoi(pid), 0), -1);
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
	tcase_add_test(tc, steps_in_order_and_often);
	tcase_add_test(tc, the_first_that_fails_is_the_last);
	tcase_add_test(tc, what_is_not_counted_costs_nothing);
	tcase_add_test(tc, a_call_and_what_works_for_it);
	tcase_add_test(tc, from_opening_to_a_line);
	tcase_add_test(tc, an_interrupt_ends_it);
	tcase_add_test(tc, an_interrupt_ends_all);
	suite_add_tcase(s, tc);
	return s;
}
