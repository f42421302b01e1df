/* test_base_mem.c - memory that is there, lists of strings, environments. */
#include "base/mem.h"

#include <check.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

Suite *suite_base_mem(void);

START_TEST(alloc_is_zeroed)
{
	AUTO_FREE char *p = mem_alloc(1000);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_int_eq(p[i], 0);
	AUTO_FREE char *none = mem_alloc(0);
	ck_assert_ptr_nonnull(none);
	none = mem_realloc(none, 0);
	ck_assert_ptr_nonnull(none);
	none = mem_realloc(none, 3);
	memcpy(none, "ab", 3);
	none = mem_realloc(none, 5000);
	ck_assert_str_eq(none, "ab");
}
END_TEST

START_TEST(copies)
{
	ck_assert_ptr_null(mem_strdup(NULL));
	AUTO_FREE char *a = mem_strdup("text"), *b = mem_strndup("text", 2);
	AUTO_FREE char *c = mem_strndup("text", 99), *d = mem_printf("%s-%d", "x", 5);
	ck_assert_str_eq(a, "text");
	ck_assert_str_eq(b, "te");
	ck_assert_str_eq(c, "text");
	ck_assert_str_eq(d, "x-5");
}
END_TEST

START_TEST(lists)
{
	AUTO_STRV v = NULL;
	ck_assert_uint_eq(strv_len(v), 0);
	strv_add(&v, "one");
	strv_add(&v, v[0]);
	strv_add(&v, "");
	ck_assert_uint_eq(strv_len(v), 3);
	ck_assert_ptr_null(v[3]);
	ck_assert_str_eq(v[1], "one");
	ck_assert_ptr_ne(v[0], v[1]);

	AUTO_STRV copy = strv_dup(v);
	ck_assert_uint_eq(strv_len(copy), 3);
	ck_assert_ptr_null(copy[3]);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(copy[i], v[i]);
		ck_assert_ptr_ne(copy[i], v[i]);
	}
	ck_assert_str_eq(path_last("/a/b.c"), "b.c");
	ck_assert_str_eq(path_last("b.c"), "b.c");
	ck_assert_str_eq(path_last("a/"), "");
	ck_assert(strv_has(v, "one") && strv_has(v, "") && !strv_has(v, "on") &&
		  !strv_has(NULL, ""));
	AUTO_STRV none = strv_dup(NULL);
	ck_assert_ptr_nonnull(none);
	ck_assert_ptr_null(none[0]);
	strv_free(NULL);
}
END_TEST

/* "a,b" is the environment after the assignments, joined. */
static const struct {
	const char *label, *set[4], *want;
} envs[] = {
	{ "new names are appended", { "A=1", "B=2", "C=3" }, "A=1,B=2,C=3," },
	{ "the same name is replaced in place", { "A=1", "B=2", "A=3" }, "A=3,B=2," },
	{ "a name that begins like another", { "AB=1", "A=2", "ABC=3" }, "AB=1,A=2,ABC=3," },
	{ "the other way round", { "A=1", "AB=2" }, "A=1,AB=2," },
	{ "values with =", { "A=b=c", "A=d=e" }, "A=d=e," },
	{ "an empty value", { "A=1", "A=" }, "A=," },
	{ "case matters", { "a=1", "A=2" }, "a=1,A=2," },
};

START_TEST(environment)
{
	AUTO_STRV env = NULL;
	for (size_t i = 0; envs[_i].set[i]; i++)
		env_set(&env, envs[_i].set[i]);
	char got[64] = "";
	for (size_t i = 0; env[i]; i++) {
		strcat(got, env[i]);
		strcat(got, ",");
	}
	ck_assert_msg(strcmp(got, envs[_i].want) == 0, "%s: '%s'", envs[_i].label, got);
}
END_TEST

START_TEST(an_entry_may_be_set_again)
{
	AUTO_STRV env = NULL;
	env_set(&env, "A=1");
	env_set(&env, env[0]);
	ck_assert_str_eq(env[0], "A=1");
	ck_assert_ptr_null(env[1]);
}
END_TEST

START_TEST(all_of_a_list_are_set)
{
	AUTO_STRV env = NULL;
	char *const more[] = { (char *)"A=2", (char *)"B=3", NULL };
	env_set(&env, "A=1");
	env_set_all(&env, NULL);
	env_set_all(&env, more);
	ck_assert_str_eq(env[0], "A=2");
	ck_assert_str_eq(env[1], "B=3");
	ck_assert_ptr_null(env[2]);
}
END_TEST

START_TEST(a_value_by_its_name)
{
	AUTO_STRV env = NULL;
	ck_assert_ptr_null(env_get(env, "A"));
	env_set(&env, "AB=1");
	env_set(&env, "A=b=c");
	env_set(&env, "EMPTY=");
	ck_assert_str_eq(env_get(env, "A"), "b=c");
	ck_assert_str_eq(env_get(env, "AB"), "1");
	ck_assert_str_eq(env_get(env, "EMPTY"), "");
	ck_assert_ptr_null(env_get(env, "ABC"));
	ck_assert_ptr_null(env_get(env, "B"));
}
END_TEST

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED /* the sanitizer ends the program itself, with another status */
START_TEST(out_of_memory_is_exit_3)
{
	volatile size_t size = SIZE_MAX / 2;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, 2);
	free(_i ? mem_realloc(NULL, size) : mem_alloc(size));
}
END_TEST
#endif

Suite *suite_base_mem(void)
{
	Suite *s = suite_create("base/mem");
	TCase *tc = tcase_create("mem");
	tcase_add_test(tc, alloc_is_zeroed);
	tcase_add_test(tc, copies);
	tcase_add_test(tc, lists);
	tcase_add_loop_test(tc, environment, 0, (int)(sizeof envs / sizeof *envs));
	tcase_add_test(tc, an_entry_may_be_set_again);
	tcase_add_test(tc, all_of_a_list_are_set);
	tcase_add_test(tc, a_value_by_its_name);
#ifndef SANITIZED
	tcase_add_loop_exit_test(tc, out_of_memory_is_exit_3, 3, 0, 2);
#endif
	suite_add_tcase(s, tc);
	return s;
}
