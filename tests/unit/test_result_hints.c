/* test_result_hints.c - lines of real programs, and lines that only look like them. */
#include "result/hints.h"

#include <check.h>
#include <string.h>

Suite *suite_result_hints(void);

/* clang-format off */
static const struct { const char *label, *text; unsigned int want; } rows[] = {
	{ "nothing", "", 0 },
	{ "cat", "cat: /proc/meminfo: No such file or directory\n", HINT_PROC },
	{ "without a newline", "cat: /proc/meminfo: No such file or directory", HINT_PROC },
	{ "python", "Traceback (most recent call last):\nFileNotFoundError: [Errno 2] No such file or directory: '/proc/stat'\n", HINT_PROC },
	{ "free", "free: Memory information file /proc/meminfo does not exist\n", HINT_PROC },
	{ "busybox free", "free: can't open '/proc/meminfo': No such file or directory\n", HINT_PROC },
	{ "busybox top", "top: can't open 'stat': No such file or directory\n", HINT_PROC },
	{ "ps aux", "x\nps: Unable to get total memory\n", HINT_PROC },
	{ "ps -ef", "ps: Unable to get system boot time\n", HINT_PROC },
	{ "uptime", "uptime: Cannot get system uptime: No such file or directory\n", HINT_PROC },
	{ "lscpu", "lscpu: failed to determine number of CPUs: /sys/devices/system/cpu/possible: No such file or directory\n", HINT_PROC },
	{ "older ps", "Error, do this: mount -t proc proc /proc\n", HINT_PROC },
	{ "a process", "cat: /proc/4242/status: No such file or directory\n", 0 },
	{ "itself", "cat: /proc/self/fd/9: No such file or directory\n", 0 },
	{ "a process and a file", "cat: /proc/4/x: No such file or directory /proc/uptime\n", HINT_PROC },
	{ "another reason", "sh: can't create /proc/version: Permission denied\n", 0 },
	{ "two lines", "I read /proc/meminfo\nx: No such file or directory\n", 0 },
	{ "leaks", "==2==LeakSanitizer has encountered a fatal error.\n", HINT_LEAKS },
	{ "leaks, told why", "==2==HINT: LeakSanitizer does not work under ptrace (strace, gdb, etc)\n", HINT_LEAKS },
	{ "a leak that was found", "==2==ERROR: LeakSanitizer: detected memory leaks\n", 0 },
	{ "gcc and its assembler", "cc: internal compiler error: File size limit exceeded signal terminated program as\n", HINT_FILE_SIZE },
	{ "a linker", "collect2: fatal error: ld terminated with signal 25 [File size limit exceeded]\n", HINT_FILE_SIZE },
	{ "a shell", "File size limit exceeded\n", HINT_FILE_SIZE },
	{ "both", "==2==LeakSanitizer has encountered a fatal error.\ncat: /proc/stat: No such file or directory\n", HINT_LEAKS | HINT_PROC },
};
/* clang-format on */
#define N_ROWS (int)(sizeof(rows) / sizeof(*rows))

START_TEST(one_row)
{
	ck_assert_msg(hints_of(rows[_i].text, strlen(rows[_i].text)) == rows[_i].want, "%s",
		      rows[_i].label);
}
END_TEST

START_TEST(no_further_than_the_length)
{
	static const char text[] = "cat: /proc/stat: No such file or directory";
	ck_assert_uint_eq(hints_of(text, sizeof text - 12), HINT_PROC);
	ck_assert_uint_eq(hints_of(text, 20), 0);
	ck_assert_uint_eq(hints_of("\0\0\377\n\0", 5), 0);
}
END_TEST

Suite *suite_result_hints(void)
{
	Suite *s = suite_create("result/hints");
	TCase *tc = tcase_create("hints");
	tcase_add_loop_test(tc, one_row, 0, N_ROWS);
	tcase_add_test(tc, no_further_than_the_length);
	suite_add_tcase(s, tc);
	return s;
}
