/* hints.c - known messages of programs about something that the box lacks. */
#include "result/hints.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

static bool has_one(const char *line, const char *const words[])
{
	for (size_t i = 0; words[i]; i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* Paths of processes are excluded: they are missing because the process ended, not because of a profile. */
static bool names_proc_file(const char *line)
{
	for (const char *at = line; (at = strstr(at, "/proc/")); at++) {
		const char *name = at + strlen("/proc/");
		if (strspn(name, "abcdefghijklmnopqrstuvwxyz") > 0 &&
		    strncmp(name, "self", 4) != 0 && strncmp(name, "thread-self", 11) != 0)
			return true;
	}
	return strstr(line, "/sys/devices/system/cpu") != NULL;
}

static unsigned int hints_of_line(const char *line)
{
	static const char *const missing[] = { "No such file", "does not exist", "ENOENT", NULL };
	/* procps 3.3 and 4.0, busybox. */
	static const char *const known[] = { "Unable to get total memory",
					     "Unable to get system boot time",
					     "Unable to create vmstat structure",
					     "Cannot get system uptime",
					     "mount -t proc proc",
					     "can't open 'stat'",
					     NULL };
	static const char *const leaks[] = { "LeakSanitizer has encountered a fatal error",
					     "LeakSanitizer does not work under ptrace", NULL };
	const bool proc = (names_proc_file(line) && has_one(line, missing)) || has_one(line, known);
	return (proc ? HINT_PROC : 0) | (has_one(line, leaks) ? HINT_LEAKS : 0) |
	       (strstr(line, "File size limit exceeded") ? HINT_FILE_SIZE : 0);
}

unsigned int hints_of(const char *text, size_t len)
{
	AUTO_FREE char *copy = mem_strndup(text, len);
	unsigned int hints = 0;
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		hints |= hints_of_line(line);
	return hints;
}
