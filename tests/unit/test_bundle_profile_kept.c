/* test_bundle_profile_kept.c - a kept answer is the one that would be made, or it is not taken. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "bundle/profile.h"
#include "bundle/profile_json.h"
#include "test_bundle_profile_fixture.h"

/* All that is known of a profile, one text. */
static char *load(const char *name, const char *kept)
{
	char *dirs[] = { folder, (char[]){ "profiles" }, NULL };
	struct profile p = { 0 };
	struct err err = { 0 };
	AUTO_BUF all = { 0 };

	ck_assert_msg(profile_load_kept(name, dirs, kept, &p, &err) == 0, "%s: %s", name, err.msg);
	struct json_object *o = profile_json(&p);
	buf_printf(&all, "%s\n%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
		   p.filter ? p.filter : "none");
	for (size_t i = 0; p.warnings && p.warnings[i]; i++)
		buf_printf(&all, "%s\n", p.warnings[i]);
	json_object_put(o);
	profile_done(&p);
	return buf_take(&all);
}

/* Too long for a message of check. */
#define EQUAL(a, b) ck_assert_msg(strcmp(a, b) == 0, "not the same profile")

/* The only kept file, an owned path; NULL: there is none. */
static char *kept_file(void)
{
	AUTO_DIR DIR *d = opendir(folder);
	char *found = NULL;

	for (struct dirent *e; (e = readdir(d));) {
		if (strncmp(e->d_name, "profile-", 8) != 0)
			continue;
		ck_assert_msg(!found, "%s and %s", found, e->d_name);
		found = mem_printf("%s/%s", folder, e->d_name);
	}
	return found;
}

static void same(const char *name)
{
	AUTO_FREE char *made = load(name, NULL), *first = load(name, folder),
		       *again = load(name, folder);
	EQUAL(made, first);
	EQUAL(made, again);
}

START_TEST(the_same_again)
{
	struct stat st;
	same(shipped[_i]);
	AUTO_FREE char *file = kept_file();
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(warnings_once)
{
	put("weak.json", "{\"moulette\": {\"seccomp\": {\"allow\": [\"ptrace\"]}}, "
			 "\"config\": {\"linux\": {\"maskedPaths\": []}}}");
	AUTO_FREE char *made = load("weak", NULL);
	ck_assert_ptr_nonnull(strstr(made, "linux.maskedPaths is empty\nallows 'ptrace'"));
	same("weak");
}
END_TEST

/* That the kept one is what is read: a word of it is another. */
static void plant(const char *path, const char *word, const char *other)
{
	AUTO_BUF text = { 0 };
	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, 1 << 20), 0);
	/* The last: the key holds the list, with the same names. */
	char *at = NULL;
	for (char *p = text.data;
	     (p = memmem(p, text.len - (size_t)(p - text.data), word, strlen(word)));)
		at = p++;
	ck_assert_ptr_nonnull(at);
	memcpy(at, other, strlen(other));
	AUTO_FD int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ck_assert_int_eq(fd_write_all(fd, text.data, text.len), 0);
}

START_TEST(a_change_is_seen)
{
	AUTO_BUF list = { 0 };
	ck_assert_int_eq(file_read(AT_FDCWD, "profiles/base.seccomp.json", &list, 1 << 20), 0);
	put("own.seccomp.json", list.data);
	put("mine.json", "{\"moulette\": {\"seccomp\": {\"list\": \"own.seccomp.json\"}}}");
	free(load("mine", folder));
	AUTO_FREE char *path = kept_file();
	plant(path, "\"openat\"", "\"opennt\"");
	AUTO_FREE char *planted = load("mine", folder);
	ck_assert_ptr_nonnull(strstr(planted, "\"opennt\""));

	char *name = strstr(list.data, "\"openat\"");
	ck_assert_ptr_nonnull(name);
	memcpy(name, "\"open\"  ", 8);
	put("own.seccomp.json", list.data);
	AUTO_FREE char *other_list = load("mine", folder), *other_made = load("mine", NULL);
	ck_assert_ptr_null(strstr(other_list, "\"openat\""));
	EQUAL(other_list, other_made);

	put("mine.json", "{\"moulette\": {\"seccomp\": {\"list\": \"own.seccomp.json\", "
			 "\"deny\": [\"read\"]}}}");
	AUTO_FREE char *denied = load("mine", folder);
	ck_assert_ptr_null(strstr(denied, "\"read\","));
}
END_TEST

/* Whatever lies there: cut at every 500th byte, of another length, no file of ours. */
START_TEST(damage_is_not_taken)
{
	AUTO_FREE char *made = load("default", folder), *path = kept_file();
	AUTO_BUF text = { 0 };

	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, 1 << 20), 0);
	for (size_t n = 0; n < text.len; n += 500) {
		ck_assert_int_eq(truncate(path, (off_t)n), 0);
		AUTO_FREE char *again = load("default", folder);
		EQUAL(made, again);
	}
	plant(path, "\"defaultAction\"", "{defaultAction\"");
	AUTO_FREE char *broken = load("default", folder);
	EQUAL(made, broken);
	static const char *const others[] = { "", " ", "9999999999999999999999 ", "-1 ", "x" };
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		ck_assert_int_eq(file_write(AT_FDCWD, path, others[i]), 0);
		AUTO_FREE char *again = load("default", folder);
		EQUAL(made, again);
	}
}
END_TEST

START_TEST(of_another_user_is_not_taken)
{
	AUTO_FREE char *made = load("default", folder), *path = kept_file();

	plant(path, "\"openat\"", "\"opennt\"");
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	AUTO_FREE char *again = load("default", folder);
	EQUAL(made, again);
	AUTO_FREE char *elsewhere = mem_printf("%s/elsewhere", folder);
	ck_assert_int_eq(rename(path, elsewhere), 0);
	plant(elsewhere, "\"openat\"", "\"opennt\"");
	ck_assert_int_eq(symlink("elsewhere", path), 0);
	AUTO_FREE char *linked = load("default", folder);
	EQUAL(made, linked);
}
END_TEST

START_TEST(no_folder_is_no_trouble)
{
	AUTO_FREE char *made = load("default", NULL), *there = load("default", "/nonexistent");
	EQUAL(made, there);
}
END_TEST

START_TEST(they_are_few)
{
	int n = 0;
	for (int i = 0; i < 100; i++) {
		AUTO_FREE char *text = mem_printf(
			"{\"description\": \"%d\", \"moulette\": {\"seccomp\": {\"deny\": [\"%s\"]}}}",
			i, i % 2 ? "flock" : "fsync");
		put("many.json", text);
		AUTO_FREE char *one = load("many", folder), *made = load("many", NULL);
		EQUAL(made, one); /* not that of another in the same place */
	}
	AUTO_DIR DIR *d = opendir(folder);
	for (struct dirent *e; (e = readdir(d));)
		n += strncmp(e->d_name, "profile-", 8) == 0;
	ck_assert_int_gt(n, 20);
	ck_assert_int_le(n, 64);
}
END_TEST

Suite *suite_bundle_profile_kept(void);
Suite *suite_bundle_profile_kept(void)
{
	Suite *s = suite_create("bundle/profile_kept");
	TCase *tc = tcase_create("kept");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_same_again, 0, (int)(sizeof(shipped) / sizeof(*shipped)));
	tcase_add_test(tc, warnings_once);
	tcase_add_test(tc, a_change_is_seen);
	tcase_add_test(tc, damage_is_not_taken);
	tcase_add_test(tc, of_another_user_is_not_taken);
	tcase_add_test(tc, no_folder_is_no_trouble);
	tcase_add_test(tc, they_are_few);
	suite_add_tcase(s, tc);
	return s;
}
