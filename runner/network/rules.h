/* rules.h - the rules within a box's own network namespace. */
#ifndef MOULETTE_NETWORK_RULES_H
#define MOULETTE_NETWORK_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/network.h"
#include "network/host.h"

/* Names of the links in a box. */
#define RULES_CARD "eth0"
#define RULES_PEERS "eth1" /* leads to the other boxes of a test, and nowhere else */

/**
 * rules_text() - in nft's language: nothing goes out or comes in but lo, what @reach allows from
 * @address, its answers, and all that goes by RULES_PEERS
 *
 * What is refused gets an answer at once (ECONNREFUSED for connect(), EPERM for sendto()) and is
 * counted by destination. IPv6 is on lo only.
 */
void rules_text(uint32_t address, const struct network *n, const struct network_host *h,
		const struct network_reach *reach, size_t n_reach, struct buf *b);

/** rules_protocol() - "tcp", "udp" one after the other: NULL after the last. */
const char *rules_protocol(unsigned protocols, int *at);

struct nft;
/** rules_read() - what was refused since rules_text() was written, into @f, which has room for
 *  NETWORK_REFUSALS_MAX. FAULT_INFRA. */
int rules_read(struct nft *nft, struct network_facts *f, struct err *err);

#endif
