/* member_table.h - pure: the members of an archive by name, links among them included. */
#ifndef MOULETTE_IMPORT_MEMBER_TABLE_H
#define MOULETTE_IMPORT_MEMBER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* An image of 127 layers has some 400 members with names of 80 bytes. */
#define MEMBERS_MAX 100000
#define MEMBERS_NAME_BYTES_MAX (16 << 20) /* of all names and link targets together */
#define MEMBER_LINKS_MAX 8

enum member_kind { MEMBER_FILE, MEMBER_FOLDER, MEMBER_SYMLINK, MEMBER_HARDLINK, MEMBER_OTHER };

struct member_entry {
	char *name, *target; /* target: of a link */
	enum member_kind kind;
	int64_t at; /* where its header is */
	size_t order;
};

struct member_table {
	struct member_entry *all;
	size_t n, cap, name_bytes;
};

void member_table_done(struct member_table *t);
/** member_table_add() - @name is clean (place_clean()). FAULT_USAGE: too many, too long. */
int member_table_add(struct member_table *t, const char *name, enum member_kind kind,
		     const char *target, int64_t at, struct err *err);
/** member_table_sort() - once, when all are there; of a name that came twice the last stays. */
void member_table_sort(struct member_table *t);
/** member_table_find() - by a clean name; NULL: there is none. */
const struct member_entry *member_table_find(const struct member_table *t, const char *name);
/** member_table_file() - the file that @name is or leads to. FAULT_USAGE: none, or no file. */
int member_table_file(const struct member_table *t, const char *name,
		      const struct member_entry **ret, struct err *err);

/** member_is_of_images() - is a thing at the top that is called @name what tools put into archives of
 *  images? Others may lie beside, and layers may have any name: then documents decide. */
bool member_is_of_images(const char *name, bool is_folder);
/** member_is_of_tree() - does the clean name begin with a folder that every root file system has? */
bool member_is_of_tree(const char *name);

#endif
