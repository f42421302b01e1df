/* test_network_rules.c - the rules of a box: their text, what the kernel makes of them, and what
 * they counted. */
#include "network/netlink.h"
#include "network/refused.h"
#include "network/rules.h"

#include <net/if.h>

#include "test_network_fixture.h"

Suite *suite_network_rules(void);

#define BOTH (NETWORK_TCP | NETWORK_UDP)
#define BOX BOX_OF(3)
#define FAR IP(10, 9, 0, 5) /* a server beyond the host */

static struct network_prefix own[] = {
	{ IP(127, 0, 0, 1), 32, "lo" },
	{ IP(8, 8, 4, 4), 32, "eth0" },
};
static const struct network_host host = {
	.network = CARDS, .address = HOST_END, .own = own, .n_own = ROWS(own), .users_fd = -1
};
static struct err err;

static void write_rules(const struct network_reach *reach, size_t n, int connections, struct buf *b)
{
	const struct network net = { .kind = NETWORK_CARD, .connections = connections };
	const struct rules rules = { .address = BOX,
				     .network = &net,
				     .host = &host,
				     .reach = reach,
				     .n_reach = n,
				     .peers = true };
	rules_text(&rules, b);
}

/* --- text --------------------------------------------------------------------------------- */

#define HOST_80(p)                                       \
	{                                                \
		NETWORK_AT_HOST, HOST_END, 32, 80, 80, p \
	}
#define PUBLIC "ip daddr != 10.213.0.0/16 ip daddr != 127.0.0.1 ip daddr != 8.8.4.4"

/* clang-format off */
static const struct {
	const char *label; struct network_reach reach; const char *lines[3];
} texts[] = {
	{ "one port of the host", HOST_80(NETWORK_TCP), { " ip daddr 10.213.0.1/32 tcp dport 80-80 goto open\n" } },
	{ "by udp", HOST_80(NETWORK_UDP), { " ip daddr 10.213.0.1/32 udp dport 80-80 goto open\n" } },
	{ "by both", HOST_80(BOTH), { " ip daddr 10.213.0.1/32 tcp dport 80-80 goto open\n", " ip daddr 10.213.0.1/32 udp dport 80-80 goto open\n" } },
	{ "a network, some ports", { NETWORK_BEYOND, IP(10, 9, 0, 0), 16, 80, 443, NETWORK_TCP }, { " ip daddr 10.9.0.0/16 tcp dport 80-443 goto open\n" } },
	{ "every port", { NETWORK_BEYOND, FAR, 32, 1, 65535, BOTH }, { " ip daddr 10.9.0.5/32 meta l4proto tcp goto open\n", " ip daddr 10.9.0.5/32 meta l4proto udp goto open\n" } },
	{ "all ports but the first", { NETWORK_BEYOND, FAR, 32, 2, 65535, NETWORK_TCP }, { " tcp dport 2-65535 goto open\n" } },
	{ "all ports but the last", { NETWORK_BEYOND, FAR, 32, 1, 65534, NETWORK_TCP }, { " tcp dport 1-65534 goto open\n" } },
	{ "a nameserver at the host", { NETWORK_AT_HOST_TOO, IP(8, 8, 4, 4), 32, 53, 53, NETWORK_UDP }, { " ip daddr 8.8.4.4/32 udp dport 53-53 goto open\n" } },
	{ "internet", { NETWORK_PUBLIC, 0, 0, 443, 443, NETWORK_TCP }, { " ip daddr != { 0.0.0.0/8, 10.0.0.0/8, ", " } " PUBLIC " tcp dport 443-443 goto open\n" } },
	{ "internet, every port", { NETWORK_PUBLIC, 0, 0, 1, 65535, NETWORK_UDP }, { " } " PUBLIC " meta l4proto udp goto open\n" } },
};
/* clang-format on */

static int count(const char *text, const char *word)
{
	int n = 0;
	for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
		n++;
	return n;
}

START_TEST(a_text_for_each_kind)
{
	AUTO_BUF b = { 0 };
	const char *label = texts[_i].label;
	const int protocols = texts[_i].reach.protocols == BOTH ? 2 : 1;
	write_rules(&texts[_i].reach, 1, 64, &b);
	for (int i = 0; texts[_i].lines[i]; i++)
		ck_assert_msg(strstr(b.data, texts[_i].lines[i]) != NULL, "%s: no '%s' in\n%s",
			      label, texts[_i].lines[i], b.data);
	ck_assert_msg(count(b.data, "goto open") == protocols, "%s:\n%s", label, b.data);
}
END_TEST

START_TEST(a_text_that_allows_nothing)
{
	AUTO_BUF b = { 0 };
	write_rules(NULL, 0, 17, &b);
	ck_assert_int_eq(count(b.data, "goto open"), 0);
	ck_assert_int_eq(count(b.data, " ct count over 17 goto refuse\n"), 1);
	ck_assert_int_eq(count(b.data, " ip saddr != 10.213.10.0 drop\n"), 1);
	ck_assert_int_eq(count(b.data, " policy drop\n"), 2);
}
END_TEST

START_TEST(protocols)
{
	static const struct {
		unsigned set;
		const char *first, *second;
	} rows[] = {
		{ 0, NULL, NULL },
		{ NETWORK_TCP, "tcp", NULL },
		{ NETWORK_UDP, "udp", NULL },
		{ BOTH, "tcp", "udp" },
	};
	for (int i = 0; i < ROWS(rows); i++) {
		int at = 0;
		ck_assert_pstr_eq(rules_protocol(rows[i].set, &at), rows[i].first);
		ck_assert_pstr_eq(rules_protocol(rows[i].set, &at), rows[i].second);
		ck_assert_ptr_null(rules_protocol(rows[i].set, &at));
	}
}
END_TEST

/* --- a box -------------------------------------------------------------------------------- */

static struct net_fixture fix;
static struct nft *nft; /* of the box, as ... */
static struct nl_sock *filter;
static char *box; /* path of its namespace */

static int open_rules(void *ctx, struct err *e)
{
	return nft_open(&nft, e) < 0 || netlink_open(NETLINK_NETFILTER, &filter, e) < 0 ?
		       -1 :
		       nft_do(nft, ctx, "write the rules", e);
}

static int wire(const char *name, const char *other, uint32_t address, uint32_t to, bool gateway)
{
	struct nl_sock *sock = NULL;
	const uint8_t mac[ROUTE_MAC] = { 2, 0, 0, 0, 0, (uint8_t)(other[0] == 'e') };
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	int index = route_index(sock, name);
	bool bad = route_address(sock, index, address, 32, &err) < 0 ||
		   route_up(sock, index, &err) < 0 ||
		   route_add(sock, index, to, 32, 0, gateway ? 0 : address, &err) < 0 ||
		   route_neighbour(sock, index, to, mac, &err) < 0 ||
		   (gateway && route_add(sock, index, 0, 0, to, 0, &err) < 0);
	netlink_close(&sock);
	ck_assert_msg(!bad, "%s", err.msg);
	return index;
}

/* A box with these rules, wired to the host, which has FAR as an address, too: what is let through
 * to it is answered. The test goes on in the box. */
static void make_box(const struct network_reach *reach, size_t n, int connections)
{
	AUTO_BUF b = { 0 };
	struct nl_sock *sock = NULL;
	struct route_end h = { .name = "h0", .mac = { 2, 0, 0, 0, 0, 0 }, .ns_fd = -1 };
	struct route_end e = { .name = RULES_CARD, .mac = { 2, 0, 0, 0, 0, 1 } };
	write_rules(reach, n, connections, &b);
	ck_assert_msg(netns_make(box, open_rules, b.data, &err) == 0, "%s", err.msg);
	AUTO_FD int ns = open_netns(box);
	e.ns_fd = ns;
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	ck_assert_msg(route_veth(sock, &h, &e, &err) == 0, "%s", err.msg);
	ck_assert_msg(route_address(sock, route_index(sock, "lo"), FAR, 32, &err) == 0, "%s",
		      err.msg);
	netlink_close(&sock);
	wire("h0", RULES_CARD, HOST_END, BOX, false);
	net_enter(ns);
	wire(RULES_CARD, "h0", BOX, HOST_END, true);
}

static int serve_at_host(int type, uint32_t address, int port)
{
	net_enter(fix.ns);
	int fd = net_serve(type, address, port);
	net_enter_path(box);
	return fd;
}

static struct network_facts *facts(void)
{
	struct network_facts *f = network_facts_new(NETWORK_REFUSALS_MAX);
	ck_assert_msg(refused_read(filter, f, &err) == 0, "%s", err.msg);
	return f;
}

/* What left the box by its card. */
static struct route_counts counts(void)
{
	struct nl_sock *sock = NULL;
	struct route_counts sum = { 0 };
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	ck_assert_msg(route_counts(sock, RULES_CARD, &sum, &err) == 0, "%s", err.msg);
	netlink_close(&sock);
	return sum;
}

static void ck_refusal(const struct network_facts *f, size_t i, const char *text, int64_t n)
{
	char got[40];
	ck_assert_uint_gt(f->n_refused, i);
	ck_assert_str_eq(network_refusal_text(&f->refused[i], got), text);
	ck_assert_int_eq(f->refused[i].count, n);
}

static void setup(void)
{
	net_fixture_make(&fix);
	box = net_path(&fix, "box");
}

static void teardown(void)
{
	nft_close(&nft);
	netlink_close(&filter);
	net_enter(fix.ns);
	net_let_go(box);
	free(box);
	net_fixture_remove(&fix);
}

START_TEST(the_kernel_takes_each_kind)
{
	make_box(&texts[_i].reach, 1, 64);
	AUTO_FREE char *rules = net_rules("list ruleset");
	ck_assert_int_eq(count(rules, "\"goto\":{\"target\":\"open\"}"),
			 texts[_i].reach.protocols == BOTH ? 2 : 1);
}
END_TEST

/* clang-format off */
static const struct {
	const char *label; struct network_reach reach; uint32_t to; int port; int type; bool passes;
} packets[] = {
	{ "the port", HOST_80(NETWORK_TCP), HOST_END, 80, SOCK_STREAM, true },
	{ "the port above", HOST_80(NETWORK_TCP), HOST_END, 81, SOCK_STREAM, false },
	{ "the port below", HOST_80(NETWORK_TCP), HOST_END, 79, SOCK_STREAM, false },
	{ "the other protocol", HOST_80(NETWORK_TCP), HOST_END, 80, SOCK_DGRAM, false },
	{ "udp", HOST_80(NETWORK_UDP), HOST_END, 80, SOCK_DGRAM, true },
	{ "tcp where udp may", HOST_80(NETWORK_UDP), HOST_END, 80, SOCK_STREAM, false },
	{ "both: tcp", HOST_80(BOTH), HOST_END, 80, SOCK_STREAM, true },
	{ "both: udp", HOST_80(BOTH), HOST_END, 80, SOCK_DGRAM, true },
	{ "the port elsewhere", HOST_80(BOTH), FAR, 80, SOCK_STREAM, false },
	{ "another box", HOST_80(BOTH), BOX_OF(4), 80, SOCK_STREAM, false },
	{ "first port of a range", { NETWORK_BEYOND, FAR, 32, 80, 443, NETWORK_TCP }, FAR, 80, SOCK_STREAM, true },
	{ "last port of a range", { NETWORK_BEYOND, FAR, 32, 80, 443, NETWORK_TCP }, FAR, 443, SOCK_STREAM, true },
	{ "below a range", { NETWORK_BEYOND, FAR, 32, 80, 443, NETWORK_TCP }, FAR, 79, SOCK_STREAM, false },
	{ "above a range", { NETWORK_BEYOND, FAR, 32, 80, 443, NETWORK_TCP }, FAR, 444, SOCK_STREAM, false },
	{ "every port: the first", { NETWORK_BEYOND, FAR, 32, 1, 65535, BOTH }, FAR, 1, SOCK_STREAM, true },
	{ "every port: the last", { NETWORK_BEYOND, FAR, 32, 1, 65535, BOTH }, FAR, 65535, SOCK_DGRAM, true },
	{ "first of a prefix", { NETWORK_BEYOND, IP(10, 9, 0, 0), 16, 1, 65535, BOTH }, IP(10, 9, 0, 0), 9, SOCK_DGRAM, true },
	{ "last of a prefix", { NETWORK_BEYOND, IP(10, 9, 0, 0), 16, 1, 65535, BOTH }, IP(10, 9, 255, 255), 9, SOCK_DGRAM, true },
	{ "below a prefix", { NETWORK_BEYOND, IP(10, 9, 0, 0), 16, 1, 65535, BOTH }, IP(10, 8, 255, 255), 9, SOCK_DGRAM, false },
	{ "above a prefix", { NETWORK_BEYOND, IP(10, 9, 0, 0), 16, 1, 65535, BOTH }, IP(10, 10, 0, 0), 9, SOCK_DGRAM, false },
#define INTERNET { NETWORK_PUBLIC, 0, 0, 1, 65535, BOTH }
	{ "internet", INTERNET, IP(8, 8, 8, 8), 53, SOCK_DGRAM, true },
	{ "internet: the host's public address", INTERNET, IP(8, 8, 4, 4), 53, SOCK_DGRAM, false },
	{ "internet: the card's other end", INTERNET, HOST_END, 53, SOCK_DGRAM, false },
	{ "internet: below 10/8", INTERNET, IP(9, 255, 255, 255), 9, SOCK_DGRAM, true },
	{ "internet: 10/8", INTERNET, IP(10, 0, 0, 0), 9, SOCK_DGRAM, false },
	{ "internet: the end of 10/8", INTERNET, IP(10, 255, 255, 255), 9, SOCK_DGRAM, false },
	{ "internet: above 10/8", INTERNET, IP(11, 0, 0, 0), 9, SOCK_DGRAM, true },
	{ "internet: below 100.64/10", INTERNET, IP(100, 63, 255, 255), 9, SOCK_DGRAM, true },
	{ "internet: 100.64/10", INTERNET, IP(100, 64, 0, 0), 9, SOCK_DGRAM, false },
	{ "internet: the end of 100.64/10", INTERNET, IP(100, 127, 255, 255), 9, SOCK_DGRAM, false },
	{ "internet: above 100.64/10", INTERNET, IP(100, 128, 0, 0), 9, SOCK_DGRAM, true },
	{ "internet: link-local", INTERNET, IP(169, 254, 169, 254), 80, SOCK_STREAM, false },
	{ "internet: below 172.16/12", INTERNET, IP(172, 15, 255, 255), 9, SOCK_DGRAM, true },
	{ "internet: 172.16/12", INTERNET, IP(172, 16, 0, 0), 9, SOCK_DGRAM, false },
	{ "internet: the end of 172.16/12", INTERNET, IP(172, 31, 255, 255), 9, SOCK_DGRAM, false },
	{ "internet: above 172.16/12", INTERNET, IP(172, 32, 0, 0), 9, SOCK_DGRAM, true },
	{ "internet: 192.168/16", INTERNET, IP(192, 168, 255, 255), 9, SOCK_DGRAM, false },
	{ "internet: above 192.168/16", INTERNET, IP(192, 169, 0, 0), 9, SOCK_DGRAM, true },
	{ "internet: 198.18/15", INTERNET, IP(198, 19, 255, 255), 9, SOCK_DGRAM, false },
	{ "internet: above 198.18/15", INTERNET, IP(198, 20, 0, 0), 9, SOCK_DGRAM, true },
	{ "internet: the last of hosts", INTERNET, IP(223, 255, 255, 255), 9, SOCK_DGRAM, true },
	{ "internet: multicast", INTERNET, IP(224, 0, 0, 1), 9, SOCK_DGRAM, false },
	{ "internet: no use", INTERNET, IP(240, 0, 0, 1), 9, SOCK_DGRAM, false },
};
/* clang-format on */

START_TEST(a_packet)
{
	const bool tcp = packets[_i].type == SOCK_STREAM, passes = packets[_i].passes;
	make_box(&packets[_i].reach, 1, 64);
	int error = tcp ? net_try(packets[_i].to, packets[_i].port) :
			  net_send(packets[_i].to, packets[_i].port);
	/* The reset of who refuses looks like the one of a host where nobody listens. */
	const int want = tcp ? ECONNREFUSED : passes ? 0 : EPERM;
	ck_assert_msg(error == want, "%s: %s", packets[_i].label, strerror(error));
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_uint_eq(f->n_refused, passes ? 0 : 1);
	ck_assert_int_eq(counts().sent_packets > 0, passes);
	if (passes)
		return;
	char got[40], at[16];
	AUTO_FREE char *text = mem_printf("%s:%d/%s", network_address(packets[_i].to, at),
					  packets[_i].port, tcp ? "tcp" : "udp");
	ck_assert_str_eq(network_refusal_text(&f->refused[0], got), text);
	ck_assert_int_eq(f->refused[0].count, 1);
}
END_TEST

/* --- what came back ----------------------------------------------------------------------- */

static const struct network_reach web = HOST_80(BOTH);

START_TEST(nothing_happened)
{
	make_box(&web, 1, 64);
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_uint_eq(f->n_refused, 0);
	ck_assert_int_eq(counts().sent_packets, 0);
}
END_TEST

START_TEST(the_first_refused_is_first)
{
	make_box(&web, 1, 64);
	ck_assert_int_eq(net_send(IP(10, 9, 0, 9), 5432), EPERM);
	ck_assert_int_eq(net_try(IP(10, 9, 0, 9), 5432), ECONNREFUSED);
	ck_assert_int_eq(net_try(IP(10, 9, 0, 9), 443), ECONNREFUSED);
	ck_assert_int_eq(net_send(IP(10, 2, 0, 1), 9), EPERM);
	ck_assert_int_eq(net_send(IP(200, 0, 0, 1), 9), EPERM);
	ck_assert_int_eq(net_send(IP(10, 9, 0, 9), 5432), EPERM);
	ck_assert_int_eq(net_try(HOST_END, 80), ECONNREFUSED);
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_uint_eq(f->n_refused, 5);
	ck_refusal(f, 0, "10.9.0.9:5432/udp", 2);
	/* Then by address, protocol and port, so that the same step gives the same list. */
	ck_refusal(f, 1, "10.2.0.1:9/udp", 1);
	ck_refusal(f, 2, "10.9.0.9:443/tcp", 1);
	ck_refusal(f, 3, "10.9.0.9:5432/tcp", 1);
	ck_refusal(f, 4, "200.0.0.1:9/udp", 1);
}
END_TEST

static const struct {
	const char *label;
	unsigned n, listed;
} many[] = {
	{ "as many as are kept", NETWORK_REFUSALS_MAX, NETWORK_REFUSALS_MAX },
	{ "one more", NETWORK_REFUSALS_MAX + 1, NETWORK_REFUSALS_MAX },
	{ "far more", 1000, NETWORK_REFUSALS_MAX },
};

START_TEST(many_are_refused)
{
	char first[40];
	make_box(&web, 1, 64);
	/* The highest address first: sorting would put it last. */
	for (unsigned i = 0; i < many[_i].n; i++)
		ck_assert_int_eq(net_send(IP(10, 9, 9, 9) - i, 9), EPERM);
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_msg(f->n_refused == many[_i].listed, "%s: %zu", many[_i].label, f->n_refused);
	ck_assert_str_eq(network_refusal_text(&f->refused[0], first), "10.9.9.9:9/udp");
	for (size_t i = 2; i < f->n_refused; i++)
		ck_assert_uint_lt(f->refused[i - 1].address, f->refused[i].address);
	/* One that is known is counted still, and what is allowed goes on. */
	ck_assert_int_eq(net_send(IP(10, 9, 9, 9), 9), EPERM);
	ck_assert_int_eq(net_send(HOST_END, 80), 0);
	AUTO_FREE struct network_facts *again = facts();
	ck_refusal(again, 0, "10.9.9.9:9/udp", 2);
	ck_assert_int_eq(counts().sent_packets, 1);
}
END_TEST

/* What has no ports is one destination, whatever lies at their place. */
START_TEST(a_protocol_without_ports)
{
	const struct sockaddr_in at = net_at(FAR, 0);
	make_box(&web, 1, 64);
	AUTO_FD int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 253);
	ck_assert_int_ge(raw, 0);
	for (int i = 0; i < 3; i++) {
		const char data[8] = { 0, 0, 0, (char)i };
		ck_assert_int_eq(sendto(raw, data, 8, 0, (const struct sockaddr *)&at, sizeof at),
				 -1);
	}
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_uint_eq(f->n_refused, 1);
	ck_refusal(f, 0, "10.9.0.5/253", 3);
}
END_TEST

/* Names of protocols are those of a file that a small system lacks. */
START_TEST(without_names_of_protocols)
{
	AUTO_FREE char *empty = net_path(&fix, "protocols");
	ck_assert_int_eq(file_write(AT_FDCWD, empty, ""), 0);
	ck_assert_int_eq(mount(empty, "/etc/protocols", NULL, MS_BIND, NULL), 0);
	const struct network_reach every = { NETWORK_BEYOND, FAR, 32, 1, 65535, BOTH };
	make_box(&every, 1, 64);
	ck_assert_int_eq(net_try(FAR, 9), ECONNREFUSED);
	ck_assert_int_eq(net_try(HOST_END, 9), ECONNREFUSED);
	ck_assert_int_eq(net_send(HOST_END, 9), EPERM);
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_uint_eq(f->n_refused, 2);
	ck_refusal(f, 0, "10.213.0.1:9/tcp", 1);
	ck_refusal(f, 1, "10.213.0.1:9/udp", 1);
}
END_TEST

/* --- limits and walls --------------------------------------------------------------------- */

START_TEST(connections_open_at_once)
{
	make_box(&web, 1, 2);
	AUTO_FD int server = serve_at_host(SOCK_STREAM, HOST_END, 80);
	(void)server;
	AUTO_FD int first = net_connect(HOST_END, 80), second = net_connect(HOST_END, 80);
	ck_assert_int_ge(first, 0);
	ck_assert_int_ge(second, 0);
	ck_assert_int_eq(net_try(HOST_END, 80), ECONNREFUSED);
	/* Those that are open go on. */
	ck_assert_int_eq(send(first, "x", 1, 0), 1);
	ck_assert_int_eq(send(second, "x", 1, 0), 1);
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_uint_eq(f->n_refused, 1);
	ck_refusal(f, 0, "10.213.0.1:80/tcp", 1);
}
END_TEST

START_TEST(nobody_reaches_the_box)
{
	make_box(&web, 1, 64);
	AUTO_FD int tcp = net_serve(SOCK_STREAM, BOX, 80);
	(void)tcp;
	AUTO_FD int udp = net_serve(SOCK_DGRAM, BOX, 80);
	net_enter(fix.ns);
	ck_assert_int_eq(net_try(BOX, 80), EAGAIN);
	ck_assert_int_eq(net_send(BOX, 80), 0);
	ck_assert(net_did_not_come(udp));
}
END_TEST

START_TEST(a_source_of_others)
{
	struct nl_sock *sock = NULL;
	const struct sockaddr_in at = net_at(HOST_END, 80);
	make_box(&web, 1, 64);
	AUTO_FD int server = serve_at_host(SOCK_DGRAM, HOST_END, 80);
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	ck_assert_int_eq(route_address(sock, route_index(sock, RULES_CARD), BOX_OF(4), 32, &err),
			 0);
	netlink_close(&sock);
	AUTO_FD int client = net_serve(SOCK_DGRAM, BOX_OF(4), 4000);
	ck_assert_int_eq(sendto(client, "x", 1, 0, (const struct sockaddr *)&at, sizeof at), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert(net_did_not_come(server));
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_int_eq(counts().sent_packets, 0);
	ck_assert_uint_eq(f->n_refused, 0); /* the destination was not at fault */
}
END_TEST

/* It works, is not counted, and takes none of the kernel's table of connections. */
START_TEST(lo_is_free)
{
	int64_t tracked = -1;
	make_box(&web, 1, 1);
	AUTO_FD int server = net_serve(SOCK_STREAM, INADDR_LOOPBACK, 80);
	AUTO_FD int own_server = net_serve(SOCK_STREAM, BOX, 80);
	(void)server;
	(void)own_server;
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(net_try(INADDR_LOOPBACK, 80), 0);
		ck_assert_int_eq(net_try(BOX, 80), 0);
	}
	ck_assert_int_eq(
		file_read_i64(AT_FDCWD, "/proc/sys/net/netfilter/nf_conntrack_count", &tracked), 0);
	ck_assert_int_eq(tracked, 0);
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_int_eq(counts().sent_packets, 0);
	ck_assert_uint_eq(f->n_refused, 0);
}
END_TEST

START_TEST(six_is_on_lo_only)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
	make_box(&web, 1, 64);
	AUTO_FD int sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(sock, 0);
	at.sin6_addr = in6addr_loopback;
	ck_assert_int_eq(sendto(sock, "x", 1, 0, (struct sockaddr *)&at, sizeof at), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, "ff02::1", &at.sin6_addr), 1);
	at.sin6_scope_id = if_nametoindex(RULES_CARD);
	ck_assert_int_eq(sendto(sock, "x", 1, 0, (struct sockaddr *)&at, sizeof at), -1);
	AUTO_FREE struct network_facts *f = facts();
	ck_assert_int_eq(counts().sent_packets, 0);
	ck_assert_uint_eq(f->n_refused, 0);
}
END_TEST

Suite *suite_network_rules(void)
{
	Suite *s = suite_create("network/rules");
	TCase *tc = tcase_create("text");
	tcase_add_loop_test(tc, a_text_for_each_kind, 0, ROWS(texts));
	tcase_add_test(tc, a_text_that_allows_nothing);
	tcase_add_test(tc, protocols);
	suite_add_tcase(s, tc);
	tc = tcase_create("box");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, the_kernel_takes_each_kind, 0, ROWS(texts));
	tcase_add_loop_test(tc, a_packet, 0, ROWS(packets));
	tcase_add_test(tc, nothing_happened);
	tcase_add_test(tc, the_first_refused_is_first);
	tcase_add_loop_test(tc, many_are_refused, 0, ROWS(many));
	tcase_add_test(tc, a_protocol_without_ports);
	tcase_add_test(tc, without_names_of_protocols);
	tcase_add_test(tc, connections_open_at_once);
	tcase_add_test(tc, nobody_reaches_the_box);
	tcase_add_test(tc, a_source_of_others);
	tcase_add_test(tc, lo_is_free);
	tcase_add_test(tc, six_is_on_lo_only);
	suite_add_tcase(s, tc);
	return s;
}
