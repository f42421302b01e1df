/* test_container_live.c - the marks of runs, and the logs of those that were killed. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/live.h"

static char home[64], live[96], logs[96];
static struct places places;
static struct err err;

static void setup(void)
{
	snprintf(home, sizeof home, "/tmp/moulette-unit-live.XXXXXX");
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
		struct live l;
		_exit(live_begin(&places, id, -1, &l, &err) < 0);
	}
	int status;
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	ck_assert(has(live, id, ""));
}

/* A socket with this name that no process listens on. */
static void stray(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", live, name);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
}

START_TEST(sockets_without_a_mark_are_swept)
{
	struct live l;
	int swept = 0;
	stray("GONE.kill");
	stray("GONE.end");
	ck_assert_msg(live_begin(&places, "A", -1, &l, &err) == 0, "%s", err.msg);
	ck_assert_msg(live_sweep(&places, stored, NULL, &swept, &err) == 0, "%s", err.msg);
	ck_assert(!has(live, "GONE", ".kill") && !has(live, "GONE", ".end"));
	ck_assert_int_eq(swept, 2);
	ck_assert(has(live, "A", ".kill") && has(live, "A", ".end"));
	live_end(&l);
}
END_TEST

START_TEST(a_whole_run_leaves_no_mark)
{
	struct live l;
	ck_assert_msg(live_begin(&places, "A", -1, &l, &err) == 0, "%s", err.msg);
	ck_assert(has(live, "A", "") && has(live, "A", ".kill") && has(live, "A", ".end"));
	live_end(&l);
	ck_assert(!has(live, "A", "") && !has(live, "A", ".kill") && !has(live, "A", ".end"));
}
END_TEST

START_TEST(sweep_takes_killed_runs_only)
{
	struct live l;
	int swept = 0;
	ck_assert_int_eq(live_begin(&places, "LIVE", -1, &l, &err), 0);
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
	ck_assert(!has(live, "LOST", ".kill") && !has(live, "LOST", ".end"));
	ck_assert(has(live, "LIVE", ".kill") && has(live, "LIVE", ".end"));
	live_end(&l);
}
END_TEST

static void load(const char *id, struct live_run *r)
{
	AUTO_FD int fd = -1;
	ck_assert_int_eq(live_open(&places, id, &fd, &err), 1);
	ck_assert_msg(live_load(fd, id, r, &err) == 0, "%s", err.msg);
}

START_TEST(others_see_what_is_said)
{
	struct live l;
	struct live_run r;
	struct run_result res;
	struct step_spec specs[] = { { .name = (char *)"build" }, { .name = (char *)"a\nb\\ c" } };
	const struct plan plan = { .steps = specs, .n = 2 };
	run_result_init(&res);
	res.submission.name = mem_strdup("odd\n\\name\xff \x1b[31m");
	res.engine.name = mem_strdup("crun");
	res.engine.version = mem_strdup("1.8.1");
	res.log_path = mem_strdup("/l");
	ck_assert_int_eq(live_begin(&places, "A", -1, &l, &err), 0);
	load("A", &r);
	ck_assert(r.status == LIVE_ALIVE && !r.running && !r.submission && !live_run_step(&r));
	ck_assert_int_eq(r.runner, getpid());
	ck_assert_int_gt(r.runner_start, 0);
	ck_assert_uint_eq(strlen(r.boot), 36);
	live_run_done(&r);

	live_describe(&l, &res);
	live_plan(&l, &plan);
	live_box(&l, 4711, "/run/b", "1.0.2");
	live_step(&l, 0, 0);
	live_step(&l, 1, 77);
	load("A", &r);
	ck_assert_str_eq(r.submission, res.submission.name);
	ck_assert_ptr_null(r.assignment);
	ck_assert_str_eq(r.engine, "crun 1.8.1");
	ck_assert_uint_eq(strv_len(r.plan), 2);
	ck_assert_str_eq(live_run_step(&r), specs[1].name);
	ck_assert(r.running && r.init_pid == 4711 && strstr(r.bundle, "/root/run/b"));
	ck_assert_uint_eq(r.n_steps, 2);
	ck_assert_int_eq(r.steps[1].log_begin, 77);
	live_run_done(&r);
	run_result_done(&res);
	live_end(&l);
}
END_TEST

START_TEST(half_a_line_is_not_read)
{
	struct live l;
	struct live_run r;
	ck_assert_int_eq(live_begin(&places, "A", -1, &l, &err), 0);
	ck_assert_int_eq(pwrite(l.fd, "init 12", 7, l.end), 7);
	load("A", &r);
	ck_assert(!r.running);
	live_run_done(&r);
	ck_assert_int_eq(pwrite(l.fd, "34\nstep 1\n\nfuture key\nstep 0 5 6\n", 34, l.end + 7), 34);
	load("A", &r);
	ck_assert_int_eq(r.init_pid, 1234);
	ck_assert_uint_eq(r.n_steps, 1); /* of a plan that nobody told */
	ck_assert_ptr_null(live_run_step(&r));
	live_run_done(&r);
	live_end(&l);
}
END_TEST

START_TEST(the_dead_are_told_from_the_done)
{
	struct live l;
	struct live_run r;
	AUTO_FD int fd = -1;
	AUTO_STRV ids = NULL;
	killed("B");
	ck_assert_int_eq(live_begin(&places, "A", -1, &l, &err), 0);
	ck_assert_int_eq(live_list(&places, &ids, &err), 0);
	ck_assert_uint_eq(strv_len(ids), 2); /* the sockets are no marks */
	ck_assert_str_eq(ids[0], "A");
	load("B", &r);
	ck_assert_int_eq(r.status, LIVE_DIED);
	live_run_done(&r);
	ck_assert_int_eq(live_open(&places, "A", &fd, &err), 1);
	live_end(&l);
	ck_assert_int_eq(live_load(fd, "A", &r, &err), 0);
	ck_assert_int_eq(r.status, LIVE_OVER);
	live_run_done(&r);
	fd_close(&fd);
	ck_assert_int_eq(live_open(&places, "A", &fd, &err), 0);
}
END_TEST

START_TEST(only_files_are_marks)
{
	static const char *const ids[] = { "FOLDER", "FIFO", "LINK" };
	char path[160];
	snprintf(path, sizeof path, "%s/FOLDER", live);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/FIFO", live);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	snprintf(path, sizeof path, "%s/LINK", live);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		int fd = -1;
		ck_assert_msg(live_open(&places, ids[i], &fd, &err) == 0, "%s: %s", ids[i],
			      err.msg);
		ck_assert_int_eq(fd, -1);
	}
}
END_TEST

static bool seen_stopped(pid_t pid, int64_t start)
{
	const struct live_run r = { .runner = pid, .runner_start = start };
	return live_runner_stopped(&r);
}

START_TEST(a_stopped_runner_is_told)
{
	int64_t start = 0;
	char state = 0;
	int status;
	pid_t pid = fork();
	while (pid == 0)
		pause();
	ck_assert_int_eq(live_process(pid, &state, &start), 0);
	ck_assert(!seen_stopped(pid, start));
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(seen_stopped(pid, start));
	/* Somebody else, who has the number now. */
	ck_assert(!seen_stopped(pid, start - 1));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(live_process(pid, &state, &start), -1);
}
END_TEST

Suite *suite_container_live(void);

Suite *suite_container_live(void)
{
	Suite *s = suite_create("container/live");
	TCase *tc = tcase_create("live");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_whole_run_leaves_no_mark);
	tcase_add_test(tc, sockets_without_a_mark_are_swept);
	tcase_add_test(tc, sweep_takes_killed_runs_only);
	tcase_add_test(tc, others_see_what_is_said);
	tcase_add_test(tc, half_a_line_is_not_read);
	tcase_add_test(tc, the_dead_are_told_from_the_done);
	tcase_add_test(tc, only_files_are_marks);
	tcase_add_test(tc, a_stopped_runner_is_told);
	suite_add_tcase(s, tc);
	return s;
}
