/* test_archive_gzip.c - the checksum of a gzip is found where it stands, and nowhere else. */
#include "archive/gzip.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* printf %s TEXT | gzip -n: a header, deflated data, CRC-32 and length. */
#define HELLO                                                                  \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00" \
	"\x86\xa6\x10\x36\x05\x00\x00\x00"
#define HELLO_LEN 25

static const struct {
	const char *label, *bytes;
	size_t len;
	const char *data;
	int has;
} rows[] = {
	{ "as it was made", HELLO, HELLO_LEN, "hello", 1 },
	{ "other data", HELLO, HELLO_LEN, "hallo", 0 },
	{ "other length", HELLO, HELLO_LEN, "hell", 0 },
	{ "cut in the trailer", HELLO, HELLO_LEN - 1, "hello", 0 },
	{ "something behind it", HELLO "padding", HELLO_LEN + 7, "hello", 1 },
	{ "two members, taken on trust", HELLO HELLO, 2 * HELLO_LEN, "hellohello", 1 },
	{ "what only looks like a second one", HELLO "\x1f\x8b\x08\xe0", HELLO_LEN + 4, "hallo",
	  0 },
};

static int file_of(const char *bytes, size_t len)
{
	char name[] = "/tmp/moulette-unit-gzip-XXXXXX";
	int fd = mkstemp(name);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(fd_write_all(fd, bytes, len), 0);
	return fd;
}

START_TEST(the_sum_is_found)
{
	AUTO_FD int fd = file_of(rows[_i].bytes, rows[_i].len);
	struct gzip_sum s;

	gzip_sum_init(&s);
	/* In pieces as at once. */
	gzip_sum_add(&s, rows[_i].data, 2);
	gzip_sum_add(&s, rows[_i].data + 2, strlen(rows[_i].data) - 2);
	ck_assert(gzip_is(fd));
	ck_assert_msg(gzip_has_sum(fd, &s) == rows[_i].has, "%s", rows[_i].label);
}
END_TEST

START_TEST(what_is_no_gzip_is_none)
{
	AUTO_FD int text = file_of("hello", 5), nothing = file_of("", 0);
	int ends[2];

	ck_assert(!gzip_is(text));
	ck_assert(!gzip_is(nothing));
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert(!gzip_is(ends[0])); /* nothing is read from it */
	close(ends[0]);
	close(ends[1]);
}
END_TEST

Suite *suite_archive_gzip(void);
Suite *suite_archive_gzip(void)
{
	Suite *s = suite_create("archive/gzip");
	TCase *tc = tcase_create("gzip");
	tcase_add_loop_test(tc, the_sum_is_found, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, what_is_no_gzip_is_none);
	suite_add_tcase(s, tc);
	return s;
}
