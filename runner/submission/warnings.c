/* warnings.c - likely mistakes in a valid assignment. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "submission/assignment.h"
#include "submission/test_programs.h"

#define BYTES_LOOKED_AT 4096

/* UTF-16 without a mark: every other byte of ASCII characters is zero. */
static bool is_wide(const unsigned char *s, size_t len)
{
	size_t zeros[2] = { 0, 0 };

	for (size_t i = 0; i < len; i++)
		zeros[i % 2] += s[i] == 0;
	return len >= 2 && ((zeros[1] == len / 2 && zeros[0] == 0) ||
			    (zeros[0] == (len + 1) / 2 && zeros[1] == 0));
}

/* What tells a text from plain UTF-8, by its first bytes; NULL: nothing. */
static const char *encoding_oddity(const unsigned char *s, size_t len)
{
	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		return "begins with a byte order mark";
	if (len >= 4 && (memcmp(s, "\xff\xfe\0\0", 4) == 0 || memcmp(s, "\0\0\xfe\xff", 4) == 0))
		return "is in UTF-32";
	if (len >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0))
		return "is in UTF-16";
	return is_wide(s, len) ? "is in UTF-16" : NULL;
}

static int warn_of_encoding(const struct step_spec *s, const char *path, const char *what,
			    const char *so, char ***ret, struct err *err)
{
	unsigned char text[BYTES_LOOKED_AT];

	if (!path)
		return 0;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text);
	if (len < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot read '%s'", path);
	const char *odd = encoding_oddity(text, (size_t)len);
	if (!odd)
		return 0;
	AUTO_FREE char *line =
		mem_printf("test '%s': the %s '%s' %s, %s; save it as UTF-8 without a byte "
			   "order mark",
			   s->name, what, path, odd, so);
	strv_add(ret, line);
	return 0;
}

static const char *behind_mark(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	return at ? at + strlen(mark) : NULL;
}

/* "-fsanitize=address,undefined", alone or in the text of a script. */
static bool asks_for_leaks(char *const *words)
{
	for (; words && *words; words++)
		for (const char *at = *words; (at = behind_mark(at, "-fsanitize="));) {
			AUTO_FREE char *names = mem_printf("%.*s", (int)strcspn(at, " \t\n'\";"),
							   at);
			if (strstr(names, "address") || strstr(names, "leak"))
				return true;
		}
	return false;
}

static bool forbids_leaks(char *const *env)
{
	for (; env && *env; env++)
		if (strstr(*env, "detect_leaks=0"))
			return true;
	return false;
}

/* For shipped profiles alone: whether another one allows ptrace(2) is unknown here. */
static void warn_of_leaks(const struct assignment *a, char ***ret)
{
	static const char *const without[] = { "default", "strict", NULL };
	bool off = !a->profile;
	for (size_t i = 0; !off && without[i]; i++)
		off = strcmp(a->profile, without[i]) == 0;
	for (size_t i = 0; off && i < a->n_build; i++) {
		const struct step_spec *s = &a->build[i];
		if (!asks_for_leaks(s->argv) || forbids_leaks(a->env) || forbids_leaks(s->env))
			continue;
		AUTO_FREE char *line = mem_printf(
			"build '%s': leaks are not looked for in profile '%s', where LeakSanitizer "
			"cannot trace its program; to find them choose \"profile\": \"debug\", "
			"else put ASAN_OPTIONS=detect_leaks=0 into \"env\"",
			s->name, a->profile ? a->profile : without[0]);
		strv_add(ret, line);
		return;
	}
}

int assignment_warnings(const struct assignment *a, char ***ret, struct err *err)
{
	for (size_t i = 0; i < a->n_tests; i++) {
		const struct step_spec *s = &a->tests[i];
		const char *expected = s->compare == COMPARE_NONE ? NULL : s->stdout_path;
		if (warn_of_encoding(s, s->stdin_path, "input", "and so a program reads it", ret,
				     err) < 0 ||
		    warn_of_encoding(s, expected, "expected output", "which few programs print",
				     ret, err) < 0)
			return -1;
	}
	warn_of_leaks(a, ret);
	test_programs_warn(a, ret);
	return 0;
}
