/* submission.h - the submission of one student. */
#ifndef MOULETTE_MODEL_SUBMISSION_H
#define MOULETTE_MODEL_SUBMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

enum submission_kind { SUBMISSION_ARCHIVE, SUBMISSION_FOLDER, SUBMISSION_SOURCE };

struct submission {
	char *name; /* "alice" of "in/alice.tar.gz" */
	char *file; /* "alice.tar.gz": last component of the path */
	char *path; /* as given */
	enum submission_kind kind;
	int fd;        /* open for reading: of a copy, or the directory for SUBMISSION_FOLDER */
	int64_t bytes; /* of the file when it was opened, or of all regular files of the folder */
	bool changed; /* the copy that was made last is not what the file held then, see submission/snapshot.h */
	int64_t entries;         /* members that were unpacked; -1: not known (yet) */
	char sha256[DIGEST_HEX]; /* "" : not known */
};

/** Ceilings of unpacking; source: contract, "Submission archives". */
struct unpack_limits {
	int64_t entries, bytes, file_bytes, depth, path_bytes, time_ns;
};
#define UNPACK_LIMITS_DEFAULT                                                                   \
	{                                                                                       \
		.entries = 20000, .bytes = 256LL << 20, .file_bytes = 128LL << 20, .depth = 64, \
		.path_bytes = 1024, .time_ns = 20 * INT64_C(1000000000)                         \
	}

/** unpack_limits_room() - what an accepted submission takes at most, in an archive or on a disk: every
 *  entry may leave most of a page unused, and stand in a folder that no entry names. */
int64_t unpack_limits_room(const struct unpack_limits *u);

/** submission_is_junk() - is it a name that archivers, editors and version control leave behind? */
bool submission_is_junk(const char *name);

void submission_done(struct submission *s); /* closes fd */

#endif
