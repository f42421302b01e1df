/* network_load.c - read the key "network": allowed destinations, rate and connections of a box. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/json_table.h"
#include "base/mem.h"
#include "model/network.h"

#define AUTO_NETWORK CLEANUP(network_done) struct network
#define COUNT(a) (sizeof(a) / sizeof *(a))

#define RATE_MIN 8e3
#define RATE_MAX 10e9
#define FORM "ADDRESS[/BITS][:PORT[-PORT]][/tcp|/udp], host, dns or internet"

static const char digits[] = "0123456789";

/* An entry while it is read: @at is what is left of its text. */
struct entry {
	struct network_rule *rule;
	const char *at;
	struct err *err;
};

/* "KEY: 'ENTRY': why". Return: -1. */
__attribute__((format(printf, 2, 3))) static int refuse_entry(const struct entry *e,
							      const char *fmt, ...)
{
	char why[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(why, sizeof why, fmt, args);
	va_end(args);
	return err_set(e->err, FAULT_USAGE, 0, "%s: '%.64s': %s", e->rule->key, e->rule->text, why);
}

/* @len digits at @s without a leading zero, at most @max. Return: false: @s has no such number. */
static bool read_number(const char *s, size_t len, unsigned max, unsigned *ret)
{
	unsigned n = 0;
	if (len == 0 || len > 5 || strspn(s, digits) < len || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++)
		n = n * 10 + (unsigned)(s[i] - '0');
	*ret = n;
	return n <= max;
}

/* --- the address -------------------------------------------------------------------------- */

/* Ranges that no card leads to; a prefix may neither lie in one nor hold it. */
static const struct {
	uint32_t address;
	int bits;
	const char *why;
} never[] = {
	{ 0x7f000000, 8, "127.0.0.0/8, the loopback of the box, which is always allowed" },
	{ 0x00000000, 8, "0.0.0.0/8, which has no hosts" },
	{ 0xe0000000, 3, "224.0.0.0/3, which is multicast and reserved" },
};

static uint32_t mask_of(int bits)
{
	return bits == 0 ? 0 : UINT32_MAX << (32 - bits);
}

static int check_range(const struct entry *e)
{
	const struct network_rule *r = e->rule;
	if (r->bits == 0)
		return refuse_entry(e,
				    "stands for every address; write \"internet\" for all public "
				    "addresses, and list the others");
	for (size_t i = 0; i < COUNT(never); i++) {
		int bits = r->bits < never[i].bits ? r->bits : never[i].bits;
		if ((r->address & mask_of(bits)) == (never[i].address & mask_of(bits)))
			return refuse_entry(e, "overlaps with %s", never[i].why);
	}
	return 0;
}

static bool is_ipv6(const char *text)
{
	const char *colon = strchr(text, ':');
	return text[0] == '[' || strstr(text, "::") ||
	       (colon && strchr(colon + 1, ':') && !strchr(text, '.'));
}

/* @word of @len bytes is neither a reserved name nor a dotted address. */
static int refuse_word(const struct entry *e, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (isalpha((unsigned char)word[i]) || (unsigned char)word[i] >= 0x80)
			return refuse_entry(
				e,
				"host names are not accepted, because their addresses may change "
				"while tests run; write the address, or \"host\"");
	return refuse_entry(e, "not an address; expected " FORM);
}

static int read_address(struct entry *e, size_t len)
{
	const char *word = e->at, *s = word;
	for (int i = 0; i < 4; i++) {
		size_t n = strspn(s, digits);
		unsigned octet;
		if (n == 0 || (i < 3 && s[n] != '.'))
			return refuse_word(e, word, len);
		if (n > 1 && s[0] == '0')
			return refuse_entry(
				e, "a number with a leading zero, which some programs read "
				   "as octal; write it without");
		if (!read_number(s, n, 255, &octet))
			return refuse_entry(e,
					    "not an address: expected four numbers from 0 to 255");
		e->rule->address = e->rule->address << 8 | octet;
		s += n + (i < 3);
	}
	if (s != word + len)
		return refuse_word(e, word, len);
	e->at = s;
	return 0;
}

static int read_bits(struct entry *e)
{
	struct network_rule *r = e->rule;
	unsigned bits = 32;
	char network[16];
	r->bits = 32;
	if (e->at[0] == '/' && isdigit((unsigned char)e->at[1])) {
		size_t n = strspn(e->at + 1, digits);
		if (!read_number(e->at + 1, n, 32, &bits))
			return refuse_entry(e, "expected bits from 1 to 32 after the slash");
		e->at += 1 + n;
		r->bits = (int)bits;
	}
	if (check_range(e) < 0)
		return -1;
	uint32_t held = r->address & mask_of(r->bits);
	if (held != r->address)
		return refuse_entry(e, "bits beyond the prefix are set; expected %s/%d",
				    network_address(held, network), r->bits);
	return 0;
}

/* --- ports and protocol ------------------------------------------------------------------- */

static int read_port(struct entry *e, uint16_t *ret)
{
	size_t n = strcspn(e->at, "-/:");
	unsigned port;
	if (!read_number(e->at, n, 65535, &port) || port == 0)
		return refuse_entry(e, "'%.*s' is not a port; expected a number from 1 to 65535",
				    n > 16 ? 16 : (int)n, e->at);
	*ret = (uint16_t)port;
	e->at += n;
	return 0;
}

static int read_ports(struct entry *e)
{
	struct network_rule *r = e->rule;
	r->port_first = 1;
	r->port_last = 65535;
	if (e->at[0] != ':')
		return 0;
	e->at++;
	if (read_port(e, &r->port_first) < 0)
		return -1;
	r->port_last = r->port_first;
	if (e->at[0] != '-')
		return 0;
	e->at++;
	if (read_port(e, &r->port_last) < 0)
		return -1;
	if (r->port_last < r->port_first)
		return refuse_entry(e, "the first port is above the last; expected %u-%u",
				    r->port_last, r->port_first);
	return 0;
}

static int read_protocol(struct entry *e)
{
	const char *given = e->at;
	e->rule->protocols = NETWORK_TCP | NETWORK_UDP;
	if (!*given)
		return 0;
	e->rule->protocols = strcmp(given, "/tcp") == 0 ? NETWORK_TCP : NETWORK_UDP;
	if (strcmp(given, "/tcp") == 0 || strcmp(given, "/udp") == 0)
		return 0;
	if (given[0] == '/')
		return refuse_entry(e, "unknown protocol '%.16s'; expected /tcp or /udp at the end",
				    given + 1);
	return refuse_entry(e, "expected " FORM);
}

/* --- the list ----------------------------------------------------------------------------- */

static int read_entry(struct entry *e)
{
	static const struct {
		const char *name;
		enum network_target target;
	} words[] = {
		{ "host", NETWORK_HOST },
		{ "internet", NETWORK_INTERNET },
		{ "dns", NETWORK_DNS },
	};
	struct network_rule *r = e->rule;
	if (!*e->at)
		return refuse_entry(e, "an empty entry; expected " FORM);
	if (is_ipv6(e->at))
		return refuse_entry(e, "an IPv6 address; network cards support only IPv4");
	size_t len = strcspn(e->at, "/:"), i = 0;
	while (i < COUNT(words) &&
	       (strlen(words[i].name) != len || strncmp(words[i].name, e->at, len) != 0))
		i++;
	r->target = i < COUNT(words) ? words[i].target : NETWORK_ADDRESS;
	if (r->target == NETWORK_ADDRESS && (read_address(e, len) < 0 || read_bits(e) < 0))
		return -1;
	if (r->target != NETWORK_ADDRESS)
		e->at += len;
	if (r->target == NETWORK_DNS && *e->at)
		return refuse_entry(e, "nothing follows \"dns\", which is port 53 of the host's "
				       "nameservers");
	return read_ports(e) < 0 || read_protocol(e) < 0 ? -1 : 0;
}

/* One entry of `allow`, added to the struct network. */
static int read_rule(struct json_object *v, const char *where, void *network, struct err *err)
{
	struct network *n = network;
	const char *text = json_text(v);
	if (!text)
		return json_expected(v, where, "a string such as \"10.0.0.5:5432/tcp\"", err);
	n->rules = mem_realloc(n->rules, (n->n_rules + 1) * sizeof *n->rules);
	/* Counted first: a half-made one is freed with the rest. */
	struct network_rule *r = &n->rules[n->n_rules++];
	*r = (struct network_rule){ .key = mem_strdup(where), .text = mem_strdup(text) };
	struct entry e = { .rule = r, .at = r->text, .err = err };
	return read_entry(&e);
}

/* --- the rate ----------------------------------------------------------------------------- */

static bool rate_parse(const char *text, int64_t *ret)
{
	static const struct {
		const char *name;
		double bits;
	} units[] = {
		{ "kbit", 1e3 },
		{ "mbit", 1e6 },
		{ "gbit", 1e9 },
	};
	size_t n = strspn(text, digits);
	if (n == 0)
		return false;
	if (text[n] == '.') {
		size_t part = strspn(text + n + 1, digits);
		if (part == 0)
			return false;
		n += 1 + part;
	}
	for (size_t i = 0; i < COUNT(units); i++) {
		if (strcasecmp(text + n, units[i].name) != 0)
			continue;
		double bits = strtod(text, NULL) * units[i].bits;
		if (!(bits >= RATE_MIN) || bits > RATE_MAX)
			return false;
		*ret = llround(bits);
		return true;
	}
	return false;
}

static int read_rate(struct json_object *v, const char *where, void *bits, struct err *err)
{
	const char *text = json_text(v);
	if (text && rate_parse(text, bits))
		return 0;
	return json_expected(
		v, where,
		"a string from 8kbit to 10Gbit with the unit kbit, Mbit or Gbit, such as \"10Mbit\"",
		err);
}

/* clang-format off */
static const struct json_key network_keys[] = {
	{ "allow",       .kind = JSON_EACH, .most = NETWORK_RULES_MAX, .read = read_rule },
	{ "rate",        JSON_BY,    JSON_AT(struct network, rate), .read = read_rate },
	{ "connections", JSON_WHOLE, JSON_AT(struct network, connections), .least = 1, .most = 65535 },
	JSON_END,
};
/* clang-format on */

int network_read(struct json_object *v, const char *where, void *network, struct err *err)
{
	struct network *ret = network;
	AUTO_NETWORK n = { .kind = v ? NETWORK_CARD : NETWORK_NONE,
			   .rate = NETWORK_RATE_DEFAULT,
			   .connections = NETWORK_CONNECTIONS_DEFAULT };
	if (v && !json_object_is_type(v, json_type_object))
		return err_set(err, FAULT_USAGE, 0,
			       "%s: expected an object such as {\"allow\": "
			       "[\"host:8080\"]}, or null for no card",
			       where);
	if (v && json_table_read(network_keys, v, where, &n, err) < 0)
		return -1;
	network_done(ret);
	*ret = n;
	n = (struct network){ .kind = NETWORK_UNSET };
	return 0;
}

int network_load(struct json_object *o, const char *where, struct network *ret, struct err *err)
{
	struct json_object *v;
	AUTO_FREE char *here = mem_printf("%s.network", where);
	return json_object_object_get_ex(o, "network", &v) ? network_read(v, here, ret, err) : 0;
}
