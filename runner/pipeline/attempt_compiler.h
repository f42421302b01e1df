/* attempt_compiler.h - is a failed build the student's, or has the image a compiler that fails on any program? */
#ifndef MOULETTE_PIPELINE_ATTEMPT_COMPILER_H
#define MOULETTE_PIPELINE_ATTEMPT_COMPILER_H

#include "pipeline/attempt_data.h"

/** attempt_fit_compiler() - leave out of step @i what the image's compiler was seen to lack. */
void attempt_fit_compiler(struct attempt *a, size_t i);
/** attempt_doubt_compiler() - after a compile error of step @i: give the row's own probe to the same compiler in
 *  the same box, once for each compiler of a session.
 *  @ret_again: the compiler is sound but lacks words of the table; without them the step is to be run again.
 *  @ret_why:   code "image.compiler" where it fails on any program; else its message is empty. */
int attempt_doubt_compiler(struct attempt *a, size_t i, bool *ret_again, struct err *ret_why,
			   struct err *err);

#endif
