/* unpack.h - hostile bytes to a folder, inside a confined child. */
#ifndef MOULETTE_UNPACK_UNPACK_H
#define MOULETTE_UNPACK_UNPACK_H

#include "base/err.h"
#include "model/submission.h"
#include "unpack/request.h"

/**
 * unpack_run() - unpack one submission into dest_fd
 * @sub: archive, folder or source file; entries, and for a folder bytes and sha256, are set
 *
 * A refusal is FAULT_STUDENT, code "archive.WORD": path_escape, link_escape, link (a hard link to
 * what is not there), name, too_long, too_deep, too_many, too_large, bomb, device, sparse,
 * encrypted, truncated, damaged, unsupported, type_change, empty, time; the message names the
 * entry, the reason and the limit. A full disk, a child that dies without a word, a server that does not
 * answer (code "unpack.died", as of a child that a signal ended), EIO are FAULT_INFRA, and so is the time limit when the child spent less than half of it computing. With
 * interrupt_fd readable it is FAULT_NONE and the code "interrupted". No child outlives the call.
 * After a failure the caller throws the mount away.
 *
 * dest_fd has to have room for more than the limits, or a full disk may be the archive's doing and
 * is taken for ours: limits.bytes + 8192 x limits.entries bytes, 2 x limits.entries inodes (folders
 * without an entry of their own are counted apart). What is written is charged to the cgroups of
 * cgroup_fds, with up to 512 MiB of address space of each child.
 *
 * "Inside" is beneath dest_fd: a link in the top folder that leads to its sibling is kept, though
 * it will dangle once the top is entered. Links are never followed while writing.
 *
 * What @meanwhile takes is not held against the children; its failure is that of the call.
 *
 * A server is started when it is not yet, and again when it has ended; every failure ends it. After a
 * failure one of its children may write into dest_fd for a moment.
 *
 * Return: 0, or -1; @ret and @sub are untouched then.
 */
int unpack_run(const struct unpack_request *req, struct submission *sub, struct unpack_outcome *ret,
	       struct err *err);

/**
 * unpack_within() - unpack an archive that unpack_run() has unpacked, in its place
 * @req:  that of unpack_run(); @req->meanwhile is not called
 * @path: of a regular file beneath dest_fd, reached through no link; becomes a folder of its name
 * @sub:  entries is set
 * @out:  of unpack_run(); becomes that of both, top the folder within @path that is to be entered
 *
 * The same child does it in the same way, with that folder for its root: nothing beside it can be read
 * or changed, nor linked to. The limits are those of both together: entries, bytes (those of the
 * archive itself have been counted), time. Errors are those of unpack_run(), "within 'PATH': ...".
 * Return: 0, or -1; @out and @sub are untouched then, the tree is not.
 */
int unpack_within(const struct unpack_request *req, const char *path, struct submission *sub,
		  struct unpack_outcome *out, struct err *err);

#endif
