/* test_child_tool.c - programs of the host: their words, their end; nothing outlives them. */
#include "test_image_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/signals.h"
#include "child/tool.h"

static int run_sh(const char *script, struct tool *t, struct buf *said, struct err *err)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, mem_strdup(script), NULL };
	char *const env[] = { (char[]){ "PATH=/usr/bin:/bin" }, NULL };

	t->path = t->path ? t->path : "/bin/sh";
	t->argv = argv;
	t->env = env;
	t->folder = t->folder ? t->folder : "/";
	int got = tool_run(t, said, err);
	free(argv[2]);
	return got;
}

static const struct {
	const char *label, *script;
	int status;
	const char *said;
} ends[] = {
	{ "well", "echo a >&2", 0, "a\n" },
	{ "both streams", "echo a; echo b >&2", 0, "a\nb\n" },
	{ "a status", "exit 7", 7, "" },
	{ "a signal", "kill -KILL 1", 0, "" }, /* the first process of a namespace is immune */
	{ "no terminal", "(: >/dev/tty) 2>/dev/null && echo one", 2, "" },
	{ "nothing to read", "read x || echo end", 0, "end\n" },
	{ "the first process", "echo $$", 0, "1\n" },
	{ "no other process is seen", "echo /proc/[0-9]*", 0, "/proc/1\n" },
	{ "umask", "umask", 0, "0022\n" },
	{ "hostname", "uname -n", 0, "box\n" },
	{ "environment", "env | grep -v _= | grep -v PWD", 0, "PATH=/usr/bin:/bin\n" },
	{ "descriptors", "ls /proc/self/fd | tr '\\n' ' '", 0, "0 1 2 3 " }, /* 3 is the folder */
	{ "a NUL", "printf 'a\\0b\\n'", 0, "a?b\n" },
	{ "what it left running", "sleep 1000 & echo $!", 0, "2\n" },
};

START_TEST(it_ends)
{
	struct tool t = { .path = NULL };
	struct err err = { 0 };
	AUTO_BUF said = { 0 };
	mode_t old = umask(077);
	ck_assert_int_ge(dup(1), 3); /* as a caller has it open */
	int status = run_sh(ends[_i].script, &t, &said, &err);
	umask(old);
	ck_assert_msg(status == ends[_i].status, "%s: %d %s", ends[_i].label, status, err.msg);
	ck_assert_msg(strcmp(said.data ? said.data : "", ends[_i].said) == 0, "%s: %s",
		      ends[_i].label, said.data);
}
END_TEST

START_TEST(its_stdout_apart)
{
	AUTO_BUF said = { 0 }, out = { 0 };
	struct tool t = { .out = &out };
	struct err err = { 0 };
	ck_assert_int_eq(run_sh("echo a; echo b >&2", &t, &said, &err), 0);
	ck_assert_str_eq(out.data, "a\n");
	ck_assert_str_eq(said.data, "b\n");
	buf_done(&out);
	ck_assert_int_eq(run_sh("head -c 1048576 /dev/zero", &t, &said, &err), 0);
	buf_done(&out);
	ck_assert_int_eq(run_sh("head -c 1048577 /dev/zero; sleep 1000", &t, &said, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.msg, "prints more than 1 MiB"));
}
END_TEST

START_TEST(only_its_last_words_are_kept)
{
	AUTO_BUF said = { 0 };
	struct tool t = { .path = NULL };
	struct err err = { 0 };
	ck_assert_int_eq(run_sh("seq 100000 >&2", &t, &said, &err), 0);
	ck_assert(said.len > 16384 && said.len <= 65536);
	ck_assert_str_eq(tool_last_lines(&said, 2), "99999\n100000\n");
	ck_assert_uint_eq(strspn(said.data, "0123456789"), 5); /* whole lines */
	ck_assert_ptr_eq(tool_last_lines(&said, 1000000), said.data);
	struct buf none = { 0 };
	ck_assert_str_eq(tool_last_lines(&none, 3), "");
}
END_TEST

START_TEST(its_mounts_are_its_own)
{
	struct store_fixture f;
	AUTO_BUF said = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	struct tool t = { .folder = f.canary };
	ck_assert_int_eq(
		run_sh("mount -t tmpfs none . && cd . && test ! -e bird && pwd", &t, &said, &err),
		0);
	AUTO_FREE char *pwd = mem_printf("%s\n", f.canary);
	ck_assert_str_eq(said.data, pwd);
	fixture_remove(&f); /* the bird is there: it would fail on a mount point */
}
END_TEST

START_TEST(it_writes_no_larger_file)
{
	struct store_fixture f;
	AUTO_BUF said = { 0 };
	struct err err = { 0 };
	fixture_make(&f);
	struct tool t = { .folder = f.canary, .max_file = 4096 };
	ck_assert_int_eq(run_sh("trap '' XFSZ; head -c 4096 /dev/zero >x", &t, &said, &err), 0);
	ck_assert_int_ne(run_sh("trap '' XFSZ; head -c 4097 /dev/zero >x", &t, &said, &err), 0);
	fixture_remove(&f);
}
END_TEST

START_TEST(what_cannot_start_says_so)
{
	AUTO_BUF said = { 0 };
	struct err err = { 0 };
	struct tool t = { .path = "/etc/passwd" };
	ck_assert_int_eq(run_sh("", &t, &said, &err), -1);
	ck_assert_ptr_nonnull(strstr(
		err.msg,
		"cannot start '/etc/passwd' (cannot execute '/etc/passwd': Permission denied"));
}
END_TEST

/* A sleep that nobody else has: its length is ours. */
static bool sleeps(const char *length)
{
	AUTO_FREE char *pattern = mem_printf("pgrep -x -f 'sleep %s' >/dev/null", length);
	for (int i = 0; i < 100; i++) {
		if (system(pattern) != 0)
			return false;
		usleep(20000);
	}
	return true;
}

static pid_t start_sleep(const char *length)
{
	AUTO_FREE char *script = mem_printf("(setsid sleep %s &) ; wait; sleep %s", length, length);
	pid_t pid = fork();
	if (pid == 0) {
		struct tool t = { .path = NULL };
		struct err err = { 0 };
		struct buf said = { 0 };
		sigset_t ending;
		signals_ending(&ending);
		sigprocmask(SIG_BLOCK, &ending, NULL);
		int got = run_sh(script, &t, &said, &err);
		_exit(got == -1 && strcmp(err.msg, "interrupted") == 0 ? 42 : 1);
	}
	AUTO_FREE char *pattern = mem_printf("pgrep -x -f 'sleep %s' >/dev/null", length);
	for (int i = 0; i < 500 && system(pattern) != 0; i++)
		usleep(20000);
	return pid;
}

START_TEST(it_dies_with_us)
{
	AUTO_FREE char *length = mem_printf("10%d", getpid());
	pid_t pid = start_sleep(length);
	int status = 0;
	ck_assert_int_eq(kill(pid, _i ? SIGTERM : SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(_i ? WIFEXITED(status) && WEXITSTATUS(status) == 42 : WIFSIGNALED(status));
	ck_assert(!sleeps(length));
}
END_TEST

START_TEST(it_is_found_on_path)
{
	AUTO_FREE char *path = NULL;
	struct err err = { 0 };
	ck_assert_int_eq(setenv("PATH", "relative:/etc:/nonexistent:/bin", 1), 0);
	ck_assert_int_eq(tool_find("sh", "dash", &path, &err), 0);
	ck_assert_str_eq(path, "/bin/sh");
	ck_assert_int_eq(tool_find("passwd.not-there", "some-package", &path, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "apt-get install some-package"));
	/* A file that is no program, and a folder. */
	ck_assert_int_eq(tool_find("group", "x", &path, &err), -1);
	ck_assert_int_eq(tool_find("skel", "x", &path, &err), -1);
}
END_TEST

Suite *suite_child_tool(void);
Suite *suite_child_tool(void)
{
	TCase *tc = tcase_create("tool");
	tcase_add_loop_test(tc, it_ends, 0, (int)(sizeof(ends) / sizeof(*ends)));
	tcase_add_test(tc, its_stdout_apart);
	tcase_add_test(tc, only_its_last_words_are_kept);
	tcase_add_test(tc, its_mounts_are_its_own);
	tcase_add_test(tc, it_writes_no_larger_file);
	tcase_add_test(tc, what_cannot_start_says_so);
	tcase_add_loop_test(tc, it_dies_with_us, 0, 2);
	tcase_add_test(tc, it_is_found_on_path);
	return root_suite("child/tool", tc);
}
