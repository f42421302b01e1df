/* test_child_process.c - children end, and their status is told. */
#include "child/process.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child(int sleeps_us, int status)
{
	pid_t pid = fork();
	if (pid == 0) {
		usleep((useconds_t)sleeps_us);
		_exit(status);
	}
	return pid;
}

static void nothing(int sig)
{
	(void)sig;
}

START_TEST(signals_are_no_end)
{
	const struct sigaction act = { .sa_handler = nothing }; /* without SA_RESTART */
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	ck_assert_int_eq(sigaction(SIGALRM, &act, NULL), 0);
	pid_t pid = child(300000, 7);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	const int status = process_wait(pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}
END_TEST

START_TEST(one_that_goes_on_is_ended)
{
	const int status = process_end(child(100000000, 0));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}
END_TEST

START_TEST(one_that_goes_on_is_waited_for_no_longer)
{
	pid_t pid = child(100000000, 0), quick = child(0, 5);
	ck_assert_int_eq(process_wait_ms(pid, 1), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	process_end(pid);
	const int status = process_wait_ms(quick, 60000);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	ck_assert_int_eq(process_wait_ms(quick, 1), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(one_that_is_stopped_does_not_run)
{
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			;
	siginfo_t info;
	ck_assert(process_is_running(pid));
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
	ck_assert(!process_is_running(pid));
	process_end(pid);
	ck_assert(!process_is_running(pid));
}
END_TEST

START_TEST(one_that_had_ended)
{
	pid_t pid = child(0, 3);
	siginfo_t info;
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	const int status = process_end(pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}
END_TEST

static void spin(void)
{
	for (;;)
		;
}

/* A process that waits, and its child that does what @body does. */
static pid_t family(void (*body)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		if (fork() == 0)
			body();
		pause();
		_exit(0);
	}
	return pid;
}

static void wait_for_ever(void)
{
	pause();
}

static bool becomes_busy(pid_t pid, bool wanted)
{
	for (int i = 0; i < 500; i++) {
		if (process_is_busy(pid) == wanted)
			return true;
		usleep(10000);
	}
	return false;
}

START_TEST(work_of_a_descendant_is_seen)
{
	pid_t works = family(spin), waits = family(wait_for_ever);
	ck_assert(becomes_busy(works, true));
	ck_assert(becomes_busy(waits, false));
	usleep(50000);
	ck_assert(process_is_busy(works));
	ck_assert(!process_is_busy(waits));
	kill(-works, SIGKILL);
	kill(-waits, SIGKILL);
	process_wait(works);
	process_wait(waits);
	ck_assert(!process_is_busy(works));
}
END_TEST

START_TEST(no_child)
{
	ck_assert_int_eq(process_wait(getppid()), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

Suite *suite_child_process(void);
Suite *suite_child_process(void)
{
	Suite *s = suite_create("child/process");
	TCase *tc = tcase_create("process");

	tcase_add_test(tc, signals_are_no_end);
	tcase_add_test(tc, one_that_goes_on_is_ended);
	tcase_add_test(tc, one_that_goes_on_is_waited_for_no_longer);
	tcase_add_test(tc, one_that_is_stopped_does_not_run);
	tcase_add_test(tc, one_that_had_ended);
	tcase_add_test(tc, work_of_a_descendant_is_seen);
	tcase_add_test(tc, no_child);
	suite_add_tcase(s, tc);
	return s;
}
