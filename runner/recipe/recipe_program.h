/* recipe_program.h - the one program that a recipe may bring along, busybox above all. */
#ifndef MOULETTE_RECIPE_RECIPE_PROGRAM_H
#define MOULETTE_RECIPE_RECIPE_PROGRAM_H

#include "archive/rootfs_writer.h"
#include "base/err.h"
#include "base/json.h"

/**
 * recipe_program() - copy a static program of the host, and link its names to it
 * @o: {"find": [PATH...], "package": NAME, "to": PATH, "links": [ARG...]}; with "links" the program
 *     is run with these arguments and prints the paths that become links
 *
 * The first path of "find" counts that is a static ELF program; when there is none the error names
 * the package to be installed.
 */
int recipe_program(struct writer *w, struct json_object *o, const char *where, struct err *err);

/** recipe_program_is_static() - 1: an ELF program that needs no loader; 0: not one; -1 with errno. */
int recipe_program_is_static(int fd);

#endif
