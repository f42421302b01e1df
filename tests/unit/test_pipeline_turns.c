/* test_pipeline_turns.c - steps of other processes are counted, and wait for one that runs alone. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "child/process.h"
#include "pipeline/turns.h"

static char dir[] = "/tmp/moulette-unit.XXXXXX";
static struct places places;
static struct turns turns;
static struct err err;

static void setup(void)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	places.run = dir;
	turns = TURNS_NONE;
	ck_assert_msg(turns_share(&turns, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	turns_close(&turns);
	tree_remove(fd);
	rmdir(dir);
}

/* Another worker, which begins a step in @slot, says so, and ends it when it is told to. */
struct other {
	pid_t pid;
	int says, hears;
};

static struct other begin_other(int slot, bool alone)
{
	int says[2], hears[2];
	ck_assert(pipe(says) == 0 && pipe(hears) == 0);
	const struct other o = { .pid = fork(), .says = says[0], .hears = hears[1] };
	if (o.pid == 0) {
		struct turn turn;
		char c;
		close(hears[1]);
		if (turns_open(&places, &turns, &err) < 0 ||
		    turn_begin(&turns, slot, alone, -1, NULL, &turn, &err) < 0)
			_exit(1);
		(void)!write(says[1], "b", 1);
		(void)!read(hears[0], &c, 1);
		turn_end(&turns, &turn);
		_exit(0);
	}
	close(says[1]);
	close(hears[0]);
	return o;
}

static bool has_begun(const struct other *o, int ms)
{
	struct pollfd p = { .fd = o->says, .events = POLLIN };
	return poll(&p, 1, ms) == 1 && (p.revents & POLLIN);
}

static void end_other(const struct other *o)
{
	(void)!write(o->hears, "e",
		     1); /* later ones have copies of it, so closing it says nothing */
	ck_assert_int_eq(process_wait(o->pid), 0);
	close(o->hears);
	close(o->says);
}

static void open_own(void)
{
	ck_assert_msg(turns_open(&places, &turns, &err) == 0, "%s", err.msg);
}

START_TEST(a_step_without_neighbours)
{
	struct turn turn;
	open_own();
	ck_assert_int_eq(turn_begin(&turns, 3, false, -1, NULL, &turn, &err), 0);
	ck_assert_int_eq(turn.beside, 0);
	ck_assert_int_eq(turn_end(&turns, &turn), 0);
}
END_TEST

START_TEST(neighbours_are_counted)
{
	struct turn turn;
	open_own();
	const struct other one = begin_other(0, false);
	ck_assert(has_begun(&one, 30000));
	const struct other two = begin_other(1, false);
	ck_assert(has_begun(&two, 30000));
	ck_assert_int_eq(turn_begin(&turns, 2, false, -1, NULL, &turn, &err), 0);
	ck_assert_int_eq(turn.beside, 2);
	end_other(&one);
	end_other(&two);
	ck_assert_int_eq(turn_end(&turns, &turn), 2);
}
END_TEST

/* It was not there when the step began, nor when it ended. */
START_TEST(a_neighbour_that_came_and_went)
{
	struct turn turn;
	open_own();
	ck_assert_int_eq(turn_begin(&turns, 2, false, -1, NULL, &turn, &err), 0);
	const struct other one = begin_other(0, false);
	ck_assert(has_begun(&one, 30000));
	end_other(&one);
	ck_assert_int_eq(turn_end(&turns, &turn), 1);
}
END_TEST

/* What a killed runner held is free. */
START_TEST(a_neighbour_that_was_killed)
{
	struct turn turn;
	open_own();
	const struct other one = begin_other(0, true);
	ck_assert(has_begun(&one, 30000));
	process_end(one.pid);
	close(one.says);
	close(one.hears);
	ck_assert_int_eq(turn_begin(&turns, 2, false, -1, NULL, &turn, &err), 0);
	ck_assert_int_eq(turn.beside, 0);
	ck_assert_int_eq(turn_end(&turns, &turn), 0);
}
END_TEST

START_TEST(one_that_is_alone_waits_and_is_waited_for)
{
	struct turn turn;
	open_own();
	ck_assert_int_eq(turn_begin(&turns, 2, false, -1, NULL, &turn, &err), 0);
	const struct other alone = begin_other(0, true);
	ck_assert(!has_begun(&alone, 100));
	/* A third one does not overtake it. */
	const struct other third = begin_other(1, false);
	ck_assert(!has_begun(&third, 100));
	turn_end(&turns, &turn);
	ck_assert(has_begun(&alone, 30000));
	ck_assert(!has_begun(&third, 100));
	end_other(&alone);
	ck_assert(has_begun(&third, 30000));
	end_other(&third);
}
END_TEST

START_TEST(a_stop_ends_the_waiting)
{
	struct turn turn;
	int stop[2];
	ck_assert_int_eq(pipe(stop), 0);
	open_own();
	const struct other alone = begin_other(0, true);
	ck_assert(has_begun(&alone, 30000));
	ck_assert_int_eq(write(stop[1], "s", 1), 1);
	ck_assert_int_eq(turn_begin(&turns, 2, false, stop[0], NULL, &turn, &err), -1);
	ck_assert_str_eq(err.code, "interrupted");
	end_other(&alone);
	close(stop[0]);
}
END_TEST

Suite *suite_pipeline_turns(void);
Suite *suite_pipeline_turns(void)
{
	Suite *s = suite_create("pipeline/turns");
	TCase *tc = tcase_create("all");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_step_without_neighbours);
	tcase_add_test(tc, neighbours_are_counted);
	tcase_add_test(tc, a_neighbour_that_came_and_went);
	tcase_add_test(tc, a_neighbour_that_was_killed);
	tcase_add_test(tc, one_that_is_alone_waits_and_is_waited_for);
	tcase_add_test(tc, a_stop_ends_the_waiting);
	suite_add_tcase(s, tc);
	return s;
}
