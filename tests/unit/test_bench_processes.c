/* test_bench_processes.c - CPU time of others, found by name and by descent. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/processes.h"

#define NAME "a) b (c" /* what a parser of /proc/PID/stat may stumble over */

static void burn(int64_t ns)
{
	struct timespec now;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while (now.tv_sec * NSEC_PER_SEC + now.tv_nsec < ns);
}

/* A child that waits, with a child of its own that used time and waits too. */
static pid_t start(void)
{
	int ready[2];
	char c;
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, NAME);
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, "other");
			burn(200000000);
			if (write(ready[1], "x", 1) == 1)
				pause();
			_exit(0);
		}
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(descendants_are_counted)
{
	pid_t pid = start();
	int64_t got = tree_cpu_ns(pid);
	ck_assert_msg(got >= 150000000 && got < 2 * NSEC_PER_SEC, "%lld", (long long)got);
	ck_assert_int_ge(tree_cpu_ns(getpid()), got);
	end(pid);
}
END_TEST

START_TEST(by_name)
{
	static const char *const mine[] = { "a) b", NULL }, *const none[] = { "no such", NULL };
	pid_t pid = start();
	ck_assert(process_is(pid, NAME));
	ck_assert(!process_is(pid, "a"));
	ck_assert_int_lt(servers_cpu_ns(mine), 150000000);
	ck_assert_int_eq(servers_cpu_ns(none), 0);
	end(pid);
	ck_assert(!process_is(pid, NAME));
}
END_TEST

/* Waited for, a child's time becomes its parent's. */
START_TEST(what_was_waited_for)
{
	int64_t before = tree_cpu_ns(getpid());
	pid_t pid = fork();
	if (pid == 0) {
		burn(200000000);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ck_assert_int_ge(tree_cpu_ns(getpid()) - before, 150000000);
}
END_TEST

Suite *suite_bench_processes(void);

Suite *suite_bench_processes(void)
{
	Suite *s = suite_create("bench/processes");
	TCase *tc = tcase_create("processes");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, descendants_are_counted);
	tcase_add_test(tc, by_name);
	tcase_add_test(tc, what_was_waited_for);
	suite_add_tcase(s, tc);
	return s;
}
