/* snapshot.h - a private copy of a submission: its bytes are digested and graded. */
#ifndef MOULETTE_SUBMISSION_SNAPSHOT_H
#define MOULETTE_SUBMISSION_SNAPSHOT_H

#include "base/alive.h"
#include "base/err.h"
#include "model/submission.h"

/** Where copies are made, and what ends it early. All borrowed. */
struct snapshot_place {
	const char *home;    /* MOULETTE_HOME; copies have no name there */
	int interrupt_fd;    /* readable: stop (not read here); -1: none */
	struct alive *alive; /* the caller's signs of life; NULL: nobody watches */
};

#define SNAPSHOT_COPIES 4 /* the first, and three more while the content changes */

/**
 * snapshot_take() - put a copy in the place of the open file @s->fd
 * @s:         fd, bytes and changed are set; the copy can be read only, has the mode bits and the time of the file
 * @max_bytes: a larger file is refused before it is copied, with code "archive.too_large": bytes is set
 *
 * Whoever may write to the file may do so meanwhile. Where its size or times differ after the copy, or may be too
 * coarse to tell, its bytes are compared with those of the copy: setting times changes nothing. Where
 * bytes differ an upload may be under way, and it is copied again, after 0.1, 0.4 and 1.6 seconds; a file that
 * still changes then has the mark @s->changed.
 *
 * A home without room for the copy and 1 MiB beside it is FAULT_INFRA, code "home.full"; with interrupt_fd
 * readable it is FAULT_NONE, code "interrupted". Return: 0, or -1; fd is untouched then.
 */
int snapshot_take(struct submission *s, int64_t max_bytes, const struct snapshot_place *p,
		  struct err *err);

#endif
