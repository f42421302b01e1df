/* rules.c - an allow list as rules of the box's own namespace.
 *
 * lo and the peers' link are not tracked: traffic between the boxes of one test must not fill the
 * kernel's table of connections, memory that no limit counts. The set `first` holds one entry and
 * takes no second, so it tells which destination was refused first; sets have no order of their
 * own.
 */
#include "network/rules.h"

#include <inttypes.h>

static const char head[] =
	"table inet " RULES_TABLE " {\n"
	"set " RULES_FIRST
	" {\n type ipv4_addr . inet_proto . inet_service\n size 1\n flags dynamic\n}\n"
	"set " RULES_REFUSED
	" {\n type ipv4_addr . inet_proto . inet_service\n size 64\n flags dynamic\n"
	" counter\n}\n"
	"chain refuse {\n"
	" add @" RULES_FIRST " { ip daddr . meta l4proto . th dport }\n"
	" update @" RULES_REFUSED " { ip daddr . meta l4proto . th dport }\n"
	/* TCP by a reset: an ICMP error comes while the caller still holds its socket, and a blocking
	 * connect() then sees it only when it tries again, a second later. */
	" meta l4proto tcp reject with tcp reset\n"
	" reject with icmpx admin-prohibited\n}\n";

/* The links that lead out of no test. */
static void own_links(const struct rules *r, const char *way, const char *verdict, struct buf *b)
{
	buf_printf(b, " %s \"lo\" %s\n", way, verdict);
	if (r->peers)
		buf_printf(b, " %s \"" RULES_PEERS "\" %s\n", way, verdict);
}

static void untracked(const struct rules *r, struct buf *b)
{
	buf_str(b, "chain raw_out {\n type filter hook output priority raw\n");
	own_links(r, "oifname", "notrack", b);
	buf_str(b, "}\nchain raw_in {\n type filter hook prerouting priority raw\n");
	own_links(r, "iifname", "notrack", b);
	buf_str(b, "}\n");
}

const char *rules_protocol(unsigned protocols, int *at)
{
	while (*at < 2) {
		int bit = (*at)++;
		if (protocols & (1u << bit))
			return bit == 0 ? "tcp" : "udp";
	}
	return NULL;
}

static void destination(const struct network_reach *r, const struct network_host *h, struct buf *b)
{
	char at[16];
	if (r->where != NETWORK_PUBLIC) {
		buf_printf(b, " ip daddr %s/%d", network_address(r->address, at), r->bits);
		return;
	}
	buf_printf(b, " ip daddr != { %s } ip daddr != %s/16", network_not_public,
		   network_address(h->network, at));
	for (size_t i = 0; i < h->n_own; i++)
		buf_printf(b, " ip daddr != %s", network_address(h->own[i].address, at));
}

static void allow(const struct network_reach *r, const struct network_host *h, struct buf *b)
{
	int at = 0;
	for (const char *p; (p = rules_protocol(r->protocols, &at));) {
		destination(r, h, b);
		if (r->port_first <= 1 && r->port_last == UINT16_MAX)
			buf_printf(b, " meta l4proto %s", p);
		else
			buf_printf(b, " %s dport %u-%u", p, r->port_first, r->port_last);
		buf_printf(b, " goto open\n");
	}
}

static void output(const struct rules *r, struct buf *b)
{
	char own[16];
	buf_str(b, "chain output {\n type filter hook output priority filter\n policy drop\n");
	own_links(r, "oifname", "accept", b);
	buf_printf(b,
		   " ip saddr != %s drop\n"
		   " ct state established,related accept\n"
		   " ct state invalid drop\n",
		   network_address(r->address, own));
	for (size_t i = 0; i < r->n_reach; i++)
		allow(&r->reach[i], r->host, b);
	buf_str(b, " goto refuse\n}\n");
}

void rules_text(const struct rules *r, struct buf *b)
{
	buf_add(b, head, sizeof head - 1);
	untracked(r, b);
	buf_printf(b, "chain open {\n ct count over %" PRId64 " goto refuse\n accept\n}\n",
		   r->network->connections);
	output(r, b);
	buf_str(b, "chain input {\n type filter hook input priority filter\n policy drop\n");
	own_links(r, "iifname", "accept", b);
	buf_str(b, " ct state established,related accept\n}\n}\n");
}
