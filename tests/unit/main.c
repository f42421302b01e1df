/* main.c - runs every suite; the list is made by the Makefile from the names of the files. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "image/maker.h"
#include "rounds.h"

#define SUITE(name) Suite *suite_##name(void);
#include "suites.inc"
#undef SUITE

/* image/maker.h: absent when that stage is not built; images are made in the tests' own process. */
extern image_maker_fn *image_maker __attribute__((weak));
image_maker_fn image_make_here __attribute__((weak));

#if ROUNDS_SANITIZED
#include <sanitizer/allocator_interface.h>
#include <sanitizer/lsan_interface.h>

/*
 * The search for leaks at the end of a process reads 15 MB of globals, and takes two thirds of the time of a small
 * test. Each test is a child, and leaks nothing when it has as many bytes at its end as at its birth. The
 * channel on which it reports has a buffer by then: stdio makes it with the first report. Any other sum is
 * searched: leaks, and what globals still hold.
 */
enum { CHANNEL_BUFFER = 4096 };
static size_t bytes_at_birth = SIZE_MAX / 2; /* of a process that was not forked: never met */

static void child_is_born(void)
{
	bytes_at_birth = __sanitizer_get_current_allocated_bytes();
}

/* The runtime asks for this by name. */
int __lsan_is_turned_off(void)
{
	return __sanitizer_get_current_allocated_bytes() == bytes_at_birth + CHANNEL_BUFFER;
}
#endif

int main(void)
{
	if (&image_maker)
		image_maker = image_make_here;
#if ROUNDS_SANITIZED
	pthread_atfork(NULL, NULL, child_is_born);
#endif
	SRunner *runner = srunner_create(NULL);
#define SUITE(name) srunner_add_suite(runner, suite_##name());
#include "suites.inc"
#undef SUITE
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
