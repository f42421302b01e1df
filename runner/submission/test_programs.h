/* test_programs.h - commands of the teacher that take settings or modules from the submission. */
#ifndef MOULETTE_SUBMISSION_TEST_PROGRAMS_H
#define MOULETTE_SUBMISSION_TEST_PROGRAMS_H

#include "model/assignment.h"

/**
 * test_programs_warn() - commands that take settings or modules from the work folder, one line each,
 * added to *@ret
 *
 * Python without -I where it runs a module of tests, an inline program, or a script that `files` lays
 * into the work folder; pytest on tests there; valgrind without --command-line-only=yes; in tests also
 * git, and make without -f where no makefile is laid. A program that was handed in is run as it is
 * meant, without a word. The man page tells the safe calls, in TEST PROGRAMS.
 */
void test_programs_warn(const struct assignment *a, char ***ret);

#endif
