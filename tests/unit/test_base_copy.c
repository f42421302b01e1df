/* test_base_copy.c - files without a name, and what a copy holds and takes. */
#include "base/copy.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

Suite *suite_base_copy(void);

static char path[64];
static int dir = -1;

static void setup(void)
{
	strcpy(path, "/tmp/moulette-unit-copy-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
}

static void teardown(void)
{
	close(dir);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, path), 0);
}

static int entries(void)
{
	AUTO_DIR DIR *d = opendir(path);
	int n = 0;
	while (readdir(d))
		n++;
	return n - 2;
}

/* @error: what the calls say from now on; a flag alone is refused where @flag is not 0. */
static void refuse(int call, int error, unsigned int arg, uint64_t flag)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	ck_assert_ptr_nonnull(ctx);
	ck_assert_int_eq(flag ? seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint32_t)error), call, 1,
						 SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, flag, flag)) :
				seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint32_t)error), call, 0),
			 0);
	ck_assert_int_eq(seccomp_load(ctx), 0);
	seccomp_release(ctx);
}

static void expect_nameless(void)
{
	AUTO_FD int fd = copy_nameless(dir);
	struct stat st;
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	ck_assert_int_eq(entries(), 0);
}

START_TEST(a_file_without_a_name)
{
	expect_nameless();
}
END_TEST

/* As of NFS; and one that a killed process left does not stay. */
START_TEST(a_file_that_had_a_name)
{
	static const int errors[] = { EOPNOTSUPP, EISDIR };
	refuse(SCMP_SYS(openat), errors[_i], 2, O_TMPFILE & ~O_DIRECTORY);
	expect_nameless();
	ck_assert_int_eq(file_write(dir, ".copy", ""), 0);
	ck_assert_int_eq(entries(), 1);
	expect_nameless();
	ck_assert_int_eq(symlinkat("/etc/passwd", dir, ".copy"), 0);
	expect_nameless();
	AUTO_FD int one = copy_nameless(dir);
	AUTO_FD int two = copy_nameless(dir);
	ck_assert_int_eq(fd_write_all(one, "one", 3), 0);
	ck_assert_int_eq(copy_same(one, two, 3), 0);
}
END_TEST

START_TEST(no_file_without_a_name)
{
	AUTO_FD int file = copy_nameless(dir);
	ck_assert_int_eq(copy_nameless(file), -1);
	ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

static bool always(void *ctx)
{
	(*(int *)ctx)++;
	return true;
}

static int make_source(const char *data, size_t len, int64_t at)
{
	int fd = copy_nameless(dir);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, len, at), (ssize_t)len);
	return fd;
}

static void expect_copy(int from, int64_t max, int64_t want)
{
	int pieces = 0;
	struct stat st;
	AUTO_FD int to = copy_nameless(dir);
	ck_assert_int_eq(copy_bytes(from, to, max, always, &pieces), 0);
	ck_assert_int_eq(fstat(to, &st), 0);
	ck_assert_int_eq(st.st_size, want);
	ck_assert_int_eq(copy_same(from, to, want), 1);
}

/* By the kernel, by ourselves when it cannot, and when it says that there is an end where none is. */
static const struct {
	const char *label;
	int error;
} ways[] = {
	{ "kernel", 0 },
	{ "two file systems", EXDEV },
	{ "old kernel", ENOSYS },
	{ "cannot", EOPNOTSUPP },
};

START_TEST(what_is_copied)
{
	char *data = malloc(20 << 20);
	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < 20 << 20; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	if (ways[_i].error)
		refuse(SCMP_SYS(copy_file_range), ways[_i].error, 0, 0);
	static const int64_t sizes[] = { 0, 1, 4095, 65536, 65537, (8 << 20) + 1, 20 << 20 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		AUTO_FD int from = make_source(data, (size_t)sizes[i], 0);
		ck_assert_int_eq(ftruncate(from, sizes[i]), 0);
		expect_copy(from, INT64_MAX, sizes[i]);
		expect_copy(from, sizes[i] + 1, sizes[i]);
		expect_copy(from, sizes[i] / 2, sizes[i] / 2);
	}
	free(data);
}
END_TEST

START_TEST(holes_stay_holes)
{
	static const int64_t at[] = { 0, 1 << 20, (40 << 20) - 4096 };
	struct stat st;
	int pieces = 0;
	if (ways[_i].error)
		refuse(SCMP_SYS(copy_file_range), ways[_i].error, 0, 0);
	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		AUTO_FD int from = make_source("data", 4, at[i]);
		AUTO_FD int to = copy_nameless(dir);
		ck_assert_int_eq(ftruncate(from, 40 << 20), 0);
		ck_assert_int_eq(copy_bytes(from, to, INT64_MAX, always, &pieces), 0);
		ck_assert_int_eq(fstat(to, &st), 0);
		ck_assert_int_eq(st.st_size, 40 << 20);
		ck_assert_int_lt(st.st_blocks, (2 << 20) / 512);
		ck_assert_int_eq(copy_same(from, to, 40 << 20), 1);
		expect_copy(from, 100, 100);
	}
	AUTO_FD int hole = copy_nameless(dir);
	ck_assert_int_eq(ftruncate(hole, 10 << 20), 0);
	expect_copy(hole, INT64_MAX, 10 << 20);
}
END_TEST

static bool never(void *ctx)
{
	(void)ctx;
	return false;
}

START_TEST(a_copy_that_is_stopped)
{
	AUTO_FD int from = make_source("x", 1, (32 << 20) - 1), to = copy_nameless(dir);
	ck_assert_int_eq(fallocate(from, 0, 0, 32 << 20), 0);
	ck_assert_int_eq(copy_bytes(from, to, INT64_MAX, never, NULL), -1);
	ck_assert_int_eq(errno, ECANCELED);
}
END_TEST

START_TEST(a_copy_without_room)
{
	AUTO_FD int from = make_source("x", 1, (1 << 20) - 1), to = copy_nameless(dir);
	int pieces = 0;
	ck_assert_int_eq(fallocate(from, 0, 0, 1 << 20), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, 4096 }), 0);
	if (_i)
		refuse(SCMP_SYS(copy_file_range), ENOSYS, 0, 0);
	ck_assert_int_eq(copy_bytes(from, to, INT64_MAX, always, &pieces), -1);
	ck_assert_int_eq(errno, EFBIG);
}
END_TEST

START_TEST(what_is_the_same)
{
	char data[70000] = "x";
	AUTO_FD int a = make_source(data, sizeof data, 0), b = make_source(data, sizeof data, 0);
	ck_assert_int_eq(copy_same(a, b, sizeof data), 1);
	ck_assert_int_eq(copy_same(a, b, sizeof data + 1), 0); /* both are shorter */
	ck_assert_int_eq(pwrite(b, "y", 1, sizeof data - 1), 1);
	ck_assert_int_eq(copy_same(a, b, sizeof data), 0);
	ck_assert_int_eq(copy_same(a, b, sizeof data - 1), 1);
	ck_assert_int_eq(ftruncate(b, 100), 0);
	ck_assert_int_eq(copy_same(a, b, 101), 0);
	ck_assert_int_eq(copy_same(a, b, 0), 1);
	ck_assert_int_eq(copy_same(a, dir, 1), -1);
}
END_TEST

/* Where the file system of this folder can; else the errno says so. */
START_TEST(shared_blocks)
{
	AUTO_FD int from = make_source("x", 1, 0), to = copy_nameless(dir);
	if (copy_share(from, to) == 0)
		ck_assert_int_eq(copy_same(from, to, 1), 1);
	else
		ck_assert(errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL);
	ck_assert_int_eq(copy_share(dir, to), -1);
}
END_TEST

Suite *suite_base_copy(void)
{
	const int n_ways = (int)(sizeof ways / sizeof *ways);
	Suite *s = suite_create("base/copy");
	TCase *tc = tcase_create("copy");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_file_without_a_name);
	tcase_add_loop_test(tc, a_file_that_had_a_name, 0, 2);
	tcase_add_test(tc, no_file_without_a_name);
	tcase_add_loop_test(tc, what_is_copied, 0, n_ways);
	tcase_add_loop_test(tc, holes_stay_holes, 0, n_ways);
	tcase_add_test(tc, a_copy_that_is_stopped);
	tcase_add_loop_test(tc, a_copy_without_room, 0, 2);
	tcase_add_test(tc, what_is_the_same);
	tcase_add_test(tc, shared_blocks);
	suite_add_tcase(s, tc);
	return s;
}
