/* main.c - runs every suite; the list is made by the Makefile from the names of the files. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "image/maker.h"

#define SUITE(name) Suite *suite_##name(void);
#include "suites.inc"
#undef SUITE

/* unpack/unpack.h: absent when that stage is not built. */
int unpack_child_main(void) __attribute__((weak));
/* image/maker.h: likewise, and images are made in the tests' own process. */
extern image_maker_fn *image_maker __attribute__((weak));
image_maker_fn image_make_here __attribute__((weak));

int main(int argc, char **argv)
{
	/* unpack_run() starts a program of its own; in the tests that is this one. */
	if (argc == 2 && strcmp(argv[1], "unpack-child") == 0 && unpack_child_main)
		return unpack_child_main();
	if (&image_maker)
		image_maker = image_make_here;
	SRunner *runner = srunner_create(NULL);
#define SUITE(name) srunner_add_suite(runner, suite_##name());
#include "suites.inc"
#undef SUITE
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
