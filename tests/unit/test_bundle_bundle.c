/* test_bundle_bundle.c - the copied root: everything of the image, nothing that is dangerous. */
#include "bundle/bundle.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"

static char top[] = "/tmp/moulette-unit-test-XXXXXX";
static int top_fd = -1, out_fd = -1;
static struct image image;

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(top));
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(top_fd, "image", 0755), 0);
	ck_assert_int_eq(mkdirat(top_fd, "out", 0755), 0);
	out_fd = openat(top_fd, "out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	image = (struct image){ .name = (char[]){ "i" }, .rootfs = mem_printf("%s/image", top) };
}

static void teardown(void)
{
	free(image.rootfs);
	close(out_fd);
	close(top_fd);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
	memset(top + strlen(top) - 6, 'X', 6);
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = openat(top_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static struct stat look(const char *path)
{
	struct stat st;
	ck_assert_msg(fstatat(out_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0, "%s", path);
	return st;
}

static bool there(const char *path)
{
	return faccessat(out_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct json_object *config_of(const char *mounts)
{
	AUTO_FREE char *t = mem_printf("{\"mounts\": [%s]}", mounts);
	struct json_object *o = NULL;
	ck_assert_int_eq(json_parse("row", t, strlen(t), &o, NULL), 0);
	return o;
}

static int copy(const char *mounts, struct err *err)
{
	AUTO_JSON *config = config_of(mounts);
	return bundle_copy_root(&image, config, out_fd, err);
}

static void must_copy(const char *mounts)
{
	struct err err = { 0 };
	ck_assert_msg(copy(mounts, &err) == 0, "%s", err.msg);
}

START_TEST(files_links_and_modes)
{
	AUTO_BUF text = { 0 };
	char target[64] = "";
	const struct timespec then[2] = { { 1000000000, 0 }, { 1000000001, 5 } };

	mkdirat(top_fd, "image/etc", 0700);
	mkdirat(top_fd, "image/tmp", 0755);
	ck_assert_int_eq(fchmodat(top_fd, "image/tmp", 01777, 0), 0);
	put("image/etc/passwd", "root:0", 0640);
	put("image/su", "x", 04755);
	ck_assert_int_eq(symlinkat("/etc/passwd", top_fd, "image/link"), 0);
	ck_assert_int_eq(symlinkat("nowhere", top_fd, "image/dangling"), 0);
	ck_assert_int_eq(linkat(top_fd, "image/etc/passwd", top_fd, "image/twin", 0), 0);
	ck_assert_int_eq(utimensat(top_fd, "image/etc/passwd", then, 0), 0);
	ck_assert_int_eq(utimensat(top_fd, "image/etc", then, 0), 0);
	must_copy("");
	ck_assert_uint_eq(look("rootfs/etc").st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(look("rootfs/etc").st_mtim.tv_sec, 1000000001);
	ck_assert_uint_eq(look("rootfs/tmp").st_mode, S_IFDIR | 01777);
	ck_assert_uint_eq(look("rootfs/etc/passwd").st_mode, S_IFREG | 0640);
	ck_assert_int_eq(look("rootfs/etc/passwd").st_mtim.tv_nsec, 5);
	ck_assert_uint_eq(look("rootfs/su").st_mode, S_IFREG | 0755); /* no set-id bit */
	ck_assert_int_eq(file_read(out_fd, "rootfs/twin", &text, 100), 0);
	ck_assert_str_eq(text.data, "root:0");
	ck_assert_uint_eq(look("rootfs/twin").st_ino, look("rootfs/etc/passwd").st_ino);
	ck_assert_uint_eq(look("rootfs/twin").st_nlink, 2); /* the image's own inode is another */
	ck_assert_int_eq(readlinkat(out_fd, "rootfs/link", target, sizeof(target) - 1), 11);
	ck_assert_str_eq(target, "/etc/passwd");
	ck_assert(there("rootfs/dangling"));
}
END_TEST

START_TEST(devices_and_sockets_are_dropped)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (mknodat(top_fd, "image/null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		ck_assert_int_ne(geteuid(), 0); /* others cannot make one in the first place */
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/image/sock", top);
	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	close(s);
	ck_assert_int_eq(mkfifoat(top_fd, "image/fifo", 0644), 0);
	must_copy("");
	ck_assert(!there("rootfs/null"));
	ck_assert(!there("rootfs/sock"));
	ck_assert(S_ISFIFO(look("rootfs/fifo").st_mode));
}
END_TEST

START_TEST(large_file_is_whole)
{
	char *bytes = mem_alloc(300001);
	AUTO_BUF got = { 0 };

	for (size_t i = 0; i < 300000; i++)
		bytes[i] = (char)('a' + i * 7 % 26);
	put("image/large", bytes, 0644);
	must_copy("");
	ck_assert_int_eq(file_read(out_fd, "rootfs/large", &got, 1 << 20), 0);
	ck_assert_str_eq(got.data, bytes);
	free(bytes);
}
END_TEST

START_TEST(binds_are_copied)
{
	struct image_bind binds[2];

	mkdirat(top_fd, "usr", 0755);
	mkdirat(top_fd, "usr/bin", 0755);
	put("usr/bin/cc", "cc", 0755);
	put("hosts", "h", 0644);
	binds[0] = (struct image_bind){ mem_printf("%s/usr", top), (char[]){ "/usr" } };
	binds[1] = (struct image_bind){ mem_printf("%s/hosts", top), (char[]){ "/etc/hosts" } };
	mkdirat(top_fd, "image/usr", 0755); /* where the bind would have gone */
	image.binds = binds;
	image.n_binds = 2;
	must_copy("");
	ck_assert_uint_eq(look("rootfs/usr/bin/cc").st_mode, S_IFREG | 0755);
	ck_assert_uint_eq(look("rootfs/etc/hosts").st_mode, S_IFREG | 0644);
	free(binds[0].source);
	free(binds[1].source);
}
END_TEST

START_TEST(mount_points_are_made)
{
	mkdirat(top_fd, "image/etc", 0755);
	put("image/etc/motd", "kept", 0600);
	mkdirat(top_fd, "image/tmp", 0755);
	mode_t old = umask(077);
	must_copy(
		"{\"destination\": \"/proc\", \"type\": \"proc\"},"
		"{\"destination\": \"/tmp\", \"type\": \"tmpfs\", \"options\": [\"mode=1777\"]},"
		"{\"destination\": \"/a/b/c\", \"type\": \"bind\", \"source\": \"/etc\"},"
		"{\"destination\": \"/etc/motd\", \"type\": \"bind\", \"source\": \"/etc/passwd\"},"
		"{\"destination\": \"/etc/new\", \"type\": \"bind\", \"source\": \"/etc/passwd\"},"
		"{\"destination\": \"/work\", \"type\": \"bind\", \"source\": \"work\"}");
	umask(old);
	ck_assert_uint_eq(look("rootfs/proc").st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(look("rootfs/tmp").st_mode, S_IFDIR | 01777);
	ck_assert_uint_eq(look("rootfs/a/b").st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(look("rootfs/a/b/c").st_mode, S_IFDIR | 0755);
	ck_assert_uint_eq(look("rootfs/etc/motd").st_mode, S_IFREG | 0600);
	ck_assert_int_eq(look("rootfs/etc/motd").st_size, 4);
	ck_assert_uint_eq(look("rootfs/etc/new").st_mode, S_IFREG | 0644);
	ck_assert(S_ISDIR(look("rootfs/work").st_mode));
	struct stat st;
	ck_assert_int_eq(fstatat(top_fd, "image/proc", &st, 0), -1); /* the image is as it was */
}
END_TEST

/* clang-format off */
static const struct { const char *label, *mounts; } in_the_way[] = {
	{ "link as the point", "{\"destination\": \"/out\", \"type\": \"proc\"}" },
	{ "link on the way", "{\"destination\": \"/out/x\", \"type\": \"proc\"}" },
	{ "link on the way to a file", "{\"destination\": \"/out/x\", \"type\": \"bind\", \"source\": \"/etc/passwd\"}" },
	{ "file as the folder", "{\"destination\": \"/file\", \"type\": \"proc\"}" },
	{ "file on the way", "{\"destination\": \"/file/x\", \"type\": \"proc\"}" },
	{ "folder as the file", "{\"destination\": \"/folder\", \"type\": \"bind\", \"source\": \"/etc/passwd\"}" },
};
/* clang-format on */

START_TEST(links_are_not_followed)
{
	struct err err = { 0 };
	struct stat st;

	mkdirat(top_fd, "elsewhere", 0755);
	mkdirat(top_fd, "image/folder", 0755);
	put("image/file", "", 0644);
	ck_assert_int_eq(symlinkat("../../elsewhere", top_fd, "image/out"), 0);
	ck_assert_msg(copy(in_the_way[_i].mounts, &err) == -1, "%s", in_the_way[_i].label);
	ck_assert_msg(err.fault == FAULT_USAGE, "%s: %s", in_the_way[_i].label, err.msg);
	ck_assert_msg(strstr(err.msg, "is in the way"), "%s: %s", in_the_way[_i].label, err.msg);
	ck_assert_int_eq(fstatat(top_fd, "elsewhere/x", &st, 0), -1);
}
END_TEST

static void nest(int depth)
{
	int at = openat(top_fd, "image", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < depth; i++) {
		ck_assert_int_eq(mkdirat(at, "d", 0755), 0);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
}

START_TEST(depth_is_bounded)
{
	static const struct {
		int depth, got;
	} rows[] = { { 256, 0 }, { 257, -1 } };
	struct err err = { 0 };

	nest(rows[_i].depth);
	ck_assert_msg(copy("", &err) == rows[_i].got, "%d: %s", rows[_i].depth, err.msg);
	if (rows[_i].got < 0)
		ck_assert_int_eq(err.fault, FAULT_INFRA);
}
END_TEST

START_TEST(pending_signal_stops)
{
	sigset_t set;
	struct err err = { 0 };

	put("image/file", "x", 0644);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGINT);
	ck_assert_int_eq(copy("", &err), -1);
	ck_assert_str_eq(err.code, "interrupted");
	const struct timespec now = { 0, 0 };
	ck_assert_int_eq(sigtimedwait(&set, NULL, &now), SIGINT); /* still there for the caller */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
END_TEST

START_TEST(never_over_another)
{
	struct err err = { 0 };

	mkdirat(out_fd, "rootfs", 0755);
	ck_assert_int_eq(copy("", &err), -1);
	ck_assert_str_eq(err.msg, "cannot make 'rootfs' of the bundle: File exists");
}
END_TEST

Suite *suite_bundle_bundle(void);
Suite *suite_bundle_bundle(void)
{
	Suite *s = suite_create("bundle/bundle");
	TCase *tc = tcase_create("bundle");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, files_links_and_modes);
	tcase_add_test(tc, devices_and_sockets_are_dropped);
	tcase_add_test(tc, large_file_is_whole);
	tcase_add_test(tc, binds_are_copied);
	tcase_add_test(tc, mount_points_are_made);
	tcase_add_loop_test(tc, links_are_not_followed, 0,
			    (int)(sizeof(in_the_way) / sizeof(*in_the_way)));
	tcase_add_loop_test(tc, depth_is_bounded, 0, 2);
	tcase_add_test(tc, pending_signal_stops);
	tcase_add_test(tc, never_over_another);
	suite_add_tcase(s, tc);
	return s;
}
