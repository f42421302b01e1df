/* test_image_contents.c - packages and programs of a tree, whatever the tree is like. */
#include "image/contents.h"
#include "test_image_fixture.h"

static char top[40];

static void put_in(const char *path, const char *text, mode_t mode)
{
	AUTO_FREE char *full = mem_printf("%s/%s", top, path);
	AUTO_FREE char *dir = mem_strdup(full);
	*strrchr(dir, '/') = '\0';
	ck_assert_int_eq(fd_mkdir_p(dir, 0755), 0);
	put_text(full, text);
	ck_assert_int_eq(chmod(full, mode), 0);
}

static struct image image_make(void)
{
	strcpy(top, "/tmp/moulette-unit-contents-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	return (struct image){ .rootfs = top };
}

#define LONG10 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10

static const struct {
	const char *label, *path, *text, *manager, *found;
} rows[] = {
	{ "none", "etc/motd", "", NULL, "" },
	{ "dpkg", "var/lib/dpkg/status",
	  "Package: a\nStatus: install ok installed\nVersion: 1.0-1\n\n"
	  "Package: gone\nStatus: deinstall ok config-files\nVersion: 2\n\n"
	  "Package: b\nVersion: 2\nStatus: install ok installed\nDescription: x\n Package: no\n",
	  "dpkg", "a=1.0-1 b=2 " },
	{ "apk", "lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2\n\nP:busybox\nV:1.36\n\n", "apk",
	  "musl=1.2 busybox=1.36 " },
	{ "a line without end", "var/lib/dpkg/status",
	  "Package: a\nX: " LONG "\nPackage: not-at-the-beginning\n\nPackage: " LONG "\n", "dpkg",
	  "not-at-the-beginning= " },
	{ "no version", "var/lib/dpkg/status", "Package: a", "dpkg", "" },
};

START_TEST(packages_are_read)
{
	struct image i = image_make();
	struct packages p;
	struct err err = { 0 };
	AUTO_BUF all = { 0 };

	put_in(rows[_i].path, rows[_i].text, 0644);
	ck_assert_int_eq(image_packages(&i, &p, &err), 0);
	buf_str(&all, "");
	for (size_t k = 0; k < p.n; k++)
		buf_printf(&all, "%s=%s ", p.list[k].name, p.list[k].version);
	ck_assert_msg(strcmp(all.data, rows[_i].found) == 0, "%s: %s", rows[_i].label, all.data);
	ck_assert_int_eq(!p.manager, !rows[_i].manager);
	packages_done(&p);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}
END_TEST

/* The host has all of these, the image has not. */
START_TEST(a_link_stays_inside)
{
	struct image i = image_make();
	AUTO_FREE char *bin = mem_printf("%s/bin", top), *up = mem_printf("%s/usr", top);
	AUTO_FREE char *fifo = mem_printf("%s/var/lib/dpkg/status", top);
	struct packages p;
	struct err err = { 0 };

	ck_assert_int_eq(symlink("/usr/bin", bin), 0);
	ck_assert_int_eq(symlink("../../../../usr", up), 0);
	ck_assert(!image_has_program(&i, "env"));
	put_in("var/lib/dpkg/x", "", 0644);
	ck_assert_int_eq(mkfifo(fifo, 0644), 0); /* does not block */
	ck_assert_int_eq(image_packages(&i, &p, &err), 0);
	ck_assert_uint_eq(p.n, 0);
	packages_done(&p);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}
END_TEST

START_TEST(programs_are_on_the_path)
{
	char *env[] = { (char *)"HOME=/", (char *)"PATH=relative:/opt/x:/bin", NULL };
	struct image i = image_make();

	put_in("opt/x/tool", "", 0755);
	put_in("opt/x/data", "", 0644);
	put_in("usr/bin/cc", "", 0755);
	ck_assert(image_has_program(&i, "cc"));
	ck_assert(!image_has_program(&i, "tool"));
	i.env = env;
	ck_assert(image_has_program(&i, "tool"));
	ck_assert(!image_has_program(&i, "data"));
	ck_assert(!image_has_program(&i, "cc"));
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, top), 0);
}
END_TEST

Suite *suite_image_contents(void);
Suite *suite_image_contents(void)
{
	TCase *tc = tcase_create("contents");
	tcase_add_loop_test(tc, packages_are_read, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, a_link_stays_inside);
	tcase_add_test(tc, programs_are_on_the_path);
	return root_suite("image/contents", tc);
}
