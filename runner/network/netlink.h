/* netlink.h - a socket to the kernel's network, and one question with its answers. */
#ifndef MOULETTE_NETWORK_NETLINK_H
#define MOULETTE_NETWORK_NETLINK_H

#include <linux/netlink.h> /* NETLINK_... */

#include "base/err.h"

struct nl_sock;
struct nl_msg;

/** netlink_open() - to the network namespace that we are in now, and stays with that one;
 *  @protocol: NETLINK_ROUTE, NETLINK_NETFILTER. FAULT_INFRA. */
int netlink_open(int protocol, struct nl_sock **ret, struct err *err);
/** netlink_close() - accepts NULL. */
void netlink_close(struct nl_sock **sock);
/** netlink_ask() - send @msg, which is freed, and give each message of the answer to @each.
 *  Returns a code of libnl, below 0 for errors. */
int netlink_ask(struct nl_sock *sock, struct nl_msg *msg, int (*each)(struct nl_msg *, void *),
		void *ctx);

#endif
