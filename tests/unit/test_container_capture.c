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

static const struct {
	const char *label;
	int64_t cap, written, kept;
	bool over;
} rows[] = {
	{ "nothing", 10, 0, 0, false },          { "below", 10, 9, 9, false },
	{ "the cap itself", 10, 10, 10, false }, { "one beyond", 10, 11, 10, true },
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
	ck_assert_int_eq(capture_open(FRAMELOG_STDOUT, rows[_i].cap, 0, NULL, &c, &err), 0);
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

/* What is thrown away is neither kept nor counted, nor part of the digest. */
#define DROP "noise 1\n"
static const struct {
	const char *label, *first, *then, *kept;
	int64_t cap;
	bool over;
} drops[] = {
	{ "nothing else", DROP, "", "", 10, false },
	{ "before the output", DROP, "text\n", "text\n", 10, false },
	{ "in two pieces", "noi", "se 1\ntext\n", "text\n", 10, false },
	{ "the cap itself", DROP, "0123456789", "0123456789", 10, false },
	{ "one beyond", DROP, "0123456789x", "0123456789", 10, true },
	{ "half of it at the end", "text\nno", "ise", "text\nnoise", 10, false },
	{ "half of it fills the cap", "no", "ise", "noise", 5, false },
	{ "half of it is beyond the cap", "no", "ise", "nois", 4, true },
	{ "as long as the cap", DROP DROP, "", "", 16, false },
	{ "longer than the cap", DROP DROP, "", "", 15, true },
};

START_TEST(a_line_is_dropped)
{
	struct capture c = { .read_fd = -1, .write_fd = -1 };
	struct err err = { 0 };
	struct stream_facts facts;
	AUTO_BUF got = { 0 };
	char hex[DIGEST_HEX];
	const char *first = drops[_i].first, *then = drops[_i].then, *label = drops[_i].label;
	ck_assert_int_eq(capture_open(FRAMELOG_STDOUT, drops[_i].cap, 0, DROP, &c, &err), 0);
	ck_assert_int_eq(write(c.write_fd, first, strlen(first)), (ssize_t)strlen(first));
	int more = capture_read(&c, sink, &got, &err);
	ck_assert_int_eq(write(c.write_fd, then, strlen(then)), (ssize_t)strlen(then));
	if (more)
		ck_assert_int_eq(capture_drain(&c, sink, &got, &err), 0);
	capture_facts(&c, &facts);
	ck_assert_msg(got.len == strlen(drops[_i].kept) &&
			      (got.len == 0 || memcmp(got.data, drops[_i].kept, got.len) == 0),
		      "%s: '%s'", label, got.data ? got.data : "");
	ck_assert_msg(facts.bytes == (int64_t)got.len, "%s: %lld", label, (long long)facts.bytes);
	ck_assert_msg(facts.over == drops[_i].over, "%s: over %d", label, facts.over);
	digest_bytes(drops[_i].kept, strlen(drops[_i].kept), hex);
	ck_assert_str_eq(facts.sha256, hex);
	capture_close(&c);
}
END_TEST

/* A step that closes its stream half-way through the line. */
START_TEST(end_of_file_lets_the_rest_out)
{
	struct capture c = { .read_fd = -1, .write_fd = -1 };
	struct err err = { 0 };
	AUTO_BUF got = { 0 };
	ck_assert_int_eq(capture_open(FRAMELOG_STDOUT, 10, 0, DROP, &c, &err), 0);
	ck_assert_int_eq(write(c.write_fd, "noise", 5), 5);
	close(c.write_fd);
	c.write_fd = -1;
	ck_assert_int_eq(capture_read(&c, sink, &got, &err), 0);
	ck_assert_str_eq(got.data, "noise");
	capture_close(&c);
}
END_TEST

Suite *suite_container_capture(void);

Suite *suite_container_capture(void)
{
	Suite *s = suite_create("container/capture");
	TCase *tc = tcase_create("capture");
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_loop_test(tc, a_line_is_dropped, 0, (int)(sizeof drops / sizeof *drops));
	tcase_add_test(tc, end_of_file_lets_the_rest_out);
	suite_add_tcase(s, tc);
	return s;
}
