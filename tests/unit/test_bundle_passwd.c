/* test_bundle_passwd.c - the line of the box's user names its home, all else stays. */
#include "bundle/passwd.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

static char top[] = "/tmp/moulette-unit-test-XXXXXX";
static int etc = -1;
static struct image image;

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(top));
	image = (struct image){ .name = (char[]){ "i" }, .rootfs = top };
	ck_assert_int_eq(chmod(top, 0755), 0);
	AUTO_FREE char *path = mem_printf("%s/etc", top);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	etc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void teardown(void)
{
	close(etc);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
	memset(top + strlen(top) - 6, 'X', 6);
}

static void put(const char *text)
{
	ck_assert_int_eq(file_write(etc, "passwd", text), 0);
	ck_assert_int_eq(fchmodat(etc, "passwd", 0644, 0), 0);
}

/* What passwd_fit() makes of it; "" when nothing is to be changed. */
static char *fitted(void)
{
	AUTO_BUF b = { 0 };
	struct err err = { 0 };
	ck_assert_msg(passwd_fit(&image, "/home", &b, &err) == 0, "%s", err.msg);
	return buf_take(&b);
}

#define ROOT "root:x:0:0:root:/root:/bin/sh\n"
#define ADDED "student:x:1000:1000:student:/home:/bin/sh\n"

static const struct {
	const char *label, *was, *is;
} rows[] = {
	{ "as it is to be", ROOT "s:x:1000:1000::/home:/bin/sh\n", "" },
	{ "another home", ROOT "s:x:1000:1000::/work:/bin/sh\nn:x:1:1::/:\n",
	  ROOT "s:x:1000:1000::/home:/bin/sh\nn:x:1:1::/:\n" },
	{ "a longer home", "node:x:1000:1000::/home/node:/bin/bash\n",
	  "node:x:1000:1000::/home:/bin/bash\n" },
	{ "no home", "s:x:1000:1000:::\n", "s:x:1000:1000::/home:\n" },
	{ "no newline", "s:x:1000:1000::/work:/bin/sh", "s:x:1000:1000::/home:/bin/sh" },
	{ "the first of two", "s:x:1000:1:::\nt:x:1000:2::/t:\n",
	  "s:x:1000:1::/home:\nt:x:1000:2::/t:\n" },
	{ "no such user", ROOT, ROOT ADDED },
	{ "no such user, no newline", "n:x:1:1::/:", "n:x:1:1::/:\n" ADDED },
	{ "10000 and 1000 as a group are others", "a:x:10000:1000::/a:\n",
	  "a:x:10000:1000::/a:\n" ADDED },
	{ "a line that ends early", "s:x:1000:1000\n", "s:x:1000:1000\n" ADDED },
	{ "not a number", "s:x:1000x:1:::\n\n:\n", "s:x:1000x:1:::\n\n:\n" ADDED },
	{ "empty", "", ADDED },
};

START_TEST(one_row)
{
	put(rows[_i].was);
	AUTO_FREE char *got = fitted();
	ck_assert_msg(strcmp(got, rows[_i].is) == 0, "%s: '%s'", rows[_i].label, got);
}
END_TEST

/* A mount over these would fail, or show what the image hides. */
START_TEST(others_are_left_alone)
{
	AUTO_FREE char *none = fitted();
	ck_assert_str_eq(none, "");
	ck_assert_int_eq(symlinkat("/etc/passwd", etc, "passwd"), 0);
	AUTO_FREE char *link = fitted();
	ck_assert_str_eq(link, "");
	ck_assert_int_eq(unlinkat(etc, "passwd", 0), 0);
	put(ROOT);
	ck_assert_int_eq(fchmodat(etc, "passwd", 0600, 0), 0);
	AUTO_FREE char *closed = fitted();
	ck_assert_str_eq(closed, "");
	ck_assert_int_eq(fchmodat(etc, "passwd", 0644, 0), 0);
	ck_assert_int_eq(fchmod(etc, 0700), 0);
	AUTO_FREE char *below = fitted();
	ck_assert_str_eq(below, "");
	ck_assert_int_eq(fchmod(etc, 0755), 0);
	AUTO_FREE char *open_one = fitted();
	ck_assert_str_eq(open_one, ROOT ADDED);
}
END_TEST

Suite *suite_bundle_passwd(void);

Suite *suite_bundle_passwd(void)
{
	Suite *s = suite_create("bundle/passwd");
	TCase *tc = tcase_create("passwd");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, others_are_left_alone);
	suite_add_tcase(s, tc);
	return s;
}
