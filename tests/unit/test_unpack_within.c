/* test_unpack_within.c - an archive that lies in what was handed in. */
#include "test_unpack_maker.h"

Suite *suite_unpack_within(void);

/* An outer tar with @inner in it, and a note. */
static void wrap(struct buf *b, const char *name, const struct buf *inner)
{
	const struct member m = { .name = name };
	tar_header(b, &m, (long long)inner->len);
	tar_data(b, inner->data, inner->len);
	tar_file(b, "note.txt", "hello");
	tar_end(b);
}

static int unpack_both(struct scene *s, const struct buf *b, const char *path)
{
	expect_accepted(s, "outer", b);
	return unpack_within(&s->req, path, &s->sub, &s->out, &s->err);
}

START_TEST(a_zip_in_a_tar)
{
	const struct member members[] = { { .name = "hw/a.c", .data = "12345" },
					  { .name = "hw/hw.zip", .data = "x" } };
	struct scene s;
	AUTO_BUF zip = { 0 };
	AUTO_BUF b = { 0 };

	scene_init(&s);
	zip_to(&zip, members, 2, NULL, NULL);
	wrap(&b, "d/hw.zip", &zip);
	int got = unpack_both(&s, &b, "d/hw.zip");
	ck_assert_msg(got == 0, "%s", s.err.msg);
	ck_assert_str_eq(s.out.top, "d/hw.zip/hw");
	has_file(&s, "d/hw.zip/hw/a.c", "12345");
	has_file(&s, "d/hw.zip/hw/hw.zip", "x");
	has_file(&s, "note.txt", "hello");
	ck_assert_int_eq(s.out.entries, 4);
	ck_assert_int_eq(s.sub.entries, 4);
	ck_assert_int_eq(s.out.bytes, (int64_t)zip.len + 5 + 6);
	ck_assert_uint_eq(stat_of(&s, "d/hw.zip").st_uid, TEST_UID);
	ck_assert_uint_eq(mode_of(&s, "d/hw.zip"), 0755);
	ck_assert_int_gt(s.out.took_ns, 0);
	scene_done(&s);
}
END_TEST

/* At the limit and one above, of what both have together. */
START_TEST(limits_are_of_both)
{
	struct scene s;
	AUTO_BUF inner = { 0 };
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_file(&inner, "d/f", "1234");
	tar_file(&inner, "e/g", "1234");
	tar_end(&inner);
	wrap(&b, "x.tar", &inner);
	const int64_t bytes = (int64_t)inner.len + 5 + 8;
	static const struct {
		int entries, bytes;
		const char *code, *word;
	} rows[] = {
		{ 0, 0, NULL, NULL },
		{ -1, 0, "archive.too_many", "within 'x.tar': entry 'e/g': more than 3 entries" },
		{ 0, -1, "archive.too_large", "within 'x.tar': entry 'e/g'" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		s.req.limits.entries = 4 + rows[i].entries;
		s.req.limits.bytes = bytes + rows[i].bytes;
		int got = unpack_both(&s, &b, "x.tar");
		ck_assert_msg(got == (rows[i].code ? -1 : 0), "%zu: %s", i, s.err.msg);
		if (rows[i].code) {
			ck_assert_str_eq(s.err.code, rows[i].code);
			ck_assert_msg(strstr(s.err.msg, rows[i].word), "%s", s.err.msg);
			ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
			ck_assert_int_eq(s.out.entries, 2); /* untouched */
			ck_assert_int_eq(s.sub.entries, 2);
		}
		scene_again(&s);
	}
	scene_done(&s);
}
END_TEST

/* Nothing beside the archive can be reached from it. */
START_TEST(confined_to_its_folder)
{
	/* clang-format off */
	static const struct { struct member m; const char *code; } rows[] = {
		{ { .name = "../note.txt", .data = "dead" }, "archive.path_escape" },
		{ { .name = "/note.txt", .data = "dead" }, "archive.path_escape" },
		{ { .name = "l", .type = '2', .link = "../note.txt" }, "archive.link_escape" },
		{ { .name = "l", .type = '1', .link = "../note.txt" }, "archive.link_escape" },
		{ { .name = "l", .type = '1', .link = "note.txt" }, "archive.link" },
		{ { .name = "l", .type = '1', .link = "x.tar" }, "archive.link" },
		{ { .name = "null", .type = '3' }, "archive.device" },
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene s;
		AUTO_BUF inner = { 0 };
		AUTO_BUF b = { 0 };
		scene_init(&s);
		tar_add(&inner, rows[i].m);
		tar_end(&inner);
		wrap(&b, "x.tar", &inner);
		ck_assert_msg(unpack_both(&s, &b, "x.tar") == -1, "%zu: accepted", i);
		ck_assert_msg(strcmp(s.err.code, rows[i].code) == 0, "%zu: %s %s", i, s.err.code,
			      s.err.msg);
		has_file(&s, "note.txt", "hello");
		scene_done(&s);
	}
}
END_TEST

START_TEST(what_is_no_archive)
{
	static const struct {
		const char *bytes, *code;
	} rows[] = {
		{ "", "archive.unsupported" },
		{ "<!DOCTYPE html>", "archive.unsupported" },
		{ "7z\xbc\xaf\x27\x1c..", "archive.unsupported" },
		{ "PK\3\4 cut", "archive.truncated" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene s;
		AUTO_BUF inner = { 0 };
		AUTO_BUF b = { 0 };
		scene_init(&s);
		buf_str(&inner, rows[i].bytes);
		wrap(&b, "x.zip", &inner);
		ck_assert_int_eq(unpack_both(&s, &b, "x.zip"), -1);
		ck_assert_msg(strcmp(s.err.code, rows[i].code) == 0, "%zu: %s %s", i, s.err.code,
			      s.err.msg);
		ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
		scene_done(&s);
	}
}
END_TEST

/* A link that was made to look like the archive is not followed. */
START_TEST(a_path_through_a_link)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_file(&b, "d/x.tar", "text");
	tar_add(&b, (struct member){ .name = "l", .type = '2', .link = "d" });
	tar_add(&b, (struct member){ .name = "y.tar", .type = '2', .link = "d/x.tar" });
	tar_end(&b);
	ck_assert_int_eq(unpack_both(&s, &b, "l/x.tar"), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_int_eq(unpack_within(&s.req, "y.tar", &s.sub, &s.out, &s.err), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	has_file(&s, "d/x.tar", "text");
	scene_done(&s);
}
END_TEST

START_TEST(encrypted_and_empty)
{
	const struct member m = { .name = "main.c", .data = "int main;" };
	struct scene s;
	AUTO_BUF zip = { 0 };
	AUTO_BUF b = { 0 };

	scene_init(&s);
	if (_i)
		zip_to(&zip, NULL, 0, NULL, NULL);
	else
		zip_to(&zip, &m, 1, "zip:encryption=traditional", "secret");
	wrap(&b, "x.zip", &zip);
	ck_assert_int_eq(unpack_both(&s, &b, "x.zip"), -1);
	ck_assert_str_eq(s.err.code, _i ? "archive.empty" : "archive.encrypted");
	ck_assert_ptr_nonnull(strstr(s.err.msg, "within 'x.zip'"));
	scene_done(&s);
}
END_TEST

/* The time that the outer one took is gone. */
START_TEST(time_is_of_both)
{
	struct scene s;
	AUTO_BUF inner = { 0 };
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_simple(&inner);
	wrap(&b, "x.tar", &inner);
	expect_accepted(&s, "outer", &b);
	s.out.took_ns = s.out.cpu_ns = s.req.limits.time_ns;
	ck_assert_int_eq(unpack_within(&s.req, "x.tar", &s.sub, &s.out, &s.err), -1);
	ck_assert_str_eq(s.err.code, "archive.time");
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
	scene_done(&s);
}
END_TEST

static TCase *within(const char *name)
{
	TCase *tc = tcase_create(name);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_zip_in_a_tar);
	tcase_add_test(tc, limits_are_of_both);
	tcase_add_test(tc, confined_to_its_folder);
	tcase_add_test(tc, what_is_no_archive);
	tcase_add_test(tc, a_path_through_a_link);
	tcase_add_loop_test(tc, encrypted_and_empty, 0, 2);
	tcase_add_test(tc, time_is_of_both);
	return tc;
}

Suite *suite_unpack_within(void)
{
	Suite *s = suite_create("unpack/within");
	TCase *served = within("within, served");
	tcase_add_checked_fixture(served, scene_served, NULL);
	suite_add_tcase(s, within("within"));
	suite_add_tcase(s, served);
	return s;
}
