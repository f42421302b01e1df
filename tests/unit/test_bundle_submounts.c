/* test_bundle_submounts.c - the mounts below a folder: which of them one finds there. */
#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "bundle/submounts.h"

static char dir[64];
static struct err err;

static char *in(const char *name)
{
	static char path[4][256];
	static int next;
	next = (next + 1) % 4;
	snprintf(path[next], sizeof path[next], "%s%s%s", dir, *name ? "/" : "", name);
	return path[next];
}

/* In a namespace of the test's own, so that nothing has to be unmounted. */
static void setup(void)
{
	snprintf(dir, sizeof dir, "/tmp/moulette-unit.XXXXXX");
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mount("none", dir, "tmpfs", 0, "size=1m,mode=755"), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void mount_at(const char *name, mode_t mode)
{
	char options[32];
	snprintf(options, sizeof options, "size=1m,mode=%o", mode);
	ck_assert_int_eq(fd_mkdir_p(in(name), 0755), 0);
	ck_assert_int_eq(mount("none", in(name), "tmpfs", 0, options), 0);
}

/* The names below @folder of those found, one a line. */
static char *found(const char *folder)
{
	static char text[1024];
	AUTO_STRV all = NULL;
	ck_assert_msg(submounts_find(in(folder), &all, &err) == 0, "%s", err.msg);
	text[0] = '\0';
	for (size_t i = 0; all[i]; i++) {
		ck_assert_int_eq(strncmp(all[i], in(folder), strlen(in(folder))), 0);
		strcat(strcat(text, all[i] + strlen(in(folder))), "\n");
	}
	return text;
}

START_TEST(those_below_in_order)
{
	mount_at("a/z", 0755);
	mount_at("a/b c\\\n", 0755);
	mount_at("a/z/deep", 0755);
	mount_at("ab", 0755); /* begins alike */
	ck_assert_str_eq(found("a"), "/b c\\\n\n/z\n/z/deep\n");
	ck_assert_str_eq(found("a/z"), "/deep\n"); /* not itself */
	ck_assert_str_eq(found("a/z/deep"), "");
}
END_TEST

START_TEST(of_the_root)
{
	AUTO_STRV all = NULL;
	size_t n = 0;
	ck_assert_int_eq(submounts_find("/", &all, &err), 0);
	for (size_t i = 0; all[i]; i++) {
		n += strcmp(all[i], dir) == 0;
		ck_assert_str_ne(all[i], "/");
	}
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(what_is_covered_does_not_count)
{
	mount_at("a/x", 0755);
	mount_at("a/x/y", 0755);
	mount_at("a/x", 0755); /* over both */
	ck_assert_str_eq(found("a"), "/x\n");
	mount_at("a", 0755);
	ck_assert_str_eq(found("a"), "");
}
END_TEST

START_TEST(what_others_cannot_reach_does_not_count)
{
	mount_at("a/open", 0755);
	mount_at("a/shut/in", 0755);
	mount_at("a/own", 0700); /* reached, if not entered */
	ck_assert_int_eq(chmod(in("a/shut"), 0750), 0);
	ck_assert_str_eq(found("a"), "/open\n/own\n");
	ck_assert_int_eq(chmod(in("a"), 0700), 0);
	ck_assert_str_eq(found("a"), "");
}
END_TEST

START_TEST(moved_mounts_come_after_those_above_them)
{
	mount_at("first", 0755);
	mount_at("a/top", 0755);
	ck_assert_int_eq(mkdir(in("a/top/moved"), 0755), 0);
	ck_assert_int_eq(mount(in("first"), in("a/top/moved"), NULL, MS_MOVE, NULL), 0);
	ck_assert_str_eq(found("a"), "/top\n/top/moved\n");
}
END_TEST

Suite *suite_bundle_submounts(void);

Suite *suite_bundle_submounts(void)
{
	Suite *s = suite_create("bundle/submounts");
	TCase *tc = tcase_create("submounts");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, those_below_in_order);
	tcase_add_test(tc, of_the_root);
	tcase_add_test(tc, what_is_covered_does_not_count);
	tcase_add_test(tc, what_others_cannot_reach_does_not_count);
	tcase_add_test(tc, moved_mounts_come_after_those_above_them);
	suite_add_tcase(s, tc);
	return s;
}
