/* test_bundle_volumes.c - binds of the host: their options, the mounts below them, what is refused. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/mounts.h"
#include "bundle/volumes.h"

static char dir[64];
static struct err err;

static char *in(const char *name)
{
	static char path[4][256];
	static int next;
	next = (next + 1) % 4;
	snprintf(path[next], sizeof path[next], "%s/%s", dir, name);
	return path[next];
}

/* home/, a mount home/sub, a read-only one home/ro; home/shut/x behind a closed folder. */
static void setup(void)
{
	snprintf(dir, sizeof dir, "/tmp/moulette-unit.XXXXXX");
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mount("none", dir, "tmpfs", 0, "size=1m,mode=755"), 0);
	ck_assert_int_eq(fd_mkdir_p(in("home/sub"), 0755), 0);
	ck_assert_int_eq(fd_mkdir_p(in("home/ro"), 0755), 0);
	ck_assert_int_eq(fd_mkdir_p(in("home/shut/x"), 0755), 0);
	ck_assert_int_eq(fd_mkdir_p(in("plain"), 0755), 0);
	ck_assert_int_eq(file_write(AT_FDCWD, in("home/file"), "x"), 0);
	ck_assert_int_eq(chmod(in("home/shut"), 0700), 0);
	ck_assert_int_eq(symlink("sub", in("home/link")), 0);
	ck_assert_int_eq(mount("none", in("home/sub"), "tmpfs", MS_NOEXEC, "size=1m,mode=755"), 0);
	ck_assert_int_eq(mount("none", in("home/ro"), "tmpfs", MS_RDONLY, "size=1m,mode=755"), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

static struct json_object *config_of(const char *source, bool rw)
{
	struct json_object *c = json_object_new_object(), *mounts = json_object_new_array();
	json_object_array_add(mounts, mount_new(source, "/home", rw, NULL));
	json_object_object_add(c, "mounts", mounts);
	return c;
}

static struct json_object *at(struct json_object *c, const char *destination)
{
	return mounts_find(json_object_object_get(c, "mounts"), destination);
}

static const char *options(struct json_object *c, const char *destination)
{
	ck_assert_msg(at(c, destination) != NULL, "nothing at %s", destination);
	return json_object_to_json_string_ext(json_object_object_get(at(c, destination), "options"),
					      JSON_C_TO_STRING_PLAIN);
}

static size_t count(struct json_object *c)
{
	return json_object_array_length(json_object_object_get(c, "mounts"));
}

static const char *const none[] = { NULL };

#define RO "[\"rbind\",\"ro\",\"rro\",\"nosuid\",\"nodev\",\"rnosuid\",\"rnodev\","
#define RW "[\"rbind\",\"rw\",\"nosuid\",\"nodev\",\"rnosuid\",\"rnodev\","

START_TEST(read_only_throughout)
{
	AUTO_JSON *c = config_of(in("home"), false);
	ck_assert_msg(volumes_spread(c, none, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(count(c), 3);
	ck_assert_str_eq(options(c, "/home"), RO "\"rprivate\"]");
	ck_assert_str_eq(options(c, "/home/sub"), RO "\"noexec\",\"rprivate\"]");
	ck_assert_str_eq(options(c, "/home/ro"), RO "\"rprivate\"]");
	ck_assert_str_eq(mount_text(at(c, "/home/sub"), "source"), in("home/sub"));
	ck_assert(volume_is(at(c, "/home")) && volume_is(at(c, "/home/sub")));
}
END_TEST

START_TEST(writable_where_the_host_is)
{
	AUTO_JSON *c = config_of(in("home"), true);
	ck_assert_int_eq(volumes_spread(c, none, &err), 0);
	ck_assert_str_eq(options(c, "/home"), RW "\"rprivate\"]");
	ck_assert_str_eq(options(c, "/home/sub"), RW "\"noexec\",\"rprivate\"]");
	ck_assert_str_eq(options(c, "/home/ro"), RO "\"rprivate\"]");
}
END_TEST

START_TEST(left_as_they_are)
{
	const char *const own[] = { "/other", in("home"), NULL };
	AUTO_JSON *c = config_of(in("home"), true);
	AUTO_JSON *missing = config_of(in("nowhere"), false);
	AUTO_JSON *relative = config_of("work", true);
	ck_assert_int_eq(volumes_spread(c, own, &err), 0);
	ck_assert_str_eq(options(c, "/home"),
			 "[\"bind\",\"rw\",\"nosuid\",\"nodev\",\"rprivate\"]");
	ck_assert_int_eq(volumes_spread(missing, none, &err), 0);
	ck_assert_int_eq(volumes_spread(relative, none, &err), 0);
	ck_assert(!volume_is(at(missing, "/home")) && !volume_is(at(relative, "/home")));
	ck_assert_uint_eq(count(c) + count(missing) + count(relative), 3);
}
END_TEST

/* What was asked for at the place of a mount below stands there, once. */
START_TEST(another_at_the_same_place)
{
	AUTO_JSON *c = config_of(in("home"), false);
	json_object_array_add(json_object_object_get(c, "mounts"),
			      mount_new(in("plain"), "/home/sub", false, "noexec"));
	ck_assert_int_eq(volumes_spread(c, none, &err), 0);
	ck_assert_uint_eq(count(c), 3);
	ck_assert_str_eq(mount_text(at(c, "/home/sub"), "source"), in("plain"));
	ck_assert_str_eq(options(c, "/home/sub"), RO "\"rprivate\",\"noexec\"]");
}
END_TEST

START_TEST(source_behind_a_link)
{
	ck_assert_int_eq(symlink("home", in("way")), 0);
	AUTO_JSON *c = config_of(in("way"), false);
	ck_assert_int_eq(volumes_spread(c, none, &err), 0);
	ck_assert_str_eq(mount_text(at(c, "/home"), "source"), in("way"));
	ck_assert_str_eq(mount_text(at(c, "/home/sub"), "source"), in("home/sub"));
}
END_TEST

/* As Linux before 5.12 answers. */
static void forget_mount_setattr(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(mount_setattr), 0),
			 0);
	ck_assert_int_eq(seccomp_load(f), 0);
	seccomp_release(f);
}

START_TEST(refused_where_the_kernel_cannot)
{
	AUTO_JSON *c = config_of(in("home"), false);
	AUTO_JSON *w = config_of(in("home"), true);
	AUTO_JSON *plain = config_of(in("plain"), false);
	AUTO_FREE char *before = mem_strdup(json_object_to_json_string(plain));
	forget_mount_setattr();
	ck_assert_int_eq(volumes_spread(c, none, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_msg(strstr(err.msg, in("home/ro'")) != NULL, "%s", err.msg);
	ck_assert_msg(strstr(err.msg, "5.12") != NULL, "%s", err.msg);
	ck_assert_int_eq(volumes_spread(w, none, &err), -1);
	ck_assert_int_eq(volumes_spread(plain, none, &err), 0);
	ck_assert_str_eq(json_object_to_json_string(plain), before);
}
END_TEST

START_TEST(held_ones_need_no_words)
{
	AUTO_JSON *c = config_of(in("home"), false);
	ck_assert_int_eq(volumes_spread(c, none, &err), 0);
	volume_held(at(c, "/home/sub"), "/held/1");
	ck_assert_str_eq(mount_text(at(c, "/home/sub"), "source"), "/held/1");
	ck_assert_str_eq(options(c, "/home/sub"),
			 "[\"rbind\",\"ro\",\"nosuid\",\"nodev\",\"noexec\",\"rprivate\"]");
	ck_assert(!volume_is(at(c, "/home/sub")));
}
END_TEST

/* clang-format off */
static const struct { const char *label, *source, *dest, *why; } points[] = {
	{ "a folder on a folder", "plain", "/home/sub", NULL },
	{ "a file on a file", "home/file", "/home/file", NULL },
	{ "beside it", "plain", "/homes/new", NULL },
	{ "nothing there", "plain", "/home/new", "cannot mount at '/home/new': '" },
	{ "a folder on a file", "plain", "/home/file", "expected a folder" },
	{ "a file on a folder", "home/file", "/home/sub", "expected a file" },
	{ "behind a closed folder", "plain", "/home/shut/x", "/home/shut' keeps programs of the box out" },
	{ "the closed folder itself", "plain", "/home/shut", NULL },
	{ "a link", "plain", "/home/link", "nothing is made in it" },
};
/* clang-format on */

START_TEST(point_row)
{
	AUTO_JSON *c = config_of(in("home"), false);
	struct json_object *mounts = json_object_object_get(c, "mounts");
	json_object_array_add(mounts,
			      mount_new(in(points[_i].source), points[_i].dest, false, NULL));
	ck_assert_int_eq(volumes_spread(c, none, &err), 0);
	mounts = json_object_object_get(c, "mounts");
	int got = volumes_check_point(mounts, mounts_find(mounts, points[_i].dest), &err);
	ck_assert_msg(got == (points[_i].why ? -1 : 0), "%s: %s", points[_i].label, err.msg);
	if (points[_i].why) {
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_msg(strstr(err.msg, points[_i].why), "%s: %s", points[_i].label, err.msg);
	}
}
END_TEST

Suite *suite_bundle_volumes(void);

Suite *suite_bundle_volumes(void)
{
	Suite *s = suite_create("bundle/volumes");
	TCase *tc = tcase_create("volumes");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, read_only_throughout);
	tcase_add_test(tc, writable_where_the_host_is);
	tcase_add_test(tc, left_as_they_are);
	tcase_add_test(tc, another_at_the_same_place);
	tcase_add_test(tc, source_behind_a_link);
	tcase_add_test(tc, refused_where_the_kernel_cannot);
	tcase_add_test(tc, held_ones_need_no_words);
	tcase_add_loop_test(tc, point_row, 0, (int)(sizeof points / sizeof *points));
	suite_add_tcase(s, tc);
	return s;
}
