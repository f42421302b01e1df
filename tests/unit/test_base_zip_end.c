/* test_base_zip_end.c - the end of a zip, and where its list lies. */
#include "base/zip_end.h"

#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"

Suite *suite_base_zip_end(void);

static void le(struct buf *b, uint64_t v, int bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_add(b, &(char){ (char)v }, 1);
}

static void fill(struct buf *b, size_t n)
{
	for (; n > 0; n--)
		buf_str(b, "#");
}

/* A list of one entry: 46 bytes and a name of 4. */
static void add_list(struct buf *b)
{
	buf_add(b, "PK\1\2", 4);
	fill(b, 46);
}

static void add_end(struct buf *b, unsigned int volume, unsigned int entries, uint64_t bytes,
		    uint64_t at)
{
	buf_add(b, "PK\5\6", 4);
	le(b, volume, 2);
	le(b, volume, 2);
	le(b, entries, 2);
	le(b, entries, 2);
	le(b, bytes, 4);
	le(b, at, 4);
	le(b, 0, 2);
}

/* @said: where the locator says that the record is. */
static void add_wide_end(struct buf *b, uint64_t entries, uint64_t bytes, uint64_t at,
			 uint64_t said)
{
	buf_add(b, "PK\6\6", 4);
	le(b, 44, 8);
	le(b, 0, 12);
	le(b, entries, 8);
	le(b, entries, 8);
	le(b, bytes, 8);
	le(b, at, 8);
	buf_add(b, "PK\6\7", 4);
	le(b, 0, 4);
	le(b, said, 8);
	le(b, 1, 4);
	add_end(b, 0, 0xffff, 0xffffffff, 0xffffffff);
}

static int find(const struct buf *b, struct zip_end *ret)
{
	AUTO_FD int fd = fd_memfd("zip", b->data, b->len);
	*ret = (struct zip_end){ -1, -1, -1, -1 };
	return zip_end_find(fd, (int64_t)b->len, ret);
}

static void expect(const struct buf *b, const char *label, int64_t at, int64_t shift,
		   int64_t entries)
{
	struct zip_end e;
	ck_assert_msg(find(b, &e) == 1, "%s", label);
	ck_assert_msg(e.list_at == at && e.shift == shift && e.entries == entries &&
			      e.list_bytes == (entries ? 50 : 0),
		      "%s: %ld + %ld, shift %ld, %ld", label, (long)e.list_at, (long)e.list_bytes,
		      (long)e.shift, (long)e.entries);
}

START_TEST(places_of_the_list)
{
	AUTO_BUF b = { 0 };
	fill(&b, 100);
	add_list(&b);
	add_end(&b, 0, 1, 50, 100);
	expect(&b, "plain", 100, 0, 1);
	fill(&b, 120000);
	expect(&b, "bytes behind it", 100, 0, 1);
	b.len = 150;
	add_end(&b, 0, 1, 50, 93);
	expect(&b, "seven bytes before it", 100, 7, 1);
	b.len = 150;
	fill(&b, 9); /* a signature, as some writers have it */
	add_end(&b, 0, 1, 50, 100);
	expect(&b, "bytes between list and end", 100, 0, 1);
	b.len = 150;
	add_wide_end(&b, 1, 50, 100, 150);
	expect(&b, "wide", 100, 0, 1);
	b.len = 150;
	add_wide_end(&b, 1, 50, 93, 143);
	expect(&b, "wide, seven bytes before it", 100, 7, 1);
	b.len = 150;
	add_end(&b, 0, 1, 50, 100);
	buf_str(&b, "PK\5\6 in what was appended, which is no end at all");
	expect(&b, "a mark behind it", 100, 0, 1);
	b.len = 0;
	add_end(&b, 0, 0, 0, 0);
	expect(&b, "empty", 0, 0, 0);
}
END_TEST

START_TEST(no_end)
{
	AUTO_BUF b = { 0 };
	struct zip_end e;
	static const struct {
		unsigned int volume, entries;
		uint64_t bytes, at;
	} rows[] = {
		{ 1, 1, 50, 100 }, /* of several volumes */
		{ 0, 1, 151, 0 },  /* longer than all before it */
		{ 0, 1, 50, 151 }, /* behind its end */
		{ 0, 1, 49, 3 },   /* no list there */
		{ 0, 1, 45, 100 }, /* too short for an entry */
		{ 0, 1, 0xffffffff, 0xffffffff },
		{ 0, 0, 0, 151 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		b.len = 0;
		fill(&b, 100);
		add_list(&b);
		add_end(&b, rows[i].volume, rows[i].entries, rows[i].bytes, rows[i].at);
		ck_assert_msg(find(&b, &e) == 0, "%zu", i);
		ck_assert_int_eq(e.list_at, -1);
	}
	b.len = 0;
	add_end(&b, 0, 0, 0, 0);
	b.len--; /* cut */
	ck_assert_int_eq(find(&b, &e), 0);
	b.len = 0;
	ck_assert_int_eq(find(&b, &e), 0);
	ck_assert_int_eq(zip_end_find(-1, 100, &e), -1);
}
END_TEST

Suite *suite_base_zip_end(void)
{
	Suite *s = suite_create("base/zip_end");
	TCase *tc = tcase_create("zip_end");
	tcase_add_test(tc, places_of_the_list);
	tcase_add_test(tc, no_end);
	suite_add_tcase(s, tc);
	return s;
}
