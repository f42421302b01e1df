/* test_container_processors.c - a processor belongs to one box at a time. */
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "child/process.h"
#include "container/cgroup.h"
#include "container/processors.h"

static char dir[] = "/tmp/moulette-unit.XXXXXX";
static struct places places;
static cpu_set_t before;

static void setup(void)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	places.run = dir;
	ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
}

static void teardown(void)
{
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sched_setaffinity(0, sizeof before, &before);
	tree_remove(fd);
	rmdir(dir);
}

/* The first processor that this process may use, and no other. */
static int use_one(void)
{
	cpu_set_t one;
	size_t cpu = 0;
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
	return (int)cpu;
}

START_TEST(each_is_taken_once)
{
	const int n = CPU_COUNT(&before) < 8 ? CPU_COUNT(&before) : 8;
	struct processors taken[8], more;
	cpu_set_t seen;
	CPU_ZERO(&seen);
	for (int i = 0; i < n; i++) {
		processors_take(&places, 1, &taken[i]);
		ck_assert_int_eq(taken[i].n, 1);
		ck_assert(!CPU_ISSET((size_t)taken[i].numbers[0], &seen));
		CPU_SET((size_t)taken[i].numbers[0], &seen);
	}
	processors_take(&places, 1, &more);
	ck_assert_int_eq(more.n, n == CPU_COUNT(&before) ? 0 : 1);
	processors_release(&more);
	for (int i = 0; i < n; i++)
		processors_release(&taken[i]);
	processors_take(&places, n, &more);
	ck_assert_int_eq(more.n, n);
	processors_release(&more);
}
END_TEST

START_TEST(all_or_none)
{
	struct processors some, one;
	use_one();
	processors_take(&places, 2, &some);
	ck_assert_int_eq(some.n, 0);
	processors_take(&places, 1, &one);
	ck_assert_int_eq(one.n, 1);
	processors_release(&one);
	processors_take(&places, PROCESSORS_MAX + 1, &some);
	ck_assert_int_eq(some.n, 0);
}
END_TEST

START_TEST(only_those_that_this_process_may_use)
{
	struct processors one;
	const int cpu = use_one();
	processors_take(&places, 1, &one);
	ck_assert_int_eq(one.n, 1);
	ck_assert_int_eq(one.numbers[0], cpu);
	AUTO_FREE char *list = processors_list(&one);
	AUTO_FREE char *wanted = mem_printf("%d", cpu);
	ck_assert_str_eq(list, wanted);
	const cpu_set_t set = processors_set(&one);
	ck_assert(CPU_COUNT(&set) == 1 && CPU_ISSET((size_t)cpu, &set));
	processors_release(&one);
	ck_assert_int_eq(processors_allowed(), 1);
}
END_TEST

START_TEST(a_list_of_several)
{
	const struct processors ps = { .n = 3, .numbers = { 4, 0, 11 } };
	AUTO_FREE char *list = processors_list(&ps);
	ck_assert_str_eq(list, "4,0,11");
}
END_TEST

static const struct {
	int64_t quota;
	int most;
} quotas[] = {
	{ 50000, 1 },
	{ 100000, 1 },
	{ 190000, 1 },
	{ 250000, 2 },
};

START_TEST(the_quota_of_a_group_around)
{
	static const char group[] = CGROUP_PARENT "/unit-quota";
	struct cgroup_host host;
	struct err err = { 0 };
	const int all = CPU_COUNT(&before), most = quotas[_i].most < all ? quotas[_i].most : all;
	ck_assert_msg(cgroup_host_find(&host, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(cgroup_make(&host, group, &err), 0);
	ck_assert_int_eq(cgroup_set_cpu(&host, group, quotas[_i].quota, 100000, 0, &err), 0);
	const pid_t pid = fork();
	if (pid == 0)
		_exit(cgroup_write(&host, CG_CPU, group, "cgroup.procs", "0", &err) < 0 ?
			      99 :
			      processors_allowed());
	const int status = process_wait(pid);
	cgroup_remove(&host, group, NULL);
	cgroup_host_done(&host);
	ck_assert_int_eq(WEXITSTATUS(status), most);
}
END_TEST

Suite *suite_container_processors(void);
Suite *suite_container_processors(void)
{
	Suite *s = suite_create("container/processors");
	TCase *tc = tcase_create("all");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_is_taken_once);
	tcase_add_test(tc, all_or_none);
	tcase_add_test(tc, only_those_that_this_process_may_use);
	tcase_add_test(tc, a_list_of_several);
	tcase_add_loop_test(tc, the_quota_of_a_group_around, 0, sizeof quotas / sizeof *quotas);
	suite_add_tcase(s, tc);
	return s;
}
