/* test_unpack_confine.c - what a confined child can still do: next to nothing. */
#include <grp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child/confine.h"
#include "test_unpack_maker.h"
#include "unpack/child.h"

Suite *suite_unpack_confine(void);

/* Each returns true when the child was NOT stopped. */
static bool can_open_host(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 || open("/proc/self/status", O_RDONLY) >= 0 ||
	       openat(CHILD_OUTPUT, "../canary", O_RDWR) >= 0;
}

static bool can_fork(void)
{
#ifdef SYS_vfork /* younger architectures have clone(2) alone */
	if (syscall(SYS_fork) >= 0 || syscall(SYS_vfork) >= 0)
		return true;
#endif
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static bool can_exec(void)
{
	char *const argv[] = { "x", NULL };
	return execv("/f", argv) == 0 || errno != ENOSYS;
}

static bool can_talk(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_INET, SOCK_DGRAM, 0) >= 0 ||
	       syscall(SYS_connect, CHILD_SOCKET, NULL, 0) == 0 || errno != ENOSYS;
}

static bool can_signal(void)
{
	return syscall(SYS_kill, 1, 0) == 0 || syscall(SYS_kill, -1, 0) == 0 || errno != ENOSYS;
}

/* By having the kernel do it, when something happens to a descriptor. */
static bool can_have_signals_sent(void)
{
	return fcntl(CHILD_SOCKET, F_SETOWN, getppid()) == 0 || errno != ENOSYS ||
	       fcntl(CHILD_SOCKET, F_SETSIG, SIGKILL) == 0 ||
	       fcntl(CHILD_SOCKET, F_SETFL, O_ASYNC) == 0;
}

static bool can_become_root(void)
{
	return setuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0 ||
	       syscall(SYS_capset, NULL, NULL) == 0 || errno != ENOSYS;
}

static bool can_raise_limits(void)
{
	const struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
	return setrlimit(RLIMIT_AS, &r) == 0 || syscall(SYS_prctl, PR_SET_DUMPABLE, 1) == 0;
}

static bool can_map_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p != MAP_FAILED || mprotect(q, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool can_mount(void)
{
	return syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL) == 0 || errno != ENOSYS ||
	       syscall(SYS_chroot, "/") == 0 || syscall(SYS_unshare, 0) == 0;
}

static bool can_keep_descriptors(void)
{
	for (int fd = CHILD_CGROUPS; fd < 64; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			return true;
	}
	return false;
}

static bool can_write_big(void)
{
	static const char block[4096];
	int fd = openat(CHILD_OUTPUT, "big", O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return true;
	for (int i = 0; i < 3; i++) {
		if (write(fd, block, sizeof(block)) < 0)
			return errno != EFBIG;
	}
	return true; /* three pages, where two are the limit */
}

/* Root that reads folders: what root owns stays as it is. */
static bool can_write_as_reader(void)
{
	return openat(CHILD_INPUT, "f", O_WRONLY) >= 0 || openat(CHILD_INPUT, "f", O_RDWR) >= 0 ||
	       openat(CHILD_INPUT, "n", O_WRONLY | O_CREAT, 0600) >= 0 ||
	       openat(CHILD_INPUT, "f", O_RDONLY | O_TRUNC) >= 0 ||
	       mkdirat(CHILD_INPUT, "n", 0700) == 0 || unlinkat(CHILD_INPUT, "f", 0) == 0 ||
	       fchmod(CHILD_INPUT, 0777) == 0 ||
	       openat(CHILD_INPUT, "f", O_RDONLY | O_NOFOLLOW) < 0; /* but it can read */
}

static const struct {
	const char *label;
	bool (*can)(void);
	enum child_role role;
} rows[] = {
	{ "open files of the host", can_open_host, CHILD_EXTRACT },
	{ "fork", can_fork, CHILD_EXTRACT },
	{ "exec", can_exec, CHILD_EXTRACT },
	{ "make sockets", can_talk, CHILD_EXTRACT },
	{ "signal", can_signal, CHILD_EXTRACT },
	{ "have signals sent", can_have_signals_sent, CHILD_EXTRACT },
	{ "become root", can_become_root, CHILD_EXTRACT },
	{ "raise limits", can_raise_limits, CHILD_EXTRACT },
	{ "map code", can_map_code, CHILD_EXTRACT },
	{ "mount", can_mount, CHILD_EXTRACT },
	{ "keep descriptors", can_keep_descriptors, CHILD_EXTRACT },
	{ "write a big file", can_write_big, CHILD_EXTRACT },
	{ "open files of the host as reader", can_open_host, CHILD_FOLDER },
	{ "fork as reader", can_fork, CHILD_FOLDER },
	{ "exec as reader", can_exec, CHILD_FOLDER },
	{ "make sockets as reader", can_talk, CHILD_FOLDER },
	{ "have signals sent as reader", can_have_signals_sent, CHILD_FOLDER },
	{ "write as reader", can_write_as_reader, CHILD_FOLDER },
};

/* Puts the scene's folder where a child has it, and a socket. No ck_assert here or later in the
 * child: one of the descriptors that are replaced is where Check writes to. */
static void place_descriptors(struct scene *s, int sock)
{
	int dest = fcntl(s->req.dest_fd, F_DUPFD, 40), talk = fcntl(sock, F_DUPFD, 40);

	if (dup2(talk, CHILD_SOCKET) < 0 || dup2(dest, CHILD_INPUT) < 0 ||
	    dup2(dest, CHILD_OUTPUT) < 0)
		_exit(1);
}

/* A line of /proc/PID/limits: both the soft and the hard one. */
static void has_limit(const char *text, const char *name, unsigned long want)
{
	const char *line = strstr(text, name);
	unsigned long soft = 1, hard = 1;

	ck_assert_ptr_nonnull(line);
	ck_assert_msg(sscanf(line + strlen(name), "%lu %lu", &soft, &hard) == 2 && soft == want &&
			      hard == want,
		      "%s: %lu %lu", name, soft, hard);
}

#define N_ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

/* Each twice: as a program of its own, and as the clone of a server, which has prepared itself. */
START_TEST(one_power)
{
	const bool prepared = _i >= N_ROWS;
	const int row = _i % N_ROWS;
	struct scene s;
	int pair[2], status;
	char path[64];
	AUTO_BUF text = { 0 };

	scene_init(&s);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(file_write(s.req.dest_fd, "f", "x"), 0);
	struct child_job job = { .role = rows[row].role,
				 .uid = TEST_UID,
				 .gid = TEST_UID,
				 .parent = getpid(),
				 .limits = UNPACK_LIMITS_DEFAULT };
	job.limits.file_bytes = 8192;
	if (prepared)
		ck_assert_int_eq(confine_prepare(NULL), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = { 0 };
		const gid_t groups[] = { 4, 6 };
		place_descriptors(&s, pair[1]);
		if (setgroups(2, groups) < 0)
			_exit(1);
		char word = child_confine(&job, &err) < 0 ? 'c' : rows[row].can() ? 'y' : 'n';
		if (fd_send(CHILD_SOCKET, &word, 1, NULL, 0) < 0)
			_exit(1);
		ssize_t n = read(CHILD_SOCKET, &word, 1); /* stays, to be looked at */
		_exit(n == 1 ? 0 : 1);
	}
	char word = 0;
	ck_assert_int_eq(recv(pair[0], &word, 1, 0), 1);
	ck_assert_msg(word == 'n', "%s: '%c'", rows[row].label, word);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, 65536), 0);
	ck_assert_ptr_nonnull(strstr(text.data, "NoNewPrivs:\t1\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "Seccomp:\t2\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "CapBnd:\t0000000000000000\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "CapInh:\t0000000000000000\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "Groups:\t \n"));
	ck_assert_ptr_nonnull(strstr(text.data, rows[row].role == CHILD_FOLDER ?
							"CapEff:\t0000000000000004\n" :
							"CapEff:\t0000000000000000\n"));
	text.len = 0;
	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, 65536), 0);
	has_limit(text.data, "Max processes", 0);
	has_limit(text.data, "Max core file size", 0);
	has_limit(text.data, "Max cpu time", 22);
	has_limit(text.data, "Max file size", 8192);
	ck_assert_int_eq(send(pair[0], "x", 1, 0), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(pair[0]);
	close(pair[1]);
	scene_done(&s);
}
END_TEST

START_TEST(parent_that_is_gone)
{
	struct scene s;
	int status;

	scene_init(&s);
	struct child_job job = { .role = CHILD_EXTRACT,
				 .uid = TEST_UID,
				 .gid = TEST_UID,
				 .parent = getpid() + 1,
				 .limits = UNPACK_LIMITS_DEFAULT };
	pid_t pid = fork();
	if (pid == 0) {
		struct err err;
		place_descriptors(&s, s.dir);
		_exit(child_confine(&job, &err) < 0 ? 2 : 3);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	scene_done(&s);
}
END_TEST

/* As docker starts containers: without CAP_DAC_READ_SEARCH, and some without CAP_DAC_OVERRIDE too. */
static int lose_capability(cap_value_t which)
{
	cap_t caps = cap_get_proc();
	int bad = cap_set_flag(caps, CAP_EFFECTIVE, 1, &which, CAP_CLEAR) < 0 ||
		  cap_set_flag(caps, CAP_PERMITTED, 1, &which, CAP_CLEAR) < 0 ||
		  cap_set_proc(caps) < 0;
	cap_free(caps);
	return bad;
}

static const struct {
	const char *label;
	cap_value_t lost[2];
	size_t n_lost;
	bool can_read; /* a file of somebody else's that only its owner may read */
} poorer[] = {
	{ "all there", { 0 }, 0, true },
	{ "no CAP_DAC_READ_SEARCH", { CAP_DAC_READ_SEARCH }, 1, true },
	{ "neither", { CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE }, 2, false },
};

START_TEST(reader_with_fewer_capabilities)
{
	struct scene s;
	int status;

	scene_init(&s);
	ck_assert_int_eq(file_write(s.req.dest_fd, "f", "x"), 0);
	ck_assert_int_eq(fchownat(s.req.dest_fd, "f", TEST_UID, TEST_UID, 0), 0);
	ck_assert_int_eq(fchmodat(s.req.dest_fd, "f", 0600, 0), 0);
	ck_assert_int_eq(fchmod(s.req.dest_fd, 0755), 0);
	struct child_job job = { .role = CHILD_FOLDER,
				 .parent = getpid(),
				 .limits = UNPACK_LIMITS_DEFAULT };
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = { 0 };
		place_descriptors(&s, s.dir);
		for (size_t i = 0; i < poorer[_i].n_lost; i++)
			if (lose_capability(poorer[_i].lost[i]))
				_exit(2);
		if (child_confine(&job, &err) < 0)
			_exit(3);
		if ((openat(CHILD_INPUT, "f", O_RDONLY | O_NOFOLLOW) >= 0) != poorer[_i].can_read)
			_exit(4);
		if (openat(CHILD_INPUT, "f", O_WRONLY) >= 0)
			_exit(5);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "%s: status %d", poorer[_i].label, WEXITSTATUS(status));
	scene_done(&s);
}
END_TEST

Suite *suite_unpack_confine(void)
{
	Suite *s = suite_create("unpack/confine");
	TCase *tc = tcase_create("powers");

	tcase_add_loop_test(tc, one_power, 0, 2 * N_ROWS);
	tcase_add_test(tc, parent_that_is_gone);
	tcase_add_loop_test(tc, reader_with_fewer_capabilities, 0, sizeof poorer / sizeof *poorer);
	suite_add_tcase(s, tc);
	return s;
}
