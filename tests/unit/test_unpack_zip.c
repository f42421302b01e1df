/* test_unpack_zip.c - zips of writers that libarchive does not know, and what is no zip at all. */
#include "test_unpack_maker.h"
#include "unpack/zip_name.h"

Suite *suite_unpack_zip(void);

/* What a writer puts where; an entry of one byte 'x', stored. */
struct writing {
	const char *label, *name;
	size_t before; /* bytes before the zip that its offsets do not count */
	unsigned int flags, system;
	uint32_t local_size;          /* in the local header */
	int descriptor;               /* bytes of it beside its mark: 0, 12 or 20 */
	bool wide;                    /* sizes in an extra field of the list */
	size_t after, comment;        /* bytes behind the zip; of its comment */
	uint32_t offset, list_offset; /* added to what is true */
	uint32_t size;                /* in the list; 0: the true one */
	int copies;                   /* entries more that share the data */
	const char *code;             /* NULL: accepted, and the name is */
	const char *as;               /* NULL: @name */
};

static void le(struct buf *b, uint64_t v, int bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_add(b, &(char){ (char)v }, 1);
}

static void fill(struct buf *b, char c, size_t n)
{
	for (; n > 0; n--)
		buf_add(b, &c, 1);
}

#define CRC_X 0x8cdc1683u /* of "x" */

static void write_entry(struct buf *b, const struct writing *w)
{
	buf_add(b, "PK\3\4", 4);
	le(b, 20, 2);
	le(b, w->flags | (w->descriptor ? 8 : 0), 2);
	le(b, 0, 2);
	le(b, 0x5a215a21, 4);
	le(b, w->descriptor ? 0 : CRC_X, 4);
	le(b, w->local_size, 4);
	le(b, w->local_size, 4);
	le(b, strlen(w->name), 2);
	le(b, 0, 2);
	buf_str(b, w->name);
	buf_str(b, "x");
	if (w->descriptor) {
		buf_add(b, "PK\7\10", 4);
		le(b, CRC_X, 4);
		le(b, 1, (w->descriptor - 4) / 2);
		le(b, 1, (w->descriptor - 4) / 2);
	}
}

static void write_listed(struct buf *b, const struct writing *w)
{
	const uint32_t size = w->wide ? 0xffffffff : w->size ? w->size : 1;
	buf_add(b, "PK\1\2", 4);
	le(b, 20 | w->system << 8, 2);
	le(b, 20, 2);
	le(b, w->flags | (w->descriptor ? 8 : 0), 2);
	le(b, 0, 2);
	le(b, 0x5a215a21, 4);
	le(b, CRC_X, 4);
	le(b, size, 4);
	le(b, size, 4);
	le(b, strlen(w->name), 2);
	le(b, w->wide ? 20 : 0, 2);
	le(b, 0, 6); /* comment, volume, text */
	le(b, 0, 4); /* attributes */
	le(b, w->offset, 4);
	buf_str(b, w->name);
	if (w->wide) {
		le(b, 1, 2);
		le(b, 16, 2);
		le(b, 1, 8);
		le(b, 1, 8);
	}
}

static void write_zip(struct buf *b, const struct writing *w)
{
	AUTO_BUF zip = { 0 };
	write_entry(&zip, w);
	const size_t list_at = zip.len;
	for (int i = 0; i <= w->copies; i++)
		write_listed(&zip, w);
	const size_t list_bytes = zip.len - list_at;
	buf_add(&zip, "PK\5\6", 4);
	le(&zip, 0, 4);
	le(&zip, (unsigned)w->copies + 1, 2);
	le(&zip, (unsigned)w->copies + 1, 2);
	le(&zip, list_bytes, 4);
	le(&zip, list_at + w->list_offset, 4);
	le(&zip, w->comment, 2);
	fill(&zip, 'P', w->comment);
	fill(b, '#', w->before);
	buf_add(b, zip.data, zip.len);
	fill(b, '\n', w->after);
}

#define FF 0xffffffffu
/* clang-format off */
static const struct writing writings[] = {
	{ .label = "plain", .name = "f", .local_size = 1 },
	{ .label = "a descriptor", .name = "f", .descriptor = 12 },
	{ .label = "a wide descriptor", .name = "f", .descriptor = 20, .wide = true },
	{ .label = "sizes of all ones", .name = "f", .local_size = FF, .descriptor = 12 },
	{ .label = "the same, wide", .name = "f", .local_size = FF, .descriptor = 20, .wide = true },
	{ .label = "local sizes that are wrong", .name = "f", .local_size = 77 },
	{ .label = "a blank line before", .name = "f", .local_size = 1, .before = 2 },
	{ .label = "a program before", .name = "f", .local_size = 1, .before = 70000 },
	{ .label = "a program before that is counted", .name = "f", .local_size = 1, .before = 600, .offset = 600, .list_offset = 600 },
	{ .label = "a line behind", .name = "f", .local_size = 1, .after = 2 },
	{ .label = "the longest comment", .name = "f", .local_size = 1, .comment = 65535 },
	{ .label = "cp437", .name = "\x81" "b.c", .local_size = 1, .as = "\xc3\xbc" "b.c" },
	{ .label = "cp437 of Unix", .name = "\x81", .local_size = 1, .system = 3, .as = "\xc3\xbc" },
	{ .label = "UTF-8 that does not say so", .name = "\xc3\xbc", .local_size = 1 },
	{ .label = "UTF-8 that says so", .name = "e\xcc\x81", .flags = 0x800, .local_size = 1 },
	{ .label = "bytes that say they are UTF-8", .name = "\x81", .flags = 0x800, .local_size = 1 },
	{ .label = "backslashes", .name = "a\\b", .local_size = 1, .as = "a/b" },
	{ .label = "backslash and slash", .name = "a\\b/c", .local_size = 1, .code = "archive.name" },
	{ .label = "dotdot by backslashes", .name = "..\\canary", .local_size = 1, .code = "archive.path_escape" },
	{ .label = "encrypted", .name = "f", .flags = 1, .local_size = 1, .code = "archive.encrypted" },
	{ .label = "encrypted, with a descriptor", .name = "f", .flags = 1, .descriptor = 12, .code = "archive.encrypted" },
	{ .label = "an offset into nothing", .name = "f", .local_size = 1, .offset = 3, .code = "archive.damaged" },
	{ .label = "an offset far out", .name = "f", .local_size = 1, .offset = 0x7fffffff, .code = "archive.damaged" },
	{ .label = "the largest offset", .name = "f", .local_size = 1, .offset = FF, .code = "archive.damaged" },
	{ .label = "data beyond the list", .name = "f", .local_size = 1, .size = 1000, .code = "archive.damaged" },
	{ .label = "the largest size", .name = "f", .local_size = 1, .size = FF, .code = "archive.damaged" },
	{ .label = "entries that share data", .name = "f", .local_size = 1, .copies = 1, .code = "archive.bomb" },
};
/* clang-format on */

START_TEST(one_writing)
{
	const struct writing *w = &writings[_i];
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	write_zip(&b, w);
	if (w->code) {
		expect_refused(&s, w->label, &b, w->code, NULL);
	} else {
		expect_accepted(&s, w->label, &b);
		has_file(&s, w->as ? w->as : w->name, "x");
		ck_assert_int_eq(s.out.entries, 1);
	}
	scene_done(&s);
}
END_TEST

/* Numbers of a zip are the student's: whatever stands in its last bytes, the child ends in order. */
START_TEST(any_byte_of_the_list)
{
	const struct writing w = { .name = "file.c", .local_size = 1, .wide = true };
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_served();
	scene_init(&s);
	write_zip(&b, &w);
	const size_t list_at = 30 + 6 + 1;
	for (size_t i = list_at; i < b.len; i++) {
		const char was = b.data[i];
		b.data[i] = (char)(_i ? was ^ 0x80 : ~was);
		if (run_bytes(&s, &b) < 0)
			ck_assert_msg(s.err.fault == FAULT_STUDENT, "%zu: %s", i, s.err.msg);
		b.data[i] = was;
		scene_again(&s);
	}
	scene_done(&s);
}
END_TEST

/* Info-ZIP's field of a name in UTF-8 belongs to the name with its checksum. */
START_TEST(unicode_path)
{
	const unsigned char name[] = "x"; /* CRC_X */
	unsigned char extra[] = "\x55\x54\1\0\0"
				"\x75\x70\x07\0\1\x83\x16\xdc\x8c\xc3\xbc";
	AUTO_BUF b = { 0 };

	zip_name(name, 1, false, extra, sizeof extra - 1, &b);
	ck_assert_str_eq(b.data, "\xc3\xbc");
	b.len = 0;
	zip_name(name, 1, true, extra, sizeof extra - 1, &b);
	ck_assert_str_eq(b.data, "x");
	b.len = 0;
	extra[10] ^= 1;
	zip_name(name, 1, false, extra, sizeof extra - 1, &b);
	ck_assert_str_eq(b.data, "x");
	b.len = 0;
	extra[10] ^= 1;
	for (size_t len = 0; len < sizeof extra - 1; len++) { /* cut off */
		b.len = 0;
		zip_name(name, 1, false, extra, len, &b);
		ck_assert_str_eq(b.data, "x");
	}
}
END_TEST

Suite *suite_unpack_zip(void)
{
	Suite *s = suite_create("unpack/zip");
	TCase *tc = tcase_create("zip");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, one_writing, 0, (int)(sizeof writings / sizeof *writings));
	tcase_add_loop_test(tc, any_byte_of_the_list, 0, 2);
	tcase_add_test(tc, unicode_path);
	suite_add_tcase(s, tc);
	return s;
}
