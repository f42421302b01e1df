/* test_submission_names.c - what submissions are called that would be called the same. */
#include "submission/names.h"

#include <stdbool.h>

#include "test_submission_tree.h"

Suite *suite_submission_names(void);

#define MOST 6

/* "-": its own name. One that ends in a slash is a folder. */
static const struct {
	const char *label;
	const char *paths[MOST], *names[MOST];
} rows[] = {
	{ "none", { NULL }, { NULL } },
	{ "one", { "alice.tar" }, { "-" } },
	{ "different ones",
	  { "alice.tar", "bob.tar", "carol/", "main.c" },
	  { "-", "-", "-", "-" } },
	{ "two archives and a folder",
	  { "alice.tar", "alice.zip", "alice/", "bob.tar" },
	  { "alice.tar", "alice.zip", "alice", "-" } },
	{ "two suffixes", { "a.tar.gz", "a.tgz" }, { "a.tar.gz", "a.tgz" } },
	{ "sources", { "main.c", "main.py", "main.tar" }, { "main.c", "main.py", "main.tar" } },
	{ "of several folders",
	  { "alice/hw.c", "bob/hw.c", "carol/hx.c" },
	  { "alice/hw.c", "bob/hw.c", "-" } },
	{ "of folders of one name",
	  { "a/x/hw/", "b/x/hw/", "c/y/hw/" },
	  { "a/x/hw", "b/x/hw", "y/hw" } },
	{ "a folder called as an archive",
	  { "a/x.tar", "b/x.tar/", "c/x.zip" },
	  { "a/x.tar", "b/x.tar", "x.zip" } },
	{ "the same path", { "a.tar", "a.tar" }, { "-", "-" } },
	{ "the same path, and another",
	  { "a.tar", "a.tar", "a.zip" },
	  { "a.tar", "a.tar", "a.zip" } },
	/* An archive may have any name, and keeps it then. */
	{ "by their bytes", { "a/lab1.2", "b/lab1.2/" }, { "a/lab1.2", "b/lab1.2" } },
	{ "by their bytes, shortened", { "lab1.2", "lab1.tar" }, { "lab1.2", "lab1.tar" } },
	{ "without ink", { "alice.tar", "alice\xe2\x80\x8b.tar" }, { "-", "-" } },
};

/* In the order of @rows, or the other way round: each has the name that it had. */
static void check(int row, bool backwards)
{
	char *paths[MOST + 1] = { NULL };
	size_t n = 0;
	while (n < MOST && rows[row].paths[n])
		n++;
	for (size_t i = 0; i < n; i++) {
		const char *path = rows[row].paths[i];
		put(path, "");
		char *whole = mem_printf("%s/%s", tree, path);
		whole[strlen(whole) - (path[strlen(path) - 1] == '/')] = '\0';
		paths[backwards ? n - 1 - i : i] = whole;
	}
	char **names = names_tell_apart(paths);
	for (size_t i = 0; i < n; i++) {
		const char *got = names[backwards ? n - 1 - i : i];
		ck_assert_msg(strcmp(got ? got : "-", rows[row].names[i]) == 0, "%s: %s: '%s'",
			      rows[row].label, rows[row].paths[i], got);
	}
	names_free(names, paths);
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
}

START_TEST(each_has_a_name_of_its_own)
{
	check(_i, false);
	check(_i, true);
}
END_TEST

START_TEST(paths_from_the_root)
{
	char *const paths[] = { (char *)"/x.tar", (char *)"/a/x.tar", (char *)"/", NULL };
	char **names = names_tell_apart(paths);
	ck_assert_str_eq(names[0], "/x.tar");
	ck_assert_str_eq(names[1], "a/x.tar");
	ck_assert_ptr_null(names[2]);
	names_free(names, paths);
	names_free(NULL, paths);
}
END_TEST

Suite *suite_submission_names(void)
{
	Suite *s = suite_create("submission/names");
	TCase *tc = tcase_create("names");
	tcase_add_checked_fixture(tc, tree_setup, tree_teardown);
	tcase_add_loop_test(tc, each_has_a_name_of_its_own, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(tc, paths_from_the_root);
	suite_add_tcase(s, tc);
	return s;
}
