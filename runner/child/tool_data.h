/* tool_data.h - a program of the host that is to be run, and how its progress is shown. */
#ifndef MOULETTE_CHILD_TOOL_DATA_H
#define MOULETTE_CHILD_TOOL_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/** What a line of a tool means to people. */
struct tool_news {
	int phase; /* above 0: what it does; another number for each */
	char text[96];
};
/** Return: false: the line is no news. */
typedef bool tool_news_fn(void *ctx, const char *line, struct tool_news *ret);

struct tool {
	const char *path; /* of tool_find() */
	char *const *argv, *const *env;
	const char *folder; /* its current folder */
	int64_t max_file;   /* largest file that it may write, bytes; 0: any */
	struct buf *out;   /* gets its stdout, at most TOOL_OUT_MAX; NULL: goes the way of stderr */
	const char *about; /* what it does, for people; NULL: nothing is shown */
	tool_news_fn *news; /* how far it is; NULL: its last line is shown, on a terminal alone */
	void *ctx;
};

#endif
