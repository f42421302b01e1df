/* host_copy.h - files and folders of the host, copied into a tree. */
#ifndef MOULETTE_ARCHIVE_HOST_COPY_H
#define MOULETTE_ARCHIVE_HOST_COPY_H

#include "archive/rootfs_writer.h"

/** host_copy_folder() - every entry below @source. @only_public: leave out what others cannot read. */
int host_copy_folder(int source, const char *to, bool only_public, struct writer *w,
		     struct err *err);
/** host_copy_file() - one regular file. */
int host_copy_file(int source, const char *to, struct writer *w, struct err *err);

#endif
