/* files_load.h - the key `files` of an assignment and of the peers of its tests. */
#ifndef MOULETTE_SUBMISSION_FILES_LOAD_H
#define MOULETTE_SUBMISSION_FILES_LOAD_H

#include "base/err.h"
#include "base/json.h"
#include "model/assignment.h"

/**
 * files_load() - read every `files` into @a, whose dir, tests and peers are there already
 * @root: the whole assignment.json
 * @file: its path, as errors name it
 *
 * `to` of a file that ends in a slash becomes the name within that folder; "." stands for the work
 * folder itself. FAULT_USAGE: paths that leave the assignment or the work folder, places of the box
 * that nothing can be mounted on, trees with links that leave the assignment, and secrets (expected
 * outputs, assignment.json) that would be covered without "exposes". Mounts do not overlap; those
 * of a peer neither with the assignment's, which are in its box as well.
 */
int files_load(struct json_object *root, const char *file, struct assignment *a, struct err *err);

#endif
