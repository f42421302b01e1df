/* test_base_caller.c - limits, signals and descriptors that a caller hands down. */
#include "base/caller.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything below happens in children of check, whose limits are theirs alone. */

static void drop_resource_capability(void)
{
	const cap_value_t what = CAP_SYS_RESOURCE;
	cap_t caps = cap_get_proc();
	ck_assert(cap_set_flag(caps, CAP_EFFECTIVE, 1, &what, CAP_CLEAR) == 0);
	ck_assert(cap_set_flag(caps, CAP_PERMITTED, 1, &what, CAP_CLEAR) == 0);
	ck_assert_int_eq(cap_set_proc(caps), 0);
	cap_free(caps);
}

static void limit(int kind, rlim_t soft, rlim_t hard)
{
	const struct rlimit l = { soft, hard };
	ck_assert_int_eq(setrlimit((__rlimit_resource_t)kind, &l), 0);
}

START_TEST(raises_what_is_soft)
{
	struct rlimit l;
	drop_resource_capability();
	getrlimit(RLIMIT_NOFILE, &l);
	ck_assert_uint_ge(l.rlim_max, 1024);
	limit(RLIMIT_NOFILE, 20, l.rlim_max);
	limit(RLIMIT_FSIZE, 4096, RLIM_INFINITY);
	caller_prepare();
	getrlimit(RLIMIT_NOFILE, &l);
	ck_assert_uint_ge(l.rlim_cur, 1024);
	getrlimit(RLIMIT_FSIZE, &l);
	ck_assert(l.rlim_cur == RLIM_INFINITY);
}
END_TEST

START_TEST(names_what_is_hard)
{
	struct err err = { 0 };
	drop_resource_capability();
	limit(RLIMIT_NOFILE, 64, 64);
	caller_prepare();
	ck_assert_int_eq(caller_check(&err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_str_eq(err.code, "host.limits");
	ck_assert_ptr_nonnull(strstr(err.msg, "open files to 64 (ulimit -n)"));
	ck_assert_ptr_nonnull(strstr(err.msg, "ulimit -n 1024"));
}
END_TEST

START_TEST(survives_the_limit_of_file_size)
{
	char path[] = "/tmp/moulette-unit-caller.XXXXXX";
	struct err err = { 0 };
	drop_resource_capability();
	int fd = mkstemp(path);
	unlink(path);
	limit(RLIMIT_FSIZE, 65536, 65536); /* check itself writes some */
	caller_prepare();
	ck_assert_int_eq(pwrite(fd, "1", 1, 65535), 1);
	ck_assert_int_eq(pwrite(fd, "2", 1, 65536), -1);
	ck_assert_int_eq(errno, EFBIG);
	err_set(&err, FAULT_INFRA, errno, "cannot write");
	ck_assert_ptr_nonnull(
		strstr(err.msg, "limited to 65536 bytes by the caller: raise 'ulimit -f'"));
}
END_TEST

START_TEST(ends_with_words_when_cpu_time_is_used_up)
{
	drop_resource_capability();
	limit(RLIMIT_CPU, 2, 2);
	pid_t child = fork();
	if (child == 0) {
		caller_prepare();
		for (;;)
			continue;
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 3);
}
END_TEST

START_TEST(a_closed_stdout_cannot_be_written)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	caller_prepare();
	char c;
	ck_assert_int_eq(write(STDOUT_FILENO, "x", 1), -1);
	ck_assert_int_eq(read(STDIN_FILENO, &c, 1), -1);
	int fd = open("/dev/null", O_RDONLY);
	ck_assert_int_gt(fd, 2);
	close(fd);
}
END_TEST

START_TEST(children_can_be_waited_for)
{
	sigset_t all, now;
	int status;
	signal(SIGCHLD, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	caller_prepare();
	sigprocmask(SIG_BLOCK, NULL, &now);
	ck_assert_int_eq(sigismember(&now, SIGTERM), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(5);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

Suite *suite_base_caller(void);
Suite *suite_base_caller(void)
{
	Suite *s = suite_create("base_caller");
	TCase *tc = tcase_create("caller");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, raises_what_is_soft);
	tcase_add_test(tc, names_what_is_hard);
	tcase_add_test(tc, survives_the_limit_of_file_size);
	tcase_add_test(tc, ends_with_words_when_cpu_time_is_used_up);
	tcase_add_test(tc, a_closed_stdout_cannot_be_written);
	tcase_add_test(tc, children_can_be_waited_for);
	suite_add_tcase(s, tc);
	return s;
}
