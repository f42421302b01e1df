/* refused.h - what the rules of a box did not let through. */
#ifndef MOULETTE_NETWORK_REFUSED_H
#define MOULETTE_NETWORK_REFUSED_H

#include "base/err.h"
#include "model/network.h"

struct nl_sock;

/** refused_read() - what was refused since rules_text() was written, the first one in front, the
 *  others by address, protocol and port.
 * @filter: of NETLINK_NETFILTER, opened in the box's namespace
 * @f:      has room for NETWORK_REFUSALS_MAX. FAULT_INFRA. */
int refused_read(struct nl_sock *filter, struct network_facts *f, struct err *err);

#endif
