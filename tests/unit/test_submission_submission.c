/* test_submission_submission.c - opening what was handed in: its kind, its name, its digest. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "submission/submission.h"

Suite *suite_submission_submission(void);

static char *const extensions[] = { ".c", ".py", NULL };

#define MAX_BYTES (1 << 20)

struct scene {
	char path[64];
	int dir;
	bool any_file;
	struct submission sub;
	struct err err;
};

static void scene_init(struct scene *s)
{
	*s = (struct scene){ .path = "/tmp/moulette-unit-submission-XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(s->path));
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(s->dir, 0);
	s->sub.fd = -7; /* to see that it is untouched */
}

static void scene_done(struct scene *s)
{
	submission_done(&s->sub);
	close(s->dir);
	ck_assert_int_eq(tree_remove_at(AT_FDCWD, s->path), 0);
}

/* Copies are made in the folder of all these tests: they have no name. */
static const struct submission_request *request(const struct scene *s)
{
	static struct submission_request req;
	req = (struct submission_request){ .extensions = extensions,
					   .any_file = s->any_file,
					   .max_bytes = MAX_BYTES,
					   .place = { .home = "/tmp", .interrupt_fd = -1 } };
	return &req;
}

static int open_file(struct scene *s, const char *file)
{
	AUTO_FREE char *path = mem_printf("%s/%s", s->path, file);
	return submission_open(path, request(s), &s->sub, &s->err);
}

static void put(struct scene *s, const char *file, const void *data, size_t len)
{
	AUTO_FD int fd = openat(s->dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_eq(fd_write_all(fd, data, len), 0);
}

#define ARCHIVE SUBMISSION_ARCHIVE
#define SOURCE SUBMISSION_SOURCE

/* clang-format off */
static const struct {
	const char *label, *file, *bytes;
	size_t len;
	int kind;         /* -1: refused, with */
	const char *name, *code, *word;
} rows[] = {
	{ "zip", "alice.zip", "PK\3\4....", 8, ARCHIVE, "alice", NULL, NULL },
	{ "empty zip", "alice.ZIP", "PK\5\6....", 8, ARCHIVE, "alice", NULL, NULL },
	{ "gzip", "alice.tar.gz", "\x1f\x8b\x08.", 4, ARCHIVE, "alice", NULL, NULL },
	{ "tgz", "alice.smith.tgz", "\x1f\x8b\x08.", 4, ARCHIVE, "alice.smith", NULL, NULL },
	{ "bzip2", "a.tar.bz2", "BZh91AY&SY", 10, ARCHIVE, "a", NULL, NULL },
	{ "bzip2 of nothing", "a.tbz2", "BZh9\x17\x72\x45\x38\x50\x90", 10, ARCHIVE, "a", NULL, NULL },
	{ "xz", "a.tar.xz", "\xfd" "7zXZ\0.", 7, ARCHIVE, "a", NULL, NULL },
	{ "xz, short", "a.txz", "\xfd" "7zXZ\0.", 7, ARCHIVE, "a", NULL, NULL },
	{ "zstd", "a.tar.zst", "\x28\xb5\x2f\xfd.", 5, ARCHIVE, "a", NULL, NULL },
	{ "zstd, short", "a.tzst", "\x28\xb5\x2f\xfd.", 5, ARCHIVE, "a", NULL, NULL },
	{ "bytes outrank the name", "main.c", "PK\3\4....", 8, ARCHIVE, "main.c", NULL, NULL },
	{ "archive without suffix", "lab1.2", "PK\3\4....", 8, ARCHIVE, "lab1.2", NULL, NULL },
	{ "suffix alone", ".zip", "PK\3\4....", 8, ARCHIVE, ".zip", NULL, NULL },
	{ "source", "main.c", "int main;", 9, SOURCE, "main", NULL, NULL },
	{ "source with dots", "a.b.py", "pass", 4, SOURCE, "a.b", NULL, NULL },
	{ "source in capitals", "MAIN.PY", "pass", 4, SOURCE, "MAIN", NULL, NULL },
	{ "empty source", "main.c", "", 0, SOURCE, "main", NULL, NULL },
	{ "source that begins like bzip2", "BZ.c", "BZh9 is a name", 14, SOURCE, "BZ", NULL, NULL },
	{ "unknown extension", "essay.docx", "text", 4, -1, "essay", "archive.unsupported", "accepted are tar" },
	{ "no extension", "README", "text", 4, -1, "README", "archive.unsupported", "zip" },
	{ "7z", "a.7z", "7z\xbc\xaf\x27\x1c..", 8, -1, "a", "archive.unsupported", "7z" },
	{ "rar", "a.rar", "Rar!\x1a\x07\1", 7, -1, "a", "archive.unsupported", "rar" },
	{ "rar named zip", "a.zip", "Rar!\x1a\x07\1", 7, -1, "a", "archive.unsupported", "rar" },
	{ "web page named zip", "a.zip", "<!DOCTYPE html>", 15, -1, "a", "archive.unsupported", "'a.zip' is not a .zip archive, or is damaged; accepted" },
	{ "empty tar", "a.tar", "", 0, -1, "a", "archive.truncated", "empty" },
	{ "empty tar.gz", "a.tar.gz", "", 0, -1, "a", "archive.truncated", "empty" },
	{ "cut tar", "a.tar", "main.c\0\0", 8, -1, "a", "archive.truncated", "cut off" },
	{ "compress", "a.tar.Z", "\x1f\x9d\x90.", 4, -1, "a.tar", "archive.unsupported", NULL },
};
/* clang-format on */

START_TEST(one_file)
{
	struct scene s;
	char hex[DIGEST_HEX];

	scene_init(&s);
	put(&s, rows[_i].file, rows[_i].bytes, rows[_i].len);
	int got = open_file(&s, rows[_i].file);
	ck_assert_msg(got == (rows[_i].kind < 0 ? -1 : 0), "%s: got %d: %s", rows[_i].label, got,
		      s.err.msg);
	ck_assert_msg(strcmp(s.sub.name, rows[_i].name) == 0, "%s: '%s'", rows[_i].label,
		      s.sub.name);
	ck_assert_str_eq(s.sub.file, rows[_i].file);
	digest_bytes(rows[_i].bytes, rows[_i].len, hex);
	if (got == 0) /* a refusal is digested at once: nobody will ask again */
		ck_assert_str_eq(s.sub.sha256, "");
	ck_assert_int_eq(submission_digest(&s.sub, &s.err), 0);
	ck_assert_str_eq(s.sub.sha256, hex);
	ck_assert_int_eq(s.sub.bytes, (int)rows[_i].len);
	ck_assert_int_eq(s.sub.entries, -1);
	if (got == 0) {
		ck_assert_int_eq(s.sub.kind, (enum submission_kind)rows[_i].kind);
	} else {
		ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
		ck_assert_msg(strcmp(s.err.code, rows[_i].code) == 0, "%s: %s", rows[_i].label,
			      s.err.code);
		ck_assert_msg(!rows[_i].word || strstr(s.err.msg, rows[_i].word), "%s: %s",
			      rows[_i].label, s.err.msg);
	}
	scene_done(&s);
}
END_TEST

static const char empty_zip[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/* A self-extractor, a blank line of a web form; a source file stays one. */
START_TEST(bytes_before_a_zip)
{
	/* clang-format off */
	static const struct { const char *file; bool any; int kind; } files[] = {
		{ "a.zip", false, ARCHIVE }, { "a.exe", false, ARCHIVE }, { "a.py", false, SOURCE },
		{ "a.zip", true, ARCHIVE }, { "a.pyz", true, SOURCE },
	};
	/* clang-format on */
	char bytes[40 + sizeof empty_zip - 1];
	memset(bytes, '\n', sizeof bytes);
	memcpy(bytes + 40, empty_zip, sizeof empty_zip - 1);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct scene s;
		scene_init(&s);
		s.any_file = files[i].any;
		put(&s, files[i].file, bytes, sizeof bytes);
		ck_assert_msg(open_file(&s, files[i].file) == 0, "%s", s.err.msg);
		ck_assert_int_eq(s.sub.kind, (enum submission_kind)files[i].kind);
		scene_done(&s);
	}
}
END_TEST

/* What commands of an assignment may want, and what nobody can have meant. */
START_TEST(any_single_file)
{
	/* clang-format off */
	static const struct { const char *file, *bytes, *code; } files[] = {
		{ "q.sql", "select 1", NULL },
		{ "Main.java", "class Main {}", NULL },
		{ "report.pdf", "%PDF-1.7", NULL },
		{ "Makefile", "all:", NULL },
		{ "a.gz", "text", NULL },
		{ "empty.c", "", NULL },
		{ "empty.sql", "", "archive.truncated" },
		{ "a.7z", "7z\xbc\xaf\x27\x1c..", "archive.unsupported" },
		{ "a.rar", "Rar!\x1a\x07\1", "archive.unsupported" },
		{ "page.zip", "<!DOCTYPE html>", "archive.unsupported" },
		{ "cut.tar", "main.c", "archive.truncated" },
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct scene s;
		scene_init(&s);
		s.any_file = true;
		put(&s, files[i].file, files[i].bytes, strlen(files[i].bytes));
		int got = open_file(&s, files[i].file);
		ck_assert_msg(got == (files[i].code ? -1 : 0), "%s: %s", files[i].file, s.err.msg);
		if (files[i].code)
			ck_assert_str_eq(s.err.code, files[i].code);
		else
			ck_assert_int_eq(s.sub.kind, SOURCE);
		scene_done(&s);
	}
}
END_TEST

/* The first header of a tar: 512 bytes with name, magic and checksum as they may be. */
static void tar_block(char b[512], const char *magic, int wrong)
{
	unsigned int sum = 0;

	memset(b, 0, 512);
	strcpy(b, "main.c");
	memcpy(b + 257, magic, strlen(magic));
	memset(b + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)b[i];
	snprintf(b + 148, 8, "%06o", sum + (unsigned int)wrong);
}

START_TEST(tars)
{
	struct scene s;
	char b[512];

	scene_init(&s);
	tar_block(b, "ustar", 0);
	put(&s, "a.tar", b, 512);
	ck_assert_int_eq(open_file(&s, "a.tar"), 0);
	ck_assert_int_eq(s.sub.kind, SUBMISSION_ARCHIVE);
	submission_done(&s.sub);
	tar_block(b, "", 0); /* from before POSIX: the checksum is all there is */
	put(&s, "old", b, 512);
	ck_assert_int_eq(open_file(&s, "old"), 0);
	ck_assert_int_eq(s.sub.kind, SUBMISSION_ARCHIVE);
	submission_done(&s.sub);
	memset(b, 0, 512); /* no member at all */
	put(&s, "none.tar", b, 512);
	ck_assert_int_eq(open_file(&s, "none.tar"), 0);
	submission_done(&s.sub);
	tar_block(b, "", 1);
	put(&s, "bad.tar", b, 512);
	ck_assert_int_eq(open_file(&s, "bad.tar"), -1);
	ck_assert_str_eq(s.err.code, "archive.unsupported");
	scene_done(&s);
}
END_TEST

START_TEST(folders)
{
	struct scene s;

	scene_init(&s);
	ck_assert_int_eq(mkdirat(s.dir, "alice.tar", 0755), 0);
	ck_assert_int_eq(open_file(&s, "alice.tar//"), 0);
	ck_assert_int_eq(s.sub.kind, SUBMISSION_FOLDER);
	ck_assert_str_eq(s.sub.name, "alice.tar");
	ck_assert_str_eq(s.sub.file, "alice.tar");
	ck_assert_int_eq(submission_digest(&s.sub, &s.err), 0); /* is for unpacking to know */
	ck_assert_str_eq(s.sub.sha256, "");
	submission_done(&s.sub);
	ck_assert_int_eq(open_file(&s, "alice.tar/."), 0);
	ck_assert_str_eq(s.sub.name, "alice.tar");
	submission_done(&s.sub);
	ck_assert_int_eq(open_file(&s, "alice.tar/.."), 0);
	ck_assert_str_eq(s.sub.name, strrchr(s.path, '/') + 1);
	scene_done(&s);
}
END_TEST

static void expect_usage(struct scene *s, const char *file, enum fault fault)
{
	ck_assert_int_eq(open_file(s, file), -1);
	ck_assert_msg(s->err.fault == fault, "%s: %d %s", file, s->err.fault, s->err.msg);
	ck_assert_ptr_nonnull(strstr(s->err.msg, file));
	ck_assert_int_eq(s->sub.fd, -7);
	ck_assert_ptr_null(s->sub.name);
}

START_TEST(no_files)
{
	struct scene s;
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	scene_init(&s);
	put(&s, "file", "x", 1);
	ck_assert_int_eq(mkfifoat(s.dir, "fifo", 0600), 0);
	snprintf(name.sun_path, sizeof(name.sun_path), "%s/sock", s.path);
	AUTO_FD int sock = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(sock, (const struct sockaddr *)(const void *)&name, sizeof(name)), 0);
	expect_usage(&s, "missing.tar", FAULT_USAGE);
	expect_usage(&s, "file/below", FAULT_USAGE);
	expect_usage(&s, "fifo", FAULT_USAGE); /* returns, though nobody writes */
	expect_usage(&s, "sock", FAULT_USAGE);
	ck_assert_int_eq(submission_open("", request(&s), &s.sub, &s.err), -1);
	ck_assert_int_eq(s.err.fault, FAULT_USAGE);
	scene_done(&s);
}
END_TEST

START_TEST(unreadable)
{
	struct scene s;

	scene_init(&s);
	put(&s, "secret.c", "x", 1);
	ck_assert_int_eq(fchmod(s.dir, 0755), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	expect_usage(&s, "secret.c", FAULT_INFRA);
	ck_assert_int_eq(s.err.sys, EACCES);
	ck_assert_int_eq(seteuid(0), 0);
	scene_done(&s);
}
END_TEST

static void expect_link(struct scene *s, const char *file, const char *name)
{
	ck_assert_msg(open_file(s, file) == -1, "%s", file);
	ck_assert_int_eq(s->err.fault, FAULT_STUDENT);
	ck_assert_str_eq(s->err.code, "submission.link");
	ck_assert_ptr_nonnull(strstr(s->err.msg, "is a symbolic link"));
	/* What is recorded. */
	ck_assert_str_eq(s->sub.name, name);
	ck_assert_str_eq(s->sub.file, strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
	ck_assert_str_eq(s->sub.sha256, "");
	ck_assert_int_eq(s->sub.bytes, -1);
	ck_assert_int_eq(s->sub.fd, -1);
	submission_done(&s->sub);
}

/* Wherever it leads, and whichever part of the path it is. */
START_TEST(no_link_is_followed)
{
	static const char *const targets[] = { "main.c",    "folder",      "none",          "l.tar",
					       "/dev/zero", "/etc/passwd", "/proc/self/exe" };
	struct scene s;

	scene_init(&s);
	put(&s, "main.c", "x", 1);
	ck_assert_int_eq(mkdirat(s.dir, "folder", 0755), 0);
	put(&s, "folder/main.c", "x", 1);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		ck_assert_int_eq(symlinkat(targets[i], s.dir, "l.tar"), 0);
		expect_link(&s, "l.tar", "l");
		ck_assert_int_eq(unlinkat(s.dir, "l.tar", 0), 0);
	}
	ck_assert_int_eq(symlinkat("folder", s.dir, "way"), 0);
	expect_link(&s, "way", "way");
	expect_link(&s, "way/main.c", "main");
	scene_done(&s);
}
END_TEST

START_TEST(what_is_typed_may_be_a_link)
{
	struct scene s;
	char *path = NULL;

	scene_init(&s);
	put(&s, "main.c", "x", 1);
	ck_assert_int_eq(symlinkat("main.c", s.dir, "bob.c"), 0);
	ck_assert_int_eq(symlinkat("none", s.dir, "dangling"), 0);
	ck_assert_int_eq(symlinkat("circle", s.dir, "circle"), 0);
	AUTO_FREE char *typed = mem_printf("%s/bob.c", s.path),
		       *want = mem_printf("%s/main.c", s.path);
	ck_assert_int_eq(submission_resolve(typed, &path, &s.err), 0);
	ck_assert_str_eq(path, want);
	ck_assert_int_eq(submission_open(path, request(&s), &s.sub, &s.err), 0);
	ck_assert_str_eq(s.sub.name, "main");
	free(path);
	path = NULL;
	for (const char *const *name =
		     (const char *const[]){ "dangling", "circle", "missing", NULL };
	     *name; name++) {
		AUTO_FREE char *wrong = mem_printf("%s/%s", s.path, *name);
		ck_assert_int_eq(submission_resolve(wrong, &path, &s.err), -1);
		ck_assert_int_eq(s.err.fault, FAULT_USAGE);
		ck_assert_ptr_nonnull(strstr(s.err.msg, wrong));
		ck_assert_ptr_null(path);
	}
	scene_done(&s);
}
END_TEST

START_TEST(too_large_is_not_read)
{
	struct scene s;

	scene_init(&s);
	put(&s, "alice.zip", "PK\3\4....", 8);
	AUTO_FREE char *path = mem_printf("%s/alice.zip", s.path);
	ck_assert_int_eq(truncate(path, MAX_BYTES), 0);
	ck_assert_int_eq(open_file(&s, "alice.zip"), 0);
	submission_done(&s.sub);
	ck_assert_int_eq(truncate(path, INT64_C(8) << 40), 0); /* a hole: it would take hours */
	ck_assert_int_eq(open_file(&s, "alice.zip"), -1);
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
	ck_assert_str_eq(s.err.code, "archive.too_large");
	ck_assert_ptr_nonnull(
		strstr(s.err.msg, "has 8388608 MiB, more than any that could be accepted (1 MiB)"));
	ck_assert_str_eq(s.sub.sha256, "");
	ck_assert_int_eq(s.sub.bytes, INT64_C(8) << 40);
	scene_done(&s);
}
END_TEST

Suite *suite_submission_submission(void)
{
	Suite *s = suite_create("submission/submission");
	TCase *tc = tcase_create("open");

	tcase_add_loop_test(tc, one_file, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, bytes_before_a_zip);
	tcase_add_test(tc, any_single_file);
	tcase_add_test(tc, tars);
	tcase_add_test(tc, folders);
	tcase_add_test(tc, no_files);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, no_link_is_followed);
	tcase_add_test(tc, what_is_typed_may_be_a_link);
	tcase_add_test(tc, too_large_is_not_read);
	suite_add_tcase(s, tc);
	return s;
}
