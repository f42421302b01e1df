/* test_unpack_unpack.c - what is accepted, and what it becomes. */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "rounds.h"
#include "test_unpack_maker.h"
#include "unpack/child.h"

Suite *suite_unpack_unpack(void);

static const char *const filters[] = { "gzip", "bzip2", "xz", "zstd" };

START_TEST(plain_tar)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_add(&b, (struct member){ .name = "./", .type = '5', .mode = 0700 });
	tar_add(&b, (struct member){ .name = "./src/", .type = '5', .mode = 0777 });
	tar_file(&b, "./src/a.c", "int a;\n");
	tar_file(&b, "Makefile", "all:\n");
	tar_end(&b);
	expect_accepted(&s, "plain", &b);
	has_file(&s, "src/a.c", "int a;\n");
	has_file(&s, "Makefile", "all:\n");
	ck_assert_int_eq(s.out.entries, 4);
	ck_assert_int_eq(s.sub.entries, 4);
	ck_assert_int_eq(s.out.bytes, 12);
	ck_assert_str_eq(s.out.top, "");
	ck_assert_uint_eq(mode_of(&s, "src"), 0755);
	ck_assert_uint_eq(stat_of(&s, "src/a.c").st_uid, TEST_UID);
	ck_assert_uint_eq(stat_of(&s, "src/a.c").st_gid, TEST_UID);
	ck_assert_uint_eq(stat_of(&s, "src").st_uid, TEST_UID);
	scene_done(&s);
}
END_TEST

START_TEST(each_filter)
{
	struct scene s;
	AUTO_BUF tar = { 0 };
	AUTO_BUF packed = { 0 };

	scene_init(&s);
	tar_simple(&tar);
	compress_to(&packed, filters[_i], tar.data, tar.len);
	expect_accepted(&s, filters[_i], &packed);
	has_file(&s, "main.c", "int main(void) { return 0; }\n");
	scene_done(&s);
}
END_TEST

START_TEST(each_zip_method)
{
	static const char *const options[] = { "zip:compression=store", "zip:compression=deflate" };
	const struct member members[] = { { .name = "a/", .type = '5' },
					  { .name = "a/b.c", .data = "int b;\n" },
					  { .name = "run", .data = "x", .mode = 0755 },
					  { .name = "l", .type = '2', .link = "a/b.c" } };
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	zip_to(&b, members, 4, options[_i], NULL);
	expect_accepted(&s, options[_i], &b);
	has_file(&s, "a/b.c", "int b;\n");
	ck_assert_uint_eq(mode_of(&s, "run"), 0755);
	has_link(&s, "l", "a/b.c");
	ck_assert_int_eq(s.out.entries, 4);
	scene_done(&s);
}
END_TEST

START_TEST(names_of_any_encoding)
{
	const struct member members[] = { { .name = "z\xc3\xa4hler.c", .data = "1" } };
	struct scene s;
	AUTO_BUF b = { 0 };
	AUTO_BUF zip = { 0 };

	scene_init(&s);
	tar_file(&b, "pr\xe9nom.c", "latin-1");
	tar_pax(&b, "path",
		"gr\xc3\xb6\xc3\x9f"
		"e.c");
	tar_file(&b, "short", "pax");
	tar_end(&b);
	expect_accepted(&s, "tar", &b);
	has_file(&s, "pr\xe9nom.c", "latin-1");
	has_file(&s,
		 "gr\xc3\xb6\xc3\x9f"
		 "e.c",
		 "pax");

	/* As a zip of Windows: the name in code page 437, in both of its headers. */
	scene_again(&s);
	zip_to(&zip, members, 1, NULL, NULL);
	for (size_t i = 0; i + 3 < zip.len; i++) {
		if (memcmp(zip.data + i, "z\xc3\xa4h", 4) == 0)
			memcpy(zip.data + i, "z\x84\x81h", 4);
		/* the flag that says UTF-8: 8 bytes into a central, 6 into a local header */
		if (memcmp(zip.data + i, "PK\1\2", 4) == 0)
			zip.data[i + 9] = (char)(zip.data[i + 9] & ~8);
		if (memcmp(zip.data + i, "PK\3\4", 4) == 0)
			zip.data[i + 7] = (char)(zip.data[i + 7] & ~8);
	}
	expect_accepted(&s, "zip", &zip);
	has_file(&s, "z\xc3\xa4\xc3\xbchler.c", "1");
	scene_done(&s);
}
END_TEST

#define NFD "e\xcc\x81t\xc3\xa9" /* as macOS has it, and as others do, in one name */

/* A Makefile has the name in the same bytes. */
START_TEST(names_are_not_composed)
{
	const struct member members[] = { { .name = NFD ".c", .data = "1" },
					  { .name = "l", .type = '2', .link = NFD ".c" } };
	struct scene s;
	AUTO_BUF b = { 0 };
	AUTO_BUF zip = { 0 };

	scene_init(&s);
	tar_pax(&b, "path", NFD ".c");
	tar_file(&b, "x", "pax");
	tar_pax(&b, "linkpath", NFD ".c");
	tar_add(&b, (struct member){ .name = "l", .type = '2', .link = "x" });
	tar_pax(&b, "linkpath", NFD ".c");
	tar_add(&b, (struct member){ .name = "h", .type = '1', .link = "x" });
	tar_end(&b);
	expect_accepted(&s, "tar", &b);
	has_file(&s, NFD ".c", "pax");
	has_link(&s, "l", NFD ".c");
	has_file(&s, "h", "pax");

	scene_again(&s);
	zip_to(&zip, members, 2, NULL, NULL);
	/* libarchive says that the name is UTF-8 only in a locale of UTF-8 */
	for (size_t i = 0; i + 3 < zip.len; i++) {
		if (memcmp(zip.data + i, "PK\1\2", 4) == 0)
			zip.data[i + 9] = (char)(zip.data[i + 9] | 8);
		if (memcmp(zip.data + i, "PK\3\4", 4) == 0)
			zip.data[i + 7] = (char)(zip.data[i + 7] | 8);
	}
	expect_accepted(&s, "zip", &zip);
	has_file(&s, NFD ".c", "1");
	has_link(&s, "l", NFD ".c");
	scene_done(&s);
}
END_TEST

/* Nothing that is unpacked is read as a file of the host: the child's root is the destination. */
START_TEST(files_of_the_c_library)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_file(&b, "usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache", "garbage");
	tar_file(&b, "usr/share/zoneinfo/Europe/Berlin", "garbage");
	tar_pax(&b, "path", NFD ".c");
	tar_file(&b, "x", "pax");
	tar_end(&b);
	expect_accepted(&s, "tar", &b);
	has_file(&s, NFD ".c", "pax");
	scene_done(&s);
}
END_TEST

START_TEST(modes_and_times)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_add(&b, (struct member){ .name = "d", .type = '5', .mode = 0500, .mtime = 1234567 });
	tar_add(&b, (struct member){ .name = "d/set-id", .data = "x", .mode = 06755 });
	tar_add(&b, (struct member){ .name = "d/secret", .data = "x", .mode = 0400 });
	tar_add(&b, (struct member){ .name = "d/script", .data = "#!/bin/sh\n", .mode = 0644 });
	tar_add(&b, (struct member){ .name = "d/program", .data = "\177ELF...", .mode = 0644 });
	tar_add(&b, (struct member){ .name = "d/sticky", .data = "x", .mode = 01666 });
	tar_pax(&b, "mtime", "1500000000.25");
	tar_file(&b, "d/fraction", "x");
	tar_pax(&b, "mtime", "4102444800"); /* 2100 */
	tar_file(&b, "d/late", "x");
	tar_pax(&b, "mtime", "4102444799");
	tar_file(&b, "d/last", "x");
	tar_pax(&b, "mtime", "-1");
	tar_file(&b, "d/early", "x");
	tar_pax(&b, "mtime", "99999999999999999999");
	tar_file(&b, "d/bomb", "x");
	tar_pax(&b, "SCHILY.xattr.user.x", "y");
	tar_file(&b, "d/xattr", "x");
	tar_end(&b);
	expect_accepted(&s, "modes", &b);
	ck_assert_uint_eq(mode_of(&s, "d"), 0755);
	ck_assert_uint_eq(mode_of(&s, "d/set-id"), 0755);
	ck_assert_uint_eq(mode_of(&s, "d/secret"), 0644);
	ck_assert_uint_eq(mode_of(&s, "d/script"), 0755);
	ck_assert_uint_eq(mode_of(&s, "d/program"), 0755);
	ck_assert_uint_eq(mode_of(&s, "d/sticky"), 0644);
	ck_assert_int_eq(stat_of(&s, "d").st_mtime, 1234567);
	ck_assert_int_eq(stat_of(&s, "d/secret").st_mtime, TIME_MADE);
	ck_assert_int_eq(stat_of(&s, "d/fraction").st_mtim.tv_sec, 1500000000);
	ck_assert_int_eq(stat_of(&s, "d/fraction").st_mtim.tv_nsec, 250000000);
	/* Times to come are of a clock that is wrong, and make would loop over them. */
	const char *const now[] = { "d/late", "d/early", "d/last", "d/bomb" };
	for (int i = 0; i < 4; i++) {
		/* Since 3.8 libarchive ignores a time that is no number it can hold: that of the header stays. */
		ck_assert_msg(stat_of(&s, now[i]).st_mtime > (i < 3 ? TIME_MADE : TIME_MADE - 1),
			      "%s", now[i]);
		ck_assert_int_lt(stat_of(&s, now[i]).st_mtime, 4102444799);
	}
	scene_done(&s);
}
END_TEST

START_TEST(links_that_stay)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_add(&b, (struct member){ .name = "a/up", .type = '2', .link = "../b/f" });
	tar_add(&b, (struct member){ .name = "a/dangling", .type = '2', .link = "../none" });
	tar_add(&b, (struct member){ .name = "a/circle", .type = '2', .link = "circle" });
	tar_file(&b, "b/f", "one");
	tar_add(&b, (struct member){ .name = "a/hard", .type = '1', .link = "./b/f" });
	tar_add(&b, (struct member){ .name = "a/hard", .type = '1', .link = "b/f" });
	tar_add(&b, (struct member){ .name = "b/f", .type = '1', .link = "b/f" });
	/* A hard link to a symbolic link is one more symbolic link, when its words stay inside. */
	tar_add(&b, (struct member){ .name = "c/up", .type = '1', .link = "a/up" });
	tar_add(&b, (struct member){ .name = "a/up", .type = '2', .link = "../b" });
	tar_end(&b);
	expect_accepted(&s, "links", &b);
	has_link(&s, "a/up", "../b"); /* the last one counts */
	has_link(&s, "a/dangling", "../none");
	has_link(&s, "c/up", "../b/f");
	has_file(&s, "a/hard", "one");
	ck_assert_uint_eq(stat_of(&s, "a/hard").st_ino, stat_of(&s, "b/f").st_ino);
	ck_assert_uint_eq(stat_of(&s, "b/f").st_nlink, 2);
	scene_done(&s);
}
END_TEST

START_TEST(same_name_again)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_file(&b, "d/f", "the first and longer one");
	tar_add(&b, (struct member){ .name = "h", .type = '1', .link = "d/f" });
	tar_add(&b, (struct member){ .name = "d", .type = '5' });
	tar_add(&b, (struct member){ .name = "d/", .type = '5' });
	tar_file(&b, "./d//f", "second");
	tar_end(&b);
	expect_accepted(&s, "again", &b);
	has_file(&s, "d/f", "second");
	has_file(&s, "h", "the first and longer one"); /* it is another file by now */
	ck_assert_int_eq(s.out.entries, 5);
	scene_done(&s);
}
END_TEST

/* clang-format off */
static const struct {
	const char *label, *names[6]; /* a trailing slash makes a folder */
	const char *top;
} tops[] = {
	{ "one folder", { "p/Makefile" }, "p" },
	{ "one folder, with an entry", { "p/", "p/a/f", "p/Makefile" }, "p" },
	{ "two levels", { "a/b/f" }, "a/b" },
	{ "two levels at most", { "a/b/c/f" }, "a/b" },
	{ "junk beside it", { "p/f", "__MACOSX/p/._f", ".DS_Store", "._p", "Thumbs.db", "desktop.ini" }, "p" },
	{ "junk within it", { "p/.DS_Store", "p/q/f" }, "p/q" },
	{ "a file beside it", { "p/f", "README" }, "" },
	{ "a hidden file beside it", { "p/f", ".clang-format" }, "" },
	{ "a folder beside it", { "p/f", "q/" }, "" },
	{ "no folder", { "f" }, "" },
	{ "a file and then one folder", { "p/f", "p/q/g" }, "p" },
	{ "only junk", { "__MACOSX/f" }, "" },
};
/* clang-format on */

START_TEST(one_top)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	for (int i = 0; i < 6 && tops[_i].names[i]; i++) {
		const char *name = tops[_i].names[i];
		bool dir = name[strlen(name) - 1] == '/';
		tar_add(&b, (struct member){ .name = name, .type = dir ? '5' : '0' });
	}
	tar_end(&b);
	expect_accepted(&s, tops[_i].label, &b);
	ck_assert_msg(strcmp(s.out.top, tops[_i].top) == 0, "%s: '%s'", tops[_i].label, s.out.top);
	scene_done(&s);
}
END_TEST

START_TEST(top_behind_a_link)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_add(&b, (struct member){ .name = "p/l", .type = '2', .link = "q" });
	tar_file(&b, "p/q/f", "x");
	tar_end(&b);
	expect_accepted(&s, "a link beside the folder", &b);
	ck_assert_str_eq(s.out.top, "p");
	scene_done(&s);
}
END_TEST

START_TEST(single_source)
{
	struct scene s;

	scene_init(&s);
	ck_assert_int_eq(scene_run(&s, SUBMISSION_SOURCE, "main.c", "int x;\n", 7), 0);
	has_file(&s, "main.c", "int x;\n");
	ck_assert_uint_eq(mode_of(&s, "main.c"), 0644);
	ck_assert_uint_eq(stat_of(&s, "main.c").st_uid, TEST_UID);
	ck_assert_int_eq(s.out.entries, 1);
	ck_assert_int_eq(s.out.bytes, 7);
	ck_assert_str_eq(s.out.top, "");

	scene_again(&s);
	ck_assert_int_eq(unlinkat(s.dir, "main.c", 0), 0);
	ck_assert_int_eq(scene_run(&s, SUBMISSION_SOURCE, "run.py", "#!/usr/bin/python3\n", 19), 0);
	ck_assert_uint_eq(mode_of(&s, "run.py"), 0755);

	scene_again(&s);
	s.req.limits.file_bytes = 18;
	ck_assert_int_eq(scene_run(&s, SUBMISSION_SOURCE, "run.py", NULL, 0), -1);
	ck_assert_str_eq(s.err.code, "archive.too_large");
	scene_done(&s);
}
END_TEST

START_TEST(empty_source)
{
	struct scene s;

	scene_init(&s);
	ck_assert_int_eq(scene_run(&s, SUBMISSION_SOURCE, "main.c", "", 0), 0);
	has_file(&s, "main.c", "");
	scene_done(&s);
}
END_TEST

START_TEST(interrupt)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	int pipe_fds[2];

	scene_init(&s);
	tar_simple(&b);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	s.req.interrupt_fd = pipe_fds[0];
	expect_accepted(&s, "a quiet interrupt", &b);
	scene_again(&s);
	ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_NONE);
	ck_assert_str_eq(s.err.code, "interrupted");
	char left;
	ck_assert_int_eq(read(pipe_fds[0], &left, 1), 1); /* was not read here */
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	scene_done(&s);
}
END_TEST

/* An archive that never comes: a pipe that nobody writes to. */
static void silent_pipe(struct scene *s, int pipe_fds[2])
{
	ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
	s->sub.kind = SUBMISSION_ARCHIVE;
	s->sub.fd = pipe_fds[0];
	s->sub.file = mem_strdup("pipe");
}

START_TEST(interrupt_while_it_runs)
{
	struct scene s;
	int data[2], stop[2];

	scene_init(&s);
	silent_pipe(&s, data);
	ck_assert_int_eq(pipe2(stop, O_CLOEXEC), 0);
	s.req.interrupt_fd = stop[0];
	pid_t pid = fork();
	if (pid == 0) {
		usleep(100000);
		_exit(write(stop[1], "x", 1) == 1 ? 0 : 1);
	}
	ck_assert_int_eq(unpack_run(&s.req, &s.sub, &s.out, &s.err), -1);
	ck_assert_str_eq(s.err.code, "interrupted");
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1); /* no child is left */
	ck_assert_int_eq(errno, ECHILD);
	close(data[1]);
	close(stop[0]);
	close(stop[1]);
	scene_done(&s);
}
END_TEST

/* What it is called with says how long it takes, in ms; below 0 it fails. */
static int called;
static int take_a_while(void *ctx, struct err *err)
{
	const int *ms = ctx;
	called++;
	if (*ms < 0)
		return err_set(err, FAULT_INFRA, 0, "we could not");
	usleep((useconds_t)*ms * 1000);
	return 0;
}

START_TEST(meanwhile)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	int ms = 1500, data[2];

	scene_init(&s);
	tar_simple(&b);
	called = 0;
	s.req.meanwhile = take_a_while;
	s.req.ctx = &ms;
	s.req.limits.time_ns = 1000000000;
	expect_accepted(&s, "longer than it may take to unpack", &b);
	ck_assert_int_eq(called, 1);

	/* The children are ended. */
	scene_again(&s);
	ms = -1;
	silent_pipe(&s, data);
	ck_assert_int_eq(unpack_run(&s.req, &s.sub, &s.out, &s.err), -1);
	ck_assert_str_eq(s.err.msg, "we could not");
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	close(data[1]);
	scene_done(&s);
}
END_TEST

START_TEST(time_is_up)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	int data[2];

	scene_init(&s);
	tar_simple(&b);
	s.req.limits.time_ns = 1;
	expect_refused(&s, "no time", &b, "archive.time", "`time`");

	/* The child only waited: nothing the student could have done. */
	scene_again(&s);
	silent_pipe(&s, data);
	s.req.limits.time_ns = 1000000000;
	ck_assert_int_eq(unpack_run(&s.req, &s.sub, &s.out, &s.err), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	close(data[1]);
	scene_done(&s);
}
END_TEST

START_TEST(child_that_is_none)
{
	static const char *const programs[] = { "/nonexistent/moulette", "/bin/true",
						"/bin/false" };
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_simple(&b);
	s.req.program = programs[_i];
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_str_eq(s.err.code, "");
	ck_assert_int_eq(s.out.entries, 0);
	scene_done(&s);
}
END_TEST

/* Kills its own child processes, as the kernel does when memory is out. */
START_TEST(child_that_is_killed)
{
	struct scene s;
	int data[2];
	char path[64];
	pid_t runner = getpid();

	scene_init(&s);
	silent_pipe(&s, data);
	pid_t pid = fork();
	if (pid == 0) {
		/* The other child of the runner, once it is there. */
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", runner, runner);
		for (;;) {
			struct buf b = { 0 };
			int victim = 0, me = 0;
			if (file_read(AT_FDCWD, path, &b, 4096) == 0 &&
			    sscanf(b.data, "%d %d", &me, &victim) == 2)
				_exit(kill(victim == getpid() ? me : victim, SIGKILL));
			buf_done(&b);
		}
	}
	ck_assert_int_eq(unpack_run(&s.req, &s.sub, &s.out, &s.err), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "signal 9"));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(data[1]);
	scene_done(&s);
}
END_TEST

/* A small tmpfs over the destination, in a mount namespace that ends with the test. */
static void small_destination(struct scene *s, const char *options)
{
	AUTO_FREE char *path = mem_printf("%s/dest", s->path);
	AUTO_FREE char *all = mem_printf("mode=700,uid=%u,gid=%u,%s", TEST_UID, TEST_UID, options);

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, all), 0);
	close(s->req.dest_fd);
	s->req.dest_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void leave_destination(struct scene *s)
{
	AUTO_FREE char *path = mem_printf("%s/dest", s->path);

	close(s->req.dest_fd);
	s->req.dest_fd = -1;
	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
}

START_TEST(destination_that_is_full)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	AUTO_FREE char *text = mem_alloc(100001);

	scene_init(&s);
	memset(text, 'x', 100000);
	small_destination(&s, "size=64k,nr_inodes=100");
	tar_file(&b, "big", text);
	tar_end(&b);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_int_eq(s.err.sys, ENOSPC);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "'big'"));
	leave_destination(&s);
	scene_done(&s);
}
END_TEST

/* Five files in folders of their own are ten inodes. A destination that cannot hold what the
 * limits admit is ours; one that has room for the entries alone is full by the folders' doing. */
START_TEST(destination_without_inodes)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	char name[32];

	scene_init(&s);
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "d%d/f", i);
		tar_file(&b, name, "");
	}
	tar_end(&b);
	small_destination(&s, "size=1m,nr_inodes=8");
	s.req.limits.entries = _i ? 5 : 20;
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, _i ? FAULT_STUDENT : FAULT_INFRA);
	ck_assert_str_eq(s.err.code, _i ? "archive.too_many" : "");
	leave_destination(&s);
	scene_done(&s);
}
END_TEST

START_TEST(destination_of_somebody_else)
{
	struct scene s;
	AUTO_BUF b = { 0 };

	scene_init(&s);
	tar_simple(&b);
	ck_assert_int_eq(fchown(s.req.dest_fd, 0, 0), 0);
	ck_assert_int_eq(fchmod(s.req.dest_fd, 0755), 0);
	ck_assert_int_eq(run_bytes(&s, &b), -1);
	ck_assert_int_eq(s.err.fault, FAULT_INFRA);
	ck_assert_int_eq(s.err.sys, EACCES);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "main.c"));
	scene_done(&s);
}
END_TEST

/* A child that was taken over says what it likes. */
static const struct {
	const char *label;
	struct child_reply reply;
	size_t cut;
	int got;
	enum fault fault;
	const char *code;
} lies[] = {
	{ "an honest one", { .outcome = { .entries = 3, .bytes = 2 } }, 0, 0, FAULT_NONE, "" },
	{ "short", { .outcome = { .entries = 3 } }, 8, -1, FAULT_INFRA, "" },
	{ "a folder outside", { .outcome = { .top = "../dest" } }, 0, -1, FAULT_INFRA, "" },
	{ "an absolute one", { .outcome = { .top = "/etc" } }, 0, -1, FAULT_INFRA, "" },
	{ "one that is not there", { .outcome = { .top = "a" } }, 0, -1, FAULT_INFRA, "" },
	{ "one behind a link", { .outcome = { .top = "out" } }, 0, -1, FAULT_INFRA, "" },
	{ "too many entries", { .outcome = { .entries = 20001 } }, 0, -1, FAULT_INFRA, "" },
	{ "negative bytes", { .outcome = { .bytes = -1 } }, 0, -1, FAULT_INFRA, "" },
	{ "negative folders", { .outcome = { .folders = -1 } }, 0, -1, FAULT_INFRA, "" },
	{ "too many folders", { .outcome = { .folders = 20001 } }, 0, -1, FAULT_INFRA, "" },
	{ "a usage error",
	  { .result = -1, .err = { .fault = FAULT_USAGE } },
	  0,
	  -1,
	  FAULT_INFRA,
	  "" },
	{ "no fault", { .result = -1 }, 0, -1, FAULT_INFRA, "" },
	{ "a terminal's escape",
	  { .result = -1,
	    .err = { .fault = FAULT_STUDENT, .code = "a.\033[2J", .msg = "\033[2J" } },
	  0,
	  -1,
	  FAULT_STUDENT,
	  "" },
	{ "a refusal",
	  { .result = -1, .err = { .fault = FAULT_STUDENT, .code = "archive.name", .msg = "x" } },
	  0,
	  -1,
	  FAULT_STUDENT,
	  "archive.name" },
};

START_TEST(child_that_lies)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	int reply = fd_memfd("reply", &lies[_i].reply, sizeof(lies[_i].reply) - lies[_i].cut);
	AUTO_FREE char *script = mem_printf("#!/bin/sh\n/usr/bin/head -c 1 <&3 >/dev/null\n"
					    "exec /bin/cat /proc/%d/fd/%d >&3\n",
					    getpid(), reply);
	int program = fd_memfd("program", script, strlen(script));
	AUTO_FREE char *self = mem_printf("/proc/%d/fd/%d", getpid(), program);

	scene_init(&s);
	ck_assert_int_eq(symlinkat("/etc", s.req.dest_fd, "out"), 0);
	tar_simple(&b);
	s.req.program = self;
	int got = run_bytes(&s, &b);
	ck_assert_msg(got == lies[_i].got && s.err.fault == lies[_i].fault &&
			      strcmp(s.err.code, lies[_i].code) == 0,
		      "%s: %d, fault %d, '%s': %s", lies[_i].label, got, s.err.fault, s.err.code,
		      s.err.msg);
	ck_assert_ptr_null(strchr(s.err.msg, '\033'));
	ck_assert_ptr_null(strstr(s.err.msg, "without a word")); /* the words did arrive */
	ck_assert_int_eq(s.sub.entries, got ? -1 : 3);
	close(reply);
	close(program);
	scene_done(&s);
}
END_TEST

START_TEST(cgroups_are_entered)
{
	struct scene s;
	AUTO_BUF b = { 0 };
	AUTO_BUF got = { 0 };

	scene_init(&s);
	tar_simple(&b);
	int fds[2] = { openat(s.dir, "canary", O_RDWR | O_TRUNC | O_CLOEXEC),
		       openat(s.dir, "canary", O_WRONLY | O_APPEND | O_CLOEXEC) };
	s.req.cgroup_fds = fds;
	s.req.n_cgroup_fds = 2;
	expect_accepted(&s, "cgroups", &b);
	ck_assert_int_eq(file_read(s.dir, "canary", &got, 100), 0);
	ck_assert_str_eq(got.data, "0\n0\n");
	ck_assert_int_eq(ftruncate(fds[0], 0), 0);
	ck_assert_int_eq(pwrite(fds[0], "alive", 5, 0), 5);
	close(fds[0]);
	close(fds[1]);
	scene_done(&s);
}
END_TEST

static TCase *accepted(const char *name)
{
	TCase *tc = tcase_create(name);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, plain_tar);
	tcase_add_loop_test(tc, each_filter, 0, 4);
	tcase_add_loop_test(tc, each_zip_method, 0, 2);
	tcase_add_test(tc, names_of_any_encoding);
	tcase_add_test(tc, names_are_not_composed);
	tcase_add_test(tc, files_of_the_c_library);
	tcase_add_test(tc, modes_and_times);
	tcase_add_test(tc, links_that_stay);
	tcase_add_test(tc, same_name_again);
	tcase_add_loop_test(tc, one_top, 0, (int)(sizeof(tops) / sizeof(tops[0])));
	tcase_add_test(tc, top_behind_a_link);
	tcase_add_test(tc, single_source);
	tcase_add_test(tc, empty_source);
	return tc;
}

/* Programs that only pretend serve nobody. */
static TCase *trouble(const char *name, bool pretended)
{
	TCase *tc = tcase_create(name);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, interrupt);
	tcase_add_test(tc, interrupt_while_it_runs);
	tcase_add_test(tc, meanwhile);
	tcase_add_test(tc, time_is_up);
	if (pretended) {
		tcase_add_loop_test(tc, child_that_is_none, 0, 3);
		tcase_add_test(tc, child_that_is_killed);
		tcase_add_loop_test(tc, child_that_lies, 0, (int)(sizeof(lies) / sizeof(lies[0])));
	}
	tcase_add_test(tc, destination_that_is_full);
	tcase_add_loop_test(tc, destination_without_inodes, 0, 2);
	tcase_add_test(tc, destination_of_somebody_else);
	tcase_add_test(tc, cgroups_are_entered);
	return tc;
}

Suite *suite_unpack_unpack(void)
{
	Suite *s = suite_create("unpack/unpack");
	TCase *served[] = { accepted("accepted, served"), trouble("trouble, served", false) };
	/* The child of a server reads with the same code, and starting a program takes long with sanitizers. */
	if (!ROUNDS_SANITIZED)
		suite_add_tcase(s, accepted("accepted"));
	suite_add_tcase(s, trouble("trouble", true));
	for (size_t i = 0; i < 2; i++) {
		tcase_add_checked_fixture(served[i], scene_served, NULL);
		suite_add_tcase(s, served[i]);
	}
	return s;
}
