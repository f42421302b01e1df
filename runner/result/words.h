/* words.h - the message of a step: one line that says why it did not pass. */
#ifndef MOULETTE_RESULT_WORDS_H
#define MOULETTE_RESULT_WORDS_H

#include "model/result.h"

/** words_of_step() - write res->message from the verdict, the facts and the limits of @res; "" for
 *  a step that passed. Where its network refused something, the first destination stands behind the
 *  cause: "ended with status 1, expected 0; refused: 10.0.0.9:5432/tcp (not allowed by the network
 *  of this test), and 2 more". */
void words_of_step(const struct step_spec *spec, const struct comparison *cmp,
		   struct step_result *res);
/** words_of_compiler() - the message of a build that did not compile is what its compiler said:
 *  "cc: sum.c:5:2: error: expected ';' before '}' token". @error: foreign bytes. */
void words_of_compiler(const struct step_spec *spec, const char *error, struct step_result *res);
/** words_say() - set the message, made printable and cut to its size. */
void words_say(struct step_result *res, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** words_append() - append @tail to the message, which is cut if both do not fit. */
void words_append(struct step_result *res, const char *tail);

#endif
