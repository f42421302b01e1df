/* test_container_box.c - which boxes are begun, and what is said of those that are not.
 *
 * The engine is a script that says on descriptor 3 what a PID 1 would say, or something else.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/running.h"

static struct places places;
static struct cgroup_host host;
static struct slot slot;
static struct engine engine;
static struct area areas[AREA_COUNT];
static struct room room;
static struct box box;
static struct err err;
static char top[40];

static void setup(void)
{
	strcpy(top, "/tmp/moulette-unit-box-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_msg(places_find(&places, &err) == 0, "%s", err.msg);
	ck_assert_msg(cgroup_host_find(&host, &err) == 0, "%s", err.msg);
	ck_assert_msg(slot_take(&places, &host, "unit", &slot, &err) == 0, "%s", err.msg);
	room = (struct room){ .bundle = mem_printf("%s/bundle", top),
			      .state = mem_printf("%s/state", top) };
	engine = (struct engine){ .name = (char *)"fake",
				  .path = mem_printf("%s/engine", top),
				  .inherits_fds = true };
	ck_assert(mkdir(room.bundle, 0755) == 0 && mkdir(room.state, 0755) == 0);
}

static void teardown(void)
{
	ck_assert_msg(slot_release(&slot, &err) == 0, "%s", err.msg);
	cgroup_host_done(&host);
	places_done(&places);
	free(room.bundle);
	free(room.state);
	free(engine.path);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}

static int start_with(const char *script, int interrupt_fd)
{
	AUTO_FREE char *text = mem_printf("#!/bin/sh\n%s\n", script);
	const struct box_options opt = { .engine = &engine,
					 .room = &room,
					 .slot = &slot,
					 .host = &host,
					 .areas = areas,
					 .interrupt_fd = interrupt_fd,
					 .own_mnt = -1,
					 .limits = { 64 << 20, 16 },
					 .patience = 1 };
	ck_assert_int_eq(file_write(AT_FDCWD, engine.path, text), 0);
	ck_assert_int_eq(chmod(engine.path, 0755), 0);
	return box_start(&opt, &box, &err);
}

/* type, protocol, seccomp and no_new_privs, each little-endian in four bytes. */
#define SAY(type, protocol, seccomp, privs)                                                        \
	"printf '\\00" type "\\0\\0\\0\\00" protocol "\\0\\0\\0\\00" seccomp "\\0\\0\\0\\00" privs \
	"\\0\\0\\0' >&3; "
/* As an engine whose PID 1 ends with the socket. */
#define STAY "exec cat <&3"

static const struct {
	const char *label, *script, *code, *why;
	bool plain; /* afterwards the engine is taken to be no good for a lean start */
} rows[] = {
	{ "an engine that fails", "echo no such thing >&2; exit 1", "engine.failed",
	  "no such thing", true },
	{ "an engine that says nothing", "exit 0", "engine.failed", "engine 'fake': the engine ",
	  true },
	{ "an engine that prints too much", "exec cat /dev/zero", "engine.failed",
	  "engine 'fake': the engine printed more than 1 MiB", true },
	{ "half a hello", "printf '\\001\\0\\0\\0' >&3; " STAY, "engine.failed",
	  "engine 'fake': the engine ended before the box started", true },
	{ "another message", SAY("2", "3", "2", "1") STAY, "engine.failed",
	  "engine 'fake': the engine ended before the box started", true },
	{ "a socket that is closed", "exec 3>&-; exec sleep 1000", "engine.failed",
	  "engine 'fake': the engine ended before the box started", true },
	{ "the protocol before", SAY("1", "2", "2", "1") STAY, "",
	  "engine 'fake': moulette-init has protocol 2, expected 3: it belongs to another version; install moulette",
	  false },
	{ "the protocol after", SAY("1", "4", "2", "1") STAY, "",
	  "engine 'fake': moulette-init has protocol 4, expected 3: it belongs to another version; install moulette",
	  false },
	{ "no filter", SAY("1", "3", "0", "1") STAY, "box.unconfined",
	  "engine 'fake': the engine started the box without a seccomp filter or without "
	  "no_new_privs, so nothing was run in it",
	  false },
	{ "the strict filter", SAY("1", "3", "1", "1") STAY, "box.unconfined",
	  "without a seccomp filter", false },
	{ "privileges", SAY("1", "3", "2", "0") STAY, "box.unconfined", "without a seccomp filter",
	  false },
	{ "no group of its own", SAY("1", "3", "2", "1") STAY, "box.unlimited", "", true },
};

START_TEST(a_box_that_does_not_begin)
{
	engine.lean = true;
	ck_assert_msg(start_with(rows[_i].script, -1) == -1, "%s: begun", rows[_i].label);
	ck_assert_msg(err.fault == FAULT_INFRA, "%s", rows[_i].label);
	ck_assert_msg(strcmp(err.code, rows[_i].code) == 0, "%s: code '%s': %s", rows[_i].label,
		      err.code, err.msg);
	ck_assert_msg(strstr(err.msg, rows[_i].why), "%s: '%s'", rows[_i].label, err.msg);
	ck_assert_msg(engine.lean == !rows[_i].plain, "%s", rows[_i].label);
	/* Nothing of it is left: neither a process nor a descriptor. */
	ck_assert(box.dead);
	ck_assert_int_eq(box.engine_fd, -1);
	ck_assert_int_eq(box.socket, -1);
	ck_assert_int_eq(kill(box.engine_pid, 0), -1);
	box_end(&box); /* twice is harmless */
}
END_TEST

START_TEST(our_caller_ends_a_start)
{
	int fds[2];
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	close(fds[1]);
	ck_assert_int_eq(start_with(STAY, fds[0]), -1);
	ck_assert_str_eq(err.code, "interrupted");
	ck_assert_int_eq(err.fault, FAULT_NONE);
	ck_assert_int_eq(kill(box.engine_pid, 0), -1);
	close(fds[0]);
}
END_TEST

/* An engine that cannot write there is given /proc/sys, once; what it kept of the first start is away. */
START_TEST(an_engine_is_started_anew_with_proc_sys)
{
	AUTO_FREE char *script =
		mem_printf("test ! -e %s/left || echo not empty\ntouch %s/left\n"
			   "echo 'open /proc/sys/net: permission denied' >&2; echo run >>%s/runs; "
			   "exit 1",
			   room.state, room.state, top);
	AUTO_FREE char *config = mem_printf("%s/config.json", room.bundle);
	AUTO_FREE char *runs = mem_printf("%s/runs", top);
	AUTO_BUF got = { 0 };
	ck_assert_int_eq(file_write(AT_FDCWD, config,
				    "{\"mounts\": [{\"destination\": \"/proc\", "
				    "\"options\": [\"nosuid\"]}]}"),
			 0);
	ck_assert_int_eq(start_with(script, -1), -1);
	ck_assert(engine.reads_proc_sys);
	ck_assert_ptr_null(strstr(err.msg, "not empty"));
	ck_assert_int_eq(file_read(AT_FDCWD, runs, &got, 100), 0);
	ck_assert_str_eq(got.data, "run\nrun\n");
}
END_TEST

/* With an engine for each step there is nothing to begin. */
START_TEST(an_engine_for_each_step_begins_with_it)
{
	engine.inherits_fds = false;
	ck_assert_msg(start_with("exit 1", -1) == 0, "%s", err.msg);
	ck_assert(!box.dead);
	ck_assert_int_eq(box.engine_fd, -1);
	box_end(&box);
}
END_TEST

/* A dead box gets no step; what there is to say is said as facts of the step. */
START_TEST(a_dead_box_runs_no_step)
{
	char *argv[] = { (char *)"prog", NULL };
	struct step_spec spec = { .name = (char *)"sum", .argv = argv };
	const struct box_step step = { .spec = &spec, .fresh = true, .kill_fd = -1 };
	struct step_facts facts;
	engine.inherits_fds = false;
	ck_assert_msg(start_with("exit 1", -1) == 0, "%s", err.msg);
	box.dead = true;
	step_facts_init(&facts);
	struct running *r = step_start(&box, &step, -1, -1, &facts);
	ck_assert(step_is_over(r));
	ck_assert_int_eq(step_finish(r, &err), 0);
	ck_assert(facts.box_failed && !facts.ran);
	ck_assert_str_eq(facts.trouble->code, "box.died");
	ck_assert_str_eq(facts.trouble->msg, "the box had ended while step 'sum' ran");
	step_facts_done(&facts);
	box_end(&box);
}
END_TEST

/* An area has the limit of the step, or the profile's ceiling where that is lower (0: none). */
static const struct {
	const char *label;
	int64_t disk, max, bytes;
} places_of[] = {
	{ "no ceiling", 100, 0, 100 },
	{ "a lower ceiling", 100, 99, 99 },
	{ "the same", 100, 100, 100 },
	{ "a higher ceiling", 100, 101, 100 },
};

START_TEST(an_area_has_its_bytes)
{
	struct step_spec spec = { .name = (char *)"sum" };
	const struct box_step step = { .spec = &spec };
	struct box b = { .opt = { .area_max = { [AREA_TMP] = places_of[_i].max }, .slot = &slot } };
	const struct running r = { .box = &b, .step = &step };
	spec.limits.v[LIMIT_DISK] = places_of[_i].disk;
	ck_assert_msg(running_area_bytes(&r, AREA_TMP) == places_of[_i].bytes, "%s",
		      places_of[_i].label);
	ck_assert_int_eq(running_area_bytes(&r, AREA_WORK), 100);
	ck_assert_uint_eq(running_owner(&r), slot.uid_base + 1000);
}
END_TEST

Suite *suite_container_box(void);
Suite *suite_container_box(void)
{
	Suite *s = suite_create("container/box");
	TCase *tc = tcase_create("box");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_box_that_does_not_begin, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, our_caller_ends_a_start);
	tcase_add_test(tc, an_engine_is_started_anew_with_proc_sys);
	tcase_add_test(tc, an_engine_for_each_step_begins_with_it);
	tcase_add_test(tc, a_dead_box_runs_no_step);
	tcase_add_loop_test(tc, an_area_has_its_bytes, 0,
			    (int)(sizeof places_of / sizeof *places_of));
	suite_add_tcase(s, tc);
	return s;
}
