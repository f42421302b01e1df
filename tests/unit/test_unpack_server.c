/* test_unpack_server.c - a server unpacks for many, and nothing of one is there for the next. */
#include <sys/wait.h>

#include "test_unpack_maker.h"

Suite *suite_unpack_server(void);

static struct scene s;

static void setup(void)
{
	scene_served();
	scene_init(&s);
}

static void teardown(void)
{
	scene_done(&s);
}

static void good(const char *name)
{
	AUTO_BUF b = { 0 };
	tar_file(&b, name, "text");
	tar_end(&b);
	expect_accepted(&s, name, &b);
	stat_of(&s, name);
	ck_assert_int_eq(s.out.entries, 1);
	scene_again(&s);
}

static int count_fds(pid_t pid)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/fd", (int)pid);
	AUTO_DIR DIR *dir = opendir(path);
	int n = 0;
	ck_assert_msg(dir != NULL, "no %s", path);
	while (readdir(dir))
		n++;
	return n;
}

START_TEST(one_server_for_many)
{
	good("a");
	const pid_t server = scene_server.pid;
	const int ours = count_fds(getpid()), its = count_fds(server);
	for (int i = 0; i < 20; i++)
		good("b");
	ck_assert_int_eq(scene_server.pid, server);
	ck_assert_int_eq(count_fds(getpid()), ours);
	ck_assert_int_eq(count_fds(server), its);
	/* The children were ours, and none is left to be waited for. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0);
	unpack_server_end(&scene_server);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* Each has the uid of its own box, and the next may have another one. */
START_TEST(each_with_its_own_uid)
{
	for (uint32_t i = 0; i < 3; i++) {
		AUTO_BUF b = { 0 };
		s.req.uid = s.req.gid = TEST_UID + i;
		ck_assert_int_eq(fchown(s.req.dest_fd, s.req.uid, s.req.gid), 0);
		tar_file(&b, "x", "text");
		tar_end(&b);
		expect_accepted(&s, "uid", &b);
		ck_assert_uint_eq(stat_of(&s, "x").st_uid, TEST_UID + i);
		scene_again(&s);
	}
}
END_TEST

START_TEST(a_failure_ends_it)
{
	AUTO_BUF b = { 0 };
	good("a");
	const pid_t first = scene_server.pid;
	tar_file(&b, "../x", "text");
	tar_end(&b);
	expect_refused(&s, "escape", &b, "archive.path_escape", NULL);
	ck_assert_int_eq(scene_server.pid, 0);
	ck_assert_int_eq(kill(first, 0), -1);
	scene_again(&s);
	good("b");
	ck_assert_int_gt(scene_server.pid, 0);
}
END_TEST

/* Somebody else killed it: no student's trouble, and none of ours. */
START_TEST(one_that_was_killed_is_replaced)
{
	good("a");
	const pid_t first = scene_server.pid;
	siginfo_t info;
	kill(first, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)first, &info, WEXITED | WNOWAIT), 0);
	good("b");
	ck_assert_int_gt(scene_server.pid, 0);
	ck_assert_int_ne(scene_server.pid, first);
}
END_TEST

/* In the place of the program: a shell script. Its path, owned. */
static char *server_script(const char *text)
{
	AUTO_FREE char *whole = mem_printf("#!/bin/sh\ncd %s\n%s\n", s.path, text);
	ck_assert_int_eq(file_write(s.dir, ".server", whole), 0);
	ck_assert_int_eq(fchmodat(s.dir, ".server", 0700, 0), 0);
	return mem_printf("%s/.server", s.path);
}

/* Its end of the socket stays open in another process, as in one that traces it. */
START_TEST(one_that_ends_without_an_answer_is_not_waited_for)
{
	AUTO_BUF b = { 0 };
	AUTO_FREE char *program = server_script("sleep 1000 & echo $! >.pid");
	int64_t holder = 0;
	s.req.program = program;
	tar_simple(&b);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(file_read_i64(s.dir, ".pid", &holder), 0);
	kill((pid_t)holder, SIGKILL);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_str_eq(s.err.code, "unpack.died");
	ck_assert_int_eq(scene_server.pid, 0);
}
END_TEST

START_TEST(one_that_does_not_answer_keeps_nobody_who_is_interrupted)
{
	AUTO_BUF b = { 0 };
	AUTO_FREE char *program = server_script("exec sleep 1000");
	AUTO_FD int readable = fd_memfd("interrupt", "", 0);
	s.req.program = program;
	s.req.interrupt_fd = readable;
	tar_simple(&b);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_str_eq(s.err.code, "interrupted");
	ck_assert_int_eq(scene_server.pid, 0);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_named)
{
	AUTO_BUF b = { 0 };
	s.req.program = "/nowhere/moulette-unpack";
	tar_simple(&b);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_msg(strstr(s.err.msg, "cannot run '/nowhere/moulette-unpack'"), "%s", s.err.msg);
	ck_assert_int_eq(scene_server.pid, 0);
}
END_TEST

START_TEST(it_ends_with_its_parent)
{
	int report[2];
	pid_t server = 0;
	ck_assert_int_eq(pipe(report), 0);
	pid_t parent = fork();
	if (parent == 0) {
		struct unpack_server mine = { .pid = 0 };
		struct err err = { 0 };
		unpack_server_start(&mine, s.req.program, &err);
		_exit(write(report[1], &mine.pid, sizeof mine.pid) < 0);
	}
	ck_assert_int_eq(read(report[0], &server, sizeof server), (int)sizeof server);
	ck_assert_int_gt(server, 0);
	waitpid(parent, NULL, 0);
	for (int i = 0; i < 500 && kill(server, 0) == 0; i++)
		usleep(10000);
	ck_assert_int_eq(kill(server, 0), -1);
	close(report[0]);
	close(report[1]);
}
END_TEST

START_TEST(a_folder_takes_two)
{
	ck_assert_int_eq(mkdirat(s.dir, "handed-in", 0755), 0);
	AUTO_FD int folder = openat(s.dir, "handed-in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(file_write(folder, "x", "text"), 0);
	for (int i = 0; i < 3; i++) {
		int got = scene_run(&s, SUBMISSION_FOLDER, "handed-in", NULL, 0);
		ck_assert_msg(got == 0, "%s", s.err.msg);
		stat_of(&s, "x");
		scene_again(&s);
	}
}
END_TEST

Suite *suite_unpack_server(void)
{
	Suite *suite = suite_create("unpack/server");
	TCase *tc = tcase_create("server");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_server_for_many);
	tcase_add_test(tc, each_with_its_own_uid);
	tcase_add_test(tc, a_failure_ends_it);
	tcase_add_test(tc, one_that_was_killed_is_replaced);
	tcase_add_test(tc, one_that_ends_without_an_answer_is_not_waited_for);
	tcase_add_test(tc, one_that_does_not_answer_keeps_nobody_who_is_interrupted);
	tcase_add_test(tc, a_program_that_is_not_there_is_named);
	tcase_add_test(tc, it_ends_with_its_parent);
	tcase_add_test(tc, a_folder_takes_two);
	suite_add_tcase(suite, tc);
	return suite;
}
