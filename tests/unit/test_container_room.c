/* test_container_room.c - the image's tree gets its mount points lent and is never changed. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/room.h"

static char dir[64], tree[96];
static const char *const nodes[] = { "/dev/null",   "/dev/zero",    "/dev/full",
				     "/dev/random", "/dev/urandom", "/dev/tty" };
#define N_NODES (sizeof nodes / sizeof *nodes)
static struct stat hosts[N_NODES]; /* before the room was entered */
static struct places places;
static struct room room;
static struct image image;
static struct err err;

static char *in(const char *base, const char *name)
{
	static char path[4][256];
	static int next;
	next = (next + 1) % 4;
	snprintf(path[next], sizeof path[next], "%s/%s", base, name);
	return path[next];
}

static void setup(void)
{
	snprintf(dir, sizeof dir, "/tmp/moulette-unit-room.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	/* A comma and a colon: both mean something in mount options. */
	snprintf(tree, sizeof tree, "%s/im,a:ge", dir);
	ck_assert_int_eq(mkdir(tree, 0755), 0);
	ck_assert_int_eq(mkdir(in(tree, "etc"), 0755), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, in(tree, "etc/motd"), "hello"), 0);
	ck_assert_int_eq(symlink("etc", in(tree, "link")), 0);
	places = (struct places){ .run = dir };
	image = (struct image){ .name = (char *)"test", .rootfs = tree };
	for (size_t i = 0; i < N_NODES; i++)
		ck_assert_int_eq(stat(nodes[i], &hosts[i]), 0);
	ck_assert_msg(room_enter(&places, NULL, &room, &err) == 0, "%s", err.msg);
	ck_assert_msg(room_furnish(&room, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	room_clear(&room);
	ck_assert_int_eq(umount2(room.path, 0), 0); /* busy if anything were left in it */
	umount2(room.path, MNT_DETACH); /* the nodes of boxes, where they could be made */
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, dir), 0);
}

static bool there(const char *base, const char *name)
{
	return access(in(base, name), F_OK) == 0;
}

START_TEST(missing_points_are_lent)
{
	char *points[] = { (char *)"d/work", (char *)"d/grader/data", (char *)"f/etc/resolv.conf",
			   (char *)"d/etc", NULL };
	ck_assert_msg(room_mount_root(&room, &image, points, &err) == 0, "%s", err.msg);
	ck_assert(there(room.root, "work") && there(room.root, "grader/data"));
	ck_assert(there(room.root, "etc/resolv.conf") && there(room.root, "etc/motd"));
	ck_assert(!there(tree, "work") && !there(tree, "grader") &&
		  !there(tree, "etc/resolv.conf"));
	ck_assert_int_lt(mkdir(in(room.root, "new"), 0755), 0);
}
END_TEST

/* What engines bind into boxes. */
START_TEST(nodes_are_not_the_hosts)
{
	struct stat st;
	if (mknod(in(dir, "node"), S_IFCHR | 0666, makedev(1, 3)) < 0)
		return; /* as in a container that may not */
	unlink(in(dir, "node"));
	for (size_t i = 0; i < N_NODES; i++) {
		ck_assert_int_eq(stat(nodes[i], &st), 0);
		ck_assert_int_eq(st.st_mode & 07777, 0666);
		ck_assert_msg(st.st_ino != hosts[i].st_ino || st.st_dev != hosts[i].st_dev, "%s",
			      nodes[i]);
		ck_assert_uint_eq(st.st_rdev, hosts[i].st_rdev);
	}
}
END_TEST

START_TEST(nothing_is_lent_to_a_whole_image)
{
	char *points[] = { (char *)"d/etc", (char *)"f/etc/motd", NULL };
	ck_assert_int_eq(room_mount_root(&room, &image, points, &err), 0);
	ck_assert(there(room.root, "etc/motd"));
}
END_TEST

static const struct {
	const char *label, *point;
} bad[] = {
	{ "a symlink on the way", "d/link/sub" },
	{ "a symlink itself", "d/link" },
	{ "a file where a folder must be", "d/etc/motd" },
	{ "a folder where a file must be", "f/etc" },
};

START_TEST(a_point_that_leads_elsewhere_is_refused)
{
	char *points[] = { (char *)(size_t)bad[_i].point, NULL };
	ck_assert_msg(room_mount_root(&room, &image, points, &err) == -1, "%s", bad[_i].label);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_msg(strstr(err.msg, bad[_i].point + 2) != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_closed_folder_on_the_way_is_refused)
{
	char *points[] = { (char *)"d/etc/new", NULL };
	ck_assert_int_eq(chmod(in(tree, "etc"), 0700), 0);
	ck_assert_int_eq(room_mount_root(&room, &image, points, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_msg(strstr(err.msg, "cannot enter '/etc'") != NULL, "%s", err.msg);
}
END_TEST

/* A tree of two mounts, held read-only: neither can be written through, both can where they lie. */
START_TEST(held_trees_are_read_only_throughout)
{
	AUTO_FREE char *place = NULL, *file = NULL, *rw = NULL;
	ck_assert_int_eq(mkdir(in(tree, "sub"), 0755), 0);
	ck_assert_int_eq(mount("none", in(tree, "sub"), "tmpfs", 0, "size=1m"), 0);
	ck_assert_msg(room_hold(&room, tree, 0, true, &place, &err) == 0, "%s", err.msg);
	ck_assert_msg(room_hold(&room, in(tree, "etc/motd"), 1, true, &file, &err) == 0, "%s",
		      err.msg);
	ck_assert_msg(room_hold(&room, tree, 2, false, &rw, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(file_write(AT_FDCWD, in(place, "x"), "x"), -1);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_eq(file_write(AT_FDCWD, in(place, "sub/x"), "x"), -1);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_eq(file_write(AT_FDCWD, file, "x"), -1);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_eq(file_write(AT_FDCWD, in(rw, "sub/x"), "x"), 0);
	struct statvfs fs;
	ck_assert_int_eq(statvfs(in(rw, "sub"), &fs), 0);
	ck_assert_uint_eq(fs.f_flag & (ST_NOSUID | ST_NODEV | ST_RDONLY), ST_NOSUID | ST_NODEV);
	ck_assert(there(tree, "sub/x"));
	ck_assert_int_eq(umount(in(tree, "sub")), 0);
}
END_TEST

START_TEST(nothing_to_hold)
{
	AUTO_FREE char *place = NULL;
	ck_assert_int_eq(room_hold(&room, in(tree, "nowhere"), 0, true, &place, &err), -1);
	ck_assert_ptr_null(place);
	ck_assert_msg(strstr(err.msg, "nowhere") != NULL, "%s", err.msg);
}
END_TEST

/* --- a place for another box in the same room ------------------------------------------------ */

/* Both boxes have the image at once; clearing the inner place leaves the outer one as it is. */
START_TEST(another_box_within)
{
	struct room inner;
	ck_assert_msg(room_within(&room, "peer1", &inner, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(inner.path, in(room.path, "peer1"));
	const char *const places_of[] = { inner.root,  inner.bundle, inner.state, inner.netns,
					  inner.peers, inner.held,   inner.once };
	for (size_t i = 0; i < sizeof places_of / sizeof *places_of; i++)
		ck_assert_msg(strncmp(places_of[i], in(inner.path, ""), strlen(inner.path) + 1) ==
				      0,
			      "%s", places_of[i]);
	ck_assert_msg(room_furnish(&inner, &err) == 0, "%s", err.msg);
	char *outer_points[] = { (char *)"d/work", NULL },
	     *inner_points[] = { (char *)"d/peer", NULL };
	ck_assert_int_eq(room_mount_root(&room, &image, outer_points, &err), 0);
	ck_assert_msg(room_mount_root(&inner, &image, inner_points, &err) == 0, "%s", err.msg);
	ck_assert(there(inner.root, "peer") && !there(inner.root, "work"));
	ck_assert(there(room.root, "work") && !there(room.root, "peer"));

	room_clear(&inner);
	ck_assert(!there(inner.root, "") && there(inner.path, ""));
	ck_assert(there(room.root, "work") && there(room.root, "etc/motd"));
	room_done(&inner);
	ck_assert_ptr_null(inner.path);
}
END_TEST

START_TEST(the_same_place_again)
{
	struct room first, second;
	ck_assert_int_eq(room_within(&room, "peer1", &first, &err), 0);
	ck_assert_int_eq(room_furnish(&first, &err), 0);
	room_clear(&first);
	ck_assert_msg(room_within(&room, "peer1", &second, &err) == 0, "%s", err.msg);
	ck_assert_msg(room_furnish(&second, &err) == 0, "%s", err.msg);
	ck_assert_str_eq(first.root, second.root);
	room_done(&first);
	room_done(&second);
}
END_TEST

START_TEST(no_place_for_another_box)
{
	struct room inner;
	ck_assert_int_eq(room_within(&room, "no/such", &inner, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	AUTO_FREE char *want = mem_printf("cannot make '%s/no/such': No such file or directory",
					  room.path);
	ck_assert_str_eq(err.msg, want);
	ck_assert(!there(room.path, "no"));
	room_done(&inner);
}
END_TEST

Suite *suite_container_room(void);

Suite *suite_container_room(void)
{
	Suite *s = suite_create("container/room");
	TCase *tc = tcase_create("room");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, missing_points_are_lent);
	tcase_add_test(tc, nodes_are_not_the_hosts);
	tcase_add_test(tc, nothing_is_lent_to_a_whole_image);
	tcase_add_loop_test(tc, a_point_that_leads_elsewhere_is_refused, 0,
			    (int)(sizeof bad / sizeof *bad));
	tcase_add_test(tc, a_closed_folder_on_the_way_is_refused);
	tcase_add_test(tc, held_trees_are_read_only_throughout);
	tcase_add_test(tc, nothing_to_hold);
	tcase_add_test(tc, another_box_within);
	tcase_add_test(tc, the_same_place_again);
	tcase_add_test(tc, no_place_for_another_box);
	suite_add_tcase(s, tc);
	return s;
}
