/* test_network_host.c - what a host is like, what it can give, and where an allow list leads. */
#include "network/host.h"

#include "test_network_fixture.h"

Suite *suite_network_host(void);

#define BOTH (NETWORK_TCP | NETWORK_UDP)
#define KEY "a.json: network.allow[0]"

static struct network_prefix own[] = {
	{ IP(127, 0, 0, 1), 32, "lo" },
	{ IP(10, 1, 2, 3), 32, "eth0" },
	{ IP(8, 8, 4, 4), 32, "eth1" },
};
static struct network_prefix routes[] = {
	{ IP(10, 1, 0, 0), 16, "eth0" },
	{ IP(172, 17, 0, 0), 16, "docker0" },
};
static uint32_t nameservers[] = { IP(10, 1, 0, 53), IP(10, 1, 2, 3) };
static struct err err;

/* As network_host_open() would have found it. */
static struct network_host a_host(void)
{
	return (struct network_host){ .network = CARDS,
				      .address = HOST_END,
				      .own = own,
				      .n_own = ROWS(own),
				      .routes = routes,
				      .n_routes = ROWS(routes),
				      .nameservers = nameservers,
				      .n_nameservers = ROWS(nameservers),
				      .forwards = true,
				      .users_fd = -1 };
}

static struct network_rule to(uint32_t address, int bits)
{
	return (struct network_rule){ .target = NETWORK_ADDRESS,
				      .address = address,
				      .bits = bits,
				      .port_first = 80,
				      .port_last = 80,
				      .protocols = NETWORK_TCP,
				      .text = (char *)"as written",
				      .key = (char *)KEY };
}

static struct network_rule target(enum network_target t)
{
	struct network_rule r = to(0, 0);
	r.target = t;
	return r;
}

static int check(const struct network_host *h, struct network_rule *rules, size_t n)
{
	const struct network net = { .kind = NETWORK_CARD,
				     .rules = rules,
				     .n_rules = n,
				     .rate = NETWORK_RATE_DEFAULT,
				     .connections = 1 };
	memset(&err, 0, sizeof err);
	return network_host_check(h, &net, &err);
}

static void ck_refused(const char *label, const char *begin, const char *words)
{
	ck_assert_msg(err.fault == FAULT_USAGE, "%s: %s", label, fault_name(err.fault));
	ck_assert_msg(strncmp(err.msg, begin, strlen(begin)) == 0, "%s: '%s'", label, err.msg);
	ck_assert_msg(strstr(err.msg, words) != NULL, "%s: '%s'", label, err.msg);
}

/* --- addresses ---------------------------------------------------------------------------- */

#define COVERS "'as written' covers the host's own address "
#define THE_CARDS \
	"'as written' covers the network of the cards, 10.213.0.0/16: other boxes are never"

/* clang-format off */
static const struct {
	const char *label; uint32_t address; int bits; const char *why; /* NULL: accepted */
} addresses[] = {
	{ "far away", IP(10, 9, 0, 5), 32, NULL },
	{ "the host itself", IP(10, 1, 2, 3), 32, COVERS "10.1.2.3 of 'eth0'; write \"host:PORT\"" },
	{ "next to the host", IP(10, 1, 2, 2), 32, NULL },
	{ "two, the host among them", IP(10, 1, 2, 2), 31, COVERS "10.1.2.3 of 'eth0'" },
	{ "two beside the host", IP(10, 1, 2, 4), 31, NULL },
	{ "the host's whole network", IP(10, 1, 0, 0), 16, COVERS "10.1.2.3 of 'eth0'" },
	{ "a public address of the host", IP(8, 8, 4, 4), 32, COVERS "8.8.4.4 of 'eth1'" },
	{ "everything", 0, 0, COVERS "127.0.0.1 of 'lo'" },
	{ "the lower half", 0, 1, COVERS "127.0.0.1 of 'lo'" },
	{ "the upper half", IP(128, 0, 0, 0), 1, NULL },
	{ "the cards", CARDS, 16, THE_CARDS },
	{ "the cards' first address", CARDS, 32, THE_CARDS },
	{ "the host's end", HOST_END, 32, THE_CARDS },
	{ "the cards' last address", IP(10, 213, 255, 255), 32, THE_CARDS },
	{ "below the cards", IP(10, 212, 255, 255), 32, NULL },
	{ "above the cards", IP(10, 214, 0, 0), 32, NULL },
	{ "as wide as the cards, below", IP(10, 212, 0, 0), 16, NULL },
	{ "twice as wide", IP(10, 212, 0, 0), 15, THE_CARDS },
	{ "twice as wide, above", IP(10, 214, 0, 0), 15, NULL },
};
/* clang-format on */

START_TEST(an_address)
{
	struct network_host h = a_host();
	struct network_rule r = to(addresses[_i].address, addresses[_i].bits);
	int bad = check(&h, &r, 1);
	ck_assert_msg(bad == (addresses[_i].why ? -1 : 0), "%s: %d '%s'", addresses[_i].label, bad,
		      err.msg);
	if (addresses[_i].why)
		ck_refused(addresses[_i].label, KEY ": ", addresses[_i].why);
}
END_TEST

START_TEST(the_entry_at_fault_is_named)
{
	struct network_host h = a_host();
	struct network_rule rules[] = { to(IP(10, 9, 0, 5), 32), target(NETWORK_HOST),
					to(IP(10, 1, 2, 3), 32) };
	rules[2].key = (char *)"a.json: tests[4].network.allow[2]";
	ck_assert_int_eq(check(&h, rules, 2), 0);
	ck_assert_int_eq(check(&h, rules, 3), -1);
	ck_refused("the third", "a.json: tests[4].network.allow[2]: 'as written'", "10.1.2.3");
}
END_TEST

/* --- the cards' network ------------------------------------------------------------------- */

#define CONF \
	"/etc/moulette.conf.card_network: the network of the cards, 10.213.0.0/16, overlaps with the "

/* clang-format off */
static const struct {
	const char *label; bool is_route; struct network_prefix prefix; const char *why;
} others[] = {
	{ "an address in it", false, { IP(10, 213, 9, 9), 32, "eth7" }, "address 10.213.9.9/32 of 'eth7' on the host" },
	{ "its first address", false, { CARDS, 32, "eth7" }, "address 10.213.0.0/32" },
	{ "its last address", false, { IP(10, 213, 255, 255), 32, "eth7" }, "address 10.213.255.255/32" },
	{ "the address below", false, { IP(10, 212, 255, 255), 32, "eth7" }, NULL },
	{ "the address above", false, { IP(10, 214, 0, 0), 32, "eth7" }, NULL },
	{ "the same route", true, { CARDS, 16, "tun0" }, "route 10.213.0.0/16 of 'tun0' on the host" },
	{ "a narrower route", true, { IP(10, 213, 4, 0), 24, "tun0" }, "route 10.213.4.0/24" },
	{ "a wider route", true, { IP(10, 0, 0, 0), 8, "tun0" }, "route 10.0.0.0/8" },
	{ "twice as wide", true, { IP(10, 212, 0, 0), 15, "tun0" }, "route 10.212.0.0/15" },
	{ "the route below", true, { IP(10, 212, 0, 0), 16, "tun0" }, NULL },
	{ "the route above", true, { IP(10, 214, 0, 0), 15, "tun0" }, NULL },
};
/* clang-format on */

START_TEST(a_network_that_is_taken)
{
	struct network_host h = a_host();
	struct network_prefix one = others[_i].prefix;
	const char *label = others[_i].label, *why = others[_i].why;
	if (others[_i].is_route) {
		h.routes = &one;
		h.n_routes = 1;
	} else {
		h.own = &one;
		h.n_own = 1;
	}
	/* Whatever is asked for, be it nothing. */
	int bad = check(&h, NULL, 0);
	ck_assert_msg(bad == (why ? -1 : 0), "%s: %d '%s'", label, bad, err.msg);
	if (why)
		ck_refused(label, CONF, why);
}
END_TEST

START_TEST(without_a_card_nothing_is_asked)
{
	static const enum network_kind kinds[] = { NETWORK_UNSET, NETWORK_NONE };
	struct network_host h = a_host();
	struct network_prefix taken = { CARDS, 16, "tun0" };
	h.routes = &taken;
	h.n_routes = 1;
	for (int i = 0; i < ROWS(kinds); i++) {
		const struct network net = { .kind = kinds[i] };
		ck_assert_int_eq(network_host_check(&h, &net, &err), 0);
	}
}
END_TEST

/* --- nameservers, forwarding -------------------------------------------------------------- */

/* clang-format off */
static const struct {
	const char *label; uint32_t servers[2]; size_t n; bool forwards; const char *why;
} dns[] = {
	{ "beyond", { IP(10, 1, 0, 53) }, 1, true, NULL },
	{ "beyond, no forwarding", { IP(10, 1, 0, 53) }, 1, false, "'as written' is not on the host, and the host does not forward" },
	{ "at the host", { IP(10, 1, 2, 3) }, 1, false, NULL },
	{ "one at the host, one beyond", { IP(10, 1, 2, 3), IP(10, 1, 0, 53) }, 2, false, "sysctl -w net.ipv4.ip_forward=1" },
	{ "none", { 0 }, 0, true, "'dns' is not possible: /etc/resolv.conf of the host names no IPv4" },
	{ "on loopback", { IP(127, 0, 0, 1) }, 1, true, "'dns' is not possible: the host's nameserver 127.0.0.1 (/etc/resolv.conf)" },
	{ "a stub on loopback", { IP(127, 0, 0, 53) }, 1, true, "nameserver 127.0.0.53" },
	{ "the last of loopback", { IP(127, 255, 255, 255) }, 1, true, "nameserver 127.255.255.255" },
	{ "above loopback", { IP(128, 0, 0, 0) }, 1, true, NULL },
	{ "below loopback", { IP(126, 255, 255, 255) }, 1, true, NULL },
	{ "the second on loopback", { IP(10, 1, 0, 53), IP(127, 0, 0, 1) }, 2, true, "is on loopback" },
};
/* clang-format on */

START_TEST(names)
{
	struct network_host h = a_host();
	struct network_rule r = target(NETWORK_DNS);
	uint32_t servers[2] = { dns[_i].servers[0], dns[_i].servers[1] };
	h.nameservers = servers;
	h.n_nameservers = dns[_i].n;
	h.forwards = dns[_i].forwards;
	int bad = check(&h, &r, 1);
	ck_assert_msg(bad == (dns[_i].why ? -1 : 0), "%s: %d '%s'", dns[_i].label, bad, err.msg);
	if (dns[_i].why)
		ck_refused(dns[_i].label, KEY ": ", dns[_i].why);
	/* Who does not ask for names needs none. */
	struct network_rule host = target(NETWORK_HOST);
	ck_assert_int_eq(check(&h, &host, 1), 0);
}
END_TEST

static const struct {
	const char *label;
	enum network_target target;
	bool needs;
} ways[] = {
	{ "host", NETWORK_HOST, false },
	{ "an address", NETWORK_ADDRESS, true },
	{ "internet", NETWORK_INTERNET, true },
};

START_TEST(what_lies_beyond_needs_forwarding)
{
	struct network_host h = a_host();
	struct network_rule r = ways[_i].target == NETWORK_ADDRESS ? to(IP(10, 9, 0, 5), 32) :
								     target(ways[_i].target);
	ck_assert_msg(check(&h, &r, 1) == 0, "%s: '%s'", ways[_i].label, err.msg);
	h.forwards = false;
	ck_assert_msg(check(&h, &r, 1) == (ways[_i].needs ? -1 : 0), "%s", ways[_i].label);
	if (ways[_i].needs)
		ck_refused(
			ways[_i].label, KEY ": 'as written' is not on the host",
			"sysctl -w net.ipv4.ip_forward=1' (moulette never changes this setting)");
}
END_TEST

/* --- where entries lead ------------------------------------------------------------------- */

static void ck_reach(const struct network_reach *got, enum network_where where, uint32_t address,
		     int bits, int first, int last, unsigned protocols)
{
	ck_assert_int_eq(got->where, where);
	if (where != NETWORK_PUBLIC) {
		ck_assert_uint_eq(got->address, address);
		ck_assert_int_eq(got->bits, bits);
	}
	ck_assert_int_eq(got->port_first, first);
	ck_assert_int_eq(got->port_last, last);
	ck_assert_uint_eq(got->protocols, protocols);
}

START_TEST(reach)
{
	struct network_host h = a_host();
	struct network_rule rules[] = { target(NETWORK_HOST), to(IP(10, 9, 0, 0), 16),
					target(NETWORK_DNS), target(NETWORK_INTERNET) };
	const struct network net = { .kind = NETWORK_CARD, .rules = rules, .n_rules = 4 };
	AUTO_FREE struct network_reach *all = NULL;
	rules[1].port_last = 443;
	rules[1].protocols = BOTH;
	rules[2].port_first = rules[2].port_last = 9; /* of "dns" the port is known */
	ck_assert_uint_eq(network_host_reach(&h, &net, &all), 5);
	ck_reach(&all[0], NETWORK_AT_HOST, HOST_END, 32, 80, 80, NETWORK_TCP);
	ck_reach(&all[1], NETWORK_BEYOND, IP(10, 9, 0, 0), 16, 80, 443, BOTH);
	ck_reach(&all[2], NETWORK_BEYOND, IP(10, 1, 0, 53), 32, 53, 53, BOTH);
	ck_reach(&all[3], NETWORK_AT_HOST_TOO, IP(10, 1, 2, 3), 32, 53, 53, BOTH);
	ck_reach(&all[4], NETWORK_PUBLIC, 0, 0, 80, 80, NETWORK_TCP);
}
END_TEST

START_TEST(nothing_leads_nowhere)
{
	struct network_host h = a_host();
	const struct network net = { .kind = NETWORK_CARD };
	struct network_rule r = target(NETWORK_DNS);
	const struct network no_servers = { .kind = NETWORK_CARD, .rules = &r, .n_rules = 1 };
	struct network_reach *all = (struct network_reach *)1;
	ck_assert_uint_eq(network_host_reach(&h, &net, &all), 0);
	ck_assert_ptr_null(all);
	h.n_nameservers = 0;
	ck_assert_uint_eq(network_host_reach(&h, &no_servers, &all), 0);
	ck_assert_ptr_null(all);
}
END_TEST

/* --- facts -------------------------------------------------------------------------------- */

static struct net_fixture fix;

static void setup(void)
{
	net_fixture_make(&fix);
}

static void teardown(void)
{
	net_fixture_remove(&fix);
}

/* A pair of links, the first with an address and up. */
static int link_with(const char *name, const char *other, uint32_t address, int bits)
{
	struct nl_sock *sock = NULL;
	struct route_end a = { .mac = { 2, 0, 0, 0, 0, 1 }, .ns_fd = -1 };
	struct route_end b = { .mac = { 2, 0, 0, 0, 0, 2 }, .ns_fd = -1 };
	snprintf(a.name, sizeof a.name, "%s", name);
	snprintf(b.name, sizeof b.name, "%s", other);
	a.mac[4] = b.mac[4] = (uint8_t)name[strlen(name) - 1];
	ck_assert_msg(netlink_open(NETLINK_ROUTE, &sock, &err) == 0 &&
			      route_veth(sock, &a, &b, &err) == 0,
		      "%s", err.msg);
	int index = route_index(sock, name);
	ck_assert_msg(route_address(sock, index, address, bits, &err) == 0 &&
			      route_up(sock, index, &err) == 0 &&
			      route_up(sock, route_index(sock, other), &err) == 0,
		      "%s", err.msg);
	netlink_close(&sock);
	return index;
}

static void servers_are(const char *text)
{
	AUTO_FREE char *path = net_path(&fix, "resolv.conf");
	ck_assert_int_eq(file_write(AT_FDCWD, path, text), 0);
	ck_assert_int_eq(mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
}

static const struct network_prefix *find(const struct network_prefix *list, size_t n,
					 uint32_t address, int bits)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].address == address && list[i].bits == bits)
			return &list[i];
	return NULL;
}

START_TEST(what_the_host_is_like)
{
	struct network_host h;
	struct nl_sock *sock = NULL;
	int index = link_with("lan0", "lan1", IP(192, 168, 7, 9), 24);
	link_with("moul-c5", "box5", HOST_END, 32);
	ck_assert_int_eq(netlink_open(NETLINK_ROUTE, &sock, &err), 0);
	ck_assert_int_eq(route_add(sock, index, 0, 0, IP(192, 168, 7, 1), 0, &err), 0);
	ck_assert_int_eq(route_add(sock, index, IP(172, 20, 0, 0), 14, IP(192, 168, 7, 1), 0, &err),
			 0);
	netlink_close(&sock);
	servers_are(
		"# nameserver 1.1.1.1\nsearch example.org\nnameserver 192.168.7.53\n"
		"nameserver fd00::1\n\tnameserver  8.8.8.8\nnameserver\nnameserver 192.168.7.53x\n"
		"options edns0");
	ck_assert_msg(network_host_open(&fix.p, &h, &err) == 0, "%s", err.msg);
	ck_assert_uint_eq(h.network, CARDS);
	ck_assert_uint_eq(h.address, HOST_END);
	ck_assert(h.forwards);
	ck_assert_int_lt(h.users_fd, 0);
	/* Ours, which has the cards' address, is left out. */
	ck_assert_uint_eq(h.n_own, 2);
	ck_assert_ptr_nonnull(find(h.own, h.n_own, IP(127, 0, 0, 1), 32));
	const struct network_prefix *lan = find(h.own, h.n_own, IP(192, 168, 7, 9), 32);
	ck_assert_ptr_nonnull(lan);
	ck_assert_str_eq(lan->name, "lan0");
	/* The default route says nothing of what is taken. */
	ck_assert_uint_eq(h.n_routes, 2);
	ck_assert_ptr_nonnull(find(h.routes, h.n_routes, IP(192, 168, 7, 0), 24));
	ck_assert_ptr_nonnull(find(h.routes, h.n_routes, IP(172, 20, 0, 0), 14));
	ck_assert_uint_eq(h.n_nameservers, 2);
	ck_assert_uint_eq(h.nameservers[0], IP(192, 168, 7, 53));
	ck_assert_uint_eq(h.nameservers[1], IP(8, 8, 8, 8));
	network_host_close(&h);
	ck_assert_ptr_null(h.own);
	network_host_close(&h); /* twice is harmless */
}
END_TEST

START_TEST(a_host_that_has_little)
{
	struct network_host h;
	servers_are("");
	ck_assert_int_eq(file_write(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", "0"), 0);
	ck_assert_msg(network_host_open(&fix.p, &h, &err) == 0, "%s", err.msg);
	ck_assert(!h.forwards);
	ck_assert_uint_eq(h.n_own, 1);
	ck_assert_uint_eq(h.n_routes, 0);
	ck_assert_uint_eq(h.n_nameservers, 0);
	network_host_close(&h);
}
END_TEST

/* Looking at the host and checking what is asked change nothing. */
START_TEST(looking_changes_nothing)
{
	struct network_host h;
	struct network_rule r = to(IP(10, 9, 0, 5), 32);
	ck_assert_int_eq(network_host_open(&fix.p, &h, &err), 0);
	ck_assert_msg(check(&h, &r, 1) == 0, "%s", err.msg);
	network_host_close(&h);
	AUTO_FREE char *rules = net_rules("list ruleset"), *links = net_shown("route/link");
	ck_assert_ptr_null(strstr(rules, "\"table\""));
	ck_assert_ptr_null(strstr(links, "moul-"));
	ck_assert_int_eq(rmdir(fix.dir), 0); /* no file of ours */
	ck_assert_int_eq(mkdir(fix.dir, 0700), 0);
}
END_TEST

Suite *suite_network_host(void)
{
	Suite *s = suite_create("network/host");
	TCase *tc = tcase_create("asked");
	tcase_add_loop_test(tc, an_address, 0, ROWS(addresses));
	tcase_add_test(tc, the_entry_at_fault_is_named);
	tcase_add_loop_test(tc, a_network_that_is_taken, 0, ROWS(others));
	tcase_add_test(tc, without_a_card_nothing_is_asked);
	tcase_add_loop_test(tc, names, 0, ROWS(dns));
	tcase_add_loop_test(tc, what_lies_beyond_needs_forwarding, 0, ROWS(ways));
	tcase_add_test(tc, reach);
	tcase_add_test(tc, nothing_leads_nowhere);
	suite_add_tcase(s, tc);
	tc = tcase_create("facts");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_the_host_is_like);
	tcase_add_test(tc, a_host_that_has_little);
	tcase_add_test(tc, looking_changes_nothing);
	suite_add_tcase(s, tc);
	return s;
}
