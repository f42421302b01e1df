/* test_base_magic.c - archives by their first bytes. */
#include "base/magic.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

Suite *suite_base_magic(void);

/* clang-format off */
static const struct { const char *label, *bytes; size_t len; enum magic is; } rows[] = {
	{ "nothing", "", 0, MAGIC_NONE },
	{ "text", "int main;", 9, MAGIC_NONE },
	{ "zip", "PK\3\4", 4, MAGIC_ZIP },
	{ "zip, cut", "PK\3", 3, MAGIC_NONE },
	{ "empty zip", "PK\5\6", 4, MAGIC_ZIP },
	{ "gzip", "\x1f\x8b\x08", 3, MAGIC_COMPRESSED },
	{ "xz", "\xfd" "7zXZ\0", 6, MAGIC_COMPRESSED },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, MAGIC_COMPRESSED },
	{ "bzip2", "BZh91AY&SY", 10, MAGIC_COMPRESSED },
	{ "bzip2 of nothing", "BZh1\x17\x72\x45\x38\x50\x90", 10, MAGIC_COMPRESSED },
	{ "text like bzip2", "BZh9 is a name", 14, MAGIC_NONE },
	{ "7z", "7z\xbc\xaf\x27\x1c", 6, MAGIC_7Z },
	{ "rar", "Rar!\x1a\x07\1", 7, MAGIC_RAR },
	{ "text like rar", "Rar! it is", 10, MAGIC_NONE },
};
/* clang-format on */

START_TEST(one_mark)
{
	ck_assert_msg(magic_find(rows[_i].bytes, rows[_i].len) == rows[_i].is, "%s",
		      rows[_i].label);
}
END_TEST

/* A header with its checksum, of signed bytes too; one off, or one byte short, it is none. */
START_TEST(headers_of_tar)
{
	char b[MAGIC_BYTES] = "\xe9.c";
	int sum = 8 * ' ' + 0xe9 + '.' + 'c';
	ck_assert_int_eq(magic_find((char[MAGIC_BYTES]){ 0 }, MAGIC_BYTES), MAGIC_TAR);
	ck_assert_int_eq(magic_find(b, MAGIC_BYTES), MAGIC_NONE);
	snprintf(b + 148, 8, "%06o", sum);
	ck_assert_int_eq(magic_find(b, MAGIC_BYTES), MAGIC_TAR);
	ck_assert_int_eq(magic_find(b, MAGIC_BYTES - 1), MAGIC_NONE);
	snprintf(b + 148, 8, "%06o", sum - 256);
	ck_assert_int_eq(magic_find(b, MAGIC_BYTES), MAGIC_TAR);
	snprintf(b + 148, 8, "%06o", sum + 1);
	ck_assert_int_eq(magic_find(b, MAGIC_BYTES), MAGIC_NONE);
	memcpy(b + 257, "ustar", 5);
	ck_assert_int_eq(magic_find(b, MAGIC_BYTES), MAGIC_TAR);
}
END_TEST

Suite *suite_base_magic(void)
{
	Suite *s = suite_create("base/magic");
	TCase *tc = tcase_create("magic");
	tcase_add_loop_test(tc, one_mark, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, headers_of_tar);
	suite_add_tcase(s, tc);
	return s;
}
