/* rules.c - an allow list as rules of the box's own namespace, and what they counted.
 *
 * lo and the peers' link are not tracked: what boxes of one test say to each other must not fill the
 * kernel's table of connections, which is memory that nobody's limit counts. The
 * set `first` holds one entry and takes no second, so it tells which destination was refused first;
 * sets have no order of their own.
 */
#include "network/rules.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "network/nft.h"

static const char head[] =
	"table inet moulette {\n"
	"set first {\n type ipv4_addr . inet_proto . inet_service\n size 1\n flags dynamic\n}\n"
	"set refused {\n type ipv4_addr . inet_proto . inet_service\n size 64\n flags dynamic\n"
	" counter\n}\n"
	"chain raw_out {\n type filter hook output priority raw\n"
	" oifname \"lo\" notrack\n oifname \"" RULES_PEERS "\" notrack\n}\n"
	"chain raw_in {\n type filter hook prerouting priority raw\n"
	" iifname \"lo\" notrack\n iifname \"" RULES_PEERS "\" notrack\n}\n"
	"chain refuse {\n"
	" add @first { ip daddr . meta l4proto . th dport }\n"
	" update @refused { ip daddr . meta l4proto . th dport }\n"
	/* TCP by a reset: an ICMP error comes while the caller still holds its socket, and a blocking
	 * connect() then sees it only when it tries again, a second later. */
	" meta l4proto tcp reject with tcp reset\n"
	" reject with icmpx admin-prohibited\n}\n";

static const char tail[] =
	"chain input {\n type filter hook input priority filter\n policy drop\n"
	" iifname \"lo\" accept\n iifname \"" RULES_PEERS "\" accept\n"
	" ct state established,related accept\n}\n}\n";

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

void rules_text(uint32_t address, const struct network *n, const struct network_host *h,
		const struct network_reach *reach, size_t n_reach, struct buf *b)
{
	char own[16];
	buf_add(b, head, sizeof head - 1);
	buf_printf(b, "chain open {\n ct count over %" PRId64 " goto refuse\n accept\n}\n",
		   n->connections);
	buf_printf(b, "chain output {\n type filter hook output priority filter\n policy drop\n"
		   " oifname \"lo\" accept\n oifname \"" RULES_PEERS "\" accept\n"
		   " ip saddr != %s drop\n"
		   " ct state established,related accept\n"
		   " ct state invalid drop\n", network_address(address, own));
	for (size_t i = 0; i < n_reach; i++)
		allow(&reach[i], h, b);
	buf_printf(b, " goto refuse\n}\n");
	buf_add(b, tail, sizeof tail - 1);
}

/* --- what was refused --------------------------------------------------------------------- */

static int64_t number(struct json_object *o, const char *key)
{
	return json_object_get_int64(json_object_object_get(o, key));
}

static uint8_t protocol_of(struct json_object *value)
{
	const char *name = json_object_get_string(value);
	if (json_object_is_type(value, json_type_int))
		return (uint8_t)json_object_get_int(value);
	return name && strcmp(name, "tcp") == 0 ? IPPROTO_TCP :
	       name && strcmp(name, "udp") == 0 ? IPPROTO_UDP : 0;
}

/* {"concat": [address, protocol, port]}, below "elem" and "val" when it was counted. */
static bool read_refusal(struct json_object *entry, struct network_refusal *ret)
{
	struct json_object *inner = NULL, *value = entry, *concat = NULL;
	struct in_addr a;
	*ret = (struct network_refusal){ .count = 1 };
	if (json_object_object_get_ex(entry, "elem", &inner)) {
		value = json_object_object_get(inner, "val");
		ret->count = number(json_object_object_get(inner, "counter"), "packets");
	}
	if (!json_object_object_get_ex(value, "concat", &concat) ||
	    json_object_array_length(concat) != 3 ||
	    inet_pton(AF_INET, json_object_get_string(json_object_array_get_idx(concat, 0)), &a) != 1)
		return false;
	ret->address = ntohl(a.s_addr);
	ret->protocol = protocol_of(json_object_array_get_idx(concat, 1));
	/* Others have no port: what stands in its place is something else. */
	if (ret->protocol == IPPROTO_TCP || ret->protocol == IPPROTO_UDP)
		ret->port = (uint16_t)json_object_get_int(json_object_array_get_idx(concat, 2));
	if (ret->count < 1)
		ret->count = 1;
	return true;
}

static bool same_place(const struct network_refusal *a, const struct network_refusal *b)
{
	return a->address == b->address && a->port == b->port && a->protocol == b->protocol;
}

/* By address, protocol and port, so that the same step gives the same list. */
static int by_place(const void *a, const void *b)
{
	const struct network_refusal *x = a, *y = b;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->protocol != y->protocol)
		return x->protocol - y->protocol;
	return x->port - y->port;
}

static void first_to_front(struct network_facts *f, struct json_object *first)
{
	struct network_refusal was;
	if (!first || !read_refusal(first, &was))
		return;
	for (size_t i = 0; i < f->n_refused; i++) {
		if (!same_place(&f->refused[i], &was))
			continue;
		was = f->refused[i];
		memmove(&f->refused[1], &f->refused[0], i * sizeof was);
		f->refused[0] = was;
		return;
	}
}

/* Of what has no ports the kernel's set holds several. */
static void merge_places(struct network_facts *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->n_refused; i++) {
		if (n > 0 && same_place(&f->refused[n - 1], &f->refused[i]))
			f->refused[n - 1].count += f->refused[i].count;
		else
			f->refused[n++] = f->refused[i];
	}
	f->n_refused = n;
}

static void take_refused(struct json_object *elems, struct network_facts *f)
{
	for (size_t i = 0; i < json_object_array_length(elems) && i < NETWORK_REFUSALS_MAX; i++)
		if (read_refusal(json_object_array_get_idx(elems, i), &f->refused[f->n_refused]))
			f->n_refused++;
	qsort(f->refused, f->n_refused, sizeof *f->refused, by_place);
	merge_places(f);
}

int rules_read(struct nft *nft, struct network_facts *f, struct err *err)
{
	AUTO_JSON *sets = NULL;
	struct json_object *set, *first = NULL, *elems;
	if (nft_ask(nft, "list sets inet", &sets, err) < 0)
		return -1;
	for (size_t i = 0; i < json_object_array_length(sets); i++) {
		if (!json_object_object_get_ex(json_object_array_get_idx(sets, i), "set", &set) ||
		    !json_object_object_get_ex(set, "elem", &elems))
			continue;
		const char *name = json_object_get_string(json_object_object_get(set, "name"));
		if (strcmp(name, "first") == 0)
			first = json_object_array_get_idx(elems, 0);
		else
			take_refused(elems, f);
	}
	first_to_front(f, first);
	return 0;
}
