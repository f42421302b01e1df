/* layer_index.h - the entries of a layer, as the store keeps them: in their order, without data. */
#ifndef MOULETTE_IMPORT_LAYER_INDEX_H
#define MOULETTE_IMPORT_LAYER_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "archive/rootfs_writer.h"
#include "base/buf.h"
#include "base/err.h"

enum layer_kind {
	LAYER_FOLDER = 1,
	LAYER_FILE,
	LAYER_SYMLINK,
	LAYER_HARDLINK,
	LAYER_DROPPED,
	LAYER_HIDDEN,
	LAYER_OPAQUE,
	LAYER_KINDS,
};

struct layer_record {
	enum layer_kind kind;
	struct entry_attr attr;
	uint32_t marks;          /* MARK_* of a file */
	uint64_t number;         /* of a file: its name in files/, in hexadecimal digits */
	struct buf path, target; /* clean path; target of a link */
	struct buf xattrs;       /* of a folder: NAME NUL, length as uint32_t, value; and so on */
};

void layer_record_done(struct layer_record *r);
#define AUTO_RECORD __attribute__((cleanup(layer_record_done))) struct layer_record

int layer_record_write(FILE *f, const struct layer_record *r, struct err *err);
/** layer_record_read() - into @ret, which is used again. Return: 1, 0 at the end, -1 with
 *  FAULT_INFRA: the file is not as it was written. */
int layer_record_read(FILE *f, struct layer_record *ret, struct err *err);
/** layer_xattr_next() - the attribute at *@at, which moves on. Return: 1, 0 none is left. */
int layer_xattr_next(const struct layer_record *r, size_t *at, const char **name,
		     const void **value, size_t *len);
/** layer_xattr_add() - to a record that is to be written. */
int layer_xattr_add(struct layer_record *r, const char *name, const void *value, size_t len,
		    struct err *err);

#endif
