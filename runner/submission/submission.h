/* submission.h - opens a submission and identifies its kind. */
#ifndef MOULETTE_SUBMISSION_SUBMISSION_H
#define MOULETTE_SUBMISSION_SUBMISSION_H

#include <stdbool.h>

#include "base/err.h"
#include "model/submission.h"
#include "submission/snapshot.h"

/**
 * submission_resolve() - the absolute path, without links, of what a person typed: where that is a link, it
 * is meant to be followed. @ret is owned. A path that does not exist: FAULT_USAGE, else FAULT_INFRA.
 */
int submission_resolve(const char *typed, char **ret, struct err *err);

struct submission_request {
	char *const
		*extensions; /* NULL-terminated, ".c" ...: what makes a single file a source file */
	bool any_file; /* so does any other file that is not meant to be an archive, by its bytes or its name */
	int64_t max_bytes; /* a larger file is refused, with code "archive.too_large": unpack_limits_room() */
	struct snapshot_place place; /* where files are copied to */
};

/**
 * submission_open() - open, copy unless it is a folder, and identify
 * @path: file or folder, resolved, or found in a folder that was
 *
 * Magic bytes decide what an archive is (tar with or without a filter, zip, also one with bytes before
 * it, unless it has a source file's extension); what is none of these
 * and has one of the extensions is a single source file. A format that is not unpacked (7z, rar)
 * and anything else is FAULT_STUDENT with code "archive.unsupported" (a verdict `refused`); a path
 * that does not exist is FAULT_USAGE; EACCES and EIO are FAULT_INFRA; a fifo, socket or device is
 * FAULT_USAGE. A path of which a part is a symbolic link, also one that became a link since it was found, is
 * FAULT_STUDENT with code "submission.link": students may write where their hand-ins lie, and this process
 * may read what they cannot. Errors of the copy are those of snapshot_take(). sha256 is not known yet:
 * submission_digest(); of a folder, bytes neither.
 * Return: 0, or -1; *ret is untouched then, but with FAULT_STUDENT name, file, bytes and sha256
 * are set so that the refusal can be recorded (the caller frees it in both cases).
 */
int submission_open(const char *path, const struct submission_request *req, struct submission *ret,
		    struct err *err);
/** submission_suffix() - the length of the archive suffix at the end of @file, as of ".tar.gz", in
 *  whatever case; 0: it has none, or is nothing else. */
size_t submission_suffix(const char *file);
/** submission_digest() - sha256 of the file, unless it is known already; of a folder it is set by unpacking.
 *  FAULT_INFRA. */
int submission_digest(struct submission *s, struct err *err);
/** submission_call() - sets name and file of one that could not be opened, by its path alone; what
 *  is set stays. */
void submission_call(const char *path, struct submission *s);

#endif
