/* framelog.h - what steps printed, in one append-only file a result: frames of at most 64 KiB,
 * each of one step and one stream, in the order in which they came. */
#ifndef MOULETTE_BASE_FRAMELOG_H
#define MOULETTE_BASE_FRAMELOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FRAMELOG_STDOUT 1
#define FRAMELOG_STDERR 2
#define FRAMELOG_MAX_FRAME (64u * 1024)

struct framelog {
	int fd;      /* owned; -1: closed */
	int64_t end; /* offset at which the next frame goes */
	/* The last frame, which more bytes of the same step and stream join; len 0: none. */
	int64_t last_at;
	uint32_t last_len, last_step;
	int last_stream;
};

/** framelog_create() - a new, empty log (O_EXCL, 0600). -1: errno. */
int framelog_create(struct framelog *l, const char *path);
void framelog_close(struct framelog *l);
/** framelog_mark() - the offset at which a range begins or ends; no frame reaches across it. */
int64_t framelog_mark(struct framelog *l);
/** framelog_add() - append one frame, or to the last one; more than FRAMELOG_MAX_FRAME bytes become several. A short
 *  write is undone. -1: errno. */
int framelog_add(struct framelog *l, uint32_t step, int stream, const void *data, size_t len);

/** Reads the bytes of one stream back, frame borders unseen. */
struct framelog_reader {
	int fd; /* borrowed, read by pread */
	int stream;
	int64_t at, end, left; /* next header, end of the range, bytes left of the current frame */
};

/** framelog_reader_init() - the frames of @stream between the offsets @begin and @end. */
void framelog_reader_init(struct framelog_reader *r, int fd, int stream, int64_t begin,
			  int64_t end);
/** framelog_read() - up to @len bytes. Return: bytes, 0 at the end, -1 with errno (EBADMSG: the
 *  file is damaged). */
ssize_t framelog_read(struct framelog_reader *r, void *data, size_t len);

/** Reads all frames in their order, also of a log that another process still writes. */
struct framelog_cursor {
	int fd;     /* borrowed, read by pread */
	int64_t at; /* where the header of the current frame lies */
	/* Of the current frame; @done bytes were handed out. */
	uint32_t step, done;
	int stream;
};

/**
 * framelog_next() - more bytes of the current frame, or of the next one
 * @c: zeroed but for @fd when reading begins; afterwards step, stream and at tell whose bytes
 *     were read
 *
 * A frame may come in several pieces. Return: bytes, 0 when there are no more yet, -1 with errno
 * (EBADMSG: the file is damaged).
 */
ssize_t framelog_next(struct framelog_cursor *c, void *data, size_t len);

#endif
