/* test_container_area.c - what one test leaves is not there for the next, what the build left is. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "container/area.h"
#include "container/area_watch.h"

/* The runner is this process; the box is a child with a mount namespace of its own, in which the
 * area's source is bound at "/mnt". */
static struct area area;
static struct err err;
static pid_t box;
static int box_mnt, own_mnt;
static int watch;
static char room[64];

static void make(mode_t mode)
{
	const struct area_options opt = { .at = "/mnt",
					  .room = room,
					  .name = "work",
					  .uid = 1000,
					  .gid = 1000,
					  .mode = mode,
					  .bytes = 1 << 20,
					  .inodes = 1000,
					  .watch = watch };
	ck_assert_msg(area_make(&opt, &area, &err) == 0, "%s", err.msg);
	ck_assert_msg(area_enter(&area, "", &err) == 0, "%s", err.msg);
}

static void make_with_home(void)
{
	const struct area_options opt = { .at = "/mnt",
					  .room = room,
					  .name = "tmp",
					  .mode = 01777,
					  .home = ".home",
					  .home_uid = 1000,
					  .bytes = 1 << 20,
					  .inodes = 1000,
					  .inodes_max = 100,
					  .watch = watch };
	ck_assert_msg(area_make(&opt, &area, &err) == 0, "%s", err.msg);
	ck_assert_msg(area_enter(&area, "", &err) == 0, "%s", err.msg);
}

static void start_box(void)
{
	int ready[2];
	char c;
	ck_assert_int_eq(pipe(ready), 0);
	box = fork();
	if (box == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(area.source, "/mnt", NULL, MS_BIND, NULL) < 0 ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)box);
	box_mnt = open(path, O_RDONLY | O_CLOEXEC);
	own_mnt = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(box_mnt, 0);
}

static void setup(void)
{
	snprintf(room, sizeof room, "/tmp/moulette-unit-area.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(room));
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("room", room, "tmpfs", 0, "mode=711"), 0);
	memset(&area, 0, sizeof area);
	watch = area_watch_open();
}

static void teardown(void)
{
	area_close(&area);
	fd_close(&watch);
	kill(box, SIGKILL);
	waitpid(box, NULL, 0);
	ck_assert_int_eq(umount2(room, MNT_DETACH), 0);
	ck_assert_int_eq(rmdir(room), 0);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

static void put_built(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", area.source, name);
	put(path, text);
}

/* Runs @body as a step would: in the box's mounts, uid 1000. Return: its exit status. */
static int in_box(int (*body)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		if (setns(box_mnt, CLONE_NEWNS) < 0 || chdir("/mnt") < 0 || setgid(1000) < 0 ||
		    setuid(1000) < 0)
			_exit(99);
		_exit(body());
	}
	int status;
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static int built_is_there(void)
{
	char text[8] = "";
	int fd = open("built", O_RDONLY);
	return fd >= 0 && read(fd, text, 7) == 4 && strcmp(text, "make") == 0 ? 0 : 1;
}
static int left_nothing(void)
{
	return access("new", F_OK) == 0 ? 1 : built_is_there();
}
static int make_new(void)
{
	int fd = open("new", O_WRONLY | O_CREAT, 0600);
	return fd < 0;
}
static int change_built(void)
{
	int fd = open("built", O_WRONLY | O_TRUNC);
	return fd < 0 || write(fd, "x", 1) != 1;
}
static int remove_built(void)
{
	return unlink("built") < 0;
}
static int rename_folder(void)
{
	return rename("dir", "other") < 0;
}
static int change_mode(void)
{
	return chmod(".", 0700) < 0;
}
static int change_times(void)
{
	const struct timespec t[2] = { { 1, 2 }, { 3, 4 } };
	return utimensat(AT_FDCWD, ".", t, 0) < 0;
}
static int change_built_atime(void)
{
	const struct timespec t[2] = { { 77, 0 }, { 0, UTIME_OMIT } };
	return utimensat(AT_FDCWD, "built", t, 0) < 0;
}
static int times_are_old(void)
{
	struct stat st;
	return stat("built", &st) == 0 && st.st_atim.tv_sec != 77 ? 0 : 1;
}
static int mode_is_old(void)
{
	struct stat st;
	return stat(".", &st) == 0 && (st.st_mode & 07777) == 0755 && st.st_mtim.tv_sec != 3 ? 0 :
											       1;
}
static int read_only(void)
{
	char c;
	int fd = open("built", O_RDONLY);
	return fd < 0 || read(fd, &c, 1) != 1;
}

/* Nothing of the folder changes, but the next file has another number. */
static int make_unnamed(void)
{
	return close(open(".", O_TMPFILE | O_RDWR, 0600)) < 0;
}
static int make_unnamed_below(void)
{
	return close(open("dir", O_TMPFILE | O_RDWR, 0600)) < 0;
}
static int counts_from_the_start(void)
{
	struct stat st;
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_ino < 100 ? 0 : 1;
}
static int make_many_unnamed(void)
{
	for (int i = 0; i < 1000; i++)
		if (make_unnamed() != 0)
			return 1;
	return 0;
}

static void renew(int64_t bytes)
{
	ck_assert_msg(area_renew(&area, bytes, box_mnt, own_mnt, &err) == 0, "%s", err.msg);
}

static const struct {
	const char *label;
	int (*touch)(void), (*check)(void);
	bool dirty;
} rows[] = {
	{ "a new file", make_new, left_nothing, true },
	{ "a changed file", change_built, built_is_there, true },
	{ "a removed file", remove_built, built_is_there, true },
	{ "a renamed folder", rename_folder, left_nothing, true },
	{ "mode of the folder itself", change_mode, mode_is_old, true },
	{ "times of the folder itself", change_times, mode_is_old, true },
	{ "access time of a built file", change_built_atime, times_are_old, true },
	{ "a file without a name", make_unnamed, left_nothing, true },
	{ "a file without a name in a built folder", make_unnamed_below, left_nothing, true },
	{ "many files without names", make_many_unnamed, counts_from_the_start, true },
	{ "only reading", read_only, left_nothing, false },
};

START_TEST(each_test_finds_what_the_build_left)
{
	char dir[128];
	make(0755);
	snprintf(dir, sizeof dir, "%s/dir", area.source);
	put_built("built", "make");
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_eq(chown(dir, 1000, 1000), 0);
	snprintf(dir, sizeof dir, "%s/built", area.source);
	ck_assert_int_eq(chown(dir, 1000, 1000), 0);
	start_box();
	ck_assert_int_eq(area_freeze(&area, &err), 0);
	for (int round = 0; round < 2; round++) {
		renew(1 << 20);
		ck_assert_msg(in_box(left_nothing) == 0, "%s: before, round %d", rows[_i].label,
			      round);
		ck_assert_msg(in_box(rows[_i].touch) == 0, "%s", rows[_i].label);
		areas_check(&area, 1);
		ck_assert_msg(area.dirty == rows[_i].dirty, "%s: dirty %d", rows[_i].label,
			      area.dirty);
	}
	renew(1 << 20);
	ck_assert_msg(in_box(rows[_i].check) == 0, "%s: seen by the next", rows[_i].label);
}
END_TEST

START_TEST(an_empty_area_is_fresh_each_time)
{
	make(01777);
	start_box();
	ck_assert_int_eq(area_freeze(&area, &err), 0);
	ck_assert(area.empty);
	for (int round = 0; round < 3; round++) {
		renew(1 << 20);
		ck_assert_int_eq(in_box(make_new), 0);
		areas_check(&area, 1);
		ck_assert(area.dirty);
	}
	renew(2 << 20);
	ck_assert(area_fill(&area) == AREA_HAS_ROOM);
}
END_TEST

static int fill(void)
{
	static char block[65536];
	int fd = open("new", O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof block) > 0)
		;
	return errno != ENOSPC;
}

/* Each event is of one of them. */
START_TEST(what_is_gone_is_known_by_area)
{
	struct area both[2];
	make(01777);
	start_box();
	ck_assert_int_eq(area_freeze(&area, &err), 0);
	renew(1 << 20);
	if (area.unwatched)
		return; /* before Linux 5.13 */
	both[0] = both[1] = area;
	memset(&both[0].watched, 0, sizeof both[0].watched);
	ck_assert_int_eq(in_box(make_unnamed), 0);
	areas_check(both, 2);
	ck_assert(!both[0].dirty && both[1].dirty);
	/* Nothing is told twice. */
	both[1].dirty = false;
	areas_check(both, 2);
	ck_assert(!both[1].dirty);
}
END_TEST

START_TEST(without_a_watch_every_area_is_touched)
{
	fd_close(&watch);
	make(01777);
	start_box();
	ck_assert_int_eq(area_freeze(&area, &err), 0);
	renew(1 << 20);
	areas_check(&area, 1);
	ck_assert(area.dirty);
}
END_TEST

START_TEST(full_is_seen_and_gone_with_the_next)
{
	make(01777);
	start_box();
	ck_assert_int_eq(area_freeze(&area, &err), 0);
	renew(1 << 20);
	ck_assert(area_fill(&area) == AREA_HAS_ROOM);
	ck_assert_int_eq(in_box(fill), 0);
	ck_assert(area_fill(&area) == AREA_NO_BLOCKS);
	areas_check(&area, 1);
	renew(1 << 20);
	ck_assert(area_fill(&area) == AREA_HAS_ROOM);
}
END_TEST

START_TEST(building_may_add_what_it_is_allowed)
{
	make(0755);
	put_built("built", "make");
	start_box();
	ck_assert_int_eq(area_allow(&area, 65536, &err), 0);
	ck_assert_int_eq(in_box(fill), 0);
	ck_assert(area_fill(&area) == AREA_NO_BLOCKS);
	/* What is there already is not held against the next step. */
	ck_assert_int_eq(area_allow(&area, 65536, &err), 0);
	ck_assert(area_fill(&area) == AREA_HAS_ROOM);
}
END_TEST

static int top_is_seen(void)
{
	return access("../mnt/beside", F_OK) == 0 ? 2 : left_nothing();
}

/* The box was there first; which folder of the archive it sees is known only now. */
START_TEST(a_box_may_start_before_its_submission)
{
	make(0755);
	start_box();
	put_built("beside", "x");
	char path[128];
	snprintf(path, sizeof path, "%s/alice", area.source);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	put_built("alice/built", "make");
	ck_assert_int_eq(chown(path, 1000, 1000), 0);
	if (_i == 0)
		ck_assert_msg(area_enter_late(&area, "alice", box_mnt, own_mnt, &err) == 0, "%s",
			      err.msg);
	ck_assert_int_eq(in_box(top_is_seen), _i == 0 ? 0 : 2);
	if (_i != 0)
		return;
	ck_assert_int_eq(area_freeze(&area, &err), 0);
	for (int i = 0; i < 3; i++) {
		renew(1 << 20);
		ck_assert_int_eq(in_box(top_is_seen), 0);
		ck_assert_int_eq(in_box(make_new), 0);
		areas_check(&area, 1);
	}
}
END_TEST

static int home_is_new(void)
{
	struct stat st;
	/* One that holds something is not removed. */
	return lstat(".home", &st) < 0 || st.st_mode != (S_IFDIR | 0700) || st.st_uid != 1000 ||
	       st.st_gid != 1000 || rmdir(".home") < 0 || mkdir(".home", 0700) < 0;
}
static int is_only_home(void)
{
	return access("new", F_OK) == 0 || home_is_new();
}
static int write_home(void)
{
	return mkdir(".home/.config", 0) < 0 || open(".home/new", O_WRONLY | O_CREAT, 0) < 0;
}
static int change_home(void)
{
	return chmod(".home", 0755) < 0;
}
static int touch_home(void)
{
	const struct timespec t[2] = { { 1, 2 }, { 3, 4 } };
	return utimensat(AT_FDCWD, ".home", t, 0) < 0;
}
static int remove_home(void)
{
	return rmdir(".home") < 0;
}
static int rename_home(void)
{
	return write_home() || rename(".home", "other") < 0;
}
static int link_home(void)
{
	return rmdir(".home") < 0 || symlink("/", ".home") < 0;
}
static int file_for_home(void)
{
	return rmdir(".home") < 0 || mknod(".home", S_IFREG | 0600, 0) < 0;
}
static int no_inode_left(void)
{
	char name[16];
	for (int i = 0; rmdir(".home") == 0 || i < 1000; i++) {
		snprintf(name, sizeof name, "f%d", i);
		if (mknod(name, S_IFREG | 0600, 0) < 0)
			return errno != ENOSPC;
	}
	return 1;
}
static int nothing(void)
{
	return 0;
}

static const struct {
	const char *label;
	int (*touch)(void);
} homes[] = {
	{ "nothing", nothing },
	{ "files in it", write_home },
	{ "its mode", change_home },
	{ "its times", touch_home },
	{ "away", remove_home },
	{ "renamed", rename_home },
	{ "a link in its place", link_home },
	{ "a file in its place", file_for_home },
	{ "away, and no inode left", no_inode_left },
};

static void allow(void)
{
	ck_assert_msg(area_allow(&area, 1 << 20, &err) == 0, "%s", err.msg);
}

START_TEST(a_build_step_finds_an_empty_home)
{
	make_with_home();
	start_box();
	for (int round = 0; round < 2; round++) {
		allow();
		ck_assert_msg(in_box(home_is_new) == 0, "%s: round %d", homes[_i].label, round);
		ck_assert_msg(in_box(homes[_i].touch) == 0 || round > 0, "%s", homes[_i].label);
	}
}
END_TEST

/* The build left nothing but what it wrote to the home, or a file beside it. */
static void test_finds_home(int (*build)(void), bool empty)
{
	make_with_home();
	start_box();
	allow();
	ck_assert_int_eq(in_box(build), 0);
	if (!empty)
		put_built("built", "make");
	ck_assert_int_eq(area_freeze(&area, &err), 0);
	ck_assert_int_eq(area.empty, empty);
}

START_TEST(a_test_finds_an_empty_home)
{
	const bool empty = _i % 2 == 0;
	test_finds_home(write_home, empty);
	for (int round = 0; round < 3; round++) {
		renew(1 << 20);
		ck_assert_msg(in_box(is_only_home) == 0, "%s: round %d", homes[_i / 2].label,
			      round);
		area.dirty = true; /* the look itself has changed it */
		renew(1 << 20);
		ck_assert_msg(in_box(homes[_i / 2].touch) == 0, "%s", homes[_i / 2].label);
		areas_check(&area, 1);
		ck_assert_msg(area.dirty == (homes[_i / 2].touch != nothing), "%s",
			      homes[_i / 2].label);
	}
}
END_TEST

static int link_home_to_dir(void)
{
	return rmdir(".home") < 0 || symlink("/mnt", ".home") < 0;
}

START_TEST(a_build_cannot_lead_the_home_elsewhere)
{
	test_finds_home(link_home_to_dir, true);
	renew(1 << 20);
	ck_assert_int_eq(in_box(home_is_new), 0);
}
END_TEST

Suite *suite_container_area(void);

Suite *suite_container_area(void)
{
	Suite *s = suite_create("container/area");
	TCase *tc = tcase_create("area");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, each_test_finds_what_the_build_left, 0,
			    (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, an_empty_area_is_fresh_each_time);
	tcase_add_test(tc, what_is_gone_is_known_by_area);
	tcase_add_test(tc, without_a_watch_every_area_is_touched);
	tcase_add_test(tc, full_is_seen_and_gone_with_the_next);
	tcase_add_loop_test(tc, a_box_may_start_before_its_submission, 0, 2);
	tcase_add_test(tc, building_may_add_what_it_is_allowed);
	tcase_add_loop_test(tc, a_build_step_finds_an_empty_home, 0,
			    (int)(sizeof homes / sizeof *homes));
	tcase_add_loop_test(tc, a_test_finds_an_empty_home, 0,
			    (int)(sizeof homes / sizeof *homes) * 2);
	tcase_add_test(tc, a_build_cannot_lead_the_home_elsewhere);
	suite_add_tcase(s, tc);
	return s;
}
