/* profile_chain.h - the files that a profile is merged from. */
#ifndef MOULETTE_BUNDLE_PROFILE_CHAIN_H
#define MOULETTE_BUNDLE_PROFILE_CHAIN_H

#include <json-c/json.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/** One file. */
struct profile_layer {
	char *name, *path, *dir; /* "default", "/x/default.json", "/x" */
	struct buf text;         /* as it lies in the file */
	struct json_object *json;
	char *extends; /* "" for base */
};

struct profile_chain {
	struct profile_layer *v; /* base first */
	size_t n;
};

/** profile_chain_load() - @name and all that it extends; keys of the outermost level are checked.
 *  FAULT_USAGE: unknown name, missing parent, circle. */
int profile_chain_load(const char *name, char *const *dirs, struct profile_chain *ret,
		       struct err *err);
void profile_chain_done(struct profile_chain *c);

/** profile_chain_moulette() - what `moulette` says in one file, borrowed; NULL when it says nothing.
 *  FAULT_USAGE: an unknown key. */
int profile_chain_moulette(const struct profile_layer *l, struct json_object **ret,
			   struct err *err);

/** profile_chain_near() - the file @name as a file in @dir says it: below @dir, else in one of @dirs.
 *  Return: its path (owned), or NULL with errno. */
char *profile_chain_near(const char *name, const char *dir, char *const *dirs);

/** profile_chain_names() - names of the profiles in @dirs, sorted, each once. Other JSON files in these
 *  folders (lists of system calls, tables) are left out. */
int profile_chain_names(char *const *dirs, char ***ret, struct err *err);

#endif
