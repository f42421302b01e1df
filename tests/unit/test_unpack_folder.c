/* test_unpack_folder.c - folders that were handed in. */
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "base/digest.h"
#include "test_unpack_maker.h"

Suite *suite_unpack_folder(void);

static void put(struct scene *s, const char *path, const char *text, mode_t mode)
{
	ck_assert_int_eq(file_write(s->dir, path, text), 0);
	ck_assert_int_eq(fchmodat(s->dir, path, mode, 0), 0);
}

static void make_dir(struct scene *s, const char *path)
{
	ck_assert_int_eq(mkdirat(s->dir, path, 0700), 0);
}

static int run_folder(struct scene *s)
{
	return scene_run(s, SUBMISSION_FOLDER, "alice", NULL, 0);
}

/* A small submission: 4 files, a link, 3 folders below the top. */
static void fill(struct scene *s)
{
	make_dir(s, "alice");
	put(s, "alice/Makefile", "all:\n", 0600);
	put(s, "alice/run.sh", "#!/bin/sh\n", 0644);
	make_dir(s, "alice/src");
	put(s, "alice/src/pr\xe9nom.c", "int a;\n", 0755);
	ck_assert_int_eq(symlinkat("../Makefile", s->dir, "alice/src/l"), 0);
	make_dir(s, "alice/.git");
	put(s, "alice/.git/HEAD", "x", 0644);
	make_dir(s, "alice/empty");
}

START_TEST(whole_tree)
{
	struct scene s;
	const struct timespec times[2] = { { 1234567, 0 }, { 1234567, 250000000 } };

	scene_init(&s);
	fill(&s);
	ck_assert_int_eq(utimensat(s.dir, "alice/Makefile", times, 0), 0);
	ck_assert_msg(run_folder(&s) == 0, "%s", s.err.msg);
	has_file(&s, "Makefile", "all:\n");
	has_file(&s, "src/pr\xe9nom.c", "int a;\n");
	has_file(&s, ".git/HEAD", "x");
	has_link(&s, "src/l", "../Makefile");
	ck_assert(S_ISDIR(stat_of(&s, "empty").st_mode));
	ck_assert_uint_eq(mode_of(&s, "Makefile"), 0644);
	ck_assert_uint_eq(mode_of(&s, "run.sh"), 0755);
	ck_assert_uint_eq(mode_of(&s, "src/pr\xe9nom.c"), 0755);
	ck_assert_int_eq(stat_of(&s, "Makefile").st_mtim.tv_sec, 1234567);
	ck_assert_int_eq(stat_of(&s, "Makefile").st_mtim.tv_nsec, 250000000);
	ck_assert_uint_eq(stat_of(&s, "Makefile").st_uid, TEST_UID);
	ck_assert_int_eq(s.sub.entries, 8);
	ck_assert_int_eq(s.sub.bytes, 5 + 10 + 7 + 1);
	ck_assert_int_eq(s.out.bytes, s.sub.bytes);
	ck_assert_str_eq(s.out.top, "");
	scene_done(&s);
}
END_TEST

/* Names that libarchive would compose anew, or that need a header of their own. */
START_TEST(names_stay_bytes)
{
	static const char *const names[] = { "e\xcc\x81t\xc3\xa9", "\xff\xfe", "a b", "=x" };
	struct scene s;
	char path[300];
	char longest[256];

	scene_init(&s);
	make_dir(&s, "alice");
	memset(longest, 'n', 255);
	longest[255] = '\0';
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "alice/%s", names[i]);
		put(&s, path, "x", 0644);
	}
	snprintf(path, sizeof(path), "alice/%s", longest);
	put(&s, path, "x", 0644);
	ck_assert_msg(run_folder(&s) == 0, "%s", s.err.msg);
	for (int i = 0; i < 4; i++)
		has_file(&s, names[i], "x");
	has_file(&s, longest, "x");
	scene_done(&s);
}
END_TEST

static void digest_of(struct scene *s, char hex[DIGEST_HEX])
{
	scene_again(s);
	ck_assert_msg(run_folder(s) == 0, "%s", s->err.msg);
	memcpy(hex, s->sub.sha256, DIGEST_HEX);
}

START_TEST(digest_follows_what_counts)
{
	struct scene s;
	char first[DIGEST_HEX], now[DIGEST_HEX];

	scene_init(&s);
	fill(&s);
	digest_of(&s, first);
	ck_assert_uint_eq(strlen(first), 64);

	/* Not times, owners, other bits of the mode, or the order in which they were made. */
	ck_assert_int_eq(unlinkat(s.dir, "alice/Makefile", 0), 0);
	put(&s, "alice/Makefile", "all:\n", 0604);
	ck_assert_int_eq(fchownat(s.dir, "alice/Makefile", 1234, 1234, 0), 0);
	digest_of(&s, now);
	ck_assert_str_eq(now, first);

	put(&s, "alice/Makefile", "all:\n", 0744);
	digest_of(&s, now);
	ck_assert_str_ne(now, first);
	put(&s, "alice/Makefile", "alm:\n", 0644);
	digest_of(&s, now);
	ck_assert_str_ne(now, first);
	put(&s, "alice/Makefile", "all:\n", 0644);
	digest_of(&s, now);
	ck_assert_str_eq(now, first);
	ck_assert_int_eq(renameat(s.dir, "alice/Makefile", s.dir, "alice/makefile"), 0);
	digest_of(&s, now);
	ck_assert_str_ne(now, first);
	scene_done(&s);
}
END_TEST

/* On a tmpfs, which lists what is newest first. */
START_TEST(digest_is_of_sorted_names)
{
	struct scene s;
	char first[DIGEST_HEX], now[DIGEST_HEX], name[] = "alice/x";

	scene_init(&s);
	make_dir(&s, "alice");
	AUTO_FREE char *path = mem_printf("%s/alice", s.path);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", path, "tmpfs", 0, NULL), 0);
	close(s.dir); /* it would lead to the folder below the mount */
	s.dir = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (char c = 'a'; c <= 'e'; c++) {
		name[6] = c;
		put(&s, name, "x", 0644);
	}
	digest_of(&s, first);
	for (char c = 'e'; c >= 'a'; c--) {
		name[6] = c;
		ck_assert_int_eq(unlinkat(s.dir, name, 0), 0);
		put(&s, name, "x", 0644);
	}
	digest_of(&s, now);
	ck_assert_str_eq(now, first);
	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
	submission_done(&s.sub);
	scene_done(&s);
}
END_TEST

START_TEST(one_folder_is_entered)
{
	struct scene s;

	scene_init(&s);
	make_dir(&s, "alice");
	make_dir(&s, "alice/lab1");
	put(&s, "alice/lab1/Makefile", "all:\n", 0644);
	ck_assert_msg(run_folder(&s) == 0, "%s", s.err.msg);
	ck_assert_str_eq(s.out.top, "lab1");
	scene_done(&s);
}
END_TEST

enum odd {
	ODD_FIFO,
	ODD_SOCKET,
	ODD_DEVICE,
	ODD_LINK,
	ODD_ABSOLUTE,
	ODD_NAME,
	ODD_EMPTY,
	ODD_COUNT
};

static const char *make_odd(struct scene *s, enum odd odd)
{
	make_dir(s, "alice");
	if (odd != ODD_EMPTY)
		put(s, "alice/a", "x", 0644);
	switch (odd) {
	case ODD_FIFO:
		ck_assert_int_eq(mkfifoat(s->dir, "alice/odd", 0666), 0);
		return "archive.device";
	case ODD_SOCKET:
		ck_assert_int_eq(mknodat(s->dir, "alice/odd", S_IFSOCK | 0666, 0), 0);
		return "archive.device";
	case ODD_DEVICE:
		ck_assert_int_eq(mknodat(s->dir, "alice/odd", S_IFCHR | 0666, makedev(1, 5)), 0);
		return "archive.device";
	case ODD_LINK:
		ck_assert_int_eq(symlinkat("../canary", s->dir, "alice/odd"), 0);
		return "archive.link_escape";
	case ODD_ABSOLUTE:
		ck_assert_int_eq(symlinkat("/etc/passwd", s->dir, "alice/odd"), 0);
		return "archive.link_escape";
	case ODD_NAME:
		put(s, "alice/odd\n", "x", 0644);
		return "archive.name";
	default:
		return "archive.empty";
	}
}

START_TEST(odd_entries)
{
	struct scene s;

	scene_init(&s);
	const char *code = make_odd(&s, (enum odd)_i);
	ck_assert_int_eq(run_folder(&s), -1);
	ck_assert_int_eq(s.err.fault, FAULT_STUDENT);
	ck_assert_msg(strcmp(s.err.code, code) == 0, "%s: %s", s.err.code, s.err.msg);
	ck_assert_msg(_i == ODD_EMPTY || strstr(s.err.msg, "'odd"), "%s", s.err.msg);
	ck_assert_str_eq(s.sub.sha256, "");
	ck_assert_int_eq(s.sub.entries, -1);
	scene_done(&s);
}
END_TEST

START_TEST(limits)
{
	struct scene s;

	scene_init(&s);
	fill(&s);
	s.req.limits.entries = 8;
	s.req.limits.bytes = 23;
	s.req.limits.file_bytes = 10;
	s.req.limits.depth = 2;
	ck_assert_msg(run_folder(&s) == 0, "%s", s.err.msg);

	static const struct {
		size_t offset;
		const char *code;
	} rows[] = {
		{ offsetof(struct unpack_limits, entries), "archive.too_many" },
		{ offsetof(struct unpack_limits, bytes), "archive.too_large" },
		{ offsetof(struct unpack_limits, file_bytes), "archive.too_large" },
		{ offsetof(struct unpack_limits, depth), "archive.too_deep" },
	};
	for (int i = 0; i < 4; i++) {
		int64_t *limit = (int64_t *)(void *)((char *)&s.req.limits + rows[i].offset);
		scene_again(&s);
		(*limit)--;
		ck_assert_int_eq(run_folder(&s), -1);
		ck_assert_msg(strcmp(s.err.code, rows[i].code) == 0, "%d: %s: %s", i, s.err.code,
			      s.err.msg);
		(*limit)++;
	}
	scene_done(&s);
}
END_TEST

/* Much deeper than any limit: the reader neither recurses nor opens without bound. */
START_TEST(deep)
{
	struct scene s;

	scene_init(&s);
	make_dir(&s, "alice");
	AUTO_FD int at = openat(s.dir, "alice", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 5000; i++) {
		ck_assert_int_eq(mkdirat(at, "d", 0755), 0);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	ck_assert_int_eq(run_folder(&s), -1);
	ck_assert_str_eq(s.err.code, "archive.too_deep");

	scene_again(&s); /* a profile without a sensible depth: the length of paths holds */
	s.req.limits.depth = 1000000;
	ck_assert_int_eq(run_folder(&s), -1);
	ck_assert_str_eq(s.err.code, "archive.too_long");
	scene_done(&s);
}
END_TEST

/* More than fits a pipe, with a refusal at the end: both children come to rest. */
START_TEST(refused_by_the_other_child)
{
	struct scene s;
	AUTO_FREE char *text = mem_alloc((1 << 20) + 1);

	scene_init(&s);
	make_dir(&s, "alice");
	memset(text, 'x', 1 << 20);
	for (int i = 0; i < 4; i++) {
		char name[32];
		snprintf(name, sizeof(name), "alice/f%d", i);
		put(&s, name, text, 0644);
	}
	/* Only the writing child can know: a destination that cannot be written to. */
	ck_assert_int_eq(fchown(s.req.dest_fd, 0, 0), 0);
	ck_assert_int_eq(fchmod(s.req.dest_fd, 0755), 0);
	ck_assert_int_eq(run_folder(&s), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_int_eq(s.err.sys, EACCES);

	/* Links in a chain are looked at when all is written: the reader has ended well by then. */
	scene_again(&s);
	make_dir(&s, "alice/a");
	make_dir(&s, "alice/a/b");
	ck_assert_int_eq(symlinkat("../..", s.dir, "alice/a/b/top"), 0);
	ck_assert_int_eq(symlinkat("top/../x", s.dir, "alice/a/b/l"), 0);
	ck_assert_int_eq(run_folder(&s), -1);
	ck_assert_str_eq(s.err.code, "archive.link_escape");
	scene_done(&s);
}
END_TEST

Suite *suite_unpack_folder(void)
{
	Suite *s = suite_create("unpack/folder");
	TCase *tc = tcase_create("folders");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, whole_tree);
	tcase_add_test(tc, names_stay_bytes);
	tcase_add_test(tc, digest_follows_what_counts);
	tcase_add_test(tc, digest_is_of_sorted_names);
	tcase_add_test(tc, one_folder_is_entered);
	tcase_add_loop_test(tc, odd_entries, 0, ODD_COUNT);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, deep);
	tcase_add_test(tc, refused_by_the_other_child);
	suite_add_tcase(s, tc);
	return s;
}
