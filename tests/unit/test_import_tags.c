/* test_import_tags.c - which of several images a name means. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "import/tags.h"

static const struct {
	const char *name, *tag;
	enum tag_fit fit;
} fits[] = {
	{ "school/built:1", "school/built:1", TAG_WHOLE },
	{ "built:1", "school/built:1", TAG_TAIL },
	{ "school/built", "school/built:1", TAG_WHOLE_UNTAGGED },
	{ "built", "school/built:1", TAG_TAIL_UNTAGGED },
	{ "built", "built", TAG_WHOLE },
	{ "built", "rebuilt:1", TAG_OTHER },
	{ "built", "built/other:1", TAG_OTHER },
	{ "school", "school/built:1", TAG_OTHER },
	{ "built:1", "school/built:12", TAG_OTHER },
	{ "built:1", "school/built", TAG_OTHER },
	{ "1", "school/built:1", TAG_OTHER },
	{ "x", "localhost:5000/x", TAG_TAIL },
	{ "localhost:5000/x", "localhost:5000/x:1", TAG_WHOLE_UNTAGGED },
	{ "localhost", "localhost:5000/x", TAG_OTHER },
	{ "x", "localhost:5000/x:1", TAG_TAIL_UNTAGGED },
	{ "x", "docker.io/library/x@sha256:12", TAG_TAIL_UNTAGGED },
	{ "x", "docker.io/library/x:1@sha256:12", TAG_TAIL_UNTAGGED },
	{ "library/x", "docker.io/library/x:1", TAG_TAIL_UNTAGGED },
	{ "", "a/", TAG_OTHER },
	{ "a", "", TAG_OTHER },
};

START_TEST(one_name_and_one_tag)
{
	ck_assert_msg(tag_fit(fits[_i].name, fits[_i].tag) == fits[_i].fit, "'%s' and '%s': %d",
		      fits[_i].name, fits[_i].tag, tag_fit(fits[_i].name, fits[_i].tag));
}
END_TEST

/* Images by spaces: an id, then its tags divided by commas; why NULL: the image with this id. */
static const struct {
	const char *label, *images, *name, *id, *why;
} choices[] = {
	{ "only one", "a=x:1", "other", "a", NULL },
	{ "only one, without tags", "a=", "other", "a", NULL },
	{ "twice the same", "a=x:1 a=y:1", "other", "a", NULL },
	{ "by tag", "a=x:1 b=x:2", "x:2", "b", NULL },
	{ "by one of many tags", "a=x:1 b=x:2,z:9", "z", "b", NULL },
	{ "the whole before its tail", "a=school/x:1 b=x:1", "x:1", "b", NULL },
	{ "a tag before none", "a=x/built:1 b=built", "built", "b", NULL },
	{ "the latest", "a=x:1 b=x:latest c=x:2", "x", "b", NULL },
	{ "the latest of those that fit", "a=x:1 b=y:latest c=x:latest", "x", "c", NULL },
	{ "one image by two tags", "a=s/x:1,s/x:2 b=y", "x", "a", NULL },
	{ "none fits", "a=x:1,x:2 b= c=y/z", "w", NULL,
	  "no image 'w' in the archive; it has x:1, x:2, <none>, y/z;" },
	{ "two fit", "a=s/x:1 b=t/x:1 c=y", "x:1", NULL, "called 'x:1': s/x:1, t/x:1;" },
	{ "two fit without tag", "a=s/x:1 b=t/x:2", "x", NULL, "called 'x': s/x:1, t/x:2;" },
	{ "two are the latest", "a=s/x:latest b=t/x:latest", "x", NULL, "several images" },
	{ "what to do", "a=x b=y", "z", NULL, "`moulette image import TAG FILE`" },
};

static size_t make_images(const char *text, struct tagged *images, char **copy)
{
	size_t n = 0;
	char *words = *copy = mem_strdup(text), *keep;
	for (char *word = strtok_r(words, " ", &keep); word; word = strtok_r(NULL, " ", &keep)) {
		char *inner, *tags = strchr(word, '=');
		*tags++ = '\0';
		images[n] = (struct tagged){ .id = word };
		for (char *t = strtok_r(tags, ",", &inner); t; t = strtok_r(NULL, ",", &inner))
			strv_add(&images[n].tags, t);
		n++;
	}
	return n;
}

START_TEST(a_choice)
{
	struct tagged images[8];
	struct err err = { 0 };
	size_t at = 99;
	char *copy;
	size_t n = make_images(choices[_i].images, images, &copy);
	int got = tags_choose(images, n, choices[_i].name, &at, &err);
	if (choices[_i].why) {
		ck_assert_msg(got == -1 && err.fault == FAULT_USAGE &&
				      strstr(err.msg, choices[_i].why),
			      "%s: '%s'", choices[_i].label, err.msg);
		ck_assert_uint_eq(at, 99);
	} else {
		ck_assert_msg(got == 0, "%s: '%s'", choices[_i].label, err.msg);
		ck_assert_msg(strcmp(images[at].id, choices[_i].id) == 0, "%s: '%s'",
			      choices[_i].label, images[at].id);
	}
	for (size_t i = 0; i < n; i++)
		strv_free(images[i].tags);
	free(copy);
}
END_TEST

static void list_many(size_t n, const char *tag, struct err *err)
{
	AUTO_STRV tags = NULL;
	const struct tagged images[] = { { .id = "a", .tags = NULL }, { .id = "b", .tags = NULL } };
	struct tagged all[2] = { images[0], images[1] };
	size_t at;
	for (size_t i = 0; i + 1 < n; i++)
		strv_add(&tags, tag);
	all[1].tags = tags;
	ck_assert_int_eq(tags_choose(all, 2, "none", &at, err), -1);
}

START_TEST(long_lists_are_cut)
{
	struct err err = { 0 };
	char wide[201];
	list_many(20, "t", &err);
	ck_assert_msg(!strstr(err.msg, "more"), "%s", err.msg);
	list_many(21, "t", &err);
	ck_assert_msg(strstr(err.msg, " and 1 more;"), "%s", err.msg);
	/* Whatever is listed, what to do is still there. */
	memset(wide, 'w', 200);
	wide[200] = '\0';
	list_many(9, wide, &err);
	ck_assert_msg(strstr(err.msg, " and 7 more; choose with `moulette image import TAG FILE`"),
		      "%s", err.msg);
}
END_TEST

Suite *suite_import_tags(void);
Suite *suite_import_tags(void)
{
	Suite *s = suite_create("import/tags");
	TCase *tc = tcase_create("tags");
#define N(rows) (int)(sizeof(rows) / sizeof(*(rows)))
	tcase_add_loop_test(tc, one_name_and_one_tag, 0, N(fits));
	tcase_add_loop_test(tc, a_choice, 0, N(choices));
	tcase_add_test(tc, long_lists_are_cut);
#undef N
	suite_add_tcase(s, tc);
	return s;
}
