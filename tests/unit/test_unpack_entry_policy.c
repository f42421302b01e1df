/* test_unpack_entry_policy.c - which entries of an archive may be written. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "unpack/entry_policy.h"

Suite *suite_unpack_entry_policy(void);

#define N(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

static struct unpack_limits small_limits(void)
{
	return (struct unpack_limits){ .entries = 4,
				       .bytes = 200,
				       .file_bytes = 100,
				       .depth = 3,
				       .path_bytes = 20,
				       .time_ns = 1 };
}

/* Not 0: 0 cannot wrap. */
static struct entry_totals some_totals(void)
{
	return (struct entry_totals){ .entries = 1, .folders = 1, .bytes = 1 };
}

#define C255                                                                          \
	"0123456789abcde0123456789abcde0123456789abcde0123456789abcde0123456789abcde" \
	"0123456789abcde0123456789abcde0123456789abcde0123456789abcde0123456789abcde" \
	"0123456789abcde0123456789abcde0123456789abcde0123456789abcde0123456789abcde" \
	"0123456789abcde0123456789abcde"

/* clang-format off */
static const struct {
	const char *label, *name;
	mode_t type;
	int64_t size;
	const char *path; /* where it goes; NULL: refused, with */
	const char *code;
} names[] = {
	{ "plain", "a/b.c", S_IFREG, 1, "a/b.c", NULL },
	{ "leading ./", "./a", S_IFREG, 1, "a", NULL },
	{ "components .", "a/./././b/.", S_IFDIR, 0, "a/b", NULL },
	{ "slashes", "a//b///", S_IFDIR, 0, "a/b", NULL },
	{ "the top", "./", S_IFDIR, 0, "", NULL },
	{ "the top as a file", ".", S_IFREG, 0, NULL, "archive.name" },
	{ "file with a trailing slash", "a/", S_IFREG, 1, "a", NULL },
	{ "three dots", "...", S_IFREG, 1, "...", NULL },
	{ "dots that begin a name", "..a/b", S_IFREG, 1, "..a/b", NULL },
	{ "latin-1", "pr\xe9nom.c", S_IFREG, 1, "pr\xe9nom.c", NULL },
	{ "blank and colon", "C: x", S_IFREG, 1, "C: x", NULL },
	{ "empty", "", S_IFREG, 1, NULL, "archive.name" },
	{ "no name", NULL, S_IFREG, 1, NULL, "archive.name" },
	{ "absolute", "/etc/x", S_IFREG, 1, NULL, "archive.path_escape" },
	{ "the root", "/", S_IFDIR, 0, NULL, "archive.path_escape" },
	{ "dotdot", "..", S_IFDIR, 0, NULL, "archive.path_escape" },
	{ "dotdot first", "../a", S_IFREG, 1, NULL, "archive.path_escape" },
	{ "dotdot inside", "a/../b", S_IFREG, 1, NULL, "archive.path_escape" },
	{ "dotdot last", "a/..", S_IFDIR, 0, NULL, "archive.path_escape" },
	{ "dotdot behind ./", "./../a", S_IFREG, 1, NULL, "archive.path_escape" },
	{ "newline", "a\nb", S_IFREG, 1, NULL, "archive.name" },
	{ "escape", "a\033[2J", S_IFREG, 1, NULL, "archive.name" },
	{ "delete", "a\177", S_IFREG, 1, NULL, "archive.name" },
	{ "backslash", "a\\b", S_IFREG, 1, NULL, "archive.name" },
	{ "exactly the depth", "a/b/c", S_IFREG, 1, "a/b/c", NULL },
	{ "one deeper", "a/b/c/d", S_IFREG, 1, NULL, "archive.too_deep" },
	{ "deep by dots only", "a/./././././b", S_IFREG, 1, "a/b", NULL },
	{ "exactly the path limit", "0123456789/12345/789", S_IFREG, 1, "0123456789/12345/789", NULL },
	{ "one byte more", "0123456789/12345/7890", S_IFREG, 1, NULL, "archive.too_long" },
	{ "exactly the size limit", "big", S_IFREG, 100, "big", NULL },
	{ "one byte above", "big", S_IFREG, 101, NULL, "archive.too_large" },
	{ "size that wraps a sum", "big", S_IFREG, INT64_MAX, NULL, "archive.too_large" },
	{ "size of a folder is not looked at", "d", S_IFDIR, INT64_MAX, "d", NULL },
	{ "fifo", "p", S_IFIFO, 0, NULL, "archive.device" },
	{ "character device", "p", S_IFCHR, 0, NULL, "archive.device" },
	{ "block device", "p", S_IFBLK, 0, NULL, "archive.device" },
	{ "socket", "p", S_IFSOCK, 0, NULL, "archive.device" },
	{ "no type", "p", 0, 0, NULL, "archive.device" },
};

static const struct {
	const char *label, *name, *link;
	bool hard;
	const char *target; /* as it is kept; NULL: refused, with */
	const char *code;
} links[] = {
	{ "beside", "a/l", "b", false, "b", NULL },
	{ "up within", "a/l", "../b", false, "../b", NULL },
	{ "to the top", "a/l", "..", false, "..", NULL },
	{ "down and up", "l", "a/..", false, "a/..", NULL },
	{ "trailing slash", "l", "a/", false, "a/", NULL },
	{ "dots", "a/l", "./.././b", false, "./.././b", NULL },
	{ "out", "l", "../x", false, NULL, "archive.link_escape" },
	{ "out of a folder", "a/l", "../../x", false, NULL, "archive.link_escape" },
	{ "out and in again", "a/l", "../../a/x", false, NULL, "archive.link_escape" },
	{ "down, then out", "l", "a/../../x", false, NULL, "archive.link_escape" },
	{ "absolute", "l", "/etc/passwd", false, NULL, "archive.link_escape" },
	{ "empty", "l", "", false, NULL, "archive.name" },
	{ "unreadable", "l", NULL, false, NULL, "archive.name" },
	{ "control byte", "l", "a\nb", false, NULL, "archive.name" },
	{ "too long", "l", "0123456789/12345/7890", false, NULL, "archive.too_long" },
	{ "hard", "l", "./a/b", true, "a/b", NULL },
	{ "hard, up", "a/l", "a/../b", true, NULL, "archive.link_escape" },
	{ "hard, absolute", "l", "/etc/passwd", true, NULL, "archive.link_escape" },
	{ "hard, to the top", "l", ".", true, NULL, "archive.link" },
	{ "hard, empty", "l", "", true, NULL, "archive.name" },
	{ "hard, unreadable", "l", NULL, true, NULL, "archive.name" },
};
/* clang-format on */

static void check_refused(const char *label, const struct entry_totals *tot,
			  const struct entry_place *place, const struct err *err, const char *code)
{
	const struct entry_totals was = some_totals();

	ck_assert_msg(err->fault == FAULT_STUDENT, "%s: fault %d", label, err->fault);
	ck_assert_msg(strcmp(err->code, code) == 0, "%s: %s, not %s (%s)", label, err->code, code,
		      err->msg);
	ck_assert_msg(memcmp(tot, &was, sizeof(was)) == 0, "%s: counted", label);
	ck_assert_msg(strcmp(place->path, "untouched") == 0, "%s: wrote a path", label);
}

START_TEST(one_name)
{
	const struct unpack_limits lim = small_limits();
	struct entry_totals tot = some_totals();
	struct entry_place place = { .path = "untouched" };
	struct err err = { 0 };
	struct entry e = { .name = names[_i].name, .type = names[_i].type, .size = names[_i].size };
	if (e.type == S_IFLNK)
		e.link = "x";
	int got = entry_policy_check(&lim, &tot, &e, &place, &err);

	ck_assert_msg(got == (names[_i].path ? 0 : -1), "%s: got %d (%s)", names[_i].label, got,
		      err.msg);
	if (!names[_i].path) {
		check_refused(names[_i].label, &tot, &place, &err, names[_i].code);
		return;
	}
	ck_assert_msg(strcmp(place.path, names[_i].path) == 0, "%s: '%s'", names[_i].label,
		      place.path);
	ck_assert_int_eq(tot.entries, 2);
	ck_assert_int_eq(tot.bytes, 1); /* what is declared is not added */
}
END_TEST

START_TEST(one_link)
{
	const struct unpack_limits lim = small_limits();
	struct entry_totals tot = some_totals();
	struct entry_place place = { .path = "untouched" };
	struct err err = { 0 };
	const struct entry e = { .name = links[_i].name,
				 .type = links[_i].hard ? 0 : S_IFLNK,
				 .link = links[_i].link,
				 .hard_link = links[_i].hard };
	int got = entry_policy_check(&lim, &tot, &e, &place, &err);

	ck_assert_msg(got == (links[_i].target ? 0 : -1), "%s: got %d (%s)", links[_i].label, got,
		      err.msg);
	if (!links[_i].target) {
		check_refused(links[_i].label, &tot, &place, &err, links[_i].code);
		return;
	}
	ck_assert_str_eq(place.path, links[_i].name);
	ck_assert_str_eq(place.target, links[_i].target);
	ck_assert_int_eq(tot.entries, 2);
}
END_TEST

START_TEST(component_limit)
{
	struct unpack_limits lim = UNPACK_LIMITS_DEFAULT;
	struct entry_totals tot = { 0 };
	struct entry_place place;
	struct err err = { 0 };
	struct entry e = { .name = "d/" C255, .type = S_IFREG };

	ck_assert_uint_eq(strlen(C255), 255);
	ck_assert_int_eq(entry_policy_check(&lim, &tot, &e, &place, &err), 0);
	e.name = "d/" C255 "f";
	ck_assert_int_eq(entry_policy_check(&lim, &tot, &e, &place, &err), -1);
	ck_assert_str_eq(err.code, "archive.too_long");
	ck_assert_ptr_nonnull(
		strstr(err.msg, "255")); /* the reason is there, however long the name */
}
END_TEST

/* A profile may raise the limit above what the kernel takes: the buffer stays the wall. */
START_TEST(path_buffer_limit)
{
	struct unpack_limits lim = UNPACK_LIMITS_DEFAULT;
	struct entry_totals tot = { 0 };
	struct entry_place place;
	struct err err = { 0 };
	char *name = malloc(2 * ENTRY_PATH_SIZE);
	struct entry e = { .name = name, .type = S_IFREG };

	lim.path_bytes = lim.depth = INT64_MAX;
	for (int i = 0; i < 2 * ENTRY_PATH_SIZE; i++)
		name[i] = i % 2 ? '/' : 'a';
	name[ENTRY_PATH_SIZE - 1] = '\0';
	ck_assert_int_eq(entry_policy_check(&lim, &tot, &e, &place, &err), 0);
	name[ENTRY_PATH_SIZE - 1] = '/';
	name[ENTRY_PATH_SIZE + 1] = '\0';
	ck_assert_int_eq(entry_policy_check(&lim, &tot, &e, &place, &err), -1);
	ck_assert_str_eq(err.code, "archive.too_long");
	free(name);
}
END_TEST

START_TEST(entry_count)
{
	const struct unpack_limits lim = small_limits();
	struct entry_totals tot = { 0 };
	struct entry_place place;
	struct err err = { 0 };
	const struct entry e = { .name = "a", .type = S_IFREG, .size = 1 };

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(entry_policy_check(&lim, &tot, &e, &place, &err), 0);
	ck_assert_int_eq(entry_policy_check(&lim, &tot, &e, &place, &err), -1);
	ck_assert_str_eq(err.code, "archive.too_many");
	ck_assert_ptr_nonnull(strstr(err.msg, "more than 4 entries"));
	ck_assert_int_eq(tot.entries, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(entry_policy_folder(&lim, &tot, "a", &err), 0);
	ck_assert_int_eq(entry_policy_folder(&lim, &tot, "a", &err), -1);
	ck_assert_str_eq(err.code, "archive.too_many");
	ck_assert_int_eq(tot.folders, 4);
}
END_TEST

START_TEST(marks)
{
	const struct unpack_limits lim = small_limits();
	struct entry_totals tot = some_totals();
	struct entry_place place = { .path = "untouched" };
	struct err err = { 0 };
	struct entry e = { .name = "a", .type = S_IFREG, .encrypted = true };

	ck_assert_int_eq(entry_policy_check(&lim, &tot, &e, &place, &err), -1);
	check_refused("encrypted", &tot, &place, &err, "archive.encrypted");
	e = (struct entry){ .name = "a", .type = S_IFREG, .sparse = true };
	ck_assert_int_eq(entry_policy_check(&lim, &tot, &e, &place, &err), -1);
	check_refused("sparse", &tot, &place, &err, "archive.sparse");
}
END_TEST

/* clang-format off */
static const struct {
	const char *label;
	int64_t before, have, more, packed;
	const char *code, *word;
} data[] = {
	{ "a little", 1, 0, 10, 0, NULL, NULL },
	{ "exactly the file limit", 1, 90, 10, 0, NULL, NULL },
	{ "one above the file limit", 1, 90, 11, 0, "archive.too_large", "file_bytes" },
	{ "exactly the total", 190, 0, 10, 0, NULL, NULL },
	{ "one above the total", 190, 0, 11, 0, "archive.too_large", "200 bytes in all" },
	{ "wraps", 190, 90, INT64_MAX, 0, "archive.too_large", "100 bytes in one file" },
	{ "a bomb", 199, 50, 2, 2, "archive.bomb", "200 bytes in all" },
	{ "packed well, no bomb", 199, 50, 2, 3, "archive.too_large", "200 bytes in all" },
};
/* clang-format on */

START_TEST(one_data)
{
	const struct unpack_limits lim = small_limits();
	struct entry_totals tot = { .bytes = data[_i].before };
	struct err err = { 0 };
	int got = entry_policy_data(&lim, &tot, "f", data[_i].have, data[_i].more, data[_i].packed,
				    &err);

	ck_assert_msg(got == (data[_i].code ? -1 : 0), "%s: got %d", data[_i].label, got);
	ck_assert_int_eq(tot.bytes, data[_i].before + (got ? 0 : data[_i].more));
	if (data[_i].code) {
		ck_assert_str_eq(err.code, data[_i].code);
		ck_assert_msg(strstr(err.msg, data[_i].word), "%s: %s", data[_i].label, err.msg);
	}
}
END_TEST

START_TEST(mode_of_files)
{
	ck_assert_uint_eq(entry_policy_mode(0644, "int", 3), 0644);
	ck_assert_uint_eq(entry_policy_mode(0600, "int", 3), 0644);
	ck_assert_uint_eq(entry_policy_mode(0001, "int", 3), 0755);
	ck_assert_uint_eq(entry_policy_mode(06711, "", 0), 0755);
	ck_assert_uint_eq(entry_policy_mode(07666, "", 0), 0644);
	ck_assert_uint_eq(entry_policy_mode(0644, "#!/b", 4), 0755);
	ck_assert_uint_eq(entry_policy_mode(0644, "#!", 2), 0755);
	ck_assert_uint_eq(entry_policy_mode(0644, "#", 1), 0644);
	ck_assert_uint_eq(entry_policy_mode(0644,
					    "\x7f"
					    "ELF",
					    4),
			  0755);
	ck_assert_uint_eq(entry_policy_mode(0644,
					    "\x7f"
					    "EL",
					    3),
			  0644);
}
END_TEST

Suite *suite_unpack_entry_policy(void)
{
	Suite *s = suite_create("unpack/entry_policy");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, one_name, 0, N(names));
	tcase_add_loop_test(tc, one_link, 0, N(links));
	tcase_add_loop_test(tc, one_data, 0, N(data));
	tcase_add_test(tc, component_limit);
	tcase_add_test(tc, path_buffer_limit);
	tcase_add_test(tc, entry_count);
	tcase_add_test(tc, marks);
	tcase_add_test(tc, mode_of_files);
	suite_add_tcase(s, tc);
	return s;
}
