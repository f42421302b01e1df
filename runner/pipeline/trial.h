/* trial.h - does a box run on this host? One is tried, as `run` would start it. */
#ifndef MOULETTE_PIPELINE_TRIAL_H
#define MOULETTE_PIPELINE_TRIAL_H

#include <stdbool.h>

#include "base/err.h"
#include "model/places.h"

/**
 * trial_box() - run `true` in a box of the image host, and keep nothing
 * @plain: the mode of the engine
 *
 * In a child with a home of its own in memory, so the home of @p is neither made nor changed; slots
 * and cgroups are the host's. Ends after a minute at the latest. Return: 0, -1 with the words
 * that `run` would have for it.
 */
int trial_box(const struct places *p, bool plain, struct err *err);

#endif
