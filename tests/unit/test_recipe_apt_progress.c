/* test_recipe_apt_progress.c - what the lines of mmdebstrap tell of how far it is. */
#include "recipe/apt_progress.h"

#include <check.h>
#include <string.h>

Suite *suite_recipe_apt_progress(void);

/* One call of mmdebstrap, line by line. @text NULL: no news. */
static const struct {
	const char *line, *text;
	bool same_phase;
} lines[] = {
	{ "I: chroot architecture amd64 is equal to the host's architecture", NULL, false },
	{ "I: running apt-get update...", "fetching the lists of packages", false },
	{ "Get:1 http://deb.example/debian bookworm InRelease [151 kB]", NULL, false },
	{ "I: downloading packages with apt...", NULL, false },
	{ "  debconf gcc-12-base libacl1", NULL, false },
	{ "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.", NULL, false },
	{ "Need to get 29.7 MB of archives.", NULL, false },
	{ "Get:1 http://deb.example/debian bookworm/main amd64 libc6 amd64 2.36 [2759 kB]",
	  "downloading packages, 1 of 2 (29.7 MB)", false },
	{ "Get:2 http://deb.example/debian bookworm/main amd64 dash amd64 0.5 [97 kB]",
	  "downloading packages, 2 of 2 (29.7 MB)", true },
	{ "Fetched 29.7 MB in 1s (29 MB/s)", NULL, false },
	{ "I: extracting archives...", "unpacking the base system", false },
	{ "I: installing essential packages...", NULL, false },
	{ "Unpacking libc6:amd64 (2.36) ...", "unpacking and setting up packages, 1 of 2", false },
	{ "Setting up libc6:amd64 (2.36) ...", "unpacking and setting up packages, 1 of 2", true },
	{ "Unpacking dash (0.5) ...", "unpacking and setting up packages, 2 of 2", true },
	{ "Setting up dash (0.5) ...", "unpacking and setting up packages, 2 of 2", true },
	{ "Unpacking dash (0.5) over (0.5) ...", "unpacking and setting up packages, 2 of 2",
	  true },
	{ "I: installing remaining packages inside the chroot...", NULL, false },
	{ "0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.", NULL, false },
	{ "Get:1 http://deb.example/debian bookworm/main amd64 make amd64 4.3 [396 kB]",
	  "downloading packages, 1 of 1 (size unknown)", false },
	{ "Setting up make (4.3) ...", "unpacking and setting up packages, 1 of 1", false },
	{ "I: cleaning package lists and apt cache...", "cleaning up", false },
	{ "", NULL, false },
};

START_TEST(a_build_tells_how_far_it_is)
{
	struct apt_progress p = { 0 };
	int phase = 0;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct tool_news news = { 0 };
		bool got = apt_progress_news(&p, lines[i].line, &news);
		ck_assert_msg(got == (lines[i].text != NULL), "%s", lines[i].line);
		if (!got)
			continue;
		ck_assert_str_eq(news.text, lines[i].text);
		ck_assert_int_gt(news.phase, 0);
		ck_assert_msg((news.phase == phase) == lines[i].same_phase, "%s", lines[i].line);
		phase = news.phase;
	}
}
END_TEST

Suite *suite_recipe_apt_progress(void)
{
	Suite *s = suite_create("recipe/apt_progress");
	TCase *tc = tcase_create("apt_progress");
	tcase_add_test(tc, a_build_tells_how_far_it_is);
	suite_add_tcase(s, tc);
	return s;
}
