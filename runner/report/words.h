/* words.h - texts that several formats share. */
#ifndef MOULETTE_REPORT_WORDS_H
#define MOULETTE_REPORT_WORDS_H

#include <stdbool.h>

#include "model/result.h"

/** words_has_error() - does the result have an `error` (refused or internal_error)? */
bool words_has_error(const struct run_result *r);
/** words_error_code() - never empty where there is an error: the verdict when no code was given. */
const char *words_error_code(const struct run_result *r);
/** words_error_message() - likewise; the message of the first step of that verdict serves, too. */
const char *words_error_message(const struct run_result *r);
/** words_verdict() - "wrong answer". */
const char *words_verdict(enum verdict v, char buf[32]);
/** words_points() - "2.5", at most four decimals; "-" for NaN. */
const char *words_points(double points, char buf[32]);

#endif
