/* hints.h - known messages of programs about something that the box lacks. */
#ifndef MOULETTE_RESULT_HINTS_H
#define MOULETTE_RESULT_HINTS_H

#include <stddef.h>

enum hint {
	HINT_PROC = 1,  /* a file of /proc outside of processes, or of /sys/devices/system/cpu */
	HINT_LEAKS = 2, /* LeakSanitizer could not trace its own process */
	HINT_FILE_SIZE =
		4, /* a process was ended by SIGXFSZ, as the process that started it says */
};

/** hints_of() - bits of enum hint that lines of @text, @len bytes of any kind, give. Programs say such
 *  things in their own words, and a student may print them: no hint may be worth anything. */
unsigned int hints_of(const char *text, size_t len);

#endif
