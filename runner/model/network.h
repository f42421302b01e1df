/* network.h - what a box may reach through its card, and what went through it. */
#ifndef MOULETTE_MODEL_NETWORK_H
#define MOULETTE_MODEL_NETWORK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum network_kind {
	NETWORK_UNSET, /* nothing was said */
	NETWORK_NONE,  /* null: no card, whatever a wider place says */
	NETWORK_CARD,
};

enum network_target { NETWORK_ADDRESS, NETWORK_HOST, NETWORK_DNS, NETWORK_INTERNET };

#define NETWORK_TCP 1u
#define NETWORK_UDP 2u

/** One entry of "allow". */
struct network_rule {
	enum network_target target;
	uint32_t address; /* of NETWORK_ADDRESS: host byte order, no bit set beyond @bits */
	int bits;         /* 0..32 */
	uint16_t port_first, port_last; /* 1..65535: every port */
	unsigned protocols;             /* NETWORK_TCP | NETWORK_UDP */
	char *text;                     /* as it was written */
	char *key; /* where it was written, for errors: "./assignment.json: assignment.network.allow[2]" */
};

#define NETWORK_RULES_MAX 256
#define NETWORK_RATE_DEFAULT INT64_C(10000000) /* bits a second: 10Mbit */
#define NETWORK_CONNECTIONS_DEFAULT 64

struct network {
	enum network_kind kind;
	struct network_rule *rules;
	size_t n_rules;
	int64_t rate;        /* bits a second, each way */
	int64_t connections; /* open at once */
};

/**
 * network_load() - the value of a key "network": null, or
 * {"allow": ["10.0.0.5:5432/tcp", "10.1.0.0/16:80-443", "host:8080", "dns", "internet"],
 *  "rate": "10Mbit", "connections": 64}
 * @o:     the object that holds the key; a missing key leaves *ret as it is
 * @where: path of @o for messages
 *
 * Every key may be missing: nothing is allowed, and the defaults above. FAULT_USAGE names the key:
 * host names (with the reason), IPv6 addresses, what is no address, bits set beyond the prefix,
 * loopback, multicast and 0.0.0.0/8, ports that are none or upside down, unknown protocols, rates
 * without a unit. What depends on the host is checked by network/host.h.
 */
int network_load(struct json_object *o, const char *where, struct network *ret, struct err *err);
/** network_read() - the same of the value itself, NULL for null, into the struct network; a json_read_fn. */
int network_read(struct json_object *v, const char *where, void *network, struct err *err);
void network_copy(struct network *to, const struct network *from);    /* deep; @to is overwritten */
bool network_equal(const struct network *a, const struct network *b); /* texts do not count */
void network_done(struct network *n);
/** network_json() - as network_load() takes it, in one form whatever was written; NULL is null. */
struct json_object *network_json(const struct network *n);
/** network_rule_covers() - does the rule's prefix hold @address (host byte order)? Of
 *  NETWORK_ADDRESS alone. */
bool network_rule_covers(const struct network_rule *r, uint32_t address);
/** network_names_servers() - do its rules lead to nameservers? @n may be NULL. */
bool network_names_servers(const struct network *n);
/** network_address() - "10.0.0.5" of a host byte order address. */
const char *network_address(uint32_t address, char buf[16]);

/** A destination that was refused to a box. */
struct network_refusal {
	uint32_t address; /* host byte order */
	uint16_t port;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP or another number */
	int64_t count;    /* packets: a connect() that was refused is one */
};

#define NETWORK_REFUSALS_MAX 64

/** Traffic and refusals of one step on its own card, without lo. */
struct network_facts {
	int64_t sent_bytes, sent_packets, received_bytes, received_packets;
	size_t n_refused; /* at most NETWORK_REFUSALS_MAX; the first is the first that was tried */
	struct network_refusal refused[];
};

/** network_facts_new() - zeroed, with room for @n refusals; heap. */
struct network_facts *network_facts_new(size_t n);
/** network_protocol() - "tcp", "udp", or the number. */
const char *network_protocol(uint8_t protocol, char buf[8]);
/** network_refusal_text() - "10.0.0.9:5432/tcp". */
const char *network_refusal_text(const struct network_refusal *r, char buf[40]);

#endif
