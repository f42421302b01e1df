/* rounds.h - how often a test tries what chance decides. */
#ifndef MOULETTE_TESTS_UNIT_ROUNDS_H
#define MOULETTE_TESTS_UNIT_ROUNDS_H

#ifdef __has_feature
#define ROUNDS_SANITIZED __has_feature(address_sanitizer)
#elif defined __SANITIZE_ADDRESS__
#define ROUNDS_SANITIZED 1
#else
#define ROUNDS_SANITIZED 0
#endif

/* ROUNDS() - @n, or a fifth with sanitizers: they take some ten times as long, and a wrong access shows in the
 * first rounds. */
#define ROUNDS(n) (ROUNDS_SANITIZED ? (n) / 5 : (n))

#endif
