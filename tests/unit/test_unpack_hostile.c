/* test_unpack_hostile.c - what is refused, with which word, and that it changes nothing outside. */
#include "rounds.h"
#include "test_unpack_maker.h"

Suite *suite_unpack_hostile(void);

#define N(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

/* clang-format off */
static const struct {
	const char *label;
	struct member members[4];
	const char *code, *word; /* NULL: accepted */
} tars[] = {
	{ "dotdot", { { .name = "../canary", .data = "dead" } }, "archive.path_escape", "../canary" },
	{ "dotdot inside", { { .name = "a/../../canary", .data = "dead" } }, "archive.path_escape", "'..'" },
	{ "absolute", { { .name = "/tmp/x", .data = "dead" } }, "archive.path_escape", "absolute" },
	{ "only dots", { { .name = "..", .type = '5' } }, "archive.path_escape", NULL },
	{ "name with an escape", { { .name = "a\033]0;x", .data = "x" } }, "archive.name", "a?]0;x" },
	{ "windows path", { { .name = "C:\\x", .data = "x" } }, "archive.name", "backslash" },
	{ "symbolic link out", { { .name = "l", .type = '2', .link = "../canary" } }, "archive.link_escape", NULL },
	{ "absolute symbolic link", { { .name = "l", .type = '2', .link = "/etc/passwd" } }, "archive.link_escape", NULL },
	{ "hard link out", { { .name = "l", .type = '1', .link = "../canary" } }, "archive.link_escape", NULL },
	{ "absolute hard link", { { .name = "l", .type = '1', .link = "/etc/passwd" } }, "archive.link_escape", NULL },
	{ "hard link to nothing", { { .name = "l", .type = '1', .link = "f" }, { .name = "f" } }, "archive.link", "'f'" },
	{ "hard link to a folder", { { .name = "d", .type = '5' }, { .name = "l", .type = '1', .link = "d" } }, "archive.link", "folder" },
	{ "hard link behind a link", { { .name = "d/f" }, { .name = "s", .type = '2', .link = "d" },
		{ .name = "h", .type = '1', .link = "s/f" } }, "archive.link_escape", "'s'" },
	{ "hard link behind a file", { { .name = "f" }, { .name = "h", .type = '1', .link = "f/g" } }, "archive.type_change", "'f'" },
	{ "file behind a link", { { .name = "s", .type = '2', .link = "d" }, { .name = "d", .type = '5' },
		{ .name = "s/f", .data = "x" } }, "archive.link_escape", "'s'" },
	{ "file behind a dangling link", { { .name = "s", .type = '2', .link = "d" }, { .name = "s/f", .data = "x" } }, "archive.link_escape", "'s'" },
	{ "folder behind a link", { { .name = "s", .type = '2', .link = "." }, { .name = "s/d/e", .type = '5' } }, "archive.link_escape", "'s'" },
	{ "file over a link", { { .name = "s", .type = '2', .link = "d" }, { .name = "s", .data = "x" } }, "archive.type_change", "symbolic link" },
	{ "link over a file", { { .name = "s", .data = "x" }, { .name = "s", .type = '2', .link = "d" } }, "archive.type_change", NULL },
	{ "link over a folder", { { .name = "s/f", .data = "x" }, { .name = "s", .type = '2', .link = "d" } }, "archive.type_change", "folder" },
	{ "folder over a link", { { .name = "s", .type = '2', .link = "d" }, { .name = "s", .type = '5' } }, "archive.type_change", NULL },
	{ "folder over a file", { { .name = "f", .data = "x" }, { .name = "f", .type = '5' } }, "archive.type_change", NULL },
	{ "file over a folder", { { .name = "f", .type = '5' }, { .name = "f", .data = "x" } }, "archive.type_change", NULL },
	{ "folder in a file", { { .name = "f", .data = "x" }, { .name = "f/g", .data = "x" } }, "archive.type_change", "file and a folder" },
	{ "hard link over a link", { { .name = "f" }, { .name = "s", .type = '2', .link = "f" },
		{ .name = "s", .type = '1', .link = "f" } }, "archive.type_change", NULL },
	{ "hard link to a link that would lead out", { { .name = "a/b/l", .type = '2', .link = "../../x" },
		{ .name = "l", .type = '1', .link = "a/b/l" } }, "archive.link_escape", "'l'" },
	{ "links in a chain that lead out", { { .name = "a/b/top", .type = '2', .link = "../.." },
		{ .name = "a/b/l", .type = '2', .link = "top/../x" }, { .name = "f" } }, "archive.link_escape", "another" },
	{ "the same, made in the other order", { { .name = "a/b/l", .type = '2', .link = "top/../../x" },
		{ .name = "a/b/top", .type = '2', .link = "../.." }, { .name = "f" } }, "archive.link_escape", NULL },
	{ "character device", { { .name = "null", .type = '3' } }, "archive.device", "'null'" },
	{ "block device", { { .name = "sda", .type = '4' } }, "archive.device", NULL },
	{ "fifo", { { .name = "fifo", .type = '6' } }, "archive.device", "'fifo'" },
	{ "nothing", { { 0 } }, "archive.empty", "no file" },
	{ "only folders", { { .name = "a", .type = '5' }, { .name = "b/c", .type = '5' } }, "archive.empty", NULL },
	{ "only a link", { { .name = "a", .type = '2', .link = "b" } }, "archive.empty", NULL },
	/* What looks odd and is none of our business. */
	{ "file with a trailing slash", { { .name = "f/", .data = "", .type = '0' }, { .name = "g" } }, NULL, NULL },
	{ "contiguous file", { { .name = "f", .type = '7', .data = "x" } }, NULL, NULL },
	{ "type of a vendor", { { .name = "f", .type = 'Z', .data = "x" } }, NULL, NULL },
	{ "shell in a name", { { .name = "$(reboot);`reboot`", .data = "x" } }, NULL, NULL },
	{ "option as a name", { { .name = "-rf", .data = "x" } }, NULL, NULL },
	{ "bundle's own names", { { .name = "config.json", .data = "{}" }, { .name = "rootfs/x", .data = "x" } }, NULL, NULL },
};
/* clang-format on */

START_TEST(one_tar)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	for (int i = 0; i < 4 && tars[_i].members[i].name; i++)
		tar_add(&b, tars[_i].members[i]);
	tar_end(&b);
	if (tars[_i].code)
		expect_refused(&s, tars[_i].label, &b, tars[_i].code, tars[_i].word);
	else
		expect_accepted(&s, tars[_i].label, &b);
	scene_done(&s);
}
END_TEST

/* Deep and long names, at the limit and one above. */
START_TEST(depth_and_length)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	char name[2000] = "";

	scene_init(&s);
	for (int i = 0; i < 64; i++)
		strcat(name, i < 63 ? "d/" : "f");
	tar_pax(&b, "path", name);
	tar_file(&b, "short", "x");
	tar_end(&b);
	expect_accepted(&s, "64 deep", &b);
	has_file(&s, name, "x");

	scene_again(&s);
	b.len = 0;
	strcat(name, "/f");
	tar_gnu_long(&b, 'L', name);
	tar_file(&b, "short", "x");
	tar_end(&b);
	expect_refused(&s, "65 deep", &b, "archive.too_deep", "64");

	scene_again(&s);
	b.len = 0;
	memset(name, 'a', 1024);
	for (int i = 200; i < 1024; i += 200)
		name[i] = '/';
	name[1024] = '\0';
	tar_gnu_long(&b, 'L', name);
	tar_file(&b, "short", "x");
	tar_end(&b);
	expect_accepted(&s, "1024 bytes", &b);
	has_file(&s, name, "x");

	scene_again(&s);
	b.len = 0;
	strcat(name, "a");
	tar_pax(&b, "path", name);
	tar_file(&b, "short", "x");
	tar_end(&b);
	expect_refused(&s, "1025 bytes", &b, "archive.too_long", "1024");
	scene_done(&s);
}
END_TEST

START_TEST(very_long_names)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	char *name = mem_alloc(65 << 20);

	scene_init(&s);
	memset(name, 'x', (65 << 20) - 1);
	/* More than libarchive keeps of a header; since 3.8 it leaves such a name out. */
	tar_pax(&b, "path", name);
	tar_file(&b, "short", "x");
	tar_end(&b);
	expect_refused(&s, "65 MiB of a name", &b,
		       archive_version_number() < 3008000 ? "archive.too_long" : "archive.bomb",
		       NULL);

	scene_again(&s);
	b.len = 0;
	name[400000] = '\0';
	tar_pax(&b, "path", name);
	tar_file(&b, "short", "x");
	tar_end(&b);
	expect_refused(&s, "400 kB of a name", &b, "archive.too_long", "255");

	scene_again(&s);
	b.len = 0;
	tar_gnu_long(&b, 'K', name);
	tar_add(&b, (struct member){ .name = "l", .type = '2', .link = "short" });
	tar_end(&b);
	expect_refused(&s, "400 kB of a link", &b, "archive.too_long", "1024");
	free(name);
	scene_done(&s);
}
END_TEST

/* @n empty files, all in one folder or each two folders deep in its own. */
static void many_files(struct buf *b, int n, bool apart)
{
	char name[100];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), apart ? "a%d/b/f" : "src/f%d", i);
		tar_file(b, name, "");
	}
	tar_end(b);
}

START_TEST(number_of_entries)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	ck_assert_int_eq(s.req.limits.entries, 20000);
	const int most = ROUNDS(20000);
	AUTO_FREE char *said = mem_printf("%d", most);
	s.req.limits.entries = most;
	many_files(&b, most, false);
	expect_accepted(&s, "as many as may be", &b); /* the folder has no entry of its own */
	ck_assert_int_eq(s.out.entries, most);

	scene_again(&s);
	b.len = 0;
	many_files(&b, most + 1, false);
	expect_refused(&s, "one more", &b, "archive.too_many", said);

	/* Folders without an entry are inodes too. */
	scene_again(&s);
	s.req.limits.entries = 100;
	b.len = 0;
	many_files(&b, 50, true);
	expect_accepted(&s, "100 folders", &b);
	scene_again(&s);
	b.len = 0;
	many_files(&b, 51, true);
	expect_refused(&s, "102 folders", &b, "archive.too_many", "folders");
	scene_done(&s);
}
END_TEST
START_TEST(bytes)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	s.req.limits.file_bytes = 600;
	s.req.limits.bytes = 1000;
	char text[1001];
	memset(text, 'x', 1000);
	text[1000] = '\0';
	tar_file(&b, "a", text + 400);
	tar_file(&b, "b", text + 600);
	tar_end(&b);
	expect_accepted(&s, "exactly", &b);
	ck_assert_int_eq(s.out.bytes, 1000);

	scene_again(&s);
	b.len = 0;
	tar_file(&b, "a", text + 399);
	tar_end(&b);
	expect_refused(&s, "one byte above a file", &b, "archive.too_large",
		       "600 bytes in one file");

	scene_again(&s);
	b.len = 0;
	tar_file(&b, "a", text + 400);
	tar_file(&b, "a", text + 599); /* the one before counts, though it is replaced */
	tar_end(&b);
	expect_refused(&s, "one byte above in all", &b, "archive.too_large", "1000 bytes in all");
	scene_done(&s);
}
END_TEST

/* 300 MiB of zeros in three files, packed to some hundred KiB. */
static void zeros_in_tar(struct buf *packed, const char *filter, long long mib)
{
	AUTO_BUF tar = { 0 };
	AUTO_FREE char *zeros = mem_alloc((size_t)mib << 20);
	struct member m = { .name = "big" };

	tar_header(&tar, &m, mib << 20);
	buf_add(&tar, zeros, (size_t)mib << 20);
	tar_end(&tar);
	compress_to(packed, filter, tar.data, tar.len);
}

START_TEST(bombs)
{
	static const char *const filters[] = { "gzip", "bzip2", "xz", "zstd" };
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	s.req.limits.file_bytes = 4 << 20;
	zeros_in_tar(&b, filters[_i], 8);
	expect_refused(&s, filters[_i], &b, "archive.too_large", "4194304");
	scene_done(&s);
}
END_TEST

/* A zip whose headers say one byte: what comes out is counted, not what was promised. */
START_TEST(zip_that_lies)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	AUTO_FREE char *text = mem_alloc((8 << 20) + 1);

	scene_init(&s);
	memset(text, 'x', 8 << 20);
	struct member m = { .name = "f", .data = text };
	zip_to(&b, &m, 1, NULL, NULL);
	for (size_t i = 0; i + 4 < b.len; i++) { /* 8 MiB, wherever it stands */
		if (memcmp(b.data + i, "\0\0\x80\0", 4) == 0)
			memcpy(b.data + i, "\1\0\0\0", 4);
	}
	s.req.limits.file_bytes = 4 << 20;
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
	ck_assert_msg(strcmp(s.err.code, "archive.too_large") == 0 ||
			      strcmp(s.err.code, "archive.bomb") == 0 ||
			      strcmp(s.err.code, "archive.damaged") == 0,
		      "%s: %s", s.err.code, s.err.msg);
	ck_assert_int_le(stat_of(&s, "f").st_size, 4 << 20);

	/* The honest one: its header is enough. */
	scene_again(&s);
	b.len = 0;
	zip_to(&b, &m, 1, NULL, NULL);
	expect_refused(&s, "honest", &b, "archive.too_large", "4194304");
	scene_done(&s);
}
END_TEST

/* Data that belongs to no file is never written, so it needs a limit of its own. */
START_TEST(bomb_without_a_file)
{
	struct scene s;
	AUTO_BUF tar = { 0 };
	AUTO_BUF b = { 0 };
	AUTO_FREE char *zeros = mem_alloc(80u << 20);

	scene_init(&s);
	s.req.limits.bytes = 1 << 20;
	s.req.limits.file_bytes = 1 << 20;
	tar_file(&tar, "f", "x");
	tar_pax(&tar, "size", "83886080");
	tar_add(&tar, (struct member){ .name = "h", .type = '1', .link = "f" });
	buf_add(&tar, zeros, 80u << 20);
	tar_file(&tar, "g", "x");
	tar_end(&tar);
	compress_to(&b, "zstd", tar.data, tar.len);
	expect_refused(&s, "a hard link with 80 MiB", &b, "archive.bomb", NULL);
	scene_done(&s);
}
END_TEST

START_TEST(encrypted)
{
	const struct member m[] = { { .name = "main.c", .data = "int main;" } };
	static const char *const options[] = { "zip:encryption=traditional",
					       "zip:encryption=aes256" };
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	zip_to(&b, m, 1, options[_i], "secret");
	expect_refused(&s, options[_i], &b, "archive.encrypted", "password");
	scene_done(&s);
}
END_TEST

/* Cut at many places: never accepted, never anybody else's fault; only what loses nothing but the
 * padding behind the last member is whole. */
START_TEST(truncated)
{
	static const char *const kinds[] = { "none", "gzip", "bzip2", "xz", "zstd", "zip" };
	struct scene s;
	AUTO_BUF tar = { 0 };
	AUTO_BUF b = { 0 };
	AUTO_FREE char *text = mem_alloc(40001);
	unsigned int seed = 7;

	for (int i = 0; i < 40000; i++) { /* does not compress away */
		seed = seed * 1103515245u + 12345u;
		text[i] = (char)('a' + (seed >> 16) % 26);
	}
	scene_init(&s);
	const struct member m = { .name = "f.c", .data = text };
	tar_file(&tar, m.name, m.data);
	tar_end(&tar);
	if (strcmp(kinds[_i], "zip") == 0)
		zip_to(&b, &m, 1, NULL, NULL);
	else if (strcmp(kinds[_i], "none") == 0)
		buf_add(&b, tar.data, tar.len);
	else
		compress_to(&b, kinds[_i], tar.data, tar.len);
	size_t whole = b.len;
	expect_accepted(&s, kinds[_i], &b);
	for (size_t part = 1; part < 8; part++) {
		scene_again(&s);
		b.len = whole * part / 8;
		ck_assert_msg(run_bytes(&s, &b) == -1, "%s, %zu/8: accepted", kinds[_i], part);
		ck_assert_msg(s.err.fault == FAULT_STUDENT &&
				      strcmp(s.err.code, "archive.truncated") == 0,
			      "%s, %zu/8: %d %s %s", kinds[_i], part, s.err.fault, s.err.code,
			      s.err.msg);
	}
	scene_done(&s);
}
END_TEST

START_TEST(damaged)
{
	struct scene s;
	AUTO_BUF tar = { 0 };
	AUTO_BUF b = { 0 };
	const struct member m = { .name = "f.c", .data = "int a, b, c, d, e;" };

	scene_init(&s);
	tar_file(&tar, "a", "1");
	size_t second = tar.len;
	tar_file(&tar, "b", "2");
	tar_end(&tar);
	tar.data[second + 3] ^= 1; /* the second header's checksum */
	expect_refused(&s, "tar", &tar, "archive.damaged", NULL);

	scene_again(&s);
	zip_to(&b, &m, 1, "zip:compression=store", NULL);
	*(char *)memmem(b.data, b.len, "int a", 5) = 'u';
	expect_refused(&s, "zip with a wrong checksum", &b, "archive.damaged", "f.c");

	scene_again(&s);
	b.len = 0;
	tar.data[second + 3] ^= 1;
	compress_to(&b, "bzip2", tar.data, tar.len);
	b.data[b.len / 2] ^= 0x55;
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
	scene_done(&s);
}
END_TEST

/* A bit that falls over on the way may leave a tar.gz that inflates: to something else. */
START_TEST(damaged_gzip)
{
	struct scene s;
	AUTO_BUF tar = { 0 };
	AUTO_BUF b = { 0 };
	char text[3000];
	unsigned int seed = 11;

	for (size_t i = 0; i < sizeof(text); i++) {
		seed = seed * 1103515245u + 12345u;
		text[i] = (char)('a' + (seed >> 16) % 26);
	}
	text[sizeof(text) - 1] = '\0';
	scene_init(&s);
	tar_file(&tar, "f.c", text);
	tar_end(&tar);
	compress_to(&b, "gzip", tar.data, tar.len);
	/* From behind the header, whose time and system nobody reads. */
	for (size_t i = 10; i < b.len; i += ROUNDS_SANITIZED ? 5 * 37 : 37) {
		b.data[i] ^= 0x10;
		ck_assert_msg(run_bytes(&s, &b) == -1, "byte %zu of %zu: accepted", i, b.len);
		ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
		b.data[i] ^= 0x10;
		scene_again(&s);
	}
	expect_accepted(&s, "unharmed", &b);
	has_file(&s, "f.c", text);
	/* Only the trailer is cut or wrong. */
	scene_again(&s);
	b.len -= 3;
	expect_refused(&s, "cut trailer", &b, "archive.truncated", NULL);
	scene_again(&s);
	b.len += 3;
	b.data[b.len - 6] ^= 1;
	expect_refused(&s, "wrong trailer", &b, "archive.damaged", "checksum");
	scene_done(&s);
}
END_TEST

START_TEST(layers)
{
	struct scene s;
	AUTO_BUF tar = { 0 };
	AUTO_BUF one = { 0 };
	AUTO_BUF two = { 0 };
	AUTO_BUF zip = { 0 };
	const struct member m = { .name = "f.c", .data = "int a;" };

	scene_init(&s);
	tar_simple(&tar);
	compress_to(&one, "gzip", tar.data, tar.len);
	compress_to(&two, "gzip", one.data, one.len);
	expect_refused(&s, "gz of a gz", &two, "archive.unsupported", "more than once");

	scene_again(&s);
	two.len = 0;
	compress_to(&two, "xz", one.data, one.len);
	expect_refused(&s, "xz of a gz", &two, "archive.unsupported", "more than once");

	scene_again(&s);
	one.len = 0;
	compress_to(&one, "gzip", "int main;\n", 10);
	expect_refused(&s, "gz of a source file", &one, "archive.unsupported", "not contain a tar");

	scene_again(&s);
	one.len = 0;
	zip_to(&zip, &m, 1, NULL, NULL);
	compress_to(&one, "gzip", zip.data, zip.len);
	expect_refused(&s, "gz of a zip", &one, "archive.unsupported", "not contain a tar");

	scene_again(&s);
	one.len = 0;
	compress_to(&one, "compress", tar.data, tar.len);
	expect_refused(&s, ".Z", &one, "archive.unsupported", NULL);
	scene_done(&s);
}
END_TEST

START_TEST(sparse)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	char h[512];

	/* Old GNU: type S, one region at 1 MiB of 512 bytes, real size 1 MiB + 512. */
	scene_init(&s);
	struct member m = { .name = "hole", .type = 'S' };
	tar_header(&b, &m, 512);
	memcpy(h, b.data, 512);
	memcpy(h + 257, "ustar  ", 8);
	snprintf(h + 386, 12, "%011o", 1 << 20);
	snprintf(h + 398, 12, "%011o", 512);
	snprintf(h + 483, 12, "%011o", (1 << 20) + 512);
	unsigned int sum = 0;
	memset(h + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	b.len = 0;
	buf_add(&b, h, 512);
	memset(h, 'x', 512);
	buf_add(&b, h, 512);
	tar_end(&b);
	expect_refused(&s, "old GNU", &b, "archive.sparse", "'hole'");

	/* pax: a map of one region behind a hole of 200 GiB. */
	scene_again(&s);
	b.len = 0;
	tar_pax(&b, "GNU.sparse.size", "214748364801");
	tar_pax(&b, "GNU.sparse.map", "214748364800,1");
	tar_file(&b, "hole", "x");
	tar_end(&b);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
	scene_done(&s);
}
END_TEST

START_TEST(size_lies_of_pax)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_pax(&b, "size", "9223372036854775807");
	tar_file(&b, "f", "x");
	tar_end(&b);
	ck_assert_int_eq(run_bytes(&s, &b), -1); /* newer libarchives call that damaged */
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
	scene_again(&s);
	b.len = 0;
	tar_pax(&b, "size", "1099511627776");
	tar_file(&b, "f", "x");
	tar_end(&b);
	expect_refused(&s, "a terabyte", &b, "archive.too_large", "134217728");

	scene_again(&s);
	b.len = 0;
	tar_pax(&b, "size", "-5");
	tar_file(&b, "f", "x");
	tar_end(&b);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);

	/* More than is there: the file ends in the middle. */
	scene_again(&s);
	b.len = 0;
	tar_pax(&b, "size", "100000");
	tar_file(&b, "f", "x");
	tar_end(&b);
	expect_refused(&s, "more than there is", &b, "archive.truncated", "'f'");

	/* Hides a member within another one's data: only one reading counts, and it is bounded. */
	scene_again(&s);
	b.len = 0;
	tar_pax(&b, "size", "1024");
	tar_add(&b, (struct member){ .name = "f", .data = "x", .size = 1 });
	tar_file(&b, "g", "");
	tar_end(&b);
	expect_accepted(&s, "hidden", &b);
	ck_assert_int_eq(stat_of(&s, "f").st_size, 1024);
	ck_assert_int_eq(s.out.entries, 1);

	/* A name that is escaped to, by a header before. */
	scene_again(&s);
	b.len = 0;
	tar_pax(&b, "path", "../canary");
	tar_file(&b, "f", "dead");
	tar_end(&b);
	expect_refused(&s, "path", &b, "archive.path_escape", NULL);
	scene_again(&s);
	b.len = 0;
	tar_pax(&b, "linkpath", "/etc/passwd");
	tar_add(&b, (struct member){ .name = "l", .type = '2', .link = "f" });
	tar_end(&b);
	expect_refused(&s, "linkpath", &b, "archive.link_escape", NULL);
	scene_done(&s);
}
END_TEST

START_TEST(ends_of_archives)
{
	struct scene s;
	AUTO_BUF a = { 0 };
	AUTO_BUF b = { 0 };
	AUTO_BUF gz = { 0 };

	/* Zero blocks end a tar; what lies behind is not read, as with tar itself. */
	scene_init(&s);
	tar_file(&a, "f", "x");
	tar_end(&a);
	tar_file(&a, "../canary", "dead");
	tar_end(&a);
	expect_accepted(&s, "behind the end", &a);
	ck_assert_int_eq(s.out.entries, 1);

	/* No end mark at all. */
	scene_again(&s);
	tar_file(&b, "f", "x");
	expect_accepted(&s, "no end mark", &b);

	/* Bytes behind a gzip are ignored, as gzip does; a second member goes on with the first. */
	scene_again(&s);
	compress_to(&gz, "gzip", b.data, b.len);
	size_t first = gz.len;
	buf_add(&gz, "garbage", 7);
	expect_accepted(&s, "gzip and garbage", &gz);
	scene_again(&s);
	gz.len = first;
	b.len = 0;
	tar_file(&b, "g", "y");
	tar_end(&b);
	compress_to(&gz, "gzip", b.data, b.len);
	expect_accepted(&s, "two gzips", &gz);
	has_file(&s, "f", "x");
	has_file(&s, "g", "y");

	/* A bomb that comes after all that is read. */
	scene_again(&s);
	gz.len = first;
	b.len = 0;
	AUTO_FREE char *zeros = mem_alloc(80u << 20);
	compress_to(&gz, "gzip", zeros, 80u << 20);
	b.len = 0;
	tar_file(&b, "f", "x");
	tar_end(&b);
	AUTO_BUF bomb = { 0 };
	compress_to(&bomb, "gzip", b.data, b.len);
	buf_add(&bomb, gz.data + first, gz.len - first);
	expect_refused(&s, "a bomb behind the end", &bomb, "archive.bomb", NULL);

	/* Nothing but zeros, and nothing but an end of a zip. */
	scene_again(&s);
	b.len = 0;
	tar_end(&b);
	expect_refused(&s, "zeros", &b, "archive.empty", NULL);
	scene_again(&s);
	b.len = 0;
	zip_to(&b, NULL, 0, NULL, NULL);
	expect_refused(&s, "empty zip", &b, "archive.empty", NULL);
	scene_done(&s);
}
END_TEST

/* clang-format off */
static const struct { const char *label; struct member m; const char *code; } zips[] = {
	{ "dotdot", { .name = "../canary", .data = "dead" }, "archive.path_escape" },
	{ "absolute", { .name = "/tmp/x", .data = "dead" }, "archive.path_escape" },
	{ "link out", { .name = "l", .type = '2', .link = "../canary" }, "archive.link_escape" },
	{ "absolute link", { .name = "l", .type = '2', .link = "/etc/passwd" }, "archive.link_escape" },
	{ "control byte", { .name = "a\nb", .data = "x" }, "archive.name" },
	{ "only a folder", { .name = "a/", .type = '5' }, "archive.empty" },
};
/* clang-format on */

START_TEST(one_zip)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	zip_to(&b, &zips[_i].m, 1, NULL, NULL);
	expect_refused(&s, zips[_i].label, &b, zips[_i].code, NULL);
	scene_done(&s);
}
END_TEST

START_TEST(zip_of_windows)
{
	const struct member m = { .name = "C:/Users/x.c", .data = "int a;" };
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	zip_to(&b, &m, 1, NULL, NULL);
	for (size_t i = 0; i + 12 < b.len; i++) {
		if (memcmp(b.data + i, "C:/Users/x.c", 12) == 0)
			b.data[i + 2] = b.data[i + 8] = '\\';
	}
	/* Either way nothing is outside: refused, or a folder called "C:". */
	if (run_bytes(&s, &b) == 0)
		has_file(&s, "C:/Users/x.c", "int a;");
	else
		ck_assert_str_eq(s.err.code, "archive.name");
	scene_done(&s);
}
END_TEST

/* Where the two names of a member differ, whatever is taken passes the same policy. */
START_TEST(zip_of_two_names)
{
	const struct member m = { .name = "aaaaaaaaa", .data = "x" };
	struct scene s;
	AUTO_BUF b = { 0 };

	for (int which = 0; which < 2; which++) {
		scene_init(&s);
		b.len = 0;
		zip_to(&b, &m, 1, NULL, NULL);
		char *local = memmem(b.data, b.len, "aaaaaaaaa", 9);
		char *central = memmem(local + 9, b.len - (size_t)(local + 9 - b.data), "aaaaaaaaa",
				       9);
		memcpy(which ? central : local, "../canary", 9);
		if (run_bytes(&s, &b) == 0)
			has_file(&s, "aaaaaaaaa", "x");
		else
			ck_assert_str_eq(s.err.code, "archive.path_escape");
		scene_done(&s);
	}
}
END_TEST

START_TEST(not_an_archive)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	buf_str(&b, "PK\3\4 and nothing more");
	expect_refused(&s, "PK alone", &b, "archive.truncated", "zip");
	scene_again(&s);
	b.len = 0;
	buf_add(&b, "\x1f\x8b\x08", 3);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
	/* Formats that libarchive knows and nobody asked for. */
	scene_again(&s);
	b.len = 0;
	buf_str(&b, "#mtree\n./f type=file contents=/etc/passwd\n");
	expect_refused(&s, "mtree", &b, "archive.unsupported", NULL);
	scene_done(&s);
}
END_TEST

static TCase *refused(const char *name)
{
	TCase *tc = tcase_create(name);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, one_tar, 0, N(tars));
	tcase_add_test(tc, depth_and_length);
	tcase_add_test(tc, very_long_names);
	tcase_add_test(tc, number_of_entries);
	tcase_add_test(tc, bytes);
	tcase_add_loop_test(tc, bombs, 0, 4);
	tcase_add_test(tc, zip_that_lies);
	tcase_add_test(tc, bomb_without_a_file);
	tcase_add_loop_test(tc, encrypted, 0, 2);
	tcase_add_loop_test(tc, truncated, 0, 6);
	tcase_add_test(tc, damaged);
	tcase_add_test(tc, damaged_gzip);
	tcase_add_test(tc, layers);
	tcase_add_test(tc, sparse);
	tcase_add_test(tc, size_lies_of_pax);
	tcase_add_test(tc, ends_of_archives);
	tcase_add_loop_test(tc, one_zip, 0, N(zips));
	tcase_add_test(tc, zip_of_windows);
	tcase_add_test(tc, zip_of_two_names);
	tcase_add_test(tc, not_an_archive);
	return tc;
}

Suite *suite_unpack_hostile(void)
{
	Suite *s = suite_create("unpack/hostile");
	TCase *served = refused("refused, served");
	tcase_add_checked_fixture(served, scene_served, NULL);
	/* The child of a server reads with the same code, and starting a program takes long with sanitizers. */
	if (!ROUNDS_SANITIZED)
		suite_add_tcase(s, refused("refused"));
	suite_add_tcase(s, served);
	return s;
}
