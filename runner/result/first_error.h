/* first_error.h - find the first error in the output of a compiler; pure. */
#ifndef MOULETTE_RESULT_FIRST_ERROR_H
#define MOULETTE_RESULT_FIRST_ERROR_H

#include "result/compare.h"

#define FIRST_ERROR_MAX 200

/**
 * first_error_find() - the first line of a stream that says an error as compilers write it
 * @ret: the line as it stands there, foreign bytes, at most FIRST_ERROR_MAX with its NUL, without
 *       colours; "..." where it was cut. Behind it, where the compiler gives it elsewhere, the place
 *       (rustc, ocaml, python), or the text that follows below (ghc).
 *
 * Known are gcc, clang, javac, rustc, go, ghc, kotlinc, ocaml, fpc, python and what writes as they
 * do; then the linker's complaints and, for want of any, what make or a linker says last. Looks at
 * the first MiB.
 * Return: 1 found, 0 there is none, -1 with the errno of @read.
 */
int first_error_find(compare_read_fn *read, void *ctx, char ret[FIRST_ERROR_MAX]);

#endif
