/* tally.h - how many entries a tree has that is being written, and the times of its folders. */
#ifndef MOULETTE_ARCHIVE_TALLY_H
#define MOULETTE_ARCHIVE_TALLY_H

#include "archive/writer_data.h"
#include "base/err.h"

/** tally_entry() - one entry more. FAULT_USAGE: there are too many. */
int tally_entry(struct writer *w, struct err *err);
/** tally_time() - the time that rootfs_writer_finish() gives to the folder @fd; the last one counts.
 *  -1: errno. */
int tally_time(struct writer *w, int fd, struct timespec mtime);
/** tally_time_of() - the time of the folder @ino; 1970 when none was given. */
struct timespec tally_time_of(const struct writer *w, ino_t ino);
void tally_free(struct writer *w);

#endif
