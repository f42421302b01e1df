/* documents.h - the JSON documents of an archive of images (child side). */
#ifndef MOULETTE_IMPORT_DOCUMENTS_H
#define MOULETTE_IMPORT_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/json.h"
#include "import/members.h"

#define DOCUMENT_BYTES_MAX (4 << 20)
#define DOCUMENTS_BYTES_MAX (64 << 20) /* of one archive: each is read once, or seldom more often */
#define IMAGES_MAX 1000
#define STRINGS_MAX 2000 /* in one list: layers, variables, tags */
#define LAYERS_MAX 512   /* the kernel stacks at most 500, Docker writes 127 */

/** The documents of one archive. Those that refer to one another in a circle, or all to the same
 *  large one, end at @left. */
struct documents {
	struct members *members; /* borrowed */
	int64_t left;
};

/**
 * document_load() - parse the member @name, an object or, if @is_array, an array
 * @hex:   its sha256; NULL: not said
 * @bytes: its size; -1: not said
 */
int document_load(struct documents *d, const char *name, const char *hex, int64_t bytes,
		  bool is_array, struct json_object **ret, struct err *err);

/** document_str() and friends - as json_get_str(), but null is the same as a missing key: those who
 *  write these documents take it so. Of more than STRINGS_MAX strings: FAULT_USAGE. */
int document_str(struct json_object *o, const char *where, const char *key, char **ret,
		 struct err *err);
int document_strv(struct json_object *o, const char *where, const char *key, char ***ret,
		  struct err *err);
int document_obj(struct json_object *o, const char *where, const char *key,
		 struct json_object **ret, struct err *err);
int document_array(struct json_object *o, const char *where, const char *key,
		   struct json_object **ret, struct err *err);

/** documents_digest() - of "sha256:" and 64 digits the digits. @what: where that text stands. */
int documents_digest(const char *text, const char *what, char ret[DIGEST_HEX], struct err *err);
/** documents_is_digest() - do 64 lower digits begin at @s? */
bool documents_is_digest(const char *s);

/** documents_machine() - this machine as images name it ("amd64"). */
const char *documents_machine(void);

#endif
