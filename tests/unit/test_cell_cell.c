/* test_cell_cell.c - cells without a submission: joined by pipes, several at a time, under limits. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/framelog.h"
#include "base/mem.h"
#include "cell/cell.h"

#define CELLS 3

static struct places places;
static struct profile profile;
static struct image image;
static struct host host;
static struct buf no_passwd;
static struct err err;
static char folder[] = "/tmp/moulette-unit-cell-XXXXXX";

/* One cell with the step that runs in it. */
static struct one {
	struct cell cell;
	struct step_spec command;
	struct box_step step;
	struct step_facts facts;
	struct running *running;
	char said[2][64]; /* the beginning of stdout and stderr */
	size_t len[2];
} ones[CELLS];

static void make_image(void)
{
	AUTO_FREE char *bin = mem_printf("%s/bin", folder);
	AUTO_FREE char *program = mem_printf("%s/sh", bin);
	AUTO_FD int from = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	ck_assert_msg(from >= 0, "/bin/busybox: %s", strerror(errno));
	ck_assert_int_eq(mkdir(bin, 0755), 0);
	AUTO_FD int to = open(program, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	struct stat st;
	ck_assert(to >= 0 && fstat(from, &st) == 0);
	for (off_t at = 0; at < st.st_size;) {
		char chunk[65536];
		const ssize_t n = pread(from, chunk, sizeof chunk, at);
		ck_assert(n > 0 && fd_write_all(to, chunk, (size_t)n) == 0);
		at += n;
	}
	image = (struct image){ .name = (char *)"test", .rootfs = folder };
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	make_image();
	ck_assert_msg(places_find(&places, &err) == 0, "%s", err.msg);
	ck_assert_msg(profile_load("default", places.profiles, &profile, &err) == 0, "%s", err.msg);
	host_init(&host, &places, 10);
	ck_assert_msg(host_ready(&host, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	for (int i = 0; i < CELLS; i++)
		cell_close(&ones[i].cell);
	host_close(&host);
	profile_done(&profile);
	places_done(&places);
	AUTO_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_remove(fd);
	rmdir(folder);
}

static int sink(void *ctx, int stream, const void *data, size_t len)
{
	struct one *o = ctx;
	const int i = stream == FRAMELOG_STDERR;
	for (size_t k = 0; k < len && o->len[i] < sizeof o->said[i] - 1; k++)
		o->said[i][o->len[i]++] = ((const char *)data)[k];
	return 0;
}

/* A cell in a folder of its own of the room, in which `sh -c @script` is to run. */
static struct one *open_one(int i, const char *script)
{
	static char names[CELLS][8];
	static char *argv[CELLS][4];
	struct one *o = &ones[i];
	snprintf(names[i], sizeof names[i], "cell%d", i);
	const struct cell_spec spec = { .mark = "unit",
					.within = names[i],
					.image = &image,
					.profile = &profile,
					.passwd = &no_passwd,
					.most = profile.limits,
					.interrupt_fd = -1 };
	memset(o, 0, sizeof *o);
	o->command = (struct step_spec){ .name = names[i],
					 .kind = STEP_COMMAND,
					 .argv = argv[i],
					 .limits = profile.limits };
	argv[i][0] = (char *)"/bin/sh";
	argv[i][1] = (char *)"-c";
	argv[i][2] = (char *)(uintptr_t)script;
	limits_finish(&o->command.limits, 1);
	step_facts_init(&o->facts);
	ck_assert_msg(cell_open(&host, &spec, &o->cell, &err) == 0, "%s", err.msg);
	ck_assert_msg(cell_enter(&o->cell, "", &err) == 0, "%s", err.msg);
	ck_assert_msg(cell_boot(&o->cell, &err) == 0, "%s", err.msg);
	return o;
}

static void start(struct one *o, int in, int out)
{
	o->step = (struct box_step){ .spec = &o->command,
				     .env = o->cell.env,
				     .sink = sink,
				     .sink_ctx = o,
				     .kill_fd = -1 };
	o->running = cell_start(&o->cell, &o->step, in, out, &o->facts);
}

static void wait_for(int n)
{
	struct running *all[CELLS];
	for (int i = 0; i < n; i++)
		all[i] = ones[i].running;
	for (int i = 0; i < n; i++)
		cells_wait(all, (size_t)n, all[i]);
	for (int i = 0; i < n; i++) {
		ck_assert_msg(cell_finish(&ones[i].cell, all[i], &ones[i].facts, &err) == 0, "%s",
			      err.msg);
		ck_assert_msg(!ones[i].facts.box_failed, "cell %d: %s", i,
			      ones[i].facts.trouble ? ones[i].facts.trouble->msg : "");
	}
}

static void done(int n)
{
	for (int i = 0; i < n; i++)
		step_facts_done(&ones[i].facts);
}

START_TEST(two_cells_joined_by_two_pipes_are_judged_both)
{
	int there[2], back[2];
	struct one *asks = open_one(0, "echo 41; read x; echo \"got $x\" >&2; ! read y");
	struct one *answers = open_one(1, "read n; echo $((n + 1)); echo done >&2; exit 3");
	ck_assert(pipe2(there, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0);
	start(asks, back[0], there[1]);
	start(answers, there[0], back[1]);
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	wait_for(2);
	ck_assert_int_eq(asks->facts.exit_code, 0);
	ck_assert_str_eq(asks->said[1], "got 42\n");
	ck_assert_int_eq(answers->facts.exit_code, 3);
	ck_assert_str_eq(answers->said[1], "done\n");
	ck_assert_int_eq(asks->facts.out.bytes, 0); /* it went to the other cell */
	done(2);
}
END_TEST

START_TEST(three_cells_at_once_have_limits_of_their_own)
{
	struct one *spins = open_one(0, "while :; do :; done");
	struct one *floods = open_one(1, "while :; do echo flood; done");
	struct one *waits = open_one(2, "echo begun; sleep 1000");
	spins->command.limits.v[LIMIT_CPU] = NSEC_PER_SEC / 5;
	floods->command.limits.v[LIMIT_OUTPUT] = 4096;
	waits->command.limits.v[LIMIT_WALL] = NSEC_PER_SEC / 5;
	start(waits, -1, -1);
	start(floods, -1, -1);
	start(spins, -1, -1);
	wait_for(3);
	ck_assert_int_eq(spins->facts.ended_for, LIMIT_CPU);
	ck_assert_int_eq(floods->facts.ended_for, LIMIT_OUTPUT);
	ck_assert_int_eq(floods->facts.out.bytes, 4096);
	ck_assert_int_eq(waits->facts.ended_for, LIMIT_WALL);
	ck_assert_str_eq(waits->said[0], "begun\n");
	done(3);
}
END_TEST

START_TEST(a_step_that_is_over_leaves_the_others_running)
{
	int gate[2];
	struct one *first = open_one(0, "echo first");
	struct one *second = open_one(1, "read x; echo \"$x\"");
	struct running *all[2];
	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	start(first, -1, -1);
	start(second, gate[0], -1);
	close(gate[0]);
	all[0] = first->running;
	all[1] = second->running;
	cells_wait(all, 2, all[0]);
	ck_assert(step_is_over(all[0]));
	ck_assert(!step_is_over(all[1]));
	ck_assert_int_eq(fd_write_all(gate[1], "go\n", 3), 0);
	wait_for(2);
	ck_assert_str_eq(second->said[0], "go\n");
	close(gate[1]);
	done(2);
}
END_TEST

/* Nobody reads on after one is abandoned; what it was goes with its cell. */
START_TEST(an_abandoned_step_goes_with_its_cell)
{
	char group[512];
	struct one *o = open_one(0, "sleep 1000");
	snprintf(group, sizeof group, "%s/%s", host.cgroups.root[CG_MEMORY], o->cell.slot.group);
	start(o, -1, -1);
	ck_assert_int_eq(access(group, F_OK), 0);
	step_abandon(o->running);
	cell_close(&o->cell);
	ck_assert_int_eq(access(group, F_OK), -1);
	AUTO_FREE char *room = mem_printf("%s/cell0/bundle", host.room.path);
	ck_assert_int_eq(access(room, F_OK), -1);
	done(1);
}
END_TEST

START_TEST(a_renewed_cell_finds_what_was_frozen)
{
	struct one *o = open_one(0, "echo left >/work/file; echo x >/tmp/x");
	start(o, -1, -1);
	wait_for(1);
	ck_assert_int_eq(o->facts.exit_code, 0);
	ck_assert_msg(cell_freeze(&o->cell, &err) == 0, "%s", err.msg);
	cell_stop(&o->cell);
	ck_assert_msg(cell_renew(&o->cell, &err) == 0, "%s", err.msg);
	o->command.argv[2] = (char *)"read x </work/file; echo $x; echo new >/work/file";
	for (int round = 0; round < 2; round++) {
		step_facts_done(&o->facts);
		step_facts_init(&o->facts);
		memset(o->said, 0, sizeof o->said);
		o->len[0] = 0;
		o->step = (struct box_step){ .spec = &o->command,
					     .env = o->cell.env,
					     .fresh = true,
					     .sink = sink,
					     .sink_ctx = o,
					     .kill_fd = -1 };
		o->running = cell_start(&o->cell, &o->step, -1, -1, &o->facts);
		wait_for(1);
		ck_assert_str_eq(o->said[0], "left\n");
	}
	done(1);
}
END_TEST

Suite *suite_cell_cell(void);
Suite *suite_cell_cell(void)
{
	Suite *s = suite_create("cell/cell");
	TCase *tc = tcase_create("cells");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, two_cells_joined_by_two_pipes_are_judged_both);
	tcase_add_test(tc, three_cells_at_once_have_limits_of_their_own);
	tcase_add_test(tc, a_step_that_is_over_leaves_the_others_running);
	tcase_add_test(tc, an_abandoned_step_goes_with_its_cell);
	tcase_add_test(tc, a_renewed_cell_finds_what_was_frozen);
	suite_add_tcase(s, tc);
	return s;
}
