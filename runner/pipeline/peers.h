/* peers.h - the peers of a test: programs in boxes of their own, which its box reaches by name. */
#ifndef MOULETTE_PIPELINE_PEERS_H
#define MOULETTE_PIPELINE_PEERS_H

#include <stddef.h>

#include "base/err.h"
#include "pipeline/attempt_data.h"

#define PEERS_NOTE_MAX 200

struct peer;
struct peers {
	struct peer *all;
	size_t n;
};

/**
 * peers_start() - start every peer of @test, and wait until it is ready
 * @a: the test's own attempt, whose box is there already, joined to the switch
 *
 * A peer is ready when it listens on the port of its "listen". Without "listen" it is ready when it listens
 * anywhere or has sent anything to the others, or after 5 s. With false it is ready once it was started.
 * FAULT_ASSIGNMENT: a peer that cannot be started or ends before; FAULT_INFRA; code "interrupted".
 * *ret is to be ended in every case.
 */
int peers_start(struct attempt *a, const struct step_spec *test, struct peers *ret,
		struct err *err);
/** peers_running() - their steps, to be watched with the test's: at most WATCHED_MAX - 1, added at @to. Return:
 *  how many. */
size_t peers_running(const struct peers *p, struct running **to);
/** peers_note() - words about the first peer that ended while the test ran; "" for none. */
void peers_note(struct peers *p, char buf[PEERS_NOTE_MAX]);
/** peers_end() - every peer is gone, with its box, when it returns. */
void peers_end(struct peers *p);

#endif
