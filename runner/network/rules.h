/* rules.h - the rules within a box's own network namespace. */
#ifndef MOULETTE_NETWORK_RULES_H
#define MOULETTE_NETWORK_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/network.h"
#include "network/host.h"

/* Names of the links in a box. */
#define RULES_CARD "eth0"
#define RULES_PEERS "eth1" /* leads to the other boxes of a test, and nowhere else */
/* Names in the rules, by which network/refused.h finds what they counted. */
#define RULES_TABLE "moulette"
#define RULES_FIRST "first"
#define RULES_REFUSED "refused"

/** What the rules of one box are made of; everything is borrowed. */
struct rules {
	uint32_t address; /* of the box */
	const struct network *network;
	const struct network_host *host;
	const struct network_reach *reach; /* what it allows */
	size_t n_reach;
	bool peers; /* there will be a link RULES_PEERS */
};

/**
 * rules_text() - in nft's language: nothing goes out or comes in but lo, what @r allows from its
 * address, its answers, and all that goes by RULES_PEERS
 *
 * What is refused gets an answer at once (ECONNREFUSED for connect(), EPERM for sendto()) and is
 * counted by destination.
 */
void rules_text(const struct rules *r, struct buf *b);

/** rules_protocol() - "tcp", "udp" one after the other: NULL after the last. */
const char *rules_protocol(unsigned protocols, int *at);

#endif
