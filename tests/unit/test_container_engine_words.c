/* test_container_engine_words.c - both ends of what an engine prints, and how much it may print. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/engine_words.h"

static struct engine_words words;
static int theirs;
static struct err err;

static void setup(void)
{
	ck_assert_int_eq(engine_words_open(&words, &theirs, &err), 0);
}

static void teardown(void)
{
	engine_words_close(&words);
	ck_assert_int_eq(words.fd, -1);
	fd_close(&theirs);
}

static void print(const char *text, size_t n)
{
	ck_assert_int_eq(fd_write_all(theirs, text, n), 0);
	ck_assert(engine_words_take(&words));
}

static const struct {
	const char *label;
	size_t n;
	bool whole;
} rows[] = {
	{ "nothing", 0, true },
	{ "one byte", 1, true },
	{ "as much as of the beginning is kept", 100, true },
	{ "one more", 101, true },
	{ "as much as is kept", 300, true },
	{ "one more than is kept", 301, false },
	{ "more than is read at once", 10000, false },
};

START_TEST(one_row)
{
	char text[10001];
	for (size_t i = 0; i < rows[_i].n; i++)
		text[i] = (char)('a' + i % 23);
	text[rows[_i].n] = '\0';
	/* In pieces: the ends are put together of them. */
	for (size_t at = 0; at < rows[_i].n; at += 77)
		print(text + at, rows[_i].n - at < 77 ? rows[_i].n - at : 77);
	AUTO_FREE char *wanted = rows[_i].whole ?
					 mem_strdup(text) :
					 mem_printf("%.100s ... %s", text, text + rows[_i].n - 200);
	AUTO_FREE char *line = engine_words_line(&words);
	ck_assert_msg(strcmp(line, wanted) == 0, "%s: '%s'", rows[_i].label, line);
	ck_assert_uint_eq(words.bytes, rows[_i].n);
}
END_TEST

START_TEST(lines_become_one)
{
	print("first\nsecond\0third \n\n", 21);
	AUTO_FREE char *line = engine_words_line(&words);
	ck_assert_str_eq(line, "first second third");
}
END_TEST

START_TEST(more_than_the_most_is_said)
{
	static char chunk[32768];
	memset(chunk, 'x', sizeof chunk);
	for (uint64_t n = 0; n < ENGINE_WORDS_MAX; n += sizeof chunk)
		print(chunk, sizeof chunk);
	ck_assert(engine_words_take(&words)); /* nothing new */
	ck_assert_int_eq(fd_write_all(theirs, "y", 1), 0);
	ck_assert(!engine_words_take(&words));
	ck_assert(!engine_words_take(&words));
}
END_TEST

Suite *suite_container_engine_words(void);

Suite *suite_container_engine_words(void)
{
	Suite *s = suite_create("container/engine_words");
	TCase *tc = tcase_create("words");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, lines_become_one);
	tcase_add_test(tc, more_than_the_most_is_said);
	suite_add_tcase(s, tc);
	return s;
}
