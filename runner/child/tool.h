/* tool.h - programs of the host that fetch or make what becomes an image: mmdebstrap, skopeo. */
#ifndef MOULETTE_CHILD_TOOL_H
#define MOULETTE_CHILD_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

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
#define TOOL_OUT_MAX (1u << 20)

/** tool_find() - @name on PATH, owned. None: FAULT_USAGE, naming Debian's @package. */
int tool_find(const char *name, const char *package, char **ret, struct err *err);

/**
 * tool_run() - run it to its end, in namespaces of its own (mounts, processes, hostname, IPC)
 * @said: its last words on stderr, whole lines
 *
 * It has no terminal, an empty stdin, umask 022. It and all that it started are gone, with every
 * mount, when this returns and when this program dies. Where SIGINT, SIGTERM and SIGHUP are
 * blocked, one of them ends it (FAULT_INFRA, "interrupted"). What it does is shown on stderr
 * (tool_show.h).
 *
 * Return: its exit status, 128+N for signal N, or -1 with @err.
 */
int tool_run(const struct tool *t, struct buf *said, struct err *err);

/** tool_last_lines() - the last @n lines of @said, all where there are not as many; "" for none. */
const char *tool_last_lines(const struct buf *said, int n);

#endif
