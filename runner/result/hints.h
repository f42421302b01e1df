/* hints.h - what a program printed about something that its box lacks. */
#ifndef MOULETTE_RESULT_HINTS_H
#define MOULETTE_RESULT_HINTS_H

#include <stddef.h>

enum hint {
	HINT_PROC = 1,  /* a file of /proc outside of processes, or of /sys/devices/system/cpu */
	HINT_LEAKS = 2, /* LeakSanitizer could not trace its own process */
};

/** hints_of() - bits of enum hint that lines of @text, @len bytes of any kind, give. Programs say such
 *  things in their own words, and a student may print them: a hint is good for a message only. */
unsigned int hints_of(const char *text, size_t len);

#endif
