/* files.h - the files of an assignment: digests, copies, and laying into work folders. */
#ifndef MOULETTE_SUBMISSION_FILES_H
#define MOULETTE_SUBMISSION_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "model/assignment.h"

/**
 * files_lay() - copy those of the @n files with a relative `to` into the work folder
 * @uid,@gid: owner of the copies
 * @replaced: the names of files that were replaced are added (NULL: not wanted)
 *
 * Works through directory descriptors and follows no link. A link at a destination, or a folder where a
 * file must go, is removed first. Beside a GNUmakefile, makefile or Makefile the other two are removed
 * and count as replaced, unless they are laid as well. Modes 0644/0755 by the x bit. FAULT_INFRA, or
 * FAULT_USAGE when a source has become unreadable.
 */
int files_lay(const struct file_spec *files, size_t n, int work_fd, uint32_t uid, uint32_t gid,
	      char ***replaced, struct err *err);

/** files_copy() - copy one `files` entry's tree (absolute `to`) to the empty folder or the new file
 *  @to_path, root-owned, 0644/0755 by the x bit; links inside are copied as their targets. For the
 *  copies that are mounted read-only. */
int files_copy(const struct file_spec *f, const char *to_path, struct err *err);
/** files_digest() - over names, x bits and bytes of one `files` entry. */
int files_digest(const struct file_spec *f, char hex[DIGEST_HEX], struct err *err);

#endif
