/* network.c - the plain structs of a card: copies, comparison, and how they are written. */
#include "model/network.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* --- what may be reached ------------------------------------------------------------------ */

void network_done(struct network *n)
{
	for (size_t i = 0; i < n->n_rules; i++) {
		free(n->rules[i].text);
		free(n->rules[i].key);
	}
	free(n->rules);
	*n = (struct network){ .kind = NETWORK_UNSET };
}

void network_copy(struct network *to, const struct network *from)
{
	*to = *from;
	to->rules = from->n_rules ? mem_alloc(from->n_rules * sizeof *to->rules) : NULL;
	for (size_t i = 0; i < from->n_rules; i++) {
		to->rules[i] = from->rules[i];
		to->rules[i].text = mem_strdup(from->rules[i].text);
		to->rules[i].key = mem_strdup(from->rules[i].key);
	}
}

static bool rule_equal(const struct network_rule *a, const struct network_rule *b)
{
	return a->target == b->target && a->address == b->address && a->bits == b->bits &&
	       a->port_first == b->port_first && a->port_last == b->port_last &&
	       a->protocols == b->protocols;
}

bool network_equal(const struct network *a, const struct network *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind != NETWORK_CARD)
		return true;
	if (a->rate != b->rate || a->connections != b->connections || a->n_rules != b->n_rules)
		return false;
	for (size_t i = 0; i < a->n_rules; i++)
		if (!rule_equal(&a->rules[i], &b->rules[i]))
			return false;
	return true;
}

bool network_rule_covers(const struct network_rule *r, uint32_t address)
{
	/* A shift by 32 is not defined. */
	uint32_t mask = r->bits == 0 ? 0 : UINT32_MAX << (32 - r->bits);
	return r->target == NETWORK_ADDRESS && (address & mask) == r->address;
}

const char *network_address(uint32_t address, char buf[16])
{
	snprintf(buf, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
		 address & 255);
	return buf;
}

/* --- as it is written --------------------------------------------------------------------- */

static void write_target(struct buf *b, const struct network_rule *r)
{
	static const char *const names[] = { NULL, "host", "dns", "internet" };
	char address[16];
	if (r->target != NETWORK_ADDRESS) {
		buf_printf(b, "%s", names[r->target]);
		return;
	}
	buf_printf(b, "%s", network_address(r->address, address));
	if (r->bits < 32)
		buf_printf(b, "/%d", r->bits);
}

static struct json_object *rule_json(const struct network_rule *r)
{
	AUTO_BUF b = { 0 };
	write_target(&b, r);
	if (r->target != NETWORK_DNS && (r->port_first > 1 || r->port_last < 65535)) {
		buf_printf(&b, ":%u", r->port_first);
		if (r->port_last > r->port_first)
			buf_printf(&b, "-%u", r->port_last);
	}
	if (r->target != NETWORK_DNS && r->protocols != (NETWORK_TCP | NETWORK_UDP))
		buf_printf(&b, "/%s", r->protocols == NETWORK_TCP ? "tcp" : "udp");
	return json_object_new_string(b.data);
}

/* In the largest unit that leaves no fraction; a rate is whole bits, so kbit has at most three
 * places. */
static struct json_object *rate_json(int64_t rate)
{
	char text[40];
	long long bits = rate;
	if (bits % 1000000000 == 0)
		snprintf(text, sizeof text, "%lldGbit", bits / 1000000000);
	else if (bits % 1000000 == 0)
		snprintf(text, sizeof text, "%lldMbit", bits / 1000000);
	else if (bits % 1000 == 0)
		snprintf(text, sizeof text, "%lldkbit", bits / 1000);
	else
		snprintf(text, sizeof text, "%lld.%03lldkbit", bits / 1000, bits % 1000);
	return json_object_new_string(text);
}

struct json_object *network_json(const struct network *n)
{
	if (n->kind != NETWORK_CARD)
		return NULL;
	struct json_object *o = json_object_new_object(), *allow = json_object_new_array();
	for (size_t i = 0; i < n->n_rules; i++)
		json_object_array_add(allow, rule_json(&n->rules[i]));
	json_object_object_add(o, "allow", allow);
	json_object_object_add(o, "rate", rate_json(n->rate));
	json_object_object_add(o, "connections", json_object_new_int64(n->connections));
	return o;
}

/* --- what went through -------------------------------------------------------------------- */

struct network_facts *network_facts_new(size_t n)
{
	struct network_facts *f = mem_alloc(sizeof *f + n * sizeof *f->refused);
	return f;
}

const char *network_protocol(uint8_t protocol, char buf[8])
{
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
		return protocol == IPPROTO_TCP ? "tcp" : "udp";
	snprintf(buf, 8, "%u", protocol);
	return buf;
}

const char *network_refusal_text(const struct network_refusal *r, char buf[40])
{
	char address[16], protocol[8], port[8] = "";
	if (r->port || r->protocol == IPPROTO_TCP || r->protocol == IPPROTO_UDP)
		snprintf(port, sizeof port, ":%u", r->port);
	snprintf(buf, 40, "%s%s/%s", network_address(r->address, address), port,
		 network_protocol(r->protocol, protocol));
	return buf;
}

bool network_names_servers(const struct network *n)
{
	for (size_t i = 0; n && i < n->n_rules; i++)
		if (n->rules[i].target == NETWORK_DNS)
			return true;
	return false;
}
