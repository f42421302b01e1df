/* capture.h - what a step prints, read through pipes up to a cap. */
#ifndef MOULETTE_CONTAINER_CAPTURE_H
#define MOULETTE_CONTAINER_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/err.h"
#include "container/line_filter.h"
#include "model/result.h"

/** Where captured bytes go. Return: 0, or -1 with errno. */
typedef int capture_sink_fn(void *ctx, int stream, const void *data, size_t len);

struct capture {
	int read_fd, write_fd; /* write_fd is for the step */
	int stream;            /* FRAMELOG_STDOUT or FRAMELOG_STDERR */
	int64_t cap, bytes;
	bool over; /* a byte beyond the cap came */
	struct line_filter filter;
	struct digest *digest; /* NULL until there is a byte */
};

/**
 * capture_open() - a pipe that belongs to @owner, so that /dev/stdout can be opened again by it
 * @drop: a line with its newline, borrowed, that is read and thrown away; NULL: none. It counts
 *        against the cap only when more of it came than the cap allows alone.
 * @ret:  starts zeroed with its descriptors at -1
 */
int capture_open(int stream, int64_t cap, uid_t owner, const char *drop, struct capture *ret,
		 struct err *err);
/** capture_read() - what is there now; at most some rounds, so that a flood starves nobody.
 *  Return: 1 more may come, 0 end of file or over the cap, -1 our own failure. */
int capture_read(struct capture *c, capture_sink_fn *sink, void *ctx, struct err *err);
/** capture_drain() - the same until the pipe is empty; all its writers are dead. */
int capture_drain(struct capture *c, capture_sink_fn *sink, void *ctx, struct err *err);
void capture_facts(struct capture *c, struct stream_facts *ret);
void capture_close(struct capture *c);

#endif
