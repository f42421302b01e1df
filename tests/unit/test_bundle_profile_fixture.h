/* test_bundle_profile_fixture.h - a folder of profiles before the shipped one. */
#ifndef MOULETTE_TEST_BUNDLE_PROFILE_FIXTURE_H
#define MOULETTE_TEST_BUNDLE_PROFILE_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

static char folder[] = "/tmp/moulette-unit-test-XXXXXX";

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, folder), 0);
	memset(folder + strlen(folder) - 6, 'X', 6);
}

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = mem_printf("%s/%s", folder, name);
	ck_assert_int_eq(file_write(AT_FDCWD, path, text), 0);
}

static const char *const shipped[] = { "base",    "compile",   "debug", "default",
				       "network", "os-course", "strict" };

#endif
