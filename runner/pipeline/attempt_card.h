/* attempt_card.h - the network of an attempt's box: which step has which card, and the names in it. */
#ifndef MOULETTE_PIPELINE_ATTEMPT_CARD_H
#define MOULETTE_PIPELINE_ATTEMPT_CARD_H

#include "pipeline/attempt.h"

/** attempt_network() - what a step may reach: its own word, the assignment's, the profile's. NULL:
 *  it has no card. */
const struct network *attempt_network(const struct attempt *a, const struct step_spec *s);
/** attempt_card_plan() - look once which files that name others any step will want. */
void attempt_card_plan(struct attempt *a);
/** attempt_card_mounts() - the files that name peers and nameservers, where any step has such. */
void attempt_card_mounts(struct attempt *a);
/** attempt_card_make() - the network namespace for the box in which @s is the first step. */
int attempt_card_make(struct attempt *a, const struct step_spec *s, struct err *err);
/** attempt_card_fits() - may @s run in the box that there is? Its peers are known to one alone. */
bool attempt_card_fits(const struct attempt *a, const struct step_spec *s);
/** attempt_card_env() - variables of every step with a card. */
void attempt_card_env(const struct attempt *a, char ***env);
/** attempt_card_read() - what the step did with it; a card that was used is not given to another. */
int attempt_card_read(struct attempt *a, struct step_facts *facts, struct err *err);
/** attempt_card_end() - accepts none, and half-made ones; @now as card_end() has it. */
void attempt_card_end(struct attempt *a, bool now);

#endif
