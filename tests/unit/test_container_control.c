/* test_container_control.c - who reaches a run, and which of its steps. */
#include "container/control.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

Suite *suite_container_control(void);

static char *home, *live;
static struct places places;
static struct control control;
static struct err err;

/* The path of this home is longer than the name of a socket may be. */
static void setup(void)
{
	char top[] = "/tmp/moulette-unit-control.XXXXXX", name[121];
	ck_assert_ptr_nonnull(mkdtemp(top));
	memset(name, 'h', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	home = mem_strdup(top);
	live = mem_printf("%s/%s", home, name);
	ck_assert_int_eq(mkdir(live, 0700), 0);
	places = (struct places){ .home = home, .live = live };
	err = (struct err){ 0 };
	ck_assert_msg(control_open(&places, "A", -1, &control, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	control_close(&places, "A", &control);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, home), 0);
	free(home);
	free(live);
}

static bool readable(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, wait_ms) > 0;
}

/* Ask from another process; it exits with 0 when the signal was sent, else with the fault. */
static pid_t ask(uint32_t step, int signo)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(control_signal(&places, "A", step, signo, &err) < 0 ? (int)err.fault : 0);
	return pid;
}

static int answer_to(pid_t pid)
{
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What the loop that watches step @step hears. */
static int hear(uint32_t step, int *caller)
{
	int signo = 0;
	for (int i = 0; i < 100 && signo == 0; i++) {
		if (!readable(*caller < 0 ? control.kill_fd : *caller, 50))
			break;
		signo = control_hear(control.kill_fd, caller, step);
	}
	return signo;
}

static const struct {
	const char *label;
	uint32_t running, asked;
	int signo, error, heard, answer;
} rows[] = {
	{ "the step that runs", 3, 3, SIGUSR1, 0, SIGUSR1, 0 },
	{ "the last signal there is", 0, 0, NSIG - 1, 0, NSIG - 1, 0 },
	{ "a step that was", 3, 2, SIGKILL, 0, 0, FAULT_USAGE },
	{ "a step to come", 3, 4, SIGKILL, 0, 0, FAULT_USAGE },
	{ "no signal", 3, 3, 0, 0, 0, FAULT_USAGE },
	{ "beyond all signals", 3, 3, NSIG, 0, 0, FAULT_USAGE },
	{ "negative", 3, 3, -1, 0, 0, FAULT_USAGE },
	{ "a step that is just ending", 3, 3, SIGTERM, ESRCH, SIGTERM, FAULT_USAGE },
	{ "an engine without a way", 3, 3, SIGTERM, EOPNOTSUPP, SIGTERM, FAULT_USAGE },
};

START_TEST(requests)
{
	int caller = -1;
	pid_t pid = ask(rows[_i].asked, rows[_i].signo);
	int heard = hear(rows[_i].running, &caller);
	ck_assert_msg(heard == rows[_i].heard, "%s: heard %d", rows[_i].label, heard);
	if (heard)
		control_answer(&caller, rows[_i].error);
	int answer = answer_to(pid);
	ck_assert_msg(answer == rows[_i].answer, "%s: answer %d", rows[_i].label, answer);
	ck_assert_int_eq(caller, -1);
	ck_assert(!control_end_asked(&control));
}
END_TEST

START_TEST(nobody_waits_for_a_caller_who_says_nothing)
{
	int caller = -1;
	pid_t pid = ask(1, SIGTERM);
	while (caller < 0)
		control_hear(control.kill_fd, &caller, 1);
	fd_close(&caller); /* the step ended */
	ck_assert_int_eq(answer_to(pid), FAULT_USAGE);
	ck_assert_int_eq(control_hear(control.kill_fd, &caller, 1), 0);
	ck_assert_int_eq(caller, -1);
}
END_TEST

START_TEST(the_end_is_asked_once_and_for_all)
{
	ck_assert(!readable(control.stop_fd, 0));
	ck_assert_int_eq(control_ask_end(&places, "A", &err), 1);
	/* Who asked has gone, the request stays. */
	for (int i = 0; i < 3; i++)
		ck_assert(readable(control.stop_fd, 0) && control_end_asked(&control));
	ck_assert_int_eq(control_ask_end(&places, "B", &err), 0);
	control_close(&places, "A", &control);
	ck_assert_int_eq(control_ask_end(&places, "A", &err), 0);
	ck_assert_int_eq(control_signal(&places, "A", 0, SIGTERM, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
}
END_TEST

START_TEST(an_interrupt_is_no_request)
{
	struct control other = CONTROL_NONE;
	AUTO_FD int event = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(control_open(&places, "B", event, &other, &err), 0);
	ck_assert(!readable(other.stop_fd, 0));
	ck_assert_int_eq(eventfd_write(event, 1), 0);
	ck_assert(readable(other.stop_fd, 0) && !control_end_asked(&other));
	control_close(&places, "B", &other);
}
END_TEST

Suite *suite_container_control(void)
{
	Suite *s = suite_create("container/control");
	TCase *tc = tcase_create("control");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, requests, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, nobody_waits_for_a_caller_who_says_nothing);
	tcase_add_test(tc, the_end_is_asked_once_and_for_all);
	tcase_add_test(tc, an_interrupt_is_no_request);
	suite_add_tcase(s, tc);
	return s;
}
