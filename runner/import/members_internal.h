/* members_internal.h - what the rooms of members.c share; nobody else includes it. */
#ifndef MOULETTE_IMPORT_MEMBERS_INTERNAL_H
#define MOULETTE_IMPORT_MEMBERS_INTERNAL_H

#include "archive/reader.h"
#include "import/member_table.h"
#include "import/members.h"

/* What lies in one folder of an archive. */
struct level {
	bool files, folders; /* some that tools do not put beside images */
	bool tree;           /* one of a root file system */
	char **below;        /* its folders but hidden ones, each once; NULL-terminated */
};
#define LEVEL_FOLDERS_MAX 16 /* of below */

struct members {
	bool is_folder;
	int fd;       /* borrowed: a folder, or a tar that is not compressed */
	char *within; /* the folder that the images lie in, "d/" or "d/e/"; "": the top */
	int spool;    /* owned: the same tar without its compression; -1: there is none */
	int64_t bytes, max_bytes;  /* bytes: of the tar */
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

/** members_tar_load() - Return: 1 it may hold images (the table is made), 0 a plain tree or nothing
 *  that can be read, -1 with @err. */
int members_tar_load(struct members *m, int scratch, struct err *err);
/** members_tar_level() - what lies in m->within. */
void members_tar_level(const struct members *m, struct level *ret);
/** member_open_tar() - @s: as yet empty. */
int member_open_tar(struct members *m, const char *name, struct member *s, struct err *err);
/** member_next_tar() - as member_next(). */
int member_next_tar(struct member *s, const void **ret, size_t *ret_len, struct err *err);

/* ---- members_folder.c ---- */

/** members_folder_level() - as members_tar_level(). -1: @err. */
int members_folder_level(const struct members *m, struct level *ret, struct err *err);
int member_open_folder(struct members *m, const char *name, struct member *s, struct err *err);
bool members_folder_has(const struct members *m, const char *name);

/* ---- members_find.c ---- */

/** members_level() - one thing that lies there. */
void members_level(struct level *l, const char *name, bool is_folder);
/** members_find() - where in the archive the images are: m->within. Return: 1, 0 there are none, -1
 *  with @err. */
int members_find(struct members *m, struct err *err);

#endif
