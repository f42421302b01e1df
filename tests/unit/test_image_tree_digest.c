/* test_image_tree_digest.c - what changed in a tree is named. */
#include "image/tree_digest.h"
#include "test_image_fixture.h"

struct tree {
	char path[40];
	int top;
	FILE *list;
};

static char *in(const struct tree *t, const char *name)
{
	return mem_printf("%s/%s", t->path, name);
}

static void put(const struct tree *t, const char *name, const char *text)
{
	AUTO_FREE char *path = in(t, name);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, path), 0);
	put_text(path, text);
}

static void folder(const struct tree *t, const char *name)
{
	AUTO_FREE char *path = in(t, name);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void drop(const struct tree *t, const char *name)
{
	AUTO_FREE char *path = in(t, name);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, path), 0);
}

/* Times are left out of the game: they are what a change of the folder would show as well. */
static void settle(const struct tree *t)
{
	static const char *const folders[] = { "a", "a/b", "a.b", "" };
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	for (size_t i = 0; i < 4; i++) {
		AUTO_FREE char *path = in(t, folders[i]);
		utimensat(AT_FDCWD, path, times, 0);
	}
}

/* Names whose order by bytes and by components differ: a/x, a.b. */
static void tree_make(struct tree *t)
{
	strcpy(t->path, "/tmp/moulette-unit-digest-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(t->path));
	folder(t, "a");
	folder(t, "a/b");
	folder(t, "a.b");
	put(t, "a/x", "1");
	put(t, "a/b/y", "1");
	put(t, "a.b/z", "1");
	put(t, "new\nline", "1");
	settle(t);
	t->top = open(t->path, O_RDONLY | O_DIRECTORY);
	t->list = tmpfile();
}

static void tree_drop(struct tree *t)
{
	fclose(t->list);
	close(t->top);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, t->path), 0);
}

static void nothing(const struct tree *t)
{
	(void)t;
}
static void content(const struct tree *t)
{
	const struct timespec times[2] = { { .tv_sec = 7 }, { .tv_sec = 7 } };
	AUTO_FREE char *path = in(t, "a/b/y");
	/* Same size, same time, same inode. */
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}
static void added(const struct tree *t)
{
	put(t, "a/a", "2");
}
static void added_last(const struct tree *t)
{
	put(t, "zzz", "2");
}
static void removed(const struct tree *t)
{
	drop(t, "a/x");
}
static void removed_last(const struct tree *t)
{
	drop(t, "new\nline");
}
static void removed_folder(const struct tree *t)
{
	drop(t, "a/b");
}
static void mode(const struct tree *t)
{
	AUTO_FREE char *path = in(t, "a.b");
	ck_assert_int_eq(chmod(path, 0700), 0);
}
static void between(const struct tree *t)
{
	put(t, "a-", "2");
}
static void many(const struct tree *t)
{
	for (char name[3] = "b0"; name[1] <= '7'; name[1]++)
		put(t, name, "2");
}

static const struct {
	const char *label;
	void (*change)(const struct tree *t);
	int64_t n;
	const char *text;
} rows[] = {
	{ "nothing", nothing, 0, NULL },
	{ "time of a file", content, 1, "changed 'a/b/y'" },
	{ "added", added, 1, "added 'a/a'" },
	{ "added after all", added_last, 1, "added 'zzz'" },
	{ "removed", removed, 1, "removed 'a/x'" },
	{ "removed at the end", removed_last, 1, "removed 'new?line'" },
	{ "removed folder", removed_folder, 2, "removed 'a/b', removed 'a/b/y'" },
	{ "mode", mode, 1, "changed 'a.b'" },
	{ "between a folder and its like", between, 1, "added 'a-'" },
	{ "many", many, 8, "added 'b0', added 'b1', added 'b2', added 'b3', added 'b4'" },
};

START_TEST(changes_are_named)
{
	struct tree t;
	struct tree_changes c = { 0 };
	struct err err = { 0 };
	AUTO_FREE char *digest = NULL, *again = NULL, *other = NULL;

	tree_make(&t);
	ck_assert_int_eq(tree_list(t.top, t.list, &digest, &err), 0);
	rewind(t.list);
	ck_assert_int_eq(tree_list_digest(t.list, &again, &err), 0);
	ck_assert_str_eq(digest, again);
	rows[_i].change(&t);
	settle(&t);
	rewind(t.list);
	ck_assert_msg(tree_compare(t.top, t.list, &c, &err) == 0, "%s", err.msg);
	ck_assert_msg(c.n == rows[_i].n, "%s: %d", rows[_i].label, (int)c.n);
	if (rows[_i].text)
		ck_assert_msg(strcmp(c.text.data, rows[_i].text) == 0, "%s: %s", rows[_i].label,
			      c.text.data);
	ck_assert_int_eq(tree_digest(t.top, &other, &err), 0);
	ck_assert_msg((strcmp(other, digest) == 0) == (rows[_i].n == 0), "%s", rows[_i].label);
	buf_done(&c.text);
	tree_drop(&t);
}
END_TEST

START_TEST(a_damaged_list_is_said)
{
	struct tree t;
	struct tree_changes c = { 0 };
	struct err err = { 0 };

	tree_make(&t);
	fputs("this is no list", t.list);
	rewind(t.list);
	ck_assert_int_eq(tree_compare(t.top, t.list, &c, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "list is damaged"));
	buf_done(&c.text);
	tree_drop(&t);
}
END_TEST

Suite *suite_image_tree_digest(void);
Suite *suite_image_tree_digest(void)
{
	TCase *tc = tcase_create("tree_digest");
	tcase_add_loop_test(tc, changes_are_named, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, a_damaged_list_is_said);
	return root_suite("image/tree_digest", tc);
}
