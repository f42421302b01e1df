/* handins.h - the submissions of a batch: files, folders of submissions, lists of either. */
#ifndef MOULETTE_SUBMISSION_HANDINS_H
#define MOULETTE_SUBMISSION_HANDINS_H

#include <stdio.h>

#include "base/err.h"

/**
 * handins_find() - the submissions that the words of a command line stand for, in their order
 * @words:      paths; "-" stands for the lines of @list
 * @extensions: of source files, as submission_open() has them
 * @ret:        absolute paths, owned; added to
 *
 * A folder that holds a Makefile, run.sh or a source file is one submission, any other stands for
 * what lies in it, sorted by name, without names that begin with a dot. A word may be a link, and is followed. A
 * link that is found in a folder is not: it is a submission of its own, which submission_open() refuses, and it
 * makes a folder one submission only where it stays in the folder. Fifos, sockets and devices there are left
 * out.
 *
 * A folder that holds such a file and archives may be either, a submission or those of a class with a stray
 * file: FAULT_USAGE, with the names of both, when it is the only word or the archives are more. A path that does
 * not exist, a folder that cannot be read or is empty: FAULT_USAGE.
 */
int handins_find(char *const *words, FILE *list, char *const *extensions, char ***ret,
		 struct err *err);

#endif
