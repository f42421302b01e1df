/* card.c - makes a card: first the namespace and its rules, then the wire into it.
 *
 * The rules are there before the link is, so there is no moment without them. Sockets of netlink
 * stay with the namespace in which they were opened: that is how both ends are reached from here.
 */
#include "network/card.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "network/netlink.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/peers.h"
#include "network/refused.h"
#include "network/route.h"
#include "network/rules.h"

#define FIRST_BOX 256 /* below it: the host's end */
/* Addresses of a slot, one after the other: a server may still send to a box that is gone, and the
 * next one must not get that. The first slots are those that are used. */
#define NEAR_SLOTS 64
#define NEAR_EACH 768
#define FAR_EACH 3
#define NAMES_MASK 0xfff /* of a slot, until they come again; the longest has 14 characters */

struct making {
	const struct card_options *opt;
	struct card *card;
	const struct network_reach *reach;
	size_t n_reach;
};

struct setting {
	const char *path, *value;
};

static const struct setting settings[] = {
	{ "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0" }, /* a server may have port 80 */
	/* A new namespace has it from the host: no box is a way to somewhere else. */
	{ "/proc/sys/net/ipv4/ip_forward", "0" },
	/* What a program left unsent keeps a namespace, with its link, until the kernel gives up. */
	{ "/proc/sys/net/ipv4/tcp_orphan_retries", "1" },
	{ NULL, NULL },
};

/* Only there when the rules have loaded what tracks connections. */
static const struct setting tracking[] = {
	/* `connections` counts what the kernel still knows of: what is over, or never was answered,
	 * has to be forgotten soon. */
	{ "/proc/sys/net/netfilter/nf_conntrack_udp_timeout", "5" },
	{ "/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream", "30" },
	{ "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent", "20" },
	{ "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_fin_wait", "10" },
	{ NULL, NULL },
};

/* A kernel may lack some. */
static int set(const struct setting *s, struct err *err)
{
	for (; s->path; s++)
		if (file_write(AT_FDCWD, s->path, s->value) < 0 && errno != ENOENT)
			return err_set(err, FAULT_INFRA, errno, "cannot write '%s'", s->path);
	return 0;
}

/* In the box's namespace. */
static int inside(void *ctx, struct err *err)
{
	struct making *m = ctx;
	AUTO_BUF text = { 0 };
	const struct rules rules = { .address = m->card->address,
				     .network = m->opt->network,
				     .host = m->opt->host,
				     .reach = m->reach,
				     .n_reach = m->n_reach,
				     .peers = m->opt->peers != NULL };
	rules_text(&rules, &text);
	if (set(settings, err) < 0 || netlink_open(NETLINK_ROUTE, &m->card->inner, err) < 0 ||
	    netlink_open(NETLINK_NETFILTER, &m->card->filter, err) < 0 ||
	    nft_do_here(m->opt->host->nft, text.data, "write the rules of a network card", err) < 0)
		return -1;
	return set(tracking, err);
}

static void name_ends(struct card *c, int number, struct route_end *host, struct route_end *box)
{
	const uint8_t high = (uint8_t)(number >> 8), low = (uint8_t)number;
	/* Locally administered; the letters name the owner. */
	*host = (struct route_end){ .mac = { 0x02, 'm', 'o', 0, high, low },
				    .ns_fd = -1,
				    .up = true };
	*box = (struct route_end){ .mac = { 0x02, 'm', 'o', 1, high, low }, .name = RULES_CARD };
	snprintf(host->name, sizeof host->name, NETWORK_CARD_PREFIX "%x", number,
		 c->host->names++ & NAMES_MASK);
	memcpy(c->name, host->name, sizeof c->name);
}

static int set_up_box(const struct making *m, const struct route_end *host, struct err *err)
{
	int index = route_index(m->card->inner, RULES_CARD);
	const uint32_t to = m->opt->host->address;
	if (index == 0)
		return err_set(err, FAULT_INFRA, 0, "the network card of a box has disappeared");
	if (route_address(m->card->inner, index, m->card->address, 32, err) < 0 ||
	    route_up(m->card->inner, index, err) < 0 ||
	    route_add(m->card->inner, index, to, 32, 0, 0, err) < 0 ||
	    route_add(m->card->inner, index, 0, 0, to, 0, err) < 0 ||
	    route_neighbour(m->card->inner, index, to, host->mac, err) < 0)
		return -1;
	return route_rate(m->card->inner, index, m->opt->network->rate, err);
}

static int set_up_host(const struct making *m, const struct route_end *host,
		       const struct route_end *box, struct err *err)
{
	struct network_host *h = m->opt->host;
	int index = route_index(h->route, host->name);
	if (index == 0)
		return err_set(err, FAULT_INFRA, 0,
			       "the host's end of a network card has disappeared");
	if (route_address(h->route, index, h->address, 32, err) < 0 ||
	    route_add(h->route, index, m->card->address, 32, 0, h->address, err) < 0 ||
	    route_neighbour(h->route, index, m->card->address, box->mac, err) < 0)
		return -1;
	return 0;
}

/* Only with both ends up: the kernel puts a queue to work when the wire is there already, else some
 * time after it has come, and what is sent until then is lost. */
static int limit_host(const struct making *m, const struct route_end *host, struct err *err)
{
	struct nl_sock *sock = m->opt->host->route;
	return route_rate(sock, route_index(sock, host->name), m->opt->network->rate, err);
}

static int make_pair(const struct making *m, struct route_end *host, struct route_end *box,
		     struct err *err)
{
	AUTO_FD int ns = open(m->opt->netns, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return err_set(err, FAULT_INFRA, errno, "cannot open '%s'", m->opt->netns);
	box->ns_fd = ns;
	return route_veth(m->opt->host->route, host, box, err);
}

/* What a killed run left of this slot, looked for once while a process keeps to it. */
static int clear_slot(const struct card_options *opt, struct err *err)
{
	struct network_host *h = opt->host;
	if (h->cleared == opt->number)
		return 0;
	if (network_host_dismiss(h, opt->number, err) < 0)
		return -1;
	h->cleared = opt->number;
	return 0;
}

static int make(struct making *m, struct err *err)
{
	struct route_end host, box;
	const struct card_options *opt = m->opt;
	if (network_host_hold(opt->host, err) < 0 || clear_slot(opt, err) < 0 ||
	    netns_make(opt->netns, inside, m, err) < 0)
		return -1;
	name_ends(m->card, opt->number, &host, &box);
	if (make_pair(m, &host, &box, err) < 0 ||
	    network_host_admit(opt->host, host.name, m->reach, m->n_reach, &m->card->undo, err) <
		    0 ||
	    set_up_host(m, &host, &box, err) < 0 || set_up_box(m, &host, err) < 0 ||
	    limit_host(m, &host, err) < 0)
		return -1;
	return opt->peers ? peers_join(opt->peers, opt->number, opt->host->network, opt->member,
				       m->card->inner, err) :
			    0;
}

static uint32_t address_of(const struct network_host *h, int number)
{
	const uint32_t slot = (uint32_t)number;
	if (slot < NEAR_SLOTS)
		return h->network + FIRST_BOX + slot * NEAR_EACH + h->names % NEAR_EACH;
	return h->network + FIRST_BOX + NEAR_SLOTS * NEAR_EACH + (slot - NEAR_SLOTS) * FAR_EACH +
	       h->names % FAR_EACH;
}

int card_make(const struct card_options *opt, struct card *ret, struct err *err)
{
	AUTO_FREE struct network_reach *reach = NULL;
	struct making m = { .opt = opt, .card = ret };
	*ret = (struct card){ .host = opt->host,
			      .number = opt->number,
			      .address = address_of(opt->host, opt->number) };
	m.n_reach = network_host_reach(opt->host, opt->network, &reach);
	m.reach = reach;
	return make(&m, err);
}

int card_read(const struct card *c, bool used, struct network_facts **ret, struct err *err)
{
	struct route_counts sum = { 0 };
	*ret = NULL;
	if (!c->name[0])
		return 0;
	struct network_facts *f = network_facts_new(NETWORK_REFUSALS_MAX);
	if (used && (route_counts(c->inner, RULES_CARD, &sum, err) < 0 ||
		     route_counts(c->inner, RULES_PEERS, &sum, err) < 0 ||
		     refused_read(c->filter, f, err) < 0)) {
		free(f);
		return -1;
	}
	f->sent_bytes = sum.sent_bytes;
	f->sent_packets = sum.sent_packets;
	f->received_bytes = sum.received_bytes;
	f->received_packets = sum.received_packets;
	*ret = f;
	return 0;
}

void card_end(struct card *c, bool now)
{
	netlink_close(&c->filter);
	netlink_close(&c->inner);
	if (c->undo)
		network_host_undo(c->host, &c->undo);
	/* Those before it, too, if the kernel has not come to it. What cannot be removed now is found by
	 * the next sweep. */
	if (c->name[0] && now) {
		char prefix[ROUTE_NAME_MAX];
		snprintf(prefix, sizeof prefix, NETWORK_CARD_PREFIX, c->number);
		route_delete_prefixed(c->host->route, prefix, NULL);
	}
	c->name[0] = '\0';
}
