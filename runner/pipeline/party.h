/* party.h - the peers of a test: programs in boxes of their own, which its box reaches by name. */
#ifndef MOULETTE_PIPELINE_PARTY_H
#define MOULETTE_PIPELINE_PARTY_H

#include <stddef.h>

#include "base/err.h"
#include "pipeline/attempt.h"

struct party_member;
struct party {
	struct party_member *members;
	size_t n;
	struct alive *alive; /* signs of life of who waits for them */
};

/**
 * party_start() - start every peer of @test, and wait until it is ready
 * @a: the test's own attempt, whose box is there already, joined to the switch
 *
 * Ready is who listens where its "listen" says; when it says nothing, who listens anywhere or has
 * sent anything to the others (waited for 5 s at most); when it says false, who was started. FAULT_ASSIGNMENT: a peer that cannot be
 * started or ends before; FAULT_INFRA; code "interrupted". *ret is to be ended in every case.
 */
int party_start(const struct attempt *a, const struct step_spec *test, struct party *ret,
		struct err *err);
/** party_note() - words about the first peer that ended while the test ran; "" for none. */
void party_note(struct party *p, char *buf, size_t size);
/** party_end() - every peer is gone, with its box, when it returns. */
void party_end(struct party *p);

#endif
