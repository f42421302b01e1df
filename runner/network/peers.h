/* peers.h - joins the boxes of one test: a switch in a namespace of its own, which leads nowhere
 * else. */
#ifndef MOULETTE_NETWORK_PEERS_H
#define MOULETTE_NETWORK_PEERS_H

#include <stdint.h>

#include "base/err.h"

struct nl_sock;

/** peers_switch_make() - a namespace with a bridge, bound at @path; it goes with the last card that
 *  is joined to it, once @path is unmounted. FAULT_INFRA. */
int peers_switch_make(const char *path, struct err *err);
/**
 * peers_join() - a link named RULES_PEERS from a box's namespace to the switch
 * @path:    the switch
 * @number:  of the box's slot: names the port
 * @network: of all cards; a member's address is the one of peers_address()
 * @inner:   netlink of the box's namespace
 */
int peers_join(const char *path, int number, uint32_t network, int member, struct nl_sock *inner,
	       struct err *err);
/** peers_address() - of the member @member: 0 is the test's own box, from 1 on its peers. */
uint32_t peers_address(uint32_t network, int member);

#endif
