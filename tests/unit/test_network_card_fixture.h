/* test_network_card_fixture.h - cards on a host of their own, for the tests of what holds them. */
#ifndef TEST_NETWORK_CARD_FIXTURE_H
#define TEST_NETWORK_CARD_FIXTURE_H

#include <net/if.h>

#include "network/card.h"
#include "test_network_fixture.h"

#define BOTH (NETWORK_TCP | NETWORK_UDP)
#define OTHER IP(10, 9, 0, 5) /* another address of the host */

static struct net_fixture fix;
static struct network_host host;
static struct err err;

UNUSED_OK void open_host(struct network_host *h)
{
	ck_assert_msg(network_host_open(&fix.p, h, &err) == 0, "%s", err.msg);
	h->names = 0; /* they begin anywhere */
}

UNUSED_OK void setup(void)
{
	struct nl_sock *sock = NULL;
	net_fixture_make(&fix);
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	ck_assert_int_eq(route_address(sock, route_index(sock, "lo"), OTHER, 32, &err), 0);
	netlink_close(&sock);
	open_host(&host);
}

UNUSED_OK void teardown(void)
{
	net_enter(fix.ns);
	network_host_close(&host);
	net_fixture_remove(&fix);
}

UNUSED_OK struct network_rule rule(enum network_target target, uint32_t address, int bits, int port)
{
	return (struct network_rule){ .target = target,
				      .address = address,
				      .bits = bits,
				      .port_first = (uint16_t)port,
				      .port_last = (uint16_t)port,
				      .protocols = BOTH };
}

/* --- one card ----------------------------------------------------------------------------- */

struct test_card {
	struct card card;
	char *netns;
};

UNUSED_OK int try_card(struct test_card *t, int number, struct network_rule r, const char *peers)
{
	struct network net = { .kind = NETWORK_CARD,
			       .rules = &r,
			       .n_rules = 1,
			       .rate = NETWORK_RATE_DEFAULT,
			       .connections = 64 };
	t->netns = mem_printf("%s/box%d-XXXXXX", fix.dir, number);
	/* A name for each, so that a leftover box and its successor live side by side. */
	int fd = mkstemp(t->netns);
	ck_assert_int_ge(fd, 0);
	close(fd);
	const struct card_options opt = { .host = &host,
					  .network = &net,
					  .number = number,
					  .netns = t->netns,
					  .peers = peers };
	return card_make(&opt, &t->card, &err);
}

UNUSED_OK void make_card(struct test_card *t, int number, struct network_rule r)
{
	ck_assert_msg(try_card(t, number, r, NULL) == 0, "%s", err.msg);
}

UNUSED_OK void drop_namespace(struct test_card *t)
{
	net_let_go(t->netns);
	free(t->netns);
}

UNUSED_OK void end_card(struct test_card *t)
{
	card_end(&t->card, true);
	drop_namespace(t);
}

UNUSED_OK void ck_links(int want, const char *name)
{
	struct if_nameindex *all = if_nameindex();
	int n = 0;
	bool found = false;
	for (; all[n].if_index; n++)
		found |= strcmp(all[n].if_name, name) == 0;
	if_freenameindex(all);
	ck_assert_msg(n == want && found, "%d links, '%s': %d", n, name, found);
}

#endif
