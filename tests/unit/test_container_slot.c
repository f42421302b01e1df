/* test_container_slot.c - slots are taken once, marked, and swept when their runner is gone. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/slot.h"
#include "model/places.h"

/* The real folder of slots: their numbers name cgroups of the whole host. */
static struct places places;
static struct cgroup_host host;
static struct err err;

static void setup(void)
{
	ck_assert_msg(places_find(&places, &err) == 0, "%s", err.msg);
	ck_assert_msg(cgroup_host_find(&host, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	cgroup_host_done(&host);
	places_done(&places);
}

static bool group_exists(const char *group)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", host.root[CG_MEMORY], group);
	return access(path, F_OK) == 0;
}

START_TEST(two_runs_get_two_slots)
{
	struct slot a, b;
	ck_assert_msg(slot_take(&places, &host, "one", &a, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(slot_take(&places, &host, "two", &b, &err), 0);
	ck_assert_int_ne(a.number, b.number);
	ck_assert_uint_eq(a.uid_base, places.uid_base + (uint32_t)a.number * SLOT_UIDS);
	ck_assert_int_eq(slot_release(&b, &err), 0);
	ck_assert_int_eq(slot_release(&a, &err), 0);
	ck_assert_int_eq(slot_release(&a, &err), 0); /* twice is harmless */
}
END_TEST

/* Runners in containers may see one hierarchy of cgroups and each a /run of its own. */
START_TEST(runners_without_a_common_run_get_two_groups)
{
	char top[] = "/tmp/moulette-unit-run.XXXXXX";
	struct slot a, b;
	ck_assert_ptr_nonnull(mkdtemp(top));
	struct places other = places;
	other.run = top;
	ck_assert_msg(slot_take(&places, &host, "one", &a, &err) == 0, "%s", err.msg);
	ck_assert_msg(slot_take(&other, &host, "two", &b, &err) == 0, "%s", err.msg);
	ck_assert_str_ne(a.group, b.group);
	ck_assert_int_eq(slot_release(&a, &err), 0);
	ck_assert(!group_exists(a.group));
	ck_assert(group_exists(b.group));
	ck_assert_int_eq(slot_release(&b, &err), 0);
	AUTO_FD int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(tree_remove(dir), 0);
	ck_assert_int_eq(rmdir(top), 0);
}
END_TEST

/* A runner with another /run was killed: its group has no mark that is seen here. */
START_TEST(a_group_without_a_mark_is_swept)
{
	int swept = 0;
	struct slot s;
	ck_assert_msg(cgroup_make(&host, "moulette/s4093/t", &err) == 0, "%s", err.msg);
	ck_assert_msg(slot_sweep(&places, &host, NULL, NULL, &swept, &err) == 0, "%s", err.msg);
	ck_assert_int_ge(swept, 1);
	ck_assert(!group_exists("moulette/s4093"));
	/* The same where the next runner takes the slot before any sweep. */
	ck_assert_int_eq(slot_take(&places, &host, "one", &s, &err), 0);
	AUTO_FREE char *group = mem_strdup(s.group);
	AUTO_FREE char *below = mem_printf("%s/t", group);
	ck_assert_int_eq(slot_release(&s, &err), 0);
	ck_assert_int_eq(cgroup_make(&host, below, &err), 0);
	ck_assert_int_eq(slot_take(&places, &host, "two", &s, &err), 0);
	ck_assert_str_eq(s.group, group);
	ck_assert(group_exists(group) && !group_exists(below));
	ck_assert_int_eq(slot_release(&s, &err), 0);
}
END_TEST

START_TEST(release_removes_the_groups)
{
	struct slot s;
	ck_assert_int_eq(slot_take(&places, &host, "one", &s, &err), 0);
	ck_assert_msg(cgroup_make(&host, s.group, &err) == 0, "%s", err.msg);
	ck_assert(group_exists(s.group));
	ck_assert_int_eq(slot_release(&s, &err), 0);
	ck_assert(!group_exists(s.group));
}
END_TEST

/* A runner that is killed with a box's process in its cgroup. Gives the slot's number. */
static int killed_runner(pid_t *ret_process)
{
	int out[2];
	struct {
		int number;
		pid_t pid;
	} told;
	ck_assert_int_eq(pipe(out), 0);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid_t runner = fork();
	if (runner == 0) {
		struct slot s;
		struct step_cgroup c;
		char group[64];
		if (slot_take(&places, &host, "killed", &s, &err) < 0)
			_exit(1);
		snprintf(group, sizeof group, "%s/t", s.group);
		if (step_cgroup_open(&host, group, s.group, &c, &err) < 0)
			_exit(1);
		told.number = s.number;
		told.pid = fork();
		if (told.pid == 0) {
			/* A box does not hold the lock: descriptors are close-on-exec. */
			close(s.fd);
			close(s.group_fd);
			for (size_t i = 0; i < c.n_procs; i++)
				if (write(c.procs[i], "0", 1) != 1)
					_exit(1);
			for (;;)
				pause();
		}
		usleep(20000);
		if (write(out[1], &told, sizeof told) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(out[0], &told, sizeof told), (int)sizeof told);
	kill(runner, SIGKILL);
	waitpid(runner, NULL, 0);
	*ret_process = told.pid;
	return told.number;
}

/* Its parent was killed, so it is ours to be reaped. */
static void wait_gone(pid_t pid)
{
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(sweep_finds_a_killed_runner)
{
	pid_t process;
	int swept = 0;
	char group[32];
	/* Somebody's live slot must stay as it is. */
	struct slot mine;
	ck_assert_int_eq(slot_take(&places, &host, "mine", &mine, &err), 0);
	ck_assert_int_eq(cgroup_make(&host, mine.group, &err), 0);
	snprintf(group, sizeof group, "moulette/s%d", killed_runner(&process));
	ck_assert(group_exists(group));
	ck_assert_msg(slot_sweep(&places, &host, NULL, NULL, &swept, &err) == 0, "%s", err.msg);
	ck_assert_int_ge(swept, 1);
	ck_assert(!group_exists(group));
	wait_gone(process);
	ck_assert(group_exists(mine.group));
	ck_assert_int_eq(slot_release(&mine, &err), 0);
}
END_TEST

START_TEST(taking_a_slot_sweeps_it_first)
{
	pid_t process;
	struct slot s;
	int number = killed_runner(&process);
	ck_assert_int_eq(slot_take(&places, &host, "next", &s, &err), 0);
	ck_assert_int_eq(s.number, number);
	AUTO_FREE char *below = mem_printf("%s/t", s.group);
	ck_assert(!group_exists(below));
	wait_gone(process);
	ck_assert_int_eq(slot_release(&s, &err), 0);
}
END_TEST

/* What others keep for a slot, removed by slot_sweep(). */
struct hook {
	int number; /* of the slot that matters here */
	bool fails;
	int calls;
	bool held, marked, has_group; /* while it was called */
};

static char *slot_file(int number)
{
	return mem_printf("%s/slots/%d", places.run, number);
}

static bool is_marked(int number)
{
	AUTO_FREE char *path = slot_file(number);
	struct stat st;
	return stat(path, &st) == 0 && st.st_size > 0;
}

static int remove_kept(void *ctx, int number, struct err *e)
{
	struct hook *h = ctx;
	char group[32];
	if (number != h->number)
		return 0;
	AUTO_FREE char *path = slot_file(number);
	AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	h->calls++;
	h->held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	h->marked = is_marked(number);
	snprintf(group, sizeof group, "moulette/s%d", number);
	h->has_group = group_exists(group);
	return h->fails ? err_set(e, FAULT_INFRA, 0, "slot %d: the card stays", number) : 0;
}

/* A slot as a killed runner leaves it; so high a number is nobody's. */
static void leave(int number, const char *mark)
{
	char group[32];
	AUTO_FREE char *path = slot_file(number);
	snprintf(group, sizeof group, "moulette/s%d", number);
	ck_assert_int_eq(file_write(AT_FDCWD, path, mark), 0);
	if (*mark)
		ck_assert_msg(cgroup_make(&host, group, &err) == 0, "%s", err.msg);
}

static void take_away(int number)
{
	AUTO_FREE char *path = slot_file(number);
	ck_assert_int_eq(unlink(path), 0);
}

START_TEST(sweep_calls_for_what_others_keep)
{
	int swept = 0;
	struct slot mine;
	struct hook killed = { .number = 4095 }, unmarked = { .number = 4094 };
	ck_assert_int_eq(slot_take(&places, &host, "mine", &mine, &err), 0);
	struct hook alive = { .number = mine.number };
	leave(4095, "1 killed /home\n");
	leave(4094, "");
	ck_assert_msg(slot_sweep(&places, &host, remove_kept, &killed, &swept, &err) == 0, "%s",
		      err.msg);
	ck_assert_int_eq(killed.calls, 1);
	ck_assert(killed.held && killed.marked && killed.has_group);
	ck_assert(!is_marked(4095) && !group_exists("moulette/s4095"));
	ck_assert_int_ge(swept, 1);
	/* A slot that is swept, one that is free and one that lives are nobody's leavings. */
	ck_assert_int_eq(slot_sweep(&places, &host, remove_kept, &killed, &swept, &err), 0);
	ck_assert_int_eq(slot_sweep(&places, &host, remove_kept, &unmarked, &swept, &err), 0);
	ck_assert_int_eq(slot_sweep(&places, &host, remove_kept, &alive, &swept, &err), 0);
	ck_assert_int_eq(killed.calls, 1);
	ck_assert_int_eq(unmarked.calls + alive.calls, 0);
	ck_assert(is_marked(mine.number));
	take_away(4095);
	take_away(4094);
	ck_assert_int_eq(slot_release(&mine, &err), 0);
}
END_TEST

/* What could not be removed is tried again by the next one; others do not wait for it. */
START_TEST(a_mark_stays_with_what_others_keep)
{
	int swept = 0;
	struct hook h = { .number = 4095, .fails = true };
	leave(4095, "1 killed /home\n");
	leave(4094, "1 killed /home\n");
	ck_assert_int_eq(slot_sweep(&places, &host, remove_kept, &h, &swept, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, "slot 4095: the card stays"));
	ck_assert(is_marked(4095) && !is_marked(4094));
	ck_assert(group_exists("moulette/s4095") && !group_exists("moulette/s4094"));
	ck_assert_int_ge(swept, 1);
	h.fails = false;
	ck_assert_msg(slot_sweep(&places, &host, remove_kept, &h, &swept, &err) == 0, "%s",
		      err.msg);
	ck_assert_int_eq(h.calls, 2);
	ck_assert(!is_marked(4095) && !group_exists("moulette/s4095"));
	take_away(4095);
	take_away(4094);
}
END_TEST

Suite *suite_container_slot(void);

Suite *suite_container_slot(void)
{
	Suite *s = suite_create("container/slot");
	TCase *tc = tcase_create("slot");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, two_runs_get_two_slots);
	tcase_add_test(tc, runners_without_a_common_run_get_two_groups);
	tcase_add_test(tc, a_group_without_a_mark_is_swept);
	tcase_add_test(tc, release_removes_the_groups);
	tcase_add_test(tc, sweep_finds_a_killed_runner);
	tcase_add_test(tc, taking_a_slot_sweeps_it_first);
	tcase_add_test(tc, sweep_calls_for_what_others_keep);
	tcase_add_test(tc, a_mark_stays_with_what_others_keep);
	suite_add_tcase(s, tc);
	return s;
}
