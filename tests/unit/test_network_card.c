/* test_network_card.c - a card's two ends, what it carries, what the host's rules hold back, and that
 * nothing of it remains. */
#include "network/card.h"

#include <stdarg.h>

#include "test_network_card_fixture.h"

Suite *suite_network_card(void);

#define LAN IP(192, 168, 7, 0)

static const struct {
	int number;
	const char *name, *address, *mac;
} ends[] = {
	{ 0, "moul-c0-0", "10.213.1.0", "00:00" },
	{ 63, "moul-c63-0", "10.213.190.0", "00:3f" },
	{ 64, "moul-c64-0", "10.213.193.0", "00:40" },
	{ 256, "moul-c256-0", "10.213.195.64", "01:00" },
	{ 4095, "moul-c4095-0", "10.213.240.61", "0f:ff" }, /* of the last slot */
};

static void ck_ipv6(const char *link, bool want)
{
	AUTO_FREE char *path = mem_printf("/proc/sys/net/ipv6/conf/%s", link);
	ck_assert_msg((access(path, F_OK) == 0) == want, "%s", path);
}

__attribute__((format(printf, 2, 3))) static void ck_line(const char *kind, const char *format, ...)
{
	char line[160];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	ck_shown(kind, line);
}

START_TEST(both_ends)
{
	struct test_card t;
	const char *name = ends[_i].name, *address = ends[_i].address, *mac = ends[_i].mac;
	make_card(&t, ends[_i].number, rule(NETWORK_HOST, 0, 0, 8080));
	ck_assert_uint_eq(t.card.address, BOX_OF((unsigned)ends[_i].number));
	ck_links(2, name);
	ck_line("route/link", "%s ether 02:6d:6f:00:%s <broadcast,multicast,up,", name, mac);
	ck_line("route/addr", "10.213.0.1 inet dev %s ", name);
	ck_line("route/route", "inet %s table main type unicast via dev %s", address, name);
	ck_line("route/neigh", "inet %s dev %s lladdr 02:6d:6f:01:%s <permanent>", address, name,
		mac);
	ck_line("route/qdisc", "qdisc tbf dev %s ", name);
	ck_shown("route/qdisc", "(10Mbit)");
	ck_not_shown("route/addr", "inet6 dev moul-"); /* link-local is not there */
	ck_ipv6(name, false);
	ck_assert(net_has_table("moulette") && !net_has_table("moulette_beyond"));

	net_enter_path(t.netns);
	ck_links(2, "eth0");
	ck_line("route/link", "eth0 ether 02:6d:6f:01:%s <broadcast,multicast,up,", mac);
	ck_line("route/addr", "%s inet dev eth0 ", address);
	ck_shown("route/route", "inet default table main type unicast via 10.213.0.1 dev eth0");
	ck_shown("route/route", "inet 10.213.0.1 table main type unicast via dev eth0");
	ck_line("route/neigh", "inet 10.213.0.1 dev eth0 lladdr 02:6d:6f:00:%s <permanent>", mac);
	ck_shown("route/qdisc", "qdisc tbf dev eth0 ");
	ck_shown("route/qdisc", "(10Mbit)");
	ck_not_shown("route/addr", "inet6 dev eth0");
	ck_ipv6("eth0", false);
	ck_ipv6("lo", true);
	ck_assert(net_has_table("moulette"));
	net_enter(fix.ns);
	end_card(&t);
}
END_TEST

/* A server of the host may still send to a box that is gone. */
START_TEST(the_next_card_has_another_address)
{
	struct test_card t;
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	ck_assert_uint_eq(t.card.address, BOX_OF(7u));
	end_card(&t);
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	ck_assert_uint_eq(t.card.address, BOX_OF(7u) + 1);
	end_card(&t);
	host.names = 767;
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	ck_assert_uint_eq(t.card.address, BOX_OF(8u) - 1);
	end_card(&t);
}
END_TEST

static int count_fds(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

START_TEST(nothing_remains)
{
	struct test_card t;
	AUTO_FREE char *links = net_shown("route/link"), *routes = net_shown("route/route");
	AUTO_FREE char *addresses = net_shown("route/addr"), *near = net_shown("route/neigh");
	int fds = count_fds();
	make_card(&t, 7, rule(NETWORK_ADDRESS, IP(10, 20, 0, 0), 16, 80));
	end_card(&t);
	card_end(&t.card, true); /* twice is harmless */
	AUTO_FREE char *links_now = net_shown("route/link");
	AUTO_FREE char *addresses_now = net_shown("route/addr"),
		       *near_now = net_shown("route/neigh");
	ck_assert_str_eq(links_now, links);
	ck_assert_str_eq(addresses_now, addresses);
	ck_assert_str_eq(near_now, near);
	/* The tables are there for the next card, without a word of this one. */
	AUTO_FREE char *sets = net_rules("list sets inet");
	ck_assert_ptr_null(strstr(sets, "moul-c7"));
	ck_assert(net_has_table("moulette") && net_has_table("moulette_beyond"));
	ck_shown("route/route", "inet 10.213.0.0/16 table main type unreachable");
	ck_assert(network_host_traces(host.places));
	const struct places *places = host.places;
	network_host_close(&host);
	ck_assert(!network_host_traces(places));
	AUTO_FREE char *routes_now = net_shown("route/route");
	ck_assert_str_eq(routes_now, routes);
	AUTO_FREE char *rules = net_rules("list ruleset");
	ck_assert_msg(!strstr(rules, "\"table\""), "%s", rules);
	open_host(&host);
	ck_assert_int_eq(count_fds(), fds);
}
END_TEST

/* A datagram of one byte is 29 bytes of IP. */
START_TEST(what_it_carries)
{
	struct test_card t;
	AUTO_FREE struct network_facts *f = NULL;
	struct sockaddr_in from, at = net_at(HOST_END, 8080);
	socklen_t len = sizeof from;
	char byte;
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	AUTO_FD int server = net_serve(SOCK_DGRAM, HOST_END, 8080);
	net_enter_path(t.netns);
	AUTO_FD int client = net_serve(SOCK_DGRAM, BOX_OF(7), 4000);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(sendto(client, "x", 1, 0, (struct sockaddr *)&at, sizeof at), 1);
	ck_assert_int_eq(net_send(HOST_END, 8081), EPERM);
	ck_assert_int_eq(net_send(OTHER, 8080), EPERM);
	ck_assert_int_eq(net_send(INADDR_LOOPBACK, 9), 0);
	net_enter(fix.ns);
	ck_assert_int_eq(recvfrom(server, &byte, 1, 0, (struct sockaddr *)&from, &len), 1);
	ck_assert_uint_eq(ntohl(from.sin_addr.s_addr), BOX_OF(7));
	ck_assert_int_eq(sendto(server, "yz", 2, 0, (struct sockaddr *)&from, len), 2);
	ck_assert(net_came(client));
	ck_assert_msg(card_read(&t.card, true, &f, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(f->sent_packets, 3);
	ck_assert_int_eq(f->sent_bytes, 3 * 29);
	ck_assert_int_eq(f->received_packets, 1);
	ck_assert_int_eq(f->received_bytes, 30);
	ck_assert_uint_eq(f->n_refused, 2);
	ck_assert_uint_eq(f->refused[0].address, HOST_END);
	ck_assert_int_eq(f->refused[0].port, 8081);
	ck_assert_uint_eq(f->refused[1].address, OTHER);
	/* Of a box that did nothing there is nothing to be read. */
	AUTO_FREE struct network_facts *unused = NULL;
	ck_assert_int_eq(card_read(&t.card, false, &unused, &err), 0);
	ck_assert_int_eq(unused->sent_packets | unused->received_bytes, 0);
	ck_assert_uint_eq(unused->n_refused, 0);
	end_card(&t);
}
END_TEST

/* From the host the box sees the address that it knows. */
START_TEST(the_host_speaks_as_its_end)
{
	struct test_card t;
	struct sockaddr_in at = net_at(BOX_OF(7), 9);
	socklen_t len = sizeof at;
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	AUTO_FD int out = net_socket(SOCK_DGRAM);
	ck_assert_int_eq(connect(out, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(getsockname(out, (struct sockaddr *)&at, &len), 0);
	ck_assert_uint_eq(ntohl(at.sin_addr.s_addr), HOST_END);
	end_card(&t);
}
END_TEST

/* The link of the first may be there still, when the next one is made in the same slot. */
START_TEST(one_after_the_other)
{
	struct test_card first, t;
	make_card(&first, 7, rule(NETWORK_ADDRESS, IP(10, 20, 0, 0), 16, 80));
	card_end(&first.card, false);
	ck_shown("route/link", "moul-c7-0 ");
	AUTO_FREE char *sets = net_rules("list sets inet");
	ck_assert_ptr_null(strstr(sets, "moul-c7"));
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	ck_shown("route/link", "moul-c7-1 ");
	AUTO_FD int server = net_serve(SOCK_STREAM, HOST_END, 8080);
	(void)server;
	net_enter_path(t.netns);
	ck_assert_int_eq(net_try(HOST_END, 8080), 0);
	net_enter(fix.ns);
	drop_namespace(&first);
	end_card(&t);
}
END_TEST

/* Who does not wait leaves the rest to the kernel. */
START_TEST(links_go_with_the_namespace)
{
	struct test_card t;
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	card_end(&t.card, false);
	drop_namespace(&t);
	for (int i = 0; i < 500 && route_index(host.route, "moul-c7-0") != 0; i++)
		usleep(10000);
	ck_links(1, "lo");
}
END_TEST

START_TEST(no_card)
{
	struct card none = { 0 };
	struct network_facts *f = (struct network_facts *)1;
	ck_assert_int_eq(card_read(&none, true, &f, &err), 0);
	ck_assert_ptr_null(f);
	card_end(&none, true);
	ck_assert(!net_has_table("moulette"));
}
END_TEST

/* --- the host's line of rules --------------------------------------------------------------- */

/* Should the box's own rules be gone, these hold. */
static void take_away_rules(const struct test_card *t)
{
	struct nft *nft = NULL;
	net_enter_path(t->netns);
	ck_assert_int_eq(nft_open(&nft, &err), 0);
	ck_assert_msg(nft_do(nft, "delete table inet moulette", "try", &err) == 0, "%s", err.msg);
	nft_close(&nft);
}

/* A network of two addresses beyond the host. Return: its namespace. */
static int make_lan(void)
{
	struct nl_sock *sock = NULL;
	AUTO_FREE char *path = net_path(&fix, "lan");
	struct route_end a = { .name = "lan0", .mac = { 2, 9, 0, 0, 0, 1 }, .ns_fd = -1 };
	struct route_end b = { .name = "lan1", .mac = { 2, 9, 0, 0, 0, 2 } };
	ck_assert_int_eq(netns_make(path, NULL, NULL, &err), 0);
	int ns = open_netns(path);
	net_let_go(path);
	b.ns_fd = ns;
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	ck_assert_int_eq(route_veth(sock, &a, &b, &err), 0);
	int index = route_index(sock, "lan0");
	ck_assert_int_eq(route_address(sock, index, LAN + 1, 24, &err), 0);
	ck_assert_int_eq(route_up(sock, index, &err), 0);
	netlink_close(&sock);
	net_enter(ns);
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	index = route_index(sock, "lan1");
	ck_assert_int_eq(route_address(sock, index, LAN + 2, 24, &err), 0);
	ck_assert_int_eq(route_address(sock, index, LAN + 3, 24, &err), 0);
	ck_assert_int_eq(route_up(sock, index, &err), 0);
	ck_assert_int_eq(route_add(sock, index, CARDS, 16, LAN + 1, 0, &err), 0);
	netlink_close(&sock);
	net_enter(fix.ns);
	return ns;
}

START_TEST(the_second_line_holds)
{
	struct test_card t, neighbour;
	struct nl_sock *sock = NULL;
	AUTO_FD int lan = make_lan(), other = net_serve(SOCK_DGRAM, OTHER, 9);
	net_enter(lan);
	AUTO_FD int far = net_serve(SOCK_DGRAM, LAN + 2, 9);
	net_enter(fix.ns);
	make_card(&t, 7, rule(NETWORK_HOST, 0, 0, 8080));
	make_card(&neighbour, 8, rule(NETWORK_HOST, 0, 0, 8080));
	AUTO_FD int end = net_serve(SOCK_DGRAM, HOST_END, 9);
	take_away_rules(&neighbour);
	AUTO_FD int near = net_serve(SOCK_DGRAM, neighbour.card.address, 9);
	take_away_rules(&t);
	ck_assert_int_eq(net_send(HOST_END, 9),
			 0); /* the line that is away would not let it through */
	ck_assert(net_came(end));
	ck_assert_int_eq(net_send(OTHER, 9), 0);
	ck_assert(net_did_not_come(other));
	ck_assert_int_eq(net_send(neighbour.card.address, 9), 0);
	ck_assert(net_did_not_come(near));
	ck_assert_int_eq(net_send(LAN + 2, 9), 0);
	ck_assert(net_did_not_come(far));
	/* A source that is not the box's. */
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	ck_assert_int_eq(route_address(sock, route_index(sock, "eth0"), BOX_OF(9), 32, &err), 0);
	netlink_close(&sock);
	const struct sockaddr_in at = net_at(HOST_END, 9);
	AUTO_FD int spoof = net_serve(SOCK_DGRAM, BOX_OF(9), 9);
	ck_assert_int_eq(sendto(spoof, "x", 1, 0, (const struct sockaddr *)&at, sizeof at), 1);
	ck_assert(net_did_not_come(end));
	net_enter(lan);
	ck_assert_int_eq(net_send(neighbour.card.address, 9), 0);
	ck_assert(net_did_not_come(near));
	net_enter(fix.ns);
	end_card(&t);
	end_card(&neighbour);
}
END_TEST

/* Who has waited for an answer has given the packet time. */
static bool asked(uint32_t address)
{
	struct sockaddr_in at = net_at(address, 80);
	AUTO_FD int fd = net_socket(SOCK_STREAM);
	return connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
}

START_TEST(beyond_the_host)
{
	struct test_card t;
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	AUTO_FD int lan = make_lan();
	make_card(&t, 7, rule(NETWORK_ADDRESS, LAN + 2, 32, 80));
	ck_assert(net_has_table("moulette_beyond"));
	net_enter(lan);
	AUTO_FD int named = net_serve(SOCK_STREAM, LAN + 2, 80);
	AUTO_FD int other = net_serve(SOCK_STREAM, LAN + 3, 80);
	(void)other;
	net_enter_path(t.netns);
	ck_assert(asked(LAN + 2));
	ck_assert_int_eq(net_send(LAN + 3, 80), EPERM);
	AUTO_FD int came = accept4(named, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	ck_assert_int_ge(came, 0);
	ck_assert_uint_eq(ntohl(from.sin_addr.s_addr), LAN + 1); /* hidden behind the host */
	take_away_rules(&t);
	ck_assert(asked(LAN + 2));
	ck_assert(!asked(LAN + 3));
	AUTO_FD int udp = net_serve(SOCK_DGRAM, BOX_OF(7), 9);
	net_enter(lan);
	ck_assert_int_eq(net_send(BOX_OF(7), 9), 0);
	ck_assert_int_eq(net_try(BOX_OF(7), 9), EAGAIN);
	ck_assert(net_did_not_come(udp));
	net_enter(fix.ns);
	end_card(&t);
}
END_TEST

/* --- leftovers ---------------------------------------------------------------------------- */

/* A killed runner: its card is as it was, and nobody holds it. */
static void forget(struct test_card *t)
{
	netlink_close(&t->card.filter);
	netlink_close(&t->card.inner);
	free(t->card.undo);
}

/* As another process sees the host. */
static void next_process(void)
{
	struct network_host next;
	open_host(&next);
	ck_assert_int_eq(network_host_hold(&next, &err), 0);
	network_host_close(&host);
	host = next;
}

START_TEST(a_leftover_link_is_replaced)
{
	struct test_card old, t;
	make_card(&old, 7, rule(NETWORK_ADDRESS, IP(10, 20, 0, 0), 16, 80));
	forget(&old);
	next_process();
	make_card(&t, 7, rule(NETWORK_ADDRESS, IP(10, 30, 0, 0), 16, 80));
	AUTO_FREE char *sets = net_rules("list sets inet");
	ck_assert_ptr_null(strstr(sets, "10.20.0.0"));
	ck_assert_ptr_nonnull(strstr(sets, "10.30.0.0"));
	net_enter_path(old.netns);
	ck_links(1, "lo");
	net_enter(fix.ns);
	drop_namespace(&old);
	end_card(&t);
}
END_TEST

static const struct {
	const char *label;
	enum network_target old, next;
	uint32_t old_address, next_address;
	int old_bits, next_bits;
} leftovers[] = {
	{ "wider", NETWORK_ADDRESS, NETWORK_ADDRESS, IP(10, 0, 0, 0), IP(10, 20, 0, 0), 9, 16 },
	{ "narrower", NETWORK_ADDRESS, NETWORK_ADDRESS, IP(10, 20, 0, 0), IP(10, 0, 0, 0), 16, 9 },
	{ "internet", NETWORK_INTERNET, NETWORK_ADDRESS, 0, IP(10, 20, 0, 0), 0, 16 },
	{ "then the host alone", NETWORK_ADDRESS, NETWORK_HOST, IP(10, 20, 0, 0), 0, 16, 0 },
};

/* The link went with the box, what the host's rules knew of it did not, for others use them. */
START_TEST(leftover_words_are_taken_back)
{
	struct test_card old, t;
	const char *label = leftovers[_i].label;
	make_card(&old, 7,
		  rule(leftovers[_i].old, leftovers[_i].old_address, leftovers[_i].old_bits, 80));
	forget(&old);
	ck_assert_int_eq(route_delete(host.route, "moul-c7-0", &err), 0);
	drop_namespace(&old);
	next_process();
	int bad = try_card(
		&t, 7,
		rule(leftovers[_i].next, leftovers[_i].next_address, leftovers[_i].next_bits, 80),
		NULL);
	ck_assert_msg(bad == 0, "%s: %s", label, err.msg);
	AUTO_FREE char *sets = net_rules("list sets inet");
	end_card(&t);
	ck_assert_int_eq(network_host_dismiss(&host, 7, &err), 0);
	next_process();
	make_card(
		&t, 7,
		rule(leftovers[_i].next, leftovers[_i].next_address, leftovers[_i].next_bits, 80));
	AUTO_FREE char *fresh = net_rules("list sets inet");
	ck_assert_msg(strcmp(sets, fresh) == 0, "%s:\n%s\n%s", label, sets, fresh);
	end_card(&t);
}
END_TEST

/* A process that had a card in one slot takes another one, in which somebody was killed. */
START_TEST(leftovers_of_the_next_slot)
{
	struct test_card old, first, t;
	make_card(&old, 7, rule(NETWORK_ADDRESS, IP(10, 20, 0, 0), 16, 80));
	forget(&old);
	next_process();
	make_card(&first, 6, rule(NETWORK_HOST, 0, 0, 8080));
	make_card(&t, 7, rule(NETWORK_ADDRESS, IP(10, 30, 0, 0), 16, 80));
	AUTO_FREE char *sets = net_rules("list sets inet");
	ck_assert_ptr_null(strstr(sets, "10.20.0.0"));
	ck_not_shown("route/link", "moul-c7-0 ");
	drop_namespace(&old);
	end_card(&first);
	end_card(&t);
}
END_TEST

START_TEST(a_card_that_cannot_be_made)
{
	struct test_card t;
	struct network net = { .kind = NETWORK_CARD, .connections = 1, .rate = 1000000 };
	AUTO_FREE char *nowhere = net_path(&fix, "no/such");
	const struct card_options opt = { .host = &host,
					  .network = &net,
					  .number = 7,
					  .netns = nowhere };
	int fds = count_fds();
	ck_assert_int_eq(card_make(&opt, &t.card, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_msg(strstr(err.msg, "no/such") != NULL, "%s", err.msg);
	card_end(&t.card, true);
	ck_links(1, "lo");
	/* The last thing that can fail: the other boxes of a test. */
	ck_assert_int_eq(try_card(&t, 7, rule(NETWORK_ADDRESS, IP(10, 20, 0, 0), 16, 80), nowhere),
			 -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_assert_msg(strstr(err.msg, "no/such") != NULL, "%s", err.msg);
	end_card(&t);
	ck_links(1, "lo");
	AUTO_FREE char *sets = net_rules("list sets inet");
	ck_assert_ptr_null(strstr(sets, "moul-c7"));
	network_host_close(&host);
	ck_assert(!net_has_table("moulette"));
	open_host(&host);
	ck_assert_int_eq(count_fds(), fds);
}
END_TEST

Suite *suite_network_card(void)
{
	Suite *s = suite_create("network/card");
	TCase *tc = tcase_create("card");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, both_ends, 0, ROWS(ends));
	tcase_add_test(tc, the_next_card_has_another_address);
	tcase_add_test(tc, nothing_remains);
	tcase_add_test(tc, what_it_carries);
	tcase_add_test(tc, the_host_speaks_as_its_end);
	tcase_add_test(tc, one_after_the_other);
	tcase_add_test(tc, links_go_with_the_namespace);
	tcase_add_test(tc, no_card);
	tcase_add_test(tc, the_second_line_holds);
	tcase_add_test(tc, beyond_the_host);
	tcase_add_test(tc, a_leftover_link_is_replaced);
	tcase_add_loop_test(tc, leftover_words_are_taken_back, 0, ROWS(leftovers));
	tcase_add_test(tc, leftovers_of_the_next_slot);
	tcase_add_test(tc, a_card_that_cannot_be_made);
	suite_add_tcase(s, tc);
	return s;
}
