/* intake.h - from what was handed in to the folder that is graded. */
#ifndef MOULETTE_PIPELINE_INTAKE_H
#define MOULETTE_PIPELINE_INTAKE_H

#include "base/err.h"
#include "model/assignment.h"
#include "model/submission.h"
#include "submission/language.h"
#include "unpack/unpack.h"

/**
 * intake_unpack() - unpack_run(), then what lies within
 * @a: NULL: the built-in assignment
 * @ret: top is the folder that is graded
 *
 * An archive that lies alone, or beside notes, in what was handed in is unpacked as well, once; then
 * the only folder with sources beside notes is entered: within.h. Errors are those of all of these.
 */
int intake_unpack(const struct unpack_request *req, struct submission *sub,
		  const struct assignment *a, const struct languages *l, struct unpack_outcome *ret,
		  struct err *err);

#endif
