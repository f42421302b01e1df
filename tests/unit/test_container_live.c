/* test_container_live.c - the marks of runs, and the logs of those that were killed. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/live.h"

static char home[64], live[96], logs[96];
static struct places places;
static struct err err;

static void setup(void)
{
	snprintf(home, sizeof home, "/tmp/moulette-live.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	snprintf(live, sizeof live, "%s/live", home);
	snprintf(logs, sizeof logs, "%s/logs", home);
	ck_assert_int_eq(mkdir(live, 0700), 0);
	ck_assert_int_eq(mkdir(logs, 0700), 0);
	places = (struct places){ .home = home, .live = live, .logs = logs };
}

static void teardown(void)
{
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, home), 0);
}

static void make_log(const char *id)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s.log", logs, id);
	ck_assert_int_eq(file_write(AT_FDCWD, path, "bytes"), 0);
}

static bool has(const char *dir, const char *id, const char *suffix)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s%s", dir, id, suffix);
	return access(path, F_OK) == 0;
}

static int stored(void *ctx, const char *id, struct err *e)
{
	(void)ctx;
	(void)e;
	return strcmp(id, "KEPT") == 0;
}

/* A run that is killed: its mark stays, its lock goes. */
static void killed(const char *id)
{
	pid_t pid = fork();
	if (pid == 0) {
		int fd;
		_exit(live_begin(&places, id, &fd, &err) < 0);
	}
	int status;
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	ck_assert(has(live, id, ""));
}

START_TEST(a_whole_run_leaves_no_mark)
{
	int fd;
	ck_assert_msg(live_begin(&places, "A", &fd, &err) == 0, "%s", err.msg);
	ck_assert(has(live, "A", ""));
	live_end(&places, "A", fd);
	ck_assert(!has(live, "A", ""));
}
END_TEST

START_TEST(sweep_takes_killed_runs_only)
{
	int fd, swept = 0;
	ck_assert_int_eq(live_begin(&places, "LIVE", &fd, &err), 0);
	killed("KEPT");
	killed("LOST");
	make_log("LIVE");
	make_log("KEPT");
	make_log("LOST");
	ck_assert_msg(live_sweep(&places, stored, NULL, &swept, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(swept, 2);
	ck_assert(has(live, "LIVE", "") && has(logs, "LIVE", ".log"));
	ck_assert(!has(live, "KEPT", "") && has(logs, "KEPT", ".log"));
	ck_assert(!has(live, "LOST", "") && !has(logs, "LOST", ".log"));
	live_end(&places, "LIVE", fd);
}
END_TEST

Suite *suite_container_live(void);

Suite *suite_container_live(void)
{
	Suite *s = suite_create("container/live");
	TCase *tc = tcase_create("live");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_whole_run_leaves_no_mark);
	tcase_add_test(tc, sweep_takes_killed_runs_only);
	suite_add_tcase(s, tc);
	return s;
}
