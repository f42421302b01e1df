/* members_internal.h - what the rooms of members.c share; nobody else includes it. */
#ifndef MOULETTE_IMAGE_MEMBERS_INTERNAL_H
#define MOULETTE_IMAGE_MEMBERS_INTERNAL_H

#include "image/member_table.h"
#include "image/members.h"
#include "image/reader.h"

struct members {
	bool is_folder;
	int fd;      /* borrowed: a folder, or a tar that is not compressed */
	int spool;   /* owned: the same tar without its compression; -1: there is none */
	int64_t bytes, max_bytes; /* bytes: of the tar */
	struct member_table table; /* of a tar */
};

struct member {
	struct stream stream;
	int file;          /* owned: of a folder; -1 in a tar */
	struct archive *a; /* in a tar */
	int64_t at, bytes; /* of the content */
	const char *held;  /* what comes after a hole */
	size_t held_len;
	int64_t held_at;
};

/* ---- members_tar.c ---- */

/** members_tar_load() - Return: 1 every name may be one of images (the table is made), 0 a plain
 *  tree or nothing that can be read, -1 with @err. */
int members_tar_load(struct members *m, int scratch, struct err *err);
/** member_open_tar() - @s: as yet empty. */
int member_open_tar(struct members *m, const char *name, struct member *s, struct err *err);
/** member_next_tar() - as member_next(). */
int member_next_tar(struct member *s, const void **ret, size_t *ret_len, struct err *err);

/* ---- members_folder.c ---- */

/** members_folder_load() - as members_tar_load(); there is no table. */
int members_folder_load(struct members *m, struct err *err);
int member_open_folder(struct members *m, const char *name, struct member *s, struct err *err);
bool members_folder_has(const struct members *m, const char *name);

#endif
