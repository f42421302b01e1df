/* card.h - the network card of one box: a pair of links, its addresses, its rules, its counters. */
#ifndef MOULETTE_NETWORK_CARD_H
#define MOULETTE_NETWORK_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/network.h"
#include "network/host.h"

struct card {
	struct network_host *host; /* borrowed */
	int number;                /* of the slot */
	char name[16];             /* of the host's end; "": there is no card */
	char *undo;                /* what the host's rules know of it; NULL: nothing */
	uint32_t address;          /* of the box */
	/* Ways into the box's namespace: links and rules. */
	struct nl_sock *inner, *filter;
};

/** What a card is made in. */
struct card_options {
	struct network_host *host;
	const struct network *network; /* NETWORK_CARD, checked by network_host_check() */
	int number;                    /* of a slot that the caller holds; names link and address */
	const char *netns;             /* path at which the box's namespace is to be bound */
	/* A second link to the other boxes of a test (network/peers.h); NULL: none. */
	const char *peers; /* path of the switch */
	int member;
};

/**
 * card_make() - the network namespace of a box with a card in it
 *
 * As netns_make(), and then: eth0 at an address of its own with the host at its other end, default
 * route there, permanent neighbours, no IPv6 but on lo, rate both ways, rules. What a killed run
 * left of this slot's card is removed first. FAULT_INFRA; *ret is to be ended in both cases.
 */
int card_make(const struct card_options *opt, struct card *ret, struct err *err);
/** card_read() - what went through since it was made; NULL where there is no card. The caller owns
 *  *ret. @used false: the caller knows that nothing did. */
int card_read(const struct card *c, bool used, struct network_facts **ret, struct err *err);
/** card_end() - all that is left are the links, which go with the box's namespace: that is the
 *  caller's to unmount, and the kernel removes it a moment later. @now: wait for that, some 30 ms,
 *  so that nothing of any card of the slot is there any more when this returns. Accepts half-made ones, and none. */
void card_end(struct card *c, bool now);

#endif
