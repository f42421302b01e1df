/* tool_show.h - what people see on stderr while a tool works. */
#ifndef MOULETTE_CHILD_TOOL_SHOW_H
#define MOULETTE_CHILD_TOOL_SHOW_H

#include <stddef.h>

#include "child/tool_data.h"

/** MOULETTE_QUIET in the environment, not empty: nothing is shown. */
#define TOOL_QUIET "MOULETTE_QUIET"

struct tool_show {
	const struct tool *tool;
	char line[512]; /* as far as it came */
	size_t len;
	int phase; /* that was shown last */
	int64_t shown_ns;
};

/** tool_show_said() - bytes that the tool wrote on stderr. */
void tool_show_said(struct tool_show *s, const char *data, size_t len);
/** tool_show_clear() - takes the line of a terminal away. */
void tool_show_clear(const char *about);
/** tool_show_step() - one line about a step of our own; @about as in struct tool. On a terminal it
 *  is taken away by tool_show_clear(). */
void tool_show_step(const char *about, const char *text);

#endif
