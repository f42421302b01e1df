/* tool.h - programs of the host that fetch or make what becomes an image: mmdebstrap, skopeo. */
#ifndef MOULETTE_CHILD_TOOL_H
#define MOULETTE_CHILD_TOOL_H

#include "base/buf.h"
#include "base/err.h"
#include "child/tool_data.h"

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
