/* test_submission_within.c - the archive or folder that is meant, among notes. */
#include "submission/within.h"

#include "submission/assignment.h"
#include "test_submission_tree.h"

Suite *suite_submission_within(void);

static struct languages table;
static struct assignment a;
static struct err err;

static void setup(void)
{
	tree_setup();
	memset(&a, 0, sizeof a);
	memset(&err, 0, sizeof err);
	ck_assert_int_eq(languages_load("profiles/languages.json", &table, &err), 0);
}

static void teardown(void)
{
	assignment_done(&a);
	languages_done(&table);
	tree_teardown();
}

#define FILES_MAX 6
/* Files are "name" or "name=text"; one that ends in a slash is a folder. @own: words of a command of
 * the assignment, NULL: it has none. */
struct row {
	const char *label, *files[FILES_MAX], *own[4];
	const char *want;       /* NULL: nothing is entered */
	const char *code, *why; /* refused */
};

static const struct assignment *prepare(const struct row *r)
{
	for (int i = 0; i < FILES_MAX && r->files[i]; i++) {
		const char *text = strchr(r->files[i], '=');
		AUTO_FREE char *name = mem_strndup(r->files[i], strcspn(r->files[i], "="));
		put(name, text ? text + 1 : "");
	}
	if (!r->own[0])
		return NULL;
	assignment_command(NULL, (char *const *)r->own, &a);
	return &a;
}

static const struct row archives[] = {
	{ "a zip alone", { "hw.zip" }, { NULL }, "hw.zip", NULL, NULL },
	{ "in capitals", { "HW.ZIP" }, { NULL }, "HW.ZIP", NULL, NULL },
	{ "a tar beside notes",
	  { "hw.tar.gz", "README", "report.PDF", ".DS_Store", "__MACOSX/a.c" },
	  { NULL },
	  "hw.tar.gz",
	  NULL,
	  NULL },
	{ "further down",
	  { "Alice_file_/hw.tgz", "Alice_text_/onlinetext.html" },
	  { NULL },
	  "Alice_file_/hw.tgz",
	  NULL,
	  NULL },
	{ "a tool's folder", { "hw.zip", ".github/x.yml" }, { NULL }, "hw.zip", NULL, NULL },
	{ "beside a source", { "hw.zip", "main.c" }, { NULL }, NULL, NULL, NULL },
	{ "beside a Makefile", { "hw.zip", "Makefile" }, { NULL }, NULL, NULL, NULL },
	{ "beside data", { "hw.zip", "d/words.csv" }, { NULL }, NULL, NULL, NULL },
	{ "beside what cmake reads", { "hw.zip", "CMakeLists.txt" }, { NULL }, NULL, NULL, NULL },
	{ "beside a page", { "hw.zip", "index.html" }, { NULL }, NULL, NULL, NULL },
	{ "notes alone", { "a.txt", "b.md" }, { NULL }, NULL, NULL, NULL },
	{ "nothing", { NULL }, { NULL }, NULL, NULL, NULL },
	{ "a folder of that name", { "hw.zip/a.txt" }, { NULL }, NULL, NULL, NULL },
	{ "two",
	  { "old.zip", "new.tar", "a.txt" },
	  { NULL },
	  NULL,
	  "archive.several",
	  "2 archives" },
	{ "three",
	  { "a/a.zip", "b/b.zip", "c/c.zip" },
	  { NULL },
	  NULL,
	  "archive.several",
	  "'a/a.zip' and 'b/b.zip' among them" },
	{ "two beside a source", { "old.zip", "new.tar", "a.c" }, { NULL }, NULL, NULL, NULL },
	{ "7z",
	  { "hw.7z=7z\xbc\xaf\x27\x1c" },
	  { NULL },
	  NULL,
	  "archive.unsupported",
	  "'hw.7z', of which the submission consists, is a 7z archive" },
	{ "rar called zip",
	  { "hw.zip=Rar!\x1a\x07" },
	  { NULL },
	  NULL,
	  "archive.unsupported",
	  "rar" },
	{ "own commands", { "hw.zip", "a.txt" }, { "make" }, "hw.zip", NULL, NULL },
	{ "the archive is named",
	  { "hw.zip", "a.txt" },
	  { "sh", "-c unzip hw.zip" },
	  NULL,
	  NULL,
	  NULL },
	{ "the note is named", { "hw.zip", "a.txt" }, { "cat", "./a.txt" }, NULL, NULL, NULL },
	{ "another is named",
	  { "hw.zip", "a.txt" },
	  { "cat", "aa.txt", "hw.zip2" },
	  "hw.zip",
	  NULL,
	  NULL },
	{ "one of two is named",
	  { "old.zip", "new.zip" },
	  { "unzip", "new.zip" },
	  NULL,
	  NULL,
	  NULL },
};

START_TEST(one_archive)
{
	const struct row *r = &archives[_i];
	char *got = NULL;
	int bad = within_archive(tree_fd, "", prepare(r), &got, &err);
	ck_assert_msg(bad == (r->code ? -1 : 0), "%s: %s", r->label, err.msg);
	ck_assert_msg(r->want ? got && strcmp(got, r->want) == 0 : !got, "%s: '%s'", r->label, got);
	if (r->code) {
		ck_assert_str_eq(err.code, r->code);
		ck_assert_int_eq(err.fault, FAULT_STUDENT);
		ck_assert_msg(strstr(err.msg, r->why), "%s: %s", r->label, err.msg);
	}
	free(got);
}
END_TEST

START_TEST(the_archive_of_a_top_folder)
{
	char *got = NULL;
	put("p/q/hw.zip", "");
	put("other.zip", "");
	ck_assert_int_eq(within_archive(tree_fd, "p/q", NULL, &got, &err), 0);
	ck_assert_str_eq(got, "p/q/hw.zip");
	free(got);
}
END_TEST

START_TEST(several_are_named)
{
	char *got = NULL;
	put("one.zip", "");
	put("two.tar", "");
	ck_assert_int_eq(within_archive(tree_fd, "", NULL, &got, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "'one.zip'"));
	ck_assert_ptr_nonnull(strstr(err.msg, "'two.tar'"));
	ck_assert_int_eq(within_nested("a.zip/b.zip", &err), -1);
	ck_assert_str_eq(err.code, "archive.nested");
	ck_assert_ptr_nonnull(strstr(err.msg, "'a.zip/b.zip'"));
}
END_TEST

START_TEST(a_link_is_no_archive)
{
	char *got = NULL;
	put("x/a.tar", "");
	put_link("x/a.tar", "hw.tar");
	ck_assert_int_eq(within_archive(tree_fd, "", NULL, &got, &err), 0);
	ck_assert_ptr_null(got);
}
END_TEST

static const struct row folders[] = {
	{ "beside a note", { "lisez-moi.txt", "hw1/main.c" }, { NULL }, "hw1", NULL, NULL },
	{ "a Makefile alone", { "README", "hw1/Makefile" }, { NULL }, "hw1", NULL, NULL },
	{ "sources further down",
	  { "README", "hw1/src/main.c", "hw1/data.csv" },
	  { NULL },
	  "hw1",
	  NULL,
	  NULL },
	{ "sources among data",
	  { "README", "hw1/a.csv", "hw1/main.c", "hw1/z.csv" },
	  { NULL },
	  "hw1",
	  NULL,
	  NULL },
	{ "beside the archive of it", { "hw1.zip", "hw1/main.c" }, { NULL }, "hw1", NULL, NULL },
	{ "beside a folder of notes",
	  { "doc/report.pdf", "a.txt", "hw1/main.c" },
	  { NULL },
	  "hw1",
	  NULL,
	  NULL },
	{ "of version control",
	  { ".gitignore", ".github/x.yml", "hw1/main.c" },
	  { NULL },
	  "hw1",
	  NULL,
	  NULL },
	{ "another folder in it", { "a.txt", "hw1/hw1/main.c" }, { NULL }, "hw1/hw1", NULL, NULL },
	{ "a note at each level",
	  { "a.txt", "x/b.txt", "x/y/main.c" },
	  { NULL },
	  "x/y",
	  NULL,
	  NULL },
	{ "three levels", { "a.txt", "x/y/z/main.c" }, { NULL }, "x/y", NULL, NULL },
	{ "nothing beside it", { "hw1/main.c" }, { NULL }, NULL, NULL, NULL },
	{ "a source beside it", { "a.txt", "main.c", "hw1/main.c" }, { NULL }, NULL, NULL, NULL },
	{ "a Makefile beside it", { "Makefile", "src/main.c" }, { NULL }, NULL, NULL, NULL },
	{ "two with sources", { "a.txt", "hw1/main.c", "hw2/main.c" }, { NULL }, NULL, NULL, NULL },
	{ "data beside it",
	  { "a.txt", "src/main.c", "data/words.csv" },
	  { NULL },
	  NULL,
	  NULL,
	  NULL },
	{ "a program beside it", { "a.txt", "src/main.c", "prog" }, { NULL }, NULL, NULL, NULL },
	{ "no sources", { "a.txt", "hw1/Main.java" }, { NULL }, NULL, NULL, NULL },
	{ "own commands take any language",
	  { "a.txt", "hw1/Main.java" },
	  { "javac", "Main.java" },
	  "hw1",
	  NULL,
	  NULL },
	{ "own commands, notes alone", { "a.txt", "hw1/b.txt" }, { "cat", "x" }, NULL, NULL, NULL },
	{ "the folder is named",
	  { "a.txt", "hw1/Makefile" },
	  { "make", "-C", "hw1" },
	  NULL,
	  NULL,
	  NULL },
	{ "a path in it is named",
	  { "a.txt", "hw1/run.sh" },
	  { "./hw1/run.sh" },
	  NULL,
	  NULL,
	  NULL },
	{ "the note is named", { "a.txt", "hw1/plot.py" }, { "cat", "a.txt" }, NULL, NULL, NULL },
};

START_TEST(one_folder)
{
	const struct row *r = &folders[_i];
	char top[64] = "";
	int bad = within_folder(tree_fd, &table, prepare(r), top, sizeof top, &err);
	ck_assert_msg(bad == 0, "%s: %s", r->label, err.msg);
	ck_assert_msg(strcmp(top, r->want ? r->want : "") == 0, "%s: '%s'", r->label, top);
}
END_TEST

/* What the assignment lays into a folder is asked for there. */
START_TEST(a_destination_of_files)
{
	char top[64] = "";
	put("a.txt", "");
	put("hw1/main.c", "");
	put(".asked/t.c", "");
	put(".asked/assignment.json", "{\"files\": [{\"from\": \"t.c\", \"to\": \"hw1/t.c\"}], "
				      "\"tests\": [{\"name\": \"one\"}]}");
	AUTO_FREE char *dir = mem_printf("%s/.asked", tree);
	ck_assert_msg(assignment_load(dir, &a, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(within_folder(tree_fd, &table, &a, top, sizeof top, &err), 0);
	ck_assert_str_eq(top, "");
	ck_assert_int_eq(within_folder(tree_fd, &table, NULL, top, sizeof top, &err), 0);
	ck_assert_str_eq(top, "hw1");
}
END_TEST

START_TEST(a_name_that_does_not_fit)
{
	char top[12] = "p";
	put("p/a.txt", "");
	put("p/123456789/main.c", ""); /* "p/123456789" has 11 bytes */
	put("q/a.txt", "");
	put("q/1234567890/main.c", "");
	ck_assert_int_eq(within_folder(tree_fd, &table, NULL, top, sizeof top, &err), 0);
	ck_assert_str_eq(top, "p/123456789");
	strcpy(top, "q");
	ck_assert_int_eq(within_folder(tree_fd, &table, NULL, top, sizeof top, &err), 0);
	ck_assert_str_eq(top, "q");
}
END_TEST

START_TEST(links_are_not_entered)
{
	char top[64] = "";
	put("a.txt", "");
	put("x/main.c", "");
	put_link("x", "hw1");
	ck_assert_int_eq(within_folder(tree_fd, &table, NULL, top, sizeof top, &err), 0);
	ck_assert_str_eq(top, "");
}
END_TEST

#define N(rows) ((int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_submission_within(void)
{
	Suite *s = suite_create("submission/within");
	TCase *tc = tcase_create("within");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, one_archive, 0, N(archives));
	tcase_add_test(tc, the_archive_of_a_top_folder);
	tcase_add_test(tc, several_are_named);
	tcase_add_test(tc, a_link_is_no_archive);
	tcase_add_loop_test(tc, one_folder, 0, N(folders));
	tcase_add_test(tc, a_destination_of_files);
	tcase_add_test(tc, a_name_that_does_not_fit);
	tcase_add_test(tc, links_are_not_entered);
	suite_add_tcase(s, tc);
	return s;
}
