/* test_container_capture.c - output is kept up to the cap, and the first byte beyond is told. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/framelog.h"
#include "container/capture.h"

static int sink(void *ctx, int stream, const void *data, size_t len)
{
	ck_assert_int_eq(stream, FRAMELOG_STDOUT);
	buf_add(ctx, data, len);
	return 0;
}

static const struct { const char *label; int64_t cap, written, kept; bool over; } rows[] = {
	{ "nothing", 10, 0, 0, false },
	{ "below", 10, 9, 9, false },
	{ "the cap itself", 10, 10, 10, false },
	{ "one beyond", 10, 11, 10, true },
	{ "far beyond", 10, 60000, 10, true },
};

START_TEST(one_row)
{
	struct capture c = { .read_fd = -1, .write_fd = -1 };
	struct err err = { 0 };
	struct stream_facts facts;
	AUTO_BUF got = { 0 };
	char hex[DIGEST_HEX];
	char *text = malloc(60000);
	memset(text, 'x', 60000);
	ck_assert_int_eq(capture_open(FRAMELOG_STDOUT, rows[_i].cap, 0, &c, &err), 0);
	ck_assert_int_eq(write(c.write_fd, text, (size_t)rows[_i].written), rows[_i].written);
	int more = capture_read(&c, sink, &got, &err);
	ck_assert_msg(more == !rows[_i].over, "%s: more %d", rows[_i].label, more);
	close(c.write_fd);
	c.write_fd = -1;
	ck_assert_int_eq(capture_drain(&c, sink, &got, &err), 0);
	capture_facts(&c, &facts);
	ck_assert_int_eq(facts.bytes, rows[_i].kept);
	ck_assert_int_eq(facts.over, rows[_i].over);
	ck_assert_uint_eq(got.len, (size_t)rows[_i].kept);
	digest_bytes(text, (size_t)rows[_i].kept, hex);
	ck_assert_str_eq(facts.sha256, hex);
	capture_close(&c);
	free(text);
}
END_TEST

Suite *suite_container_capture(void);

Suite *suite_container_capture(void)
{
	Suite *s = suite_create("container/capture");
	TCase *tc = tcase_create("capture");
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	suite_add_tcase(s, tc);
	return s;
}
