/* test_submission_snapshot.c - the copy that is graded, while somebody writes to the file. */
#include "submission/snapshot.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <ucontext.h>

#include "base/copy.h"
#include "submission/submission.h"

#include "test_submission_tree.h"

Suite *suite_submission_snapshot(void);

#define SIZE (3 * 65536) /* blocks that this process copies, when the kernel cannot: three */
#define MAX_BYTES (1 << 20)

static struct submission sub;
static struct err err;
static int writer = -1; /* another descriptor of the file */

static void setup(void)
{
	tree_setup();
	put("home/", "");
	put("alice.tar", "");
	writer = openat(tree_fd, "alice.tar", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(writer, SIZE), 0);
	ck_assert_int_eq(fallocate(writer, 0, 0, SIZE), 0);
	memset(&err, 0, sizeof err);
	sub = (struct submission){ .file = mem_strdup("alice.tar"),
				   .path = mem_strdup("in/alice.tar"),
				   .fd = openat(tree_fd, "alice.tar", O_RDONLY | O_CLOEXEC) };
	ck_assert_int_ge(sub.fd, 0);
}

static void teardown(void)
{
	close(writer);
	submission_done(&sub);
	tree_teardown();
}

static int take(int64_t max_bytes, int interrupt_fd)
{
	AUTO_FREE char *home = mem_printf("%s/home", tree);
	const struct snapshot_place place = { .home = home, .interrupt_fd = interrupt_fd };
	return snapshot_take(&sub, max_bytes, &place, &err);
}

/* The copy that was made is what the file holds, and nothing of it can be found. */
static void expect_copy(bool changed)
{
	struct stat st, of_file;
	ck_assert_int_eq(fstat(sub.fd, &st), 0);
	ck_assert_int_eq(fstat(writer, &of_file), 0);
	ck_assert(st.st_ino != of_file.st_ino && st.st_nlink == 0);
	ck_assert_int_eq(st.st_size, sub.bytes);
	ck_assert_int_eq(fcntl(sub.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fcntl(sub.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(sub.changed, changed);
	if (!changed) {
		ck_assert_int_eq(sub.bytes, of_file.st_size);
		ck_assert_int_eq(copy_same(sub.fd, writer, sub.bytes), 1);
	}
	ck_assert_int_eq(unlinkat(tree_fd, "home", AT_REMOVEDIR), 0); /* it is empty */
}

START_TEST(a_file_at_rest)
{
	const struct timespec times[2] = { { 5, 6 }, { 1000000000, 7 } };
	struct stat st;
	ck_assert_int_eq(pwrite(writer, "data", 4, SIZE), 4);
	ck_assert_int_eq(fchmod(writer, 0751), 0);
	ck_assert_int_eq(futimens(writer, times), 0);
	ck_assert_msg(take(MAX_BYTES, -1) == 0, "%s", err.msg);
	ck_assert_int_eq(sub.bytes, SIZE + 4);
	/* A source file gets them in the work folder. */
	ck_assert_int_eq(fstat(sub.fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0751);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	expect_copy(false);
	/* What is written from now on is not graded. */
	ck_assert_int_eq(pwrite(writer, "DATA", 4, SIZE), 4);
	ck_assert_int_eq(copy_same(sub.fd, writer, SIZE + 4), 0);
}
END_TEST

START_TEST(an_empty_file)
{
	ck_assert_int_eq(ftruncate(writer, 0), 0);
	ck_assert_int_eq(take(MAX_BYTES, -1), 0);
	ck_assert_int_eq(sub.bytes, 0);
	expect_copy(false);
}
END_TEST

START_TEST(a_size_at_the_limit)
{
	const int fd = sub.fd;
	ck_assert_int_eq(take(SIZE - 1, -1), -1);
	ck_assert_int_eq(err.fault, FAULT_STUDENT);
	ck_assert_str_eq(err.code, "archive.too_large");
	ck_assert_int_eq(sub.bytes, SIZE);
	ck_assert_int_eq(sub.fd, fd);
	ck_assert_int_eq(take(SIZE, -1), 0);
	expect_copy(false);
}
END_TEST

/* --- a writer that is never late ---------------------------------------------------------- */

static void (*disturb)(int nth);
static volatile sig_atomic_t calls;

/* The kernel is kept from copying: each block takes such a call, and what it answers. */
static void on_call(int signo, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	(void)signo;
	(void)info;
	disturb(calls++);
#if defined(__x86_64__)
	u->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
#elif defined(__aarch64__)
	u->uc_mcontext.regs[0] = (unsigned long long)-ENOSYS;
#endif
}

static void meddle(void (*how)(int nth))
{
	struct sigaction sa = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	disturb = how;
	calls = 0;
	ck_assert_int_eq(sigaction(SIGSYS, &sa, NULL), 0);
	ck_assert_ptr_nonnull(ctx);
	/* Of a clone there is nothing to be seen on the way. */
	ck_assert_int_eq(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(ioctl), 0), 0);
	ck_assert_int_eq(seccomp_rule_add(ctx, SCMP_ACT_TRAP, SCMP_SYS(copy_file_range), 0), 0);
	ck_assert_int_eq(seccomp_load(ctx), 0);
	seccomp_release(ctx);
}

#define BLOCKS 3

/* At its first byte, which was copied with the first block. */
static void write_always(int nth)
{
	const char byte = (char)('a' + nth);
	if (nth % BLOCKS == 1)
		(void)!pwrite(writer, &byte, 1, 0);
}

static void write_at_first(int nth)
{
	if (nth < BLOCKS)
		write_always(nth);
}

static void write_until_the_last(int nth)
{
	if (nth < BLOCKS * (SNAPSHOT_COPIES - 1))
		write_always(nth);
}

static void touch(int nth)
{
	const struct timespec times[2] = { { nth, 0 }, { 2 * nth, 0 } };
	futimens(writer, times);
}

static void write_the_same(int nth)
{
	(void)nth;
	(void)!pwrite(writer, "", 1, 1);
}

/* An upload that comes to its end. */
static void append_at_first(int nth)
{
	if (nth == 1)
		(void)!pwrite(writer, "more", 4, SIZE);
}

static void cut_at_first(int nth)
{
	if (nth == 1)
		(void)!ftruncate(writer, SIZE / 2);
}

static void grow_too_large(int nth)
{
	(void)nth;
	(void)!pwrite(writer, "x", 1, MAX_BYTES);
}

static const struct {
	const char *label;
	void (*how)(int nth);
	int blocks; /* of all copies that are made */
	bool changed;
} writers[] = {
	{ "writes in each copy", write_always, BLOCKS *SNAPSHOT_COPIES, true },
	{ "writes in the first copy", write_at_first, BLOCKS * 2, false },
	{ "writes in all but the last", write_until_the_last, BLOCKS *SNAPSHOT_COPIES, false },
	{ "sets times", touch, BLOCKS, false },
	{ "writes what is there", write_the_same, BLOCKS, false },
	{ "appends", append_at_first, BLOCKS + BLOCKS + 1, false },
	{ "cuts what was not copied", cut_at_first, BLOCKS, false },
};

START_TEST(a_writer)
{
	meddle(writers[_i].how);
	ck_assert_msg(take(MAX_BYTES, -1) == 0, "%s: %s", writers[_i].label, err.msg);
	ck_assert_msg(sub.changed == writers[_i].changed, "%s", writers[_i].label);
	expect_copy(writers[_i].changed);
	ck_assert_msg(calls == writers[_i].blocks, "%s: %d", writers[_i].label, (int)calls);
}
END_TEST

START_TEST(a_file_that_grows_too_large)
{
	meddle(grow_too_large);
	ck_assert_int_eq(take(MAX_BYTES, -1), -1);
	ck_assert_str_eq(err.code, "archive.too_large");
	ck_assert_int_eq(sub.bytes, MAX_BYTES + 1);
}
END_TEST

START_TEST(waiting_is_interrupted)
{
	int pipe_fds[2];
	const int fd = sub.fd;
	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
	meddle(write_always);
	ck_assert_int_eq(take(MAX_BYTES, pipe_fds[0]), -1);
	ck_assert_str_eq(err.code, "interrupted");
	ck_assert_int_eq(err.fault, FAULT_NONE);
	ck_assert_int_eq(sub.fd, fd);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}
END_TEST

START_TEST(no_place_for_a_copy)
{
	ck_assert_int_eq(unlinkat(tree_fd, "home", AT_REMOVEDIR), 0);
	ck_assert_int_eq(take(MAX_BYTES, -1), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, "/home'"));
}
END_TEST

Suite *suite_submission_snapshot(void)
{
	Suite *s = suite_create("submission/snapshot");
	TCase *tc = tcase_create("snapshot");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60); /* pauses between copies, on a busy host */
	tcase_add_test(tc, a_file_at_rest);
	tcase_add_test(tc, an_empty_file);
	tcase_add_test(tc, a_size_at_the_limit);
	tcase_add_loop_test(tc, a_writer, 0, (int)(sizeof writers / sizeof *writers));
	tcase_add_test(tc, a_file_that_grows_too_large);
	tcase_add_test(tc, waiting_is_interrupted);
	tcase_add_test(tc, no_place_for_a_copy);
	suite_add_tcase(s, tc);
	return s;
}
