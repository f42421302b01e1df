/* json_check.h - the grammar of a JSON text; for json.c. */
#ifndef MOULETTE_BASE_JSON_CHECK_H
#define MOULETTE_BASE_JSON_CHECK_H

#include <stdbool.h>

#include "base/err.h"

#define JSON_CHECK_DEPTH 32 /* values within each other */

/**
 * json_check() - is @text one JSON value by RFC 8259?
 * @name: what errors call the text, a file name
 * @text: comments are blanks by now
 * @once: an object must not have a key twice
 *
 * Whole numbers have to fit 64 bits. Return: 0, or -1 with FAULT_USAGE: "NAME: line L: what".
 */
int json_check(const char *name, const char *text, bool once, struct err *err);
/** json_check_line() - the line of @text, from 1, that @at points into. */
int json_check_line(const char *text, const char *at);

#endif
