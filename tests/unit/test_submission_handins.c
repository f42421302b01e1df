/* test_submission_handins.c - which submissions a command line stands for. */
#include "submission/handins.h"

#include "test_submission_tree.h"

Suite *suite_submission_handins(void);

static char *const extensions[] = { ".c", ".py", NULL };
static struct err err;
static char **found;

static void setup(void)
{
	tree_setup();
	memset(&err, 0, sizeof err);
	found = strv_dup(NULL);
}

static void teardown(void)
{
	strv_free(found);
	tree_teardown();
}

/* @word is below the tree; @list: lines of stdin, likewise. */
static int find(const char *word, const char *list)
{
	AUTO_FREE char *path = strcmp(word, "-") == 0 ? mem_strdup("-") :
							mem_printf("%s/%s", tree, word);
	char *const words[] = { path, NULL };
	FILE *in = fmemopen((void *)(list ? list : " "), strlen(list ? list : " "), "r");
	int got = handins_find(words, in, extensions, &found, &err);
	fclose(in);
	return got;
}

/* "a b/c": paths below the tree. */
static char *names(void)
{
	AUTO_BUF b = { 0 };
	for (size_t i = 0; found[i]; i++)
		buf_printf(&b, "%s%s", i ? " " : "", found[i] + strlen(tree) + 1);
	return b.data ? buf_take(&b) : mem_strdup("");
}

static void expect(const char *want)
{
	AUTO_FREE char *got = names();
	ck_assert_msg(strcmp(got, want) == 0, "expected '%s', got '%s' (%s)", want, got, err.msg);
}

START_TEST(a_folder_of_submissions)
{
	put("in/b.tar", "");
	put("in/a.zip", "");
	put("in/carol/main.c", "");
	put("in/.DS_Store", "");
	put("in/.git/config", "");
	ck_assert_int_eq(mkfifoat(tree_fd, "in/fifo", 0600), 0);
	put_link("/nowhere", "in/dead.tar"); /* said for itself, when it is its turn */
	ck_assert_int_eq(find("in", NULL), 0);
	expect("in/a.zip in/b.tar in/carol in/dead.tar");
}
END_TEST

static const char *const marks[] = { "Makefile", "makefile", "GNUmakefile", "run.sh", "x.py" };

START_TEST(a_folder_that_is_one)
{
	AUTO_FREE char *mark = mem_printf("in/%s", marks[_i]);
	put(mark, "");
	put("in/other.txt", "");
	put("in/data/set.tar", "");
	ck_assert_int_eq(find("in", NULL), 0);
	expect("in");
}
END_TEST

/* One stray file would make a whole class one submission. */
START_TEST(a_folder_that_may_be_one_or_many)
{
	static const char *const archives[] = { "a.tar", "b.TGZ", "c.7z", "d.rar", "e.zip" };
	for (size_t i = 0; i < sizeof archives / sizeof *archives; i++) {
		AUTO_FREE char *mark = mem_printf("in%zu/%s", i, marks[_i]);
		AUTO_FREE char *other = mem_printf("in%zu/%s", i, archives[i]);
		AUTO_FREE char *folder = mem_printf("in%zu", i);
		put(mark, "");
		put(other, "");
		err = (struct err){ 0 };
		ck_assert_int_eq(find(folder, NULL), -1);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_msg(strstr(err.msg, marks[_i]) && strstr(err.msg, archives[i]) &&
				      strstr(err.msg, folder),
			      "%s", err.msg);
		expect("");
	}
}
END_TEST

/* A list of submissions, as find(1) makes it. */
START_TEST(an_archive_of_data_in_a_listed_folder)
{
	put("in/Makefile", "");
	put("in/data.zip", "");
	put("class/main.c", "");
	put("class/a.zip", "");
	put("class/b.zip", "");
	AUTO_FREE char *list = mem_printf("%s/in", tree);
	ck_assert_int_eq(find("-", list), 0);
	expect("in");
	AUTO_FREE char *more = mem_printf("%s/class", tree);
	ck_assert_int_eq(find("-", more), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "main.c"));
	expect("in");
}
END_TEST

/* A student may be called so. */
START_TEST(a_folder_named_like_a_source_is_no_source)
{
	put("in/run.sh/a.c", "");
	put("in/x.py/a.c", "");
	ck_assert_int_eq(find("in", NULL), 0);
	expect("in/run.sh in/x.py");
}
END_TEST

/* Each has a row, whatever it leads to, and none says that the folder is one submission. */
START_TEST(links_in_a_folder)
{
	put("secret/main.c", "");
	put("in/alice.tar", "");
	put_link("../secret", "in/mallory");
	put_link("../secret/main.c", "in/eve.c");
	put_link("/etc/passwd", "in/Makefile");
	put_link("/dev/zero", "in/zero.tar");
	ck_assert_int_eq(find("in", NULL), 0);
	expect("in/Makefile in/alice.tar in/eve.c in/mallory in/zero.tar");
}
END_TEST

START_TEST(a_link_within_one_submission)
{
	put("in/src/Makefile", "");
	put_link("src/Makefile", "in/Makefile");
	ck_assert_int_eq(find("in", NULL), 0);
	expect("in");
}
END_TEST

START_TEST(links_that_are_named)
{
	put("class/a.tar", "");
	put("b.tar", "");
	put_link("class", "there");
	put_link("b.tar", "c.tar");
	ck_assert_int_eq(find("there", NULL), 0);
	ck_assert_int_eq(find("c.tar", NULL), 0);
	expect("class/a.tar b.tar");
}
END_TEST

START_TEST(lines_of_a_list)
{
	put("a b.tar", "");
	put("in/c.tar", "");
	AUTO_FREE char *list = mem_printf("%s/a b.tar\r\n\n%s/in", tree, tree);
	ck_assert_int_eq(find("-", list), 0);
	expect("a b.tar in/c.tar");
}
END_TEST

START_TEST(a_line_that_is_wrong_is_named)
{
	put("a.tar", "");
	AUTO_FREE char *list = mem_printf("%s/a.tar\n%s/none.tar\n", tree, tree);
	ck_assert_int_eq(find("-", list), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "line 2 of the list: "));
	ck_assert_ptr_nonnull(strstr(err.msg, "/none.tar'"));
}
END_TEST

START_TEST(what_is_no_submission)
{
	put("empty/", "");
	put("hidden/.a", "");
	ck_assert_int_eq(mkfifoat(tree_fd, "fifo", 0600), 0);
	for (const char *const *word =
		     (const char *const[]){ "none", "empty", "hidden", "fifo", NULL };
	     *word; word++) {
		ck_assert_msg(find(*word, NULL) < 0, "%s", *word);
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		ck_assert_msg(strstr(err.msg, *word), "%s", err.msg);
	}
}
END_TEST

/* The list grows in steps. */
START_TEST(many)
{
	for (int i = 0; i < 1000; i++) {
		AUTO_FREE char *path = mem_printf("in/%04d.tar", i);
		put(path, "");
	}
	ck_assert_int_eq(find("in", NULL), 0);
	ck_assert_uint_eq(strv_len(found), 1000);
	ck_assert_ptr_nonnull(strstr(found[999], "/in/0999.tar"));
}
END_TEST

Suite *suite_submission_handins(void)
{
	Suite *s = suite_create("submission/handins");
	TCase *tc = tcase_create("handins");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_folder_of_submissions);
	tcase_add_loop_test(tc, a_folder_that_is_one, 0, (int)(sizeof marks / sizeof *marks));
	tcase_add_loop_test(tc, a_folder_that_may_be_one_or_many, 0,
			    (int)(sizeof marks / sizeof *marks));
	tcase_add_test(tc, an_archive_of_data_in_a_listed_folder);
	tcase_add_test(tc, a_folder_named_like_a_source_is_no_source);
	tcase_add_test(tc, links_in_a_folder);
	tcase_add_test(tc, a_link_within_one_submission);
	tcase_add_test(tc, links_that_are_named);
	tcase_add_test(tc, lines_of_a_list);
	tcase_add_test(tc, a_line_that_is_wrong_is_named);
	tcase_add_test(tc, what_is_no_submission);
	tcase_add_test(tc, many);
	suite_add_tcase(s, tc);
	return s;
}
