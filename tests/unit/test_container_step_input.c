/* test_container_step_input.c - a short input is a sealed copy, a long one a pipe that is fed. */
#include "test_container_running.h"

#include "model/spec.h"

#define MEMFD_MAX (1 << 20)

static struct fake f;
static struct err err;
static char path[40];

static void setup(void)
{
	fake_make(&f, &channel_socket);
	err = (struct err){ 0 };
	signal(SIGPIPE, SIG_IGN);
	f.slot.uid_base = geteuid() == 0 ? 70000 : geteuid() - SPEC_BOX_UID;
	strcpy(path, "/tmp/moulette-unit-input-XXXXXX");
	close(mkstemp(path));
}

static void teardown(void)
{
	unlink(path);
	fd_close(&f.r.stdin_fd);
	fd_close(&f.r.feed_fd);
	fd_close(&f.r.input_fd);
}

static char *put_input(size_t len)
{
	char *text = malloc(len + 1);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i * 31 % 23);
	text[len] = '\0';
	ck_assert_int_eq(file_write(AT_FDCWD, path, text), 0);
	f.spec.stdin_path = path;
	return text;
}

static const struct {
	const char *label;
	size_t len;
	bool piped;
} rows[] = {
	{ "empty", 0, false },
	{ "a byte", 1, false },
	{ "as long as a copy may be", MEMFD_MAX, false },
	{ "a byte longer", MEMFD_MAX + 1, true },
};

/* Reads what there is as often as the pipe is fed. */
static void read_fed(struct buf *got)
{
	char chunk[10000];
	ck_assert_int_eq(fcntl(f.r.stdin_fd, F_SETFL, O_NONBLOCK), 0);
	for (bool open = true; open;) {
		open = f.r.feed_fd >= 0;
		if (open)
			ck_assert_msg(running_feed(&f.r, &err) == 0, "%s", err.msg);
		for (ssize_t n; (n = read(f.r.stdin_fd, chunk, sizeof chunk)) > 0;)
			buf_add(got, chunk, (size_t)n);
	}
}

START_TEST(an_input_arrives_whole)
{
	AUTO_FREE char *text = put_input(rows[_i].len);
	AUTO_BUF got = { 0 };
	ck_assert_msg(running_open_input(&f.r, &err) == 0, "%s", err.msg);
	ck_assert_msg((f.r.feed_fd >= 0) == rows[_i].piped, "%s", rows[_i].label);
	ck_assert_msg((f.r.input_fd >= 0) == rows[_i].piped, "%s", rows[_i].label);
	if (rows[_i].piped)
		read_fed(&got);
	else
		ck_assert_int_eq(fd_read_all(f.r.stdin_fd, &got, 2 * MEMFD_MAX), 0);
	ck_assert_msg(got.len == rows[_i].len, "%s: %zu", rows[_i].label, got.len);
	ck_assert(got.len == 0 || memcmp(got.data, text, got.len) == 0);
	if (!rows[_i].piped)
		ck_assert_int_eq(pwrite(f.r.stdin_fd, "x", 1, 0), -1); /* sealed */
}
END_TEST

START_TEST(no_input_is_the_end_of_a_pipe)
{
	char byte;
	ck_assert_msg(running_open_input(&f.r, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(f.r.feed_fd, -1);
	ck_assert_int_eq(read(f.r.stdin_fd, &byte, 1), 0);
}
END_TEST

START_TEST(a_lost_input_is_not_the_students)
{
	f.spec.stdin_path = (char *)"/nowhere/input";
	ck_assert_int_eq(running_open_input(&f.r, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(err.msg, "'/nowhere/input'"));
	ck_assert_int_eq(f.r.stdin_fd, -1);
}
END_TEST

/* A step that ends, or closes its input, is no trouble of ours. */
START_TEST(an_input_that_nobody_reads_is_left)
{
	free(put_input(MEMFD_MAX + 1));
	ck_assert_msg(running_open_input(&f.r, &err) == 0, "%s", err.msg);
	while (lseek(f.r.input_fd, 0, SEEK_CUR) == 0)
		ck_assert_int_eq(running_feed(&f.r, &err), 0);
	/* The pipe is full: what did not go in comes again. */
	const off_t full = lseek(f.r.input_fd, 0, SEEK_CUR);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(running_feed(&f.r, &err), 0);
	ck_assert_int_ge(f.r.feed_fd, 0);
	ck_assert_int_lt(lseek(f.r.input_fd, 0, SEEK_CUR), MEMFD_MAX);
	ck_assert_int_ge(lseek(f.r.input_fd, 0, SEEK_CUR), full);
	fd_close(&f.r.stdin_fd);
	ck_assert_int_eq(running_feed(&f.r, &err), 0);
	ck_assert_int_eq(f.r.feed_fd, -1);
}
END_TEST

START_TEST(an_input_that_cannot_be_read_is_ours)
{
	free(put_input(MEMFD_MAX + 1));
	ck_assert_msg(running_open_input(&f.r, &err) == 0, "%s", err.msg);
	fd_close(&f.r.input_fd);
	f.r.input_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(running_feed(&f.r, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
}
END_TEST

Suite *suite_container_step_input(void);
Suite *suite_container_step_input(void)
{
	Suite *s = suite_create("container/step_input");
	TCase *tc = tcase_create("step_input");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, an_input_arrives_whole, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, no_input_is_the_end_of_a_pipe);
	tcase_add_test(tc, a_lost_input_is_not_the_students);
	tcase_add_test(tc, an_input_that_nobody_reads_is_left);
	tcase_add_test(tc, an_input_that_cannot_be_read_is_ours);
	suite_add_tcase(s, tc);
	return s;
}
