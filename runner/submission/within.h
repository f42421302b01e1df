/* within.h - finds the archive or folder that a submission consists of, with only notes beside it. */
#ifndef MOULETTE_SUBMISSION_WITHIN_H
#define MOULETTE_SUBMISSION_WITHIN_H

#include <stddef.h>

#include "base/err.h"
#include "model/assignment.h"
#include "submission/language.h"

/*
 * Notes are texts and documents (README, .txt, .md, .pdf, .docx, .html, pictures), but for those that
 * programs read (CMakeLists.txt, requirements.txt, index.html), and hidden files. What a word of the
 * assignment's commands or a destination of its `files` names is asked for where it lies, and nothing
 * is entered then. @a may be NULL: the built-in assignment. No link is followed.
 */

/**
 * within_archive() - the archive that a submission consists of, beside notes
 * @top: what was entered so far, beneath @dest_fd; "": @dest_fd itself
 * @ret: its path beneath @dest_fd, owned; NULL when there is none
 *
 * Archives are known by their names. Several: FAULT_STUDENT "archive.several", with two of their
 * names; one that is not unpacked (7z, rar): "archive.unsupported".
 */
int within_archive(int dest_fd, const char *top, const struct assignment *a, char **ret,
		   struct err *err);

/** within_nested() - refuse @path, which was found when one was unpacked already: FAULT_STUDENT
 *  "archive.nested". Return: -1. */
int within_nested(const char *path, struct err *err);

/**
 * within_folder() - enter the only folder with sources, where notes and archives alone lie beside it
 * @top:  as above; at most two more folders are appended, @size bytes with its NUL
 *
 * Sources have an extension of the table, or are a Makefile or run.sh; for an assignment with commands
 * of its own all are that are no notes. FAULT_INFRA.
 */
int within_folder(int dest_fd, const struct languages *l, const struct assignment *a, char *top,
		  size_t size, struct err *err);

#endif
