/* files.h - the `files` of an assignment that are mounted read-only. */
#ifndef MOULETTE_PIPELINE_FILES_H
#define MOULETTE_PIPELINE_FILES_H

#include "base/err.h"
#include "cell/host.h"
#include "model/assignment.h"
#include "model/places.h"
#include "model/spec.h"

/**
 * files_mount() - a copy of each of the @n files with an absolute `to`, to be mounted there read-only
 * @mounts: the copies are added; mount_specs_done() frees the list
 *
 * A copy, made once per digest below HOME/files, so that owners and modes of the teacher's files do not
 * matter in the box, and so that a change during a run does not. Two runs at once make it once.
 */
int files_mount(const struct host *h, const struct file_spec *files, size_t n,
		struct mount_spec **mounts, size_t *n_mounts, struct err *err);

/** files_sweep() - remove a copy that a killed runner left half made. */
int files_sweep(const struct places *p, struct err *err);

#endif
