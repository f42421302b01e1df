/*
 * profile_kept.h - the slowest parts of loading a profile, kept for the next run: the list of system
 * calls, its filter, the digest.
 *
 * The key is all that the answer was made from, byte for byte: every file of the chain, the list, this
 * program file and the version of libseccomp. So a kept answer is never out of date.
 */
#ifndef MOULETTE_BUNDLE_PROFILE_KEPT_H
#define MOULETTE_BUNDLE_PROFILE_KEPT_H

#include "base/buf.h"
#include "bundle/profile_chain.h"
#include "bundle/profile_data.h"

/** profile_kept_key() - all that the answer depends on; @list: text of the list file, the one that an
 *  answer is made from. -1: errno. */
int profile_kept_key(const struct profile_chain *c, const struct buf *list, struct buf *ret);

/** profile_kept_read() - p->seccomp, p->filter, p->sha256 and more of p->warnings.
 *  Return: false when there is no such answer in @folder; @p is untouched. */
bool profile_kept_read(const char *folder, const struct buf *key, struct profile *p);

/** profile_kept_write() - keeps the same, with the warnings from the one at @first on. Best effort:
 *  without it the next run takes longer. At most 64 answers of 128 KiB are in a folder, later ones in
 *  the place of earlier. */
void profile_kept_write(const char *folder, const struct buf *key, const struct profile *p,
			size_t first);

#endif
