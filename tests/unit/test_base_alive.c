/* test_base_alive.c - what a child says of itself reaches its parent. */
#include "base/alive.h"

#include <check.h>
#include <unistd.h>

#include "base/clock.h"
#include "child/process.h"

START_TEST(a_child_is_heard)
{
	struct alive *all = alive_map(2);
	ck_assert_ptr_nonnull(all);
	const int64_t before = clock_mono_ns();
	alive_for(&all[0], 0);
	pid_t pid = fork();
	if (pid == 0) {
		alive_wait(&all[0]);
		alive_for(&all[1], NSEC_PER_SEC);
		_exit(0);
	}
	ck_assert_int_eq(process_wait(pid), 0);
	ck_assert(alive_until(&all[0]) == ALIVE_WAITS);
	ck_assert(alive_until(&all[1]) >= before + NSEC_PER_SEC);
	ck_assert(alive_until(&all[1]) <= clock_mono_ns() + NSEC_PER_SEC);
	alive_unmap(all, 2);
}
END_TEST

START_TEST(nobody_watches)
{
	alive_for(NULL, 1);
	alive_wait(NULL);
	alive_unmap(NULL, 0);
}
END_TEST

Suite *suite_base_alive(void);
Suite *suite_base_alive(void)
{
	Suite *s = suite_create("base/alive");
	TCase *tc = tcase_create("alive");

	tcase_add_test(tc, a_child_is_heard);
	tcase_add_test(tc, nobody_watches);
	suite_add_tcase(s, tc);
	return s;
}
