/* import.h - the two children of an import, as their parent starts them. */
#ifndef MOULETTE_IMPORT_IMPORT_H
#define MOULETTE_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/rootfs_writer.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/image.h"
#include "model/places.h"

/** image_import() - from a tar (plain, gz, xz, zst, bz2) or a folder, of a tree or of images in the
 *  layouts of Docker and OCI, of which @name chooses one by its tag; replaces an image of that name
 *  in one step. A bad archive is FAULT_USAGE, and the store is as before. */
int image_import(const struct places *p, const char *name, const char *path, int64_t max_bytes,
		 struct image *ret, struct err *err);

/* What a child says: this, then @text_len bytes. Believed only within bounds. */
struct import_report {
	int result;
	struct err err;
	int64_t bytes, entries, setid, devices, capabilities, pipes, open_folders;
	char open_folder[64];
	bool is_image; /* layers were made, not a tree */
	uint32_t text_len;
};

/** import_report_tree() - what is said of a finished tree. */
void import_report_tree(struct import_report *r, const struct writer *w);
/** import_report_dropped() - what was left out of the tree, as numbers of the image. */
void import_report_dropped(const struct import_report *r, struct image *i);

/* Where a child finds its descriptors. */
enum { CHILD_ROOT = 3, CHILD_OTHER, CHILD_REPORT, CHILD_LOCK, CHILD_END };

/** The work of a child. @root is what it is confined to, @other a descriptor that it was given.
 *  Text that is to be said goes to @text. Return: 0, or -1 with report->err. */
struct import_call {
	int (*work)(void *ctx, int root, int other, struct import_report *report, struct buf *text);
	void *ctx;
	int root, other, lock; /* lock: held as long as the child lives */
};

/**
 * import_child() - do @call in a child that has nothing of ours but three descriptors
 *
 * Return: 0, or -1: its own error, or that it crashed.
 */
int import_child(const struct import_call *call, struct import_report *ret, struct buf *text,
		 struct err *err);

/** import_confine() - in the child: @root becomes its root; few capabilities and system calls, bounded
 *  memory. */
int import_confine(int root, struct err *err);

/* ---- import_read.c ---- */

/** What is to be read. Used in the child too. */
struct import_source {
	const char *name; /* of the image that it becomes: chooses among several */
	bool is_folder;
	int64_t max_bytes;
};

/**
 * import_read() - work of the first child: read the source into the unfinished folder @root
 *
 * Of a plain tree rootfs/ is filled and finished, and nothing is said. Of an archive of images the
 * layers are made below layers/, and the text has a NUL-terminated line for each layer from the
 * lowest on ("L" and the diff id), variable ("E"), user ("U") and working directory ("W").
 */
int import_read(void *source, int root, int other, struct import_report *report, struct buf *text);

#endif
