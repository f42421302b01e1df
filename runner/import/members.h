/* members.h - an archive of images as a table of named members, whether a tar or a folder. */
#ifndef MOULETTE_IMPORT_MEMBERS_H
#define MOULETTE_IMPORT_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct members; /* name -> where its bytes are; holds no content */

/**
 * members_load() - see what @fd is, and find its members if it is an archive of images
 * @fd:        the file, or with @is_folder the folder; borrowed for the life of *@ret
 * @scratch:   an open folder for what cannot be sought in (a compressed archive is spooled there,
 *             into a file without a name)
 * @max_bytes: of a spooled archive
 *
 * An archive of images has manifest.json, or index.json and oci-layout, at its top or in its one
 * folder (that may lie in another, and so on), and no root file system beside them. Members are
 * named from there. Of a root file system only the first entries are read. Links among members
 * (skopeo's layer.tar) are followed by name, within the archive; names that occur twice: the last.
 *
 * Return: 1 an archive of images, 0 a plain tree (@fd is at offset 0 again), -1 with FAULT_USAGE
 * (the archive is damaged or too large, or its images lie in one of several folders) or FAULT_INFRA.
 */
int members_load(int fd, bool is_folder, int scratch, int64_t max_bytes, struct members **ret,
		 struct err *err);
void members_free(struct members *m);
void members_cleanup(struct members **m);
#define AUTO_MEMBERS __attribute__((cleanup(members_cleanup))) struct members

bool members_has(const struct members *m, const char *name);

struct member; /* one member that is being read */

/** member_open() - FAULT_USAGE when there is none of that name, or it is no file. @ret_bytes: its
 *  size; may be NULL. */
int member_open(struct members *m, const char *name, struct member **ret, int64_t *ret_bytes,
		struct err *err);
/** member_next() - the next bytes, valid until the next call; *@ret_len 0 is the end. */
int member_next(struct member *m, const void **ret, size_t *ret_len, struct err *err);
void member_close(struct member *m);
void member_cleanup(struct member **m);
#define AUTO_MEMBER __attribute__((cleanup(member_cleanup))) struct member

/** member_read() - a whole member of at most @max bytes, appended to @ret. */
int member_read(struct members *m, const char *name, size_t max, struct buf *ret, struct err *err);

#endif
