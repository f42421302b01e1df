/* route.c - rtnetlink by libnl-route: one function a thing that a card needs. */
#include "network/route.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/tbf.h>
#include <netlink/route/route.h>
#include <netlink/route/tc.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/mem.h"
#include "network/netlink.h"

/* What waits for its turn at most, beside one burst: a tenth of a second. */
#define QUEUE_PART 10
/* What may go at once: a hundredth of a second, but never less than a segment of the wire. */
#define BURST_PART 100
#define BURST_MIN 16384
/* One less than IPv6 asks for: the kernel gives such links none, so there is nothing of it to switch
 * off, nothing that it says by itself and nobody who could switch it on. */
#define MTU 1279

static int trouble(int rc, struct err *err, const char *what)
{
	return err_set(err, FAULT_INFRA, 0, "cannot %s: %s", what, nl_geterror(rc));
}

static struct nl_addr *ip(uint32_t address, int bits)
{
	uint32_t wire = htonl(address);
	struct nl_addr *a = mem_check(nl_addr_build(AF_INET, &wire, sizeof wire));
	nl_addr_set_prefixlen(a, bits);
	return a;
}

static void describe(struct rtnl_link *link, const struct route_end *end)
{
	struct nl_addr *mac = mem_check(nl_addr_build(AF_LLC, end->mac, ROUTE_MAC));
	rtnl_link_set_name(link, end->name);
	if (end->index)
		rtnl_link_set_ifindex(link, end->index);
	/* Else one for each processor of the host. */
	rtnl_link_set_num_tx_queues(link, 1);
	rtnl_link_set_num_rx_queues(link, 1);
	rtnl_link_set_mtu(link, MTU);
	if (end->up)
		rtnl_link_set_flags(link, IFF_UP);
	rtnl_link_set_addr(link, mac);
	nl_addr_put(mac);
	if (end->ns_fd >= 0)
		rtnl_link_set_ns_fd(link, end->ns_fd);
}

int route_veth(struct nl_sock *sock, const struct route_end *a, const struct route_end *b,
	       struct err *err)
{
	struct rtnl_link *link = mem_check(rtnl_link_veth_alloc());
	struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
	describe(link, a);
	describe(peer, b);
	int rc = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(peer);
	rtnl_link_put(link);
	return rc < 0 ? trouble(rc, err, "make a network card") : 0;
}

int route_bridge(struct nl_sock *sock, const char *name, struct err *err)
{
	int rc = rtnl_link_bridge_add(sock, name);
	return rc < 0 ? trouble(rc, err, "make a bridge") : 0;
}

/* Not by netlink: it would describe all of the link, for twenty times the price. */
int route_index(struct nl_sock *sock, const char *name)
{
	struct ifreq req = { 0 };
	snprintf(req.ifr_name, sizeof req.ifr_name, "%s", name);
	return ioctl(nl_socket_get_fd(sock), SIOCGIFINDEX, &req) < 0 ? 0 : req.ifr_ifindex;
}

static int add_counts(struct nl_msg *msg, void *arg)
{
	struct route_counts *sum = arg;
	const struct rtnl_link_stats64 *all;
	struct nlattr *a = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct if_stats_msg),
					   IFLA_STATS_LINK_64);
	if (!a || nla_len(a) < (int)sizeof *all)
		return -NLE_MISSING_ATTR;
	all = nla_data(a);
	sum->sent_packets += (int64_t)all->tx_packets;
	sum->received_packets += (int64_t)all->rx_packets;
	sum->sent_bytes += (int64_t)(all->tx_bytes - all->tx_packets * ETH_HLEN);
	sum->received_bytes += (int64_t)(all->rx_bytes - all->rx_packets * ETH_HLEN);
	return NL_OK;
}

int route_counts(struct nl_sock *sock, const char *name, struct route_counts *sum, struct err *err)
{
	struct if_stats_msg what = { .ifindex = (uint32_t)route_index(sock, name),
				     .filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64) };
	if (what.ifindex == 0)
		return 0;
	struct nl_msg *msg = mem_check(nlmsg_alloc_simple(RTM_GETSTATS, 0));
	nlmsg_append(msg, &what, sizeof what, NLMSG_ALIGNTO);
	int rc = netlink_ask(sock, msg, add_counts, sum);
	return rc < 0 ? trouble(rc, err, "read the counters of a network card") : 0;
}

static struct rtnl_link *by_index(int index)
{
	struct rtnl_link *link = mem_check(rtnl_link_alloc());
	rtnl_link_set_ifindex(link, index);
	return link;
}

int route_delete(struct nl_sock *sock, const char *name, struct err *err)
{
	int index = route_index(sock, name);
	if (index == 0)
		return 0;
	struct rtnl_link *link = by_index(index);
	int rc = rtnl_link_delete(sock, link);
	rtnl_link_put(link);
	return rc < 0 && rc != -NLE_NODEV && rc != -NLE_OBJ_NOTFOUND ?
		       trouble(rc, err, "remove a network card") :
		       0;
}

int route_delete_prefixed(struct nl_sock *sock, const char *prefix, struct err *err)
{
	struct nl_cache *links = NULL;
	int bad = 0, rc = rtnl_link_alloc_cache(sock, AF_UNSPEC, &links);
	if (rc < 0)
		return trouble(rc, err, "list the network cards");
	for (struct nl_object *o = nl_cache_get_first(links); o; o = nl_cache_get_next(o)) {
		const char *name = rtnl_link_get_name((struct rtnl_link *)o);
		if (name && strncmp(name, prefix, strlen(prefix)) == 0 &&
		    route_delete(sock, name, err) < 0)
			bad = -1;
	}
	nl_cache_free(links);
	return bad;
}

static int change(struct nl_sock *sock, int index, struct rtnl_link *changes, const char *what,
		  struct err *err)
{
	struct rtnl_link *link = by_index(index);
	int rc = rtnl_link_change(sock, link, changes, 0);
	rtnl_link_put(link);
	rtnl_link_put(changes);
	return rc < 0 ? trouble(rc, err, what) : 0;
}

int route_up(struct nl_sock *sock, int index, struct err *err)
{
	struct rtnl_link *changes = by_index(index);
	rtnl_link_set_flags(changes, IFF_UP);
	return change(sock, index, changes, "bring up a network card", err);
}

int route_port(struct nl_sock *sock, int index, int bridge, struct err *err)
{
	int rc = rtnl_link_enslave_ifindex(sock, bridge, index);
	return rc < 0 ? trouble(rc, err, "connect a network card to those of peers") : 0;
}

int route_address(struct nl_sock *sock, int index, uint32_t address, int bits, struct err *err)
{
	struct rtnl_addr *a = mem_check(rtnl_addr_alloc());
	struct nl_addr *local = ip(address, bits);
	rtnl_addr_set_ifindex(a, index);
	rtnl_addr_set_local(a, local);
	int rc = rtnl_addr_add(sock, a, 0);
	nl_addr_put(local);
	rtnl_addr_put(a);
	return rc < 0 ? trouble(rc, err, "give a network card its address") : 0;
}

static void next_hop(struct rtnl_route *r, int index, uint32_t gateway)
{
	struct rtnl_nexthop *hop = mem_check(rtnl_route_nh_alloc());
	rtnl_route_nh_set_ifindex(hop, index);
	if (gateway) {
		struct nl_addr *via = ip(gateway, 32);
		rtnl_route_nh_set_gateway(hop, via);
		nl_addr_put(via);
	}
	rtnl_route_add_nexthop(r, hop); /* takes it */
}

int route_add(struct nl_sock *sock, int index, uint32_t to, int bits, uint32_t gateway,
	      uint32_t source, struct err *err)
{
	struct rtnl_route *r = mem_check(rtnl_route_alloc());
	struct nl_addr *dst = ip(to, bits), *src = source ? ip(source, 32) : NULL;
	rtnl_route_set_family(r, AF_INET);
	rtnl_route_set_scope(r, gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
	rtnl_route_set_dst(r, dst);
	if (src)
		rtnl_route_set_pref_src(r, src);
	next_hop(r, index, gateway);
	/* A link that is about to go may still have it. */
	int rc = rtnl_route_add(sock, r, NLM_F_REPLACE);
	nl_addr_put(dst);
	nl_addr_put(src);
	rtnl_route_put(r);
	return rc < 0 ? trouble(rc, err, "give a network card its route") : 0;
}

int route_nowhere(struct nl_sock *sock, uint32_t to, int bits, bool there, struct err *err)
{
	struct rtnl_route *r = mem_check(rtnl_route_alloc());
	struct nl_addr *dst = ip(to, bits);
	rtnl_route_set_family(r, AF_INET);
	rtnl_route_set_type(r, RTN_UNREACHABLE);
	rtnl_route_set_dst(r, dst);
	int rc = there ? rtnl_route_add(sock, r, NLM_F_REPLACE) : rtnl_route_delete(sock, r, 0);
	nl_addr_put(dst);
	rtnl_route_put(r);
	return rc < 0 && rc != -NLE_OBJ_NOTFOUND ?
		       trouble(rc, err, "add a route for boxes that have ended") :
		       0;
}

int route_neighbour(struct nl_sock *sock, int index, uint32_t address, const uint8_t mac[ROUTE_MAC],
		    struct err *err)
{
	struct rtnl_neigh *n = mem_check(rtnl_neigh_alloc());
	struct nl_addr *dst = ip(address, 32);
	struct nl_addr *ll = mem_check(nl_addr_build(AF_LLC, mac, ROUTE_MAC));
	rtnl_neigh_set_ifindex(n, index);
	rtnl_neigh_set_dst(n, dst);
	rtnl_neigh_set_lladdr(n, ll);
	rtnl_neigh_set_state(n, NUD_PERMANENT);
	int rc = rtnl_neigh_add(sock, n, NLM_F_CREATE | NLM_F_REPLACE);
	nl_addr_put(dst);
	nl_addr_put(ll);
	rtnl_neigh_put(n);
	return rc < 0 ? trouble(rc, err, "set the neighbour of a network card") : 0;
}

int route_rate(struct nl_sock *sock, int index, int64_t bits_per_second, struct err *err)
{
	struct rtnl_qdisc *q = mem_check(rtnl_qdisc_alloc());
	int64_t rate = bits_per_second / 8;
	int64_t burst = rate / BURST_PART > BURST_MIN ? rate / BURST_PART : BURST_MIN;
	rtnl_tc_set_ifindex(TC_CAST(q), index);
	rtnl_tc_set_parent(TC_CAST(q), TC_H_ROOT);
	rtnl_tc_set_kind(TC_CAST(q), "tbf");
	rtnl_qdisc_tbf_set_rate(q, (int)rate, (int)burst, 0);
	rtnl_qdisc_tbf_set_limit(q, (int)(burst + rate / QUEUE_PART));
	int rc = rtnl_qdisc_add(sock, q, NLM_F_CREATE);
	rtnl_qdisc_put(q);
	return rc < 0 ? trouble(rc, err, "limit the rate of a network card") : 0;
}
