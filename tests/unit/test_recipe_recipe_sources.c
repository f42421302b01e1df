/* test_recipe_recipe_sources.c - which lists of sources a suite is taken from. */
#include <check.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "recipe/recipe_sources.h"

#define DEBIAN                                                     \
	"/etc/apt/sources.list.d/debian.sources:1|bookworm|main\n" \
	"/etc/apt/sources.list.d/debian.sources:1|bookworm|main\n" \
	"/etc/apt/sources.list.d/debian.sources:1|bookworm-updates|main\n"

static const struct {
	const char *label, *lines, *suite, *codename;
	const char *expect; /* SUITE FILE...; NULL: refused */
} rows[] = {
	{ "one file", DEBIAN, NULL, "bookworm", "bookworm /etc/apt/sources.list.d/debian.sources" },
	{ "security has a file of its own", DEBIAN "/s:1|bookworm-security|main\n", NULL,
	  "bookworm", "bookworm /etc/apt/sources.list.d/debian.sources /s" },
	{ "as Debian 10 calls it", "/l:1|buster|main\n/s:9|buster/updates|main\n", NULL, "buster",
	  "buster /l /s" },
	{ "other publishers stay out",
	  DEBIAN "/d:1|bookworm|stable\n/p:1|bookworm-pgdg|main\n/n:1|nodistro|main\n", NULL,
	  "bookworm", "bookworm /etc/apt/sources.list.d/debian.sources" },
	{ "the recipe's suite", DEBIAN "/t:1|trixie|main\n", "trixie", "bookworm", "trixie /t" },
	{ "a suite that begins like it", "/b:1|bookworm-backports|main\n", "bookworm", "bookworm",
	  NULL },
	{ "an alias", "/l:1|stable|main\n/l:2|stable-security|main\n", NULL, "bookworm",
	  "stable /l" },
	{ "no alias for the recipe's", "/l:1|stable|main\n", "bookworm", "bookworm", NULL },
	{ "no codename", "/l:1|sid|main\n", NULL, "", "sid /l" },
	{ "a colon in the name", "/a:b.list:3|x|main\n", NULL, "x", "x /a:b.list" },
	{ "no sources", "", NULL, "bookworm", NULL },
	{ "what is no such line", "E: broken\n|||\n:\n/l|x|main\n/l:1|x\n", NULL, "x", NULL },
};

START_TEST(one_row)
{
	struct apt_sources s = { 0 };
	struct err err = { 0 };
	AUTO_BUF got = { 0 };

	int failed = recipe_sources_take(rows[_i].lines, rows[_i].suite, rows[_i].codename, &s,
					 &err);
	ck_assert_msg(failed == (rows[_i].expect ? 0 : -1), "%s: %s", rows[_i].label, err.msg);
	if (failed) {
		ck_assert_int_eq(err.fault, FAULT_USAGE);
		const char *named = rows[_i].suite ? rows[_i].suite : rows[_i].codename;
		ck_assert_msg(strstr(err.msg, named), "%s: %s", rows[_i].label, err.msg);
		ck_assert_ptr_null(s.suite);
	} else {
		buf_str(&got, s.suite);
		for (char **f = s.files; *f; f++)
			buf_printf(&got, " %s", *f);
		ck_assert_msg(strcmp(got.data, rows[_i].expect) == 0, "%s: %s", rows[_i].label,
			      got.data);
	}
	recipe_sources_done(&s);
}
END_TEST

Suite *suite_recipe_recipe_sources(void);
Suite *suite_recipe_recipe_sources(void)
{
	Suite *s = suite_create("recipe/recipe_sources");
	TCase *tc = tcase_create("recipe_sources");
	tcase_add_loop_test(tc, one_row, 0, (int)(sizeof(rows) / sizeof(*rows)));
	suite_add_tcase(s, tc);
	return s;
}
