/* peers.c - a bridge in a namespace without other links, and ports to it. */
#include "network/peers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "network/netlink.h"
#include "network/netns.h"
#include "network/route.h"
#include "network/rules.h"

#define BRIDGE "peers"
#define PEER_BITS 24
/* Where both ends of a wire have the same index, in two namespaces, the kernel takes up to a second
 * to see that the wire is there. */
#define FIRST_INDEX 4096
#define PEERS_OFFSET 0xff01u /* 10.213.255.1 is the test's own box */

static int make_bridge(void *ctx, struct err *err)
{
	struct nl_sock *sock = NULL;
	(void)ctx;
	/* Of links that come: frames of all kinds pass, addresses need none. */
	file_write(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	int bad = netlink_open(NETLINK_ROUTE, &sock, err) < 0 ||
		  route_bridge(sock, BRIDGE, err) < 0 ||
		  route_up(sock, route_index(sock, BRIDGE), err) < 0;
	netlink_close(&sock);
	return bad ? -1 : 0;
}

int peers_switch_make(const char *path, struct err *err)
{
	return netns_make(path, make_bridge, NULL, err);
}

uint32_t peers_address(uint32_t network, int member)
{
	return network + PEERS_OFFSET + (uint32_t)member;
}

static int open_in(int ns, struct nl_sock **ret, struct err *err)
{
	AUTO_FD int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(ns, CLONE_NEWNET) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot enter a network namespace");
	int bad = netlink_open(NETLINK_ROUTE, ret, err);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot return to the host's network");
	return bad;
}

static int plug(struct nl_sock *sock, const char *port, struct err *err)
{
	int index = route_index(sock, port);
	return route_port(sock, index, route_index(sock, BRIDGE), err) < 0 ||
			       route_up(sock, index, err) < 0 ?
		       -1 :
		       0;
}

int peers_join(const char *path, int number, uint32_t network, int member, struct nl_sock *inner,
	       struct err *err)
{
	AUTO_FD int ns = open(path, O_RDONLY | O_CLOEXEC);
	struct nl_sock *sock = NULL;
	const uint8_t high = (uint8_t)(number >> 8), low = (uint8_t)number;
	const struct route_end box = { .name = RULES_PEERS,
				       .ns_fd = -1,
				       .index = FIRST_INDEX + number,
				       .mac = { 0x02, 'm', 'o', 2, high, low } };
	struct route_end port = { .mac = { 0x02, 'm', 'o', 3, high, low }, .ns_fd = ns };
	snprintf(port.name, sizeof port.name, "port%d", number);
	if (ns < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", path);
	if (route_veth(inner, &box, &port, err) < 0)
		return -1;
	int index = route_index(inner, RULES_PEERS);
	/* The box's end first: a port that comes up without its wire is opened by the bridge only some
	 * time after the wire has come. */
	if (route_address(inner, index, peers_address(network, member), PEER_BITS, err) < 0 ||
	    route_up(inner, index, err) < 0 || open_in(ns, &sock, err) < 0)
		return -1;
	int bad = plug(sock, port.name, err);
	netlink_close(&sock);
	return bad;
}
