/* writer_data.h - the state of a tree that is being written, and the attributes of an entry. */
#ifndef MOULETTE_ARCHIVE_WRITER_DATA_H
#define MOULETTE_ARCHIVE_WRITER_DATA_H

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

struct entry_attr {
	mode_t mode; /* type and permission bits */
	int64_t uid, gid;
	struct timespec mtime;
};

struct writer {
	int root; /* borrowed; links in the middle of a path never lead out of it */
	int64_t max_bytes;
	int64_t bytes, entries; /* written; after rootfs_writer_finish(): of the tree */
	int64_t setid, devices, capabilities, pipes; /* counted by rootfs_writer_finish() */
	int64_t open_folders; /* that everybody may write to, but for the usual ones */
	char open_folder[64]; /* the first of them, shortened */
	void *times; /* of folders, by inode: what is written into a folder changes its time */
	void *marks; /* what was left out, by inode */
};

#endif
