/* sources.h - which files of a work folder are sources. */
#ifndef MOULETTE_SUBMISSION_SOURCES_H
#define MOULETTE_SUBMISSION_SOURCES_H

#include "base/err.h"
#include "submission/language.h"

#define SOURCES_MAX 2000
/* Bytes of all names. They become words of one command, and PID 1 of a box takes 192 KiB of words
 * and environment. */
#define SOURCES_NAMES_MAX (128u * 1024)

#define SOURCES_OTHERS_MAX 4

struct sources {
	char **names; /* relative paths, sorted; the extension is one of the table's */
	size_t n;
	char *header;  /* a header that was seen; NULL: none */
	char **others; /* of the files that are neither, the first SOURCES_OTHERS_MAX by name */
};

/**
 * sources_find() - look for sources beneath @work_fd
 *
 * No link is followed. Names that begin with a dot and __MACOSX, which archivers leave, are passed
 * over. More than SOURCES_MAX, or names of more than SOURCES_NAMES_MAX bytes: FAULT_STUDENT,
 * "submission.too_many_sources".
 */
int sources_find(int work_fd, const struct languages *l, struct sources *ret, struct err *err);
void sources_done(struct sources *s);
/** sources_makefiles - names that make looks for, of which it takes the first; NULL ends them. */
extern char *const sources_makefiles[];
/** sources_ends_in() - does @name have one of @endings, in whatever case, and something before
 *  it? */
bool sources_ends_in(const char *name, char *const *endings);
/** sources_row() - the row with the extension of @name: exactly that one, else without case, as
 *  files of Windows have it; NULL: none. */
const struct language *sources_row(const struct languages *l, const char *name);

#endif
