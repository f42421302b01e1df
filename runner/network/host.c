/* host.c - what the host's network is like, and whether it can give what an allow list asks for. */
#include "network/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "network/netlink.h"
#include "network/nft.h"
#include "network/route.h"

#define DNS_PORT 53

/* The IANA registry of special-purpose addresses, and what is no host's at all. */
const char network_not_public[] =
	"0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, "
	"192.0.0.0/24, 192.0.2.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, "
	"203.0.113.0/24, 224.0.0.0/3";

static uint32_t mask_of(int bits)
{
	return bits == 0 ? 0 : ~UINT32_C(0) << (32 - bits);
}

bool network_overlap(uint32_t a, int a_bits, uint32_t b, int b_bits)
{
	uint32_t mask = mask_of(a_bits < b_bits ? a_bits : b_bits);
	return (a & mask) == (b & mask);
}

static bool is_ours(const char *link)
{
	return strncmp(link, "moul-", 5) == 0;
}

static void add_prefix(struct network_prefix **list, size_t *n, uint32_t address, int bits,
		       const char *name)
{
	*list = mem_realloc(*list, (*n + 1) * sizeof **list);
	struct network_prefix *p = &(*list)[(*n)++];
	*p = (struct network_prefix){ .address = address, .bits = bits };
	snprintf(p->name, sizeof p->name, "%.15s", name);
}

/* --- facts -------------------------------------------------------------------------------- */

static int find_addresses(struct network_host *h, struct err *err)
{
	struct ifaddrs *all = NULL;
	if (getifaddrs(&all) < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot list the host's addresses");
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct sockaddr_in a;
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || is_ours(i->ifa_name))
			continue;
		memcpy(&a, i->ifa_addr, sizeof a);
		add_prefix(&h->own, &h->n_own, ntohl(a.sin_addr.s_addr), 32, i->ifa_name);
	}
	freeifaddrs(all);
	return 0;
}

struct route_line {
	char name[16];
	uint32_t to, mask; /* host byte order */
	bool nowhere;
};

/* The main table, as the kernel prints it: addresses in hexadecimal, in the order of the wire. */
static bool next_route(FILE *routes, struct route_line *ret)
{
	char line[256];
	unsigned int to, mask, flags;
	while (routes && fgets(line, sizeof line, routes)) {
		if (sscanf(line, "%15s %x %*x %x %*d %*d %*d %x", ret->name, &to, &flags, &mask) !=
		    4)
			continue;
		ret->to = ntohl(to);
		ret->mask = ntohl(mask);
		ret->nowhere = flags & RTF_REJECT;
		return true;
	}
	return false;
}

static int find_routes(struct network_host *h, struct err *err)
{
	AUTO_FILE FILE *f = fopen("/proc/net/route", "re");
	struct route_line r;
	if (!f)
		return err_set(err, FAULT_INFRA, errno, "cannot read '/proc/net/route'");
	/* A route that leads nowhere has no user; the runner's own is such a route. */
	while (next_route(f, &r))
		if (r.mask != 0 && !r.nowhere && !is_ours(r.name))
			add_prefix(&h->routes, &h->n_routes, r.to, __builtin_popcount(r.mask),
				   r.name);
	return 0;
}

/* The route to boxes that are gone is there before anything else of the runner, and goes last. */
bool network_host_traces(const struct places *p)
{
	AUTO_FILE FILE *f = fopen("/proc/net/route", "re");
	struct route_line r;
	while (next_route(f, &r))
		if (r.nowhere && r.to == p->card_network)
			return true;
	return false;
}

static void find_nameservers(struct network_host *h)
{
	AUTO_FILE FILE *f = fopen("/etc/resolv.conf", "re");
	char line[256], word[64];
	struct in_addr a;
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, " nameserver %63s", word) != 1 ||
		    inet_pton(AF_INET, word, &a) != 1)
			continue;
		h->nameservers = mem_realloc(h->nameservers,
					     (h->n_nameservers + 1) * sizeof *h->nameservers);
		h->nameservers[h->n_nameservers++] = ntohl(a.s_addr);
	}
}

int network_host_open(const struct places *p, struct network_host *ret, struct err *err)
{
	struct network_host h = { .places = p,
				  .network = p->card_network,
				  .address = p->card_network | 1,
				  .users_fd = -1,
				  .cleared = -1,
				  .names = (unsigned)getpid() * 61 };
	int64_t forwards = 0;
	file_read_i64(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", &forwards);
	h.forwards = forwards > 0;
	find_nameservers(&h);
	if (find_addresses(&h, err) < 0 || find_routes(&h, err) < 0 ||
	    netlink_open(NETLINK_ROUTE, &h.route, err) < 0) {
		network_host_close(&h);
		return -1;
	}
	*ret = h;
	return 0;
}

/* --- what may be asked -------------------------------------------------------------------- */

static const struct network_prefix *own_address(const struct network_host *h, uint32_t address)
{
	for (size_t i = 0; i < h->n_own; i++)
		if (h->own[i].address == address)
			return &h->own[i];
	return NULL;
}

static int check_cards(const struct network_host *h, struct err *err)
{
	const struct {
		const struct network_prefix *list;
		size_t n;
		const char *what;
	} all[] = {
		{ h->own, h->n_own, "address" },
		{ h->routes, h->n_routes, "route" },
	};
	char ours[16], other[16];
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < all[k].n; i++) {
			const struct network_prefix *p = &all[k].list[i];
			if (!network_overlap(p->address, p->bits, h->network, NETWORK_BITS))
				continue;
			return err_set(
				err, FAULT_USAGE, 0,
				"/etc/moulette.conf.card_network: the network of the cards, %s/%d, "
				"overlaps with the %s %s/%d of '%s' on the host; set another "
				"private /16",
				network_address(h->network, ours), NETWORK_BITS, all[k].what,
				network_address(p->address, other), p->bits, p->name);
		}
	return 0;
}

static int check_address(const struct network_host *h, const struct network_rule *r,
			 struct err *err)
{
	char at[16];
	for (size_t i = 0; i < h->n_own; i++)
		if (network_rule_covers(r, h->own[i].address))
			return err_set(err, FAULT_USAGE, 0,
				       "%s: '%s' covers the host's own address "
				       "%s of '%s'; write \"host:PORT\" for a server on the host, "
				       "\"internet\" for public addresses, or a narrower prefix",
				       r->key, r->text, network_address(h->own[i].address, at),
				       h->own[i].name);
	if (network_overlap(r->address, r->bits, h->network, NETWORK_BITS))
		return err_set(
			err, FAULT_USAGE, 0,
			"%s: '%s' covers the network of the cards, %s/%d: "
			"other boxes are never reached; write \"host:PORT\" for a server on the "
			"host",
			r->key, r->text, network_address(h->network, at), NETWORK_BITS);
	return 0;
}

static int check_dns(const struct network_host *h, const struct network_rule *r, struct err *err)
{
	char at[16];
	for (size_t i = 0; i < h->n_nameservers; i++)
		if (h->nameservers[i] >> 24 == 127)
			return err_set(
				err, FAULT_USAGE, 0,
				"%s: 'dns' is not possible: the host's nameserver %s "
				"(/etc/resolv.conf) is on loopback, which boxes cannot reach; name "
				"a server there that listens on another address",
				r->key, network_address(h->nameservers[i], at));
	if (h->n_nameservers == 0)
		return err_set(err, FAULT_USAGE, 0,
			       "%s: 'dns' is not possible: /etc/resolv.conf of the host names no "
			       "IPv4 nameserver",
			       r->key);
	return 0;
}

static bool leads_beyond(const struct network_host *h, const struct network_rule *r)
{
	bool beyond = r->target == NETWORK_ADDRESS || r->target == NETWORK_INTERNET;
	for (size_t i = 0; r->target == NETWORK_DNS && i < h->n_nameservers; i++)
		beyond |= !own_address(h, h->nameservers[i]);
	return beyond;
}

int network_host_check(const struct network_host *h, const struct network *n, struct err *err)
{
	if (n->kind != NETWORK_CARD)
		return 0;
	if (check_cards(h, err) < 0)
		return -1;
	for (size_t i = 0; i < n->n_rules; i++) {
		const struct network_rule *r = &n->rules[i];
		if (r->target == NETWORK_ADDRESS && check_address(h, r, err) < 0)
			return -1;
		if (r->target == NETWORK_DNS && check_dns(h, r, err) < 0)
			return -1;
		if (leads_beyond(h, r) && !h->forwards)
			return err_set(
				err, FAULT_USAGE, 0,
				"%s: '%s' is not on the host, and the host does not forward "
				"packets; to allow it, run 'sysctl -w net.ipv4.ip_forward=1' "
				"(moulette never changes this setting)",
				r->key, r->text);
	}
	return 0;
}

/* --- where entries lead ------------------------------------------------------------------- */

static void add_reach(struct network_reach **list, size_t *n, const struct network_reach *r)
{
	*list = mem_realloc(*list, (*n + 1) * sizeof **list);
	(*list)[(*n)++] = *r;
}

size_t network_host_reach(const struct network_host *h, const struct network *net,
			  struct network_reach **ret)
{
	size_t n = 0;
	*ret = NULL;
	for (size_t i = 0; i < net->n_rules; i++) {
		const struct network_rule *r = &net->rules[i];
		struct network_reach to = { NETWORK_BEYOND, r->address,   r->bits,
					    r->port_first,  r->port_last, r->protocols };
		if (r->target == NETWORK_HOST)
			to = (struct network_reach){ NETWORK_AT_HOST, h->address,   32,
						     r->port_first,   r->port_last, r->protocols };
		if (r->target == NETWORK_INTERNET)
			to.where = NETWORK_PUBLIC;
		if (r->target != NETWORK_DNS)
			add_reach(ret, &n, &to);
		for (size_t k = 0; r->target == NETWORK_DNS && k < h->n_nameservers; k++) {
			const uint32_t at = h->nameservers[k];
			to = (struct network_reach){ own_address(h, at) ? NETWORK_AT_HOST_TOO :
									  NETWORK_BEYOND,
						     at,
						     32,
						     DNS_PORT,
						     DNS_PORT,
						     NETWORK_TCP | NETWORK_UDP };
			add_reach(ret, &n, &to);
		}
	}
	return n;
}
