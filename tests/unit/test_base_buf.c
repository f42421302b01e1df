/* test_base_buf.c - growable bytes: what was added is there, a NUL behind it. */
#include "base/buf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

Suite *suite_base_buf(void);

START_TEST(empty)
{
	AUTO_BUF b = { 0 };
	ck_assert_ptr_null(b.data);
	buf_add(&b, "", 0);
	ck_assert_str_eq(b.data, "");
	ck_assert_uint_eq(b.len, 0);
	buf_add(&b, NULL, 0);
	ck_assert_uint_eq(b.len, 0);
	buf_done(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len + b.cap, 0);
	buf_done(&b);
}
END_TEST

START_TEST(bytes_of_every_kind)
{
	AUTO_BUF b = { 0 };
	buf_str(&b, "one");
	buf_add(&b, "\0two", 4);
	buf_printf(&b, " %d%% %s", 3, "four");
	buf_str(&b, "");
	ck_assert_uint_eq(b.len, 15);
	ck_assert_mem_eq(b.data, "one\0two 3% four", 16);
}
END_TEST

/* To the byte, and never less than there is. */
START_TEST(reserved)
{
	AUTO_BUF b = { 0 };
	buf_reserve(&b, 1000);
	const char *at = b.data;
	ck_assert_str_eq(at, "");
	ck_assert_uint_eq(b.cap, 1001);
	for (int i = 0; i < 100; i++)
		buf_str(&b, "ten bytes.");
	ck_assert_ptr_eq(b.data, at);
	ck_assert_uint_eq(b.cap, 1001);
	buf_reserve(&b, 0);
	ck_assert_uint_eq(b.cap, 1001);
	buf_reserve(&b, 1);
	ck_assert_uint_eq(b.cap, 1002);
	ck_assert_uint_eq(strlen(b.data), 1000);
}
END_TEST

/* Every length around the steps of growth: 64, 128, 256. */
START_TEST(growth)
{
	AUTO_BUF b = { 0 };
	char want[600];
	for (size_t i = 0; i < 300; i++) {
		want[i] = (char)(i % 251 + 1);
		buf_add(&b, &want[i], 1);
		ck_assert_uint_eq(b.len, i + 1);
		ck_assert_uint_gt(b.cap, b.len);
		ck_assert_int_eq(b.data[b.len], '\0');
	}
	ck_assert_mem_eq(b.data, want, 300);
	for (size_t n = 62; n < 67; n++) {
		AUTO_BUF at_once = { 0 };
		buf_add(&at_once, want, n);
		ck_assert_uint_eq(at_once.len, n);
		ck_assert_uint_gt(at_once.cap, n);
		ck_assert_int_eq(at_once.data[n], '\0');
	}
}
END_TEST

START_TEST(printf_of_long_and_own_text)
{
	AUTO_BUF b = { 0 };
	buf_printf(&b, "%05000d", 7);
	ck_assert_uint_eq(b.len, 5000);
	ck_assert_str_eq(b.data + 4998, "07");
	buf_done(&b);
	buf_str(&b, "ab");
	for (int i = 0; i < 8; i++)
		buf_printf(&b, "%s", b.data); /* formatted before the buffer moves */
	ck_assert_uint_eq(b.len, 512);
	ck_assert_str_eq(b.data + 508, "abab");
}
END_TEST

START_TEST(take)
{
	AUTO_BUF b = { 0 };
	AUTO_FREE char *none = buf_take(&b);
	ck_assert_str_eq(none, "");
	buf_str(&b, "text");
	AUTO_FREE char *text = buf_take(&b);
	ck_assert_str_eq(text, "text");
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len + b.cap, 0);
	buf_str(&b, "again"); /* the buffer is usable, the text taken stays */
	ck_assert_str_eq(b.data, "again");
	ck_assert_str_eq(text, "text");
}
END_TEST

Suite *suite_base_buf(void)
{
	Suite *s = suite_create("base/buf");
	TCase *tc = tcase_create("buf");
	tcase_add_test(tc, empty);
	tcase_add_test(tc, bytes_of_every_kind);
	tcase_add_test(tc, reserved);
	tcase_add_test(tc, growth);
	tcase_add_test(tc, printf_of_long_and_own_text);
	tcase_add_test(tc, take);
	suite_add_tcase(s, tc);
	return s;
}
