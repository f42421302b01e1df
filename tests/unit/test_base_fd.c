/* test_base_fd.c - descriptors: whole files, sealed memory, paths that stay below, messages. */
#include "base/fd.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"

Suite *suite_base_fd(void);

#define ROWS(a) ((int)(sizeof(a) / sizeof *(a)))

static char dir[64];
static int base = -1; /* dir/base */

/* base/{a/{file,link,dangling},out -> outside}, and outside/kept beside it. */
static void setup(void)
{
	umask(022);
	strcpy(dir, "/tmp/moulette-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	AUTO_FD int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(at, "base", 0700), 0);
	ck_assert_int_eq(mkdirat(at, "outside", 0700), 0);
	ck_assert_int_eq(file_write(at, "outside/kept", "kept"), 0);
	base = openat(at, "base", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(base, "a", 0700), 0);
	ck_assert_int_eq(file_write(base, "a/file", "text"), 0);
	ck_assert_int_eq(symlinkat("file", base, "a/link"), 0);
	ck_assert_int_eq(symlinkat("../../outside/new", base, "a/dangling"), 0);
	ck_assert_int_eq(symlinkat("../outside", base, "out"), 0);
}

static void teardown(void)
{
	AUTO_FD int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int outside = openat(at, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(unlinkat(outside, "kept", 0), 0);
	ck_assert_int_eq(unlinkat(at, "outside", AT_REMOVEDIR), 0); /* nothing was added */
	close(base);
	ck_assert_int_eq(tree_remove(at), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

static int count_fds(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) == FD_CLOEXEC;
}

/* For the rest of the test's process. */
static void refuse(int call, int error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	ck_assert_int_eq(seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint32_t)error), call, 0), 0);
	ck_assert_int_eq(seccomp_load(filter), 0);
	seccomp_release(filter);
}

/* Which of them access() is depends on the machine. */
static void refuse_access(void)
{
	refuse(SCMP_SYS(access), EACCES);
	refuse(SCMP_SYS(faccessat), EACCES);
}

START_TEST(whole_files)
{
	struct stat st;
	AUTO_BUF got = { 0 };
	umask(0);
	ck_assert_int_eq(file_write(base, "new", "a longer text"), 0);
	ck_assert_int_eq(fstatat(base, "new", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(file_write(base, "new", "short"), 0);
	buf_str(&got, "before ");
	ck_assert_int_eq(file_read(base, "new", &got, 5), 0);
	ck_assert_str_eq(got.data, "before short");
	errno = 0;
	ck_assert_int_eq(file_read(base, "new", &got, 4), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(file_read(base, "missing", &got, 5), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(file_read(base, "a", &got, 5), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(file_write(base, "missing/file", "x"), -1);
	ck_assert_int_eq(errno, ENOENT);
	AUTO_BUF none = { 0 };
	ck_assert_int_eq(file_write(base, "new", ""), 0);
	ck_assert_int_eq(file_read(base, "new", &none, 0), 0);
	ck_assert_str_eq(none.data, ""); /* never NULL */
}
END_TEST

START_TEST(what_cannot_be_looked_at_is_not_absent)
{
	static const struct {
		const char *path;
		int there, error;
		enum fault fault;
	} rows[] = {
		{ "a/file", 1, 0, FAULT_NONE },     { "a/link", 1, 0, FAULT_NONE },
		{ "a", 1, 0, FAULT_NONE },          { "missing", 0, 0, FAULT_NONE },
		{ "a/dangling", 0, 0, FAULT_NONE }, { "a/file/below", 0, 0, FAULT_NONE },
		{ "loop", -1, ELOOP, FAULT_USAGE }, { "denied", -1, EACCES, FAULT_INFRA },
	};
	ck_assert_int_eq(symlinkat("loop", base, "loop"), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_FREE char *path = mem_printf("/proc/self/fd/%d/%s", base, rows[i].path);
		struct err err = { 0 };
		if (rows[i].error == EACCES)
			refuse_access();
		ck_assert_msg(file_there(path, &err) == rows[i].there, "%s", rows[i].path);
		ck_assert_int_eq(err.sys, rows[i].error);
		ck_assert_int_eq(err.fault, rows[i].fault);
		ck_assert_msg(!rows[i].error || strstr(err.msg, path), "%s", err.msg);
	}
}
END_TEST

/* A pipe holds less than this: both sides take several calls. */
START_TEST(more_than_a_pipe_holds)
{
	int ends[2];
	size_t len = 300000;
	AUTO_FREE char *text = mem_alloc(len);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(i * 31 % 251);
	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(fd_write_all(ends[1], text, len) < 0);
	}
	close(ends[1]);
	AUTO_BUF got = { 0 };
	ck_assert_int_eq(fd_read_all(ends[0], &got, len), 0);
	ck_assert_uint_eq(got.len, len);
	ck_assert_mem_eq(got.data, text, len);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	ck_assert_int_eq(fd_write_all(ends[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(fd_write_all(ends[1], "x", 0), 0);
	close(ends[1]);
}
END_TEST

static const struct {
	const char *text;
	int64_t want;
	int error;
} numbers[] = {
	{ "0\n", 0, 0 },
	{ "42", 42, 0 },
	{ "-5\n", -5, 0 },
	{ "max\n", INT64_MAX, 0 },
	{ "max", INT64_MAX, 0 },
	{ "9223372036854771712\n", INT64_C(9223372036854771712), 0 }, /* "no limit" of cgroup v1 */
	{ "9223372036854775807\n", INT64_MAX, 0 },
	{ "9223372036854775808\n", 0, ERANGE },
	{ "-9223372036854775809\n", 0, ERANGE },
	{ "", 0, EINVAL },
	{ "\n", 0, EINVAL },
	{ "none\n", 0, EINVAL },
	{ "maximum\n", 0, EINVAL },
	{ "12k\n", 0, EINVAL },
	{ "12 34\n", 0, EINVAL },
	{ "0x10\n", 0, EINVAL },
};

START_TEST(one_number)
{
	int64_t got = 77;
	ck_assert_int_eq(file_write(base, "number", numbers[_i].text), 0);
	errno = 0;
	int ret = file_read_i64(base, "number", &got);
	ck_assert_msg(ret == (numbers[_i].error ? -1 : 0), "'%s': %d", numbers[_i].text, ret);
	ck_assert_int_eq(got, numbers[_i].error ? 77 : numbers[_i].want);
	if (numbers[_i].error)
		ck_assert_int_eq(errno, numbers[_i].error);
	ck_assert_int_eq(file_read_i64(base, "missing", &got), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_memfd_cannot_be_changed)
{
	AUTO_FD int fd = fd_memfd("test", "abc\0def", 7);
	ck_assert_int_ge(fd, 0);
	ck_assert(is_cloexec(fd));
	AUTO_BUF got = { 0 };
	ck_assert_int_eq(fd_read_all(fd, &got, 7), 0); /* from position 0 */
	ck_assert_uint_eq(got.len, 7);
	ck_assert_mem_eq(got.data, "abc\0def", 7);

	/* The same through a descriptor that was opened anew for writing. */
	AUTO_FREE char *path = mem_printf("/proc/self/fd/%d", fd);
	AUTO_FD int again = open(path, O_RDWR | O_CLOEXEC);
	int fds[] = { fd, again };
	for (int i = 0; i < 2; i++) {
		if (fds[i] < 0)
			continue; /* refused already: as good */
		ck_assert_int_eq(pwrite(fds[i], "x", 1, 0), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_int_eq(pwrite(fds[i], "x", 1, 100), -1);
		ck_assert_int_eq(ftruncate(fds[i], 3), -1);
		ck_assert_int_eq(ftruncate(fds[i], 30), -1);
		int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
		ck_assert_int_eq(fallocate(fds[i], hole, 0, 3), -1);
		ck_assert_int_eq(fcntl(fds[i], F_ADD_SEALS, F_SEAL_WRITE), -1);
		ck_assert_ptr_eq(mmap(NULL, 7, PROT_WRITE, MAP_SHARED, fds[i], 0), MAP_FAILED);
	}
	ck_assert_int_eq(open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), -1);
	struct stat st;
	char byte = 0;
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 7);
	ck_assert_int_eq(pread(fd, &byte, 1, 0), 1);
	ck_assert_int_eq(byte, 'a');
}
END_TEST

START_TEST(memfds_of_odd_kinds)
{
	AUTO_FD int none = fd_memfd("", NULL, 0);
	struct stat st;
	ck_assert_int_eq(fstat(none, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_int_eq(write(none, "x", 1), -1);
	int before = count_fds();
	char name[300];
	memset(name, 'n', sizeof name);
	name[299] = '\0';
	ck_assert_int_eq(fd_memfd(name, "x", 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(count_fds(), before);
}
END_TEST

/* @walk: errno where openat2 is missing, when it is another one. 0: opened. */
/* clang-format off */
static const struct { const char *label, *path; int flags, error, walk; } opens[] = {
	{ "a file",              "a/file",          O_RDONLY,              0, 0 },
	{ "dots and slashes",    "./a//./file",     O_RDONLY,              0, 0 },
	{ "a folder",            "a/",              O_RDONLY | O_DIRECTORY, 0, 0 },
	{ "the folder itself",   ".",               O_RDONLY | O_DIRECTORY, 0, 0 },
	{ "a new file",          "a/new",           O_WRONLY | O_CREAT | O_EXCL, 0, 0 },
	{ "the link as such",    "out",             O_PATH | O_NOFOLLOW,   0, 0 },
	{ "nothing",             "",                O_RDONLY,              ENOENT, 0 },
	{ "missing",             "a/missing",       O_RDONLY,              ENOENT, 0 },
	{ "below a file",        "a/file/x",        O_RDONLY,              ENOTDIR, 0 },
	{ "no folder",           "a/file",          O_RDONLY | O_DIRECTORY, ENOTDIR, 0 },
	{ "exists",              "a/file",          O_WRONLY | O_CREAT | O_EXCL, EEXIST, 0 },
	{ "absolute",            "/etc/passwd",     O_RDONLY,              EXDEV, 0 },
	{ "the root",            "/",               O_PATH,                EXDEV, 0 },
	{ "up",                  "..",              O_PATH,                EXDEV, 0 },
	{ "up and aside",        "../outside/kept", O_RDONLY,              EXDEV, 0 },
	{ "down and up twice",   "a/../../outside/kept", O_RDONLY,         EXDEV, 0 },
	{ "new, up",             "../outside/new",  O_WRONLY | O_CREAT,    EXDEV, 0 },
	{ "a link to a file",    "a/link",          O_RDONLY,              ELOOP, 0 },
	{ "a link to be written", "a/link",         O_WRONLY | O_TRUNC,    ELOOP, 0 },
	{ "a link, O_PATH",      "a/link",          O_PATH,                ELOOP, 0 },
	{ "a link to a folder",  "out",             O_RDONLY | O_DIRECTORY, ELOOP, ENOTDIR },
	{ "the same, O_PATH",    "out",             O_PATH,                ELOOP, 0 },
	{ "through a link",      "out/kept",        O_RDONLY,              ELOOP, ENOTDIR },
	{ "new through a link",  "out/new",         O_WRONLY | O_CREAT,    ELOOP, ENOTDIR },
	{ "a dangling link",     "a/dangling",      O_WRONLY | O_CREAT,    ELOOP, 0 },
};
/* clang-format on */

static void open_one(int i, bool walk)
{
	int before = count_fds();
	errno = 0;
	AUTO_FD int fd = fd_open_beneath(base, opens[i].path, opens[i].flags, 0640);
	int error = walk && opens[i].walk ? opens[i].walk : opens[i].error;
	ck_assert_msg((fd < 0) == (error != 0), "%s: fd %d, errno %d", opens[i].label, fd, errno);
	ck_assert_msg(fd >= 0 || errno == error, "%s: errno %d", opens[i].label, errno);
	ck_assert_int_eq(count_fds(), before + (fd >= 0));
	ck_assert(fd < 0 || is_cloexec(fd));
	struct stat st;
	if (fd >= 0 && (opens[i].flags & O_CREAT)) {
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0640);
	}
	AUTO_BUF text = { 0 };
	ck_assert_int_eq(file_read(base, "a/file", &text, 10), 0);
	ck_assert_str_eq(text.data, "text");
}

START_TEST(open_beneath)
{
	open_one(_i, false);
}
END_TEST

START_TEST(open_beneath_on_old_kernels)
{
	refuse(SCMP_SYS(openat2), ENOSYS);
	open_one(_i, true);
}
END_TEST

/* @walk: on kernels without openat2. */
static void open_unlinked(bool walk)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "/proc/self/fd/%d", base);
	AUTO_FREE char *at = realpath(path, NULL);
	/* clang-format off */
	static const struct { const char *below; int error, walk; } paths[] = {
		{ "/a/file", 0, 0 }, { "//a//file", 0, 0 }, { "/a/missing", ENOENT, ENOENT },
		{ "/a/link", ELOOP, ELOOP }, { "/a/dangling", ELOOP, ELOOP }, { "/out/kept", ELOOP, ENOTDIR },
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		int error = walk ? paths[i].walk : paths[i].error;
		snprintf(path, sizeof path, "%s%s", at, paths[i].below);
		AUTO_FD int fd = fd_open_unlinked(path, O_RDONLY);
		ck_assert_msg(error ? fd < 0 && errno == error : fd >= 0, "%s: errno %d", path,
			      errno);
		ck_assert(fd < 0 || is_cloexec(fd));
		/* From the current folder. */
		ck_assert_int_eq(fchdir(base), 0);
		AUTO_FD int same = fd_open_unlinked(paths[i].below + strspn(paths[i].below, "/"),
						    O_RDONLY);
		ck_assert_int_eq(same < 0, fd < 0);
	}
	AUTO_FD int root = fd_open_unlinked("/", O_PATH);
	ck_assert_int_ge(root, 0);
	ck_assert_int_eq(fd_open_unlinked("", O_RDONLY), -1);
	ck_assert_int_eq(chdir("/"), 0);
}

START_TEST(open_without_links)
{
	open_unlinked(false);
}
END_TEST

START_TEST(open_without_links_on_old_kernels)
{
	refuse(SCMP_SYS(openat2), ENOSYS);
	open_unlinked(true);
}
END_TEST

START_TEST(magic_links_are_links)
{
	AUTO_FREE char *path = mem_printf("/proc/%d", (int)getpid());
	AUTO_FD int proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(fd_open_beneath(proc, "exe", O_RDONLY, 0), -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(fd_open_beneath(proc, "root/etc", O_RDONLY, 0), -1);
	ck_assert_int_eq(errno, ELOOP);
}
END_TEST

/* Paths that fd_mkdir_beneath() takes, and where they lie then; NULL: refused. */
static const struct {
	const char *label, *path, *made;
} mkdirs[] = {
	{ "new", "x", "x" },
	{ "with parents", "x/y/z", "x/y/z" },
	{ "below what exists", "a/x", "a/x" },
	{ "exists", "a", "a" },
	{ "dots and slashes", "./a//./x/", "a/x" },
	{ "nothing", "", "." },
	{ "absolute stays below", "/outside/x", "outside/x" },
	{ "up", "..", NULL },
	{ "up and aside", "../outside/x", NULL },
	{ "down and up", "a/../../outside/x", NULL },
	{ "a file", "a/file", NULL },
	{ "below a file", "a/file/x", NULL },
	{ "a link", "out", NULL },
	{ "through a link", "out/x", NULL },
	{ "a dangling link", "a/dangling", NULL },
	{ "through a dangling link", "a/dangling/x", NULL },
};

START_TEST(mkdir_beneath)
{
	struct stat got, want;
	int before = count_fds();
	AUTO_FD int fd = fd_mkdir_beneath(base, mkdirs[_i].path, 0750);
	ck_assert_msg((fd >= 0) == (mkdirs[_i].made != NULL), "%s: fd %d, errno %d",
		      mkdirs[_i].label, fd, errno);
	ck_assert_int_eq(count_fds(), before + (fd >= 0));
	if (!mkdirs[_i].made)
		return;
	ck_assert(is_cloexec(fd));
	ck_assert_int_eq(fstat(fd, &got), 0);
	ck_assert_int_eq(fstatat(base, mkdirs[_i].made, &want, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(got.st_ino, want.st_ino);
	bool old = strcmp(mkdirs[_i].made, "a") == 0 || strcmp(mkdirs[_i].made, ".") == 0;
	ck_assert_uint_eq(got.st_mode & 07777, old ? 0700 : 0750);
}
END_TEST

/* The folder that keeps others out, on ways into a tree whose a/shut has mode 0710. */
static const struct {
	const char *label, *path, *closed;
} ways[] = {
	{ "open", "a/open/x", NULL },
	{ "closed on the way", "a/shut/x", "a/shut" },
	{ "further down", "a/shut/x/y", "a/shut" },
	{ "the end of the way does not count", "a/shut", NULL },
	{ "what is not there yet", "a/new/x", NULL },
	{ "a file", "a/file/x", NULL },
	{ "a link is not followed", "a/loop/x", NULL },
	{ "one component", "a", NULL },
};

START_TEST(closed_beneath)
{
	ck_assert_int_eq(fchmod(base, 0711), 0);
	ck_assert_int_eq(fchmodat(base, "a", 0711, 0), 0);
	close(fd_mkdir_beneath(base, "a/open", 0711));
	close(fd_mkdir_beneath(base, "a/shut/x", 0711));
	ck_assert_int_eq(fchmodat(base, "a/shut", 0710, 0), 0);
	ck_assert_int_eq(symlinkat("shut", base, "a/loop"), 0);
	AUTO_FREE char *got = fd_closed_beneath(base, ways[_i].path);
	ck_assert_msg(!got == !ways[_i].closed, "%s: %s", ways[_i].label, got ? got : "none");
	if (got)
		ck_assert_str_eq(got, ways[_i].closed);
	ck_assert_int_eq(fchmod(base, 0710), 0);
	AUTO_FREE char *top = fd_closed_beneath(base, ways[_i].path);
	ck_assert_str_eq(top, "");
}
END_TEST

START_TEST(mkdir_p)
{
	struct stat st;
	AUTO_FREE char *deep = mem_printf("%s/base/p/q//r", dir);
	AUTO_FREE char *parent = mem_printf("%s/base/p/q", dir), *a = mem_printf("%s/base/a/", dir);
	AUTO_FREE char *file = mem_printf("%s/base/a/file", dir), *below = mem_printf("%s/x", file);
	AUTO_FREE char *dangling = mem_printf("%s/base/a/dangling", dir);
	ck_assert_int_eq(fd_mkdir_p(deep, 0711), 0);
	ck_assert_int_eq(fd_mkdir_p(deep, 0700), 0); /* once more: kept as it is */
	ck_assert_int_eq(stat(deep, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0711);
	ck_assert_int_eq(stat(parent, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(fd_mkdir_p(a, 0755), 0);
	ck_assert_int_eq(fd_mkdir_p("/", 0755), 0);
	ck_assert_int_eq(fchdir(base), 0);
	ck_assert_int_eq(fd_mkdir_p("r/s", 0755), 0);
	ck_assert_int_eq(faccessat(base, "r/s", F_OK, 0), 0);

	const char *bad[] = { "", file, below, dangling };
	static const int errors[] = { ENOENT, ENOTDIR, ENOTDIR, ENOENT };
	for (int i = 0; i < 4; i++) {
		errno = 0;
		ck_assert_msg(fd_mkdir_p(bad[i], 0755) == -1, "'%s' accepted", bad[i]);
		ck_assert_msg(errno == errors[i], "'%s': errno %d", bad[i], errno);
	}
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

static int pair[2] = { -1, -1 };

static void open_pair(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

/* @n descriptors of as many files, whose only byte is their number. */
static void make_fds(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char byte = (char)('a' + i);
		fds[i] = fd_memfd("passed", &byte, 1);
	}
}

static void close_fds(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

START_TEST(descriptors_are_passed)
{
	static const size_t counts[] = { 0, 1, 2, FD_SEND_MAX };
	int sent[FD_SEND_MAX], got[FD_SEND_MAX], on = 1;
	size_t n = 99, count = counts[_i];
	pid_t pid = -1;
	char data[8];
	open_pair();
	ck_assert_int_eq(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
	int before = count_fds();
	make_fds(sent, count);
	ck_assert_int_eq(fd_send(pair[0], "hello", 5, sent, count), 0);
	close_fds(sent, count);
	ck_assert_int_eq(fd_recv(pair[1], data, sizeof data, got, &n, &pid, 0), 5);
	ck_assert_mem_eq(data, "hello", 5);
	ck_assert_uint_eq(n, count);
	ck_assert_int_eq(pid, getpid());
	for (size_t i = 0; i < n; i++) {
		char byte = 0;
		ck_assert(is_cloexec(got[i]));
		ck_assert_int_eq(pread(got[i], &byte, 1, 0), 1);
		ck_assert_int_eq(byte, (int)('a' + i));
	}
	close_fds(got, n);
	ck_assert_int_eq(count_fds(), before);
}
END_TEST

START_TEST(too_many_descriptors_are_not_sent)
{
	int fds[FD_SEND_MAX + 1];
	char data[8];
	open_pair();
	make_fds(fds, FD_SEND_MAX + 1);
	ck_assert_int_eq(fd_send(pair[0], "x", 1, fds, FD_SEND_MAX + 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fd_recv(pair[1], data, 8, NULL, NULL, NULL, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close_fds(fds, FD_SEND_MAX + 1);
}
END_TEST

START_TEST(a_cut_message_leaks_nothing)
{
	int sent[2], got[FD_SEND_MAX];
	size_t n = 99;
	char data[8];
	open_pair();
	make_fds(sent, 2);
	int before = count_fds();
	ck_assert_int_eq(fd_send(pair[0], "12345678", 8, sent, 2), 0);
	ck_assert_int_eq(fd_recv(pair[1], data, 8, got, &n, NULL, 0), 8); /* exactly fits */
	ck_assert_uint_eq(n, 2);
	close_fds(got, n);
	ck_assert_int_eq(fd_send(pair[0], "123456789", 9, sent, 2), 0);
	errno = 0;
	ck_assert_int_eq(fd_recv(pair[1], data, 8, got, &n, NULL, 0), -1);
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(count_fds(), before);
	close_fds(sent, 2);
}
END_TEST

START_TEST(unwanted_descriptors_are_closed)
{
	int sent[3], got[FD_SEND_MAX];
	size_t n = 99;
	char data[8];
	open_pair();
	make_fds(sent, 3);
	int before = count_fds();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(fd_send(pair[0], "x", 1, sent, 3), 0);
		ck_assert_int_eq(
			fd_recv(pair[1], data, 8, i == 1 ? got : NULL, i == 2 ? &n : NULL, NULL, 0),
			1);
		ck_assert_int_eq(count_fds(), before);
	}
	ck_assert_uint_eq(n, 0);
	close_fds(sent, 3);
}
END_TEST

/* A stranger may send more than fd_send() does: more than @fds holds, more than is read at all. */
START_TEST(a_flood_of_descriptors_leaks_nothing)
{
	static const size_t counts[] = { FD_SEND_MAX + 1, FD_SEND_MAX + 8, 40, 200 };
	size_t count = counts[_i], n = 99, len = sizeof(int) * count;
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 200)];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { .iov_base = control.bytes, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = CMSG_SPACE(len) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int got[FD_SEND_MAX];
	char data[8];
	open_pair();
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(len);
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &base, sizeof(int));
	int before = count_fds();
	ck_assert_int_eq(sendmsg(pair[0], &msg, 0), 1);
	errno = 0;
	ck_assert_int_eq(fd_recv(pair[1], data, 8, got, &n, NULL, 0), -1);
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(count_fds(), before);
}
END_TEST

START_TEST(ends_of_a_socket)
{
	size_t n = 99;
	int got[FD_SEND_MAX];
	char data[8];
	open_pair();
	ck_assert_int_eq(fd_recv(pair[1], data, 8, got, &n, NULL, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_uint_eq(n, 0);
	close(pair[0]);
	ck_assert_int_eq(fd_recv(pair[1], data, 8, got, &n, NULL, 0), 0);
	ck_assert_int_eq(fd_send(pair[1], "x", 1, NULL, 0), -1); /* and no SIGPIPE */
	ck_assert_int_eq(errno, EPIPE);
}
END_TEST

Suite *suite_base_fd(void)
{
	Suite *s = suite_create("base/fd");
	TCase *tc = tcase_create("fd");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, whole_files);
	tcase_add_test(tc, what_cannot_be_looked_at_is_not_absent);
	tcase_add_test(tc, more_than_a_pipe_holds);
	tcase_add_loop_test(tc, one_number, 0, ROWS(numbers));
	tcase_add_test(tc, a_memfd_cannot_be_changed);
	tcase_add_test(tc, memfds_of_odd_kinds);
	tcase_add_loop_test(tc, open_beneath, 0, ROWS(opens));
	tcase_add_loop_test(tc, open_beneath_on_old_kernels, 0, ROWS(opens));
	tcase_add_test(tc, open_without_links);
	tcase_add_test(tc, open_without_links_on_old_kernels);
	tcase_add_test(tc, magic_links_are_links);
	tcase_add_loop_test(tc, mkdir_beneath, 0, ROWS(mkdirs));
	tcase_add_loop_test(tc, closed_beneath, 0, ROWS(ways));
	tcase_add_test(tc, mkdir_p);
	tcase_add_loop_test(tc, descriptors_are_passed, 0, 4);
	tcase_add_test(tc, too_many_descriptors_are_not_sent);
	tcase_add_test(tc, a_cut_message_leaks_nothing);
	tcase_add_test(tc, unwanted_descriptors_are_closed);
	tcase_add_loop_test(tc, a_flood_of_descriptors_leaks_nothing, 0, 4);
	tcase_add_test(tc, ends_of_a_socket);
	suite_add_tcase(s, tc);
	return s;
}
