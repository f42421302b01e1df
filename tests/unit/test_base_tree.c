/* test_base_tree.c - removal of hostile trees: all of it goes, nothing else does. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"

Suite *suite_base_tree(void);

#define DEPTH 5000

static char dir[64];
static int top = -1; /* dir/top */
static int base = -1;

static void setup(void)
{
	strcpy(dir, "/tmp/moulette-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(base, "top", 0700), 0);
	top = openat(base, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(top, 0);
}

static void teardown(void)
{
	close(top);
	close(base);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void make_file(int at, const char *name, const char *text)
{
	ck_assert_int_eq(file_write(at, name, text), 0);
}

static bool exists(int at, const char *name)
{
	struct stat st;
	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

START_TEST(an_empty_folder_stays)
{
	ck_assert_int_eq(tree_remove(top), 0);
	ck_assert(exists(base, "top"));
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert(!exists(base, "top"));
	ck_assert_int_eq(tree_remove_at(base, "top"), 0); /* a missing one is no error */
}
END_TEST

START_TEST(every_kind_of_entry)
{
	ck_assert_int_eq(mkdirat(top, "folder", 0700), 0);
	ck_assert_int_eq(mkdirat(top, "folder/in", 0700), 0);
	make_file(top, "folder/in/file", "text");
	make_file(top, ".hidden", "");
	make_file(top, "name with\nnewline", "");
	ck_assert_int_eq(mkfifoat(top, "fifo", 0600), 0);
	ck_assert_int_eq(mknodat(top, "socket", S_IFSOCK | 0600, 0), 0);
	ck_assert_int_eq(symlinkat("nowhere", top, "dangling"), 0);
	ck_assert_int_eq(symlinkat(".", top, "folder/loop"), 0);
	ck_assert_int_eq(tree_remove(top), 0);
	ck_assert(exists(base, "top"));
	ck_assert_int_eq(unlinkat(base, "top", AT_REMOVEDIR), 0); /* it was empty */
}
END_TEST

/* By file and by folder, at the top and below, absolute and relative. */
START_TEST(links_are_not_followed)
{
	ck_assert_int_eq(mkdirat(base, "outside", 0700), 0);
	make_file(base, "outside/kept", "kept");
	char absolute[80];
	snprintf(absolute, sizeof absolute, "%s/outside", dir);
	ck_assert_int_eq(mkdirat(top, "sub", 0700), 0);
	ck_assert_int_eq(mkdirat(top, "sub/sub", 0700), 0);
	ck_assert_int_eq(symlinkat(absolute, top, "a"), 0);
	ck_assert_int_eq(symlinkat("../outside", top, "b"), 0);
	ck_assert_int_eq(symlinkat("../outside/kept", top, "c"), 0);
	ck_assert_int_eq(symlinkat(absolute, top, "sub/a"), 0);
	ck_assert_int_eq(symlinkat(absolute, top, "sub/sub/a"), 0);
	ck_assert_int_eq(linkat(base, "outside/kept", top, "sub/hard", 0), 0);
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert(!exists(base, "top"));

	/* The entry itself is a link to a folder: only the link goes. */
	ck_assert_int_eq(symlinkat("outside", base, "link"), 0);
	ck_assert_int_eq(tree_remove_at(base, "link"), 0);
	ck_assert(!exists(base, "link"));
	AUTO_BUF text = { 0 };
	ck_assert_int_eq(file_read(base, "outside/kept", &text, 10), 0);
	ck_assert_str_eq(text.data, "kept");
	ck_assert_int_eq(tree_remove_at(base, "outside"), 0);
}
END_TEST

/* Descends with "x/x/x/...", whose path is too long for any call. */
static int deepest(int levels)
{
	AUTO_FD int at = dup(top);
	for (int i = 0; i < levels; i++) {
		ck_assert_int_eq(mkdirat(at, "x", 0700), 0);
		int next = openat(at, "x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(next, 0);
		close(at);
		at = next;
	}
	return fd_steal(&at);
}

START_TEST(depth)
{
	struct rlimit stack = { 256 * 1024, 256 * 1024 }, files = { 16, 16 };
	AUTO_FD int bottom = deepest(DEPTH);
	make_file(bottom, "file", "");
	ck_assert_int_eq(setrlimit(RLIMIT_STACK, &stack), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert(!exists(base, "top"));
}
END_TEST

/* A comb: at each level a file and a folder with something in it, and many names at the top. */
START_TEST(breadth_and_depth)
{
	AUTO_FD int at = dup(top);
	for (int i = 0; i < 300; i++) {
		char name[32];
		snprintf(name, sizeof name, "file-%d", i);
		make_file(top, name, "");
		make_file(at, "f", "");
		ck_assert_int_eq(mkdirat(at, "tooth", 0700), 0);
		make_file(at, "tooth/f", "");
		ck_assert_int_eq(mkdirat(at, "x", 0700), 0);
		int next = openat(at, "x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert(!exists(base, "top"));
}
END_TEST

/* The names that lifted folders get, taken by what was there: by a file, a folder, a link. */
START_TEST(names_of_lifted_folders_may_be_taken)
{
	ck_assert_int_eq(mkdirat(base, "outside", 0700), 0);
	make_file(base, "outside/kept", "");
	make_file(top, ".moulette-gone-0", "");
	ck_assert_int_eq(mkdirat(top, ".moulette-gone-1", 0700), 0);
	ck_assert_int_eq(symlinkat("../outside", top, ".moulette-gone-2"), 0);
	ck_assert_int_eq(mkdirat(top, "a", 0700), 0);
	for (int i = 0; i < 5; i++) {
		char name[32];
		snprintf(name, sizeof name, "a/%d", i);
		ck_assert_int_eq(mkdirat(top, name, 0700), 0);
		snprintf(name, sizeof name, "a/%d/.moulette-gone-%d", i, i);
		ck_assert_int_eq(mkdirat(top, name, 0700), 0);
		strcat(name, "/x");
		make_file(top, name, "");
	}
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert(exists(base, "outside/kept"));
	ck_assert_int_eq(tree_remove_at(base, "outside"), 0);
}
END_TEST

START_TEST(no_permissions)
{
	ck_assert_int_eq(mkdirat(top, "a", 0700), 0);
	ck_assert_int_eq(mkdirat(top, "a/b", 0700), 0);
	make_file(top, "a/b/file", "");
	ck_assert_int_eq(fchmodat(top, "a/b/file", 0, 0), 0);
	ck_assert_int_eq(fchownat(top, "a/b", 12345, 12345, 0), 0);
	ck_assert_int_eq(fchmodat(top, "a/b", 0, 0), 0);
	ck_assert_int_eq(fchmodat(top, "a", 01000, 0), 0); /* sticky */
	ck_assert_int_eq(fchmod(top, 0), 0);
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert(!exists(base, "top"));
}
END_TEST

/* Mounts of a namespace of our own end with the test. */
static void own_mounts(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	/* What was opened before does not see what is mounted now. */
	close(top);
	close(base);
	base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	top = openat(base, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(top, 0);
}

static void mount_at(const char *name, bool bind)
{
	char path[128], source[128];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	snprintf(source, sizeof source, "%s/outside", dir);
	ck_assert_int_eq(bind ? mount(source, path, NULL, MS_BIND, NULL) :
				mount("none", path, "tmpfs", 0, NULL),
			 0);
}

static void unmount_at(const char *name)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
}

/* A mount point below, of another file system (row 0) and of the same one (row 1). */
START_TEST(what_is_mounted_stays)
{
	own_mounts();
	ck_assert_int_eq(mkdirat(base, "outside", 0700), 0);
	ck_assert_int_eq(mkdirat(top, "a", 0700), 0);
	ck_assert_int_eq(mkdirat(top, "a/point", 0700), 0);
	make_file(top, "a/file", "");
	mount_at("top/a/point", _i == 1);
	make_file(top, "a/point/kept", "");
	ck_assert_int_eq(exists(base, "outside/kept"), _i == 1);
	errno = 0;
	ck_assert_int_eq(tree_remove(top), -1);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert(exists(top, "a/point/kept"));
	ck_assert(!exists(top, "a/file")); /* the rest went */
	ck_assert_int_eq(tree_remove_at(base, "top"), -1);
	ck_assert(exists(top, "a/point/kept"));
	unmount_at("top/a/point");
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert_int_eq(exists(base, "outside/kept"), _i == 1);
	ck_assert_int_eq(tree_remove_at(base, "outside"), 0);
}
END_TEST

START_TEST(a_mount_point_itself_stays)
{
	own_mounts();
	ck_assert_int_eq(mkdirat(base, "outside", 0700), 0);
	ck_assert_int_eq(mkdirat(base, "point", 0700), 0);
	mount_at("point", _i == 1);
	make_file(base, "point/kept", "");
	errno = 0;
	ck_assert_int_eq(tree_remove_at(base, "point"), -1);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert(exists(base, "point/kept"));
	unmount_at("point");
	ck_assert_int_eq(tree_remove_at(base, "point"), 0);
	ck_assert_int_eq(tree_remove_at(base, "outside"), 0);
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
}
END_TEST

/* A file that is a mount point is not unlinked, nor is its source. */
START_TEST(a_mounted_file_stays)
{
	own_mounts();
	make_file(base, "outside", "kept");
	ck_assert_int_eq(mkdirat(top, "a", 0700), 0);
	make_file(top, "a/point", "");
	mount_at("top/a/point", true);
	errno = 0;
	ck_assert_int_eq(tree_remove(top), -1);
	ck_assert_int_eq(errno, EBUSY);
	AUTO_BUF text = { 0 };
	ck_assert_int_eq(file_read(top, "a/point", &text, 10), 0);
	ck_assert_str_eq(text.data, "kept");
	unmount_at("top/a/point");
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert_int_eq(tree_remove_at(base, "outside"), 0);
}
END_TEST

START_TEST(not_a_folder)
{
	make_file(base, "file", "kept");
	AUTO_FD int fd = openat(base, "file", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(tree_remove(fd), -1);
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert_int_eq(tree_remove(-1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert(exists(base, "file"));
	ck_assert_int_eq(tree_remove_at(base, "file"), 0);
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
}
END_TEST

/* A name out of "sub/.." must not empty the folder above. */
START_TEST(dots_are_refused)
{
	make_file(base, "kept", "");
	make_file(top, "kept", "");
	static const char *const names[] = { "..", ".", "", "../top", "sub/..", "sub/../" };
	ck_assert_int_eq(mkdirat(top, "sub", 0700), 0);
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(tree_remove_at(top, names[i]), *names[i] ? -1 : 0);
		ck_assert_int_eq(errno, *names[i] ? EINVAL : ENOENT);
	}
	ck_assert(exists(top, "sub"));
	ck_assert(exists(base, "kept"));
	ck_assert(exists(top, "kept"));
	ck_assert_int_eq(tree_remove_at(base, "top"), 0);
	ck_assert_int_eq(tree_remove_at(base, "kept"), 0);
}
END_TEST

Suite *suite_base_tree(void)
{
	Suite *s = suite_create("base/tree");
	TCase *tc = tcase_create("tree");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_empty_folder_stays);
	tcase_add_test(tc, every_kind_of_entry);
	tcase_add_test(tc, links_are_not_followed);
	tcase_add_test(tc, depth);
	tcase_add_test(tc, breadth_and_depth);
	tcase_add_test(tc, names_of_lifted_folders_may_be_taken);
	tcase_add_test(tc, no_permissions);
	tcase_add_loop_test(tc, what_is_mounted_stays, 0, 2);
	tcase_add_loop_test(tc, a_mount_point_itself_stays, 0, 2);
	tcase_add_test(tc, a_mounted_file_stays);
	tcase_add_test(tc, not_a_folder);
	tcase_add_test(tc, dots_are_refused);
	suite_add_tcase(s, tc);
	return s;
}
