/* submission.h - open what a student handed in and say what it is. */
#ifndef MOULETTE_SUBMISSION_SUBMISSION_H
#define MOULETTE_SUBMISSION_SUBMISSION_H

#include "base/err.h"
#include "model/submission.h"

/**
 * submission_open() - open and identify
 * @path:       file or folder, as the user gave it
 * @extensions: NULL-terminated, ".c" ...: what makes a single file a source file
 *
 * Magic bytes decide what an archive is (tar with or without a filter, zip); what is none of these
 * and has one of the extensions is a single source file. A format that is not unpacked (7z, rar)
 * and anything else is FAULT_STUDENT with code "archive.unsupported" (a verdict `refused`); a path
 * that does not exist is FAULT_USAGE; EACCES and EIO are FAULT_INFRA; a fifo, socket or device is
 * FAULT_USAGE. sha256 and bytes are not known yet: submission_digest().
 * Return: 0, or -1; *ret is untouched then, but with FAULT_STUDENT name, file, bytes and sha256
 * are set so that the refusal can be recorded (the caller frees it in both cases).
 */
int submission_open(const char *path, char *const *extensions, struct submission *ret,
		    struct err *err);
/** submission_digest() - sha256 and bytes of the file, unless they are known already; of a folder they
 *  are set by unpacking. FAULT_INFRA. */
int submission_digest(struct submission *s, struct err *err);
/** submission_call() - sets name and file of one that could not be opened, by its path alone; what
 *  is set stays. */
void submission_call(const char *path, struct submission *s);

#endif
