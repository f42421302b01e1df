/* test_network_peers.c - a switch joins the boxes of one test, and leads nowhere else. */
#include "network/netlink.h"
#include "network/peers.h"

#include <net/if.h>

#include "network/rules.h"
#include "test_network_fixture.h"

Suite *suite_network_peers(void);

#define PEER(n) (IP(10, 213, 255, 1) + (n))

static struct net_fixture fix;
static char *hub; /* path of the switch */
static struct err err;

static void setup(void)
{
	net_fixture_make(&fix);
	hub = net_path(&fix, "hub");
	ck_assert_msg(peers_switch_make(hub, &err) == 0, "%s", err.msg);
}

static void teardown(void)
{
	net_enter(fix.ns);
	net_let_go(hub);
	free(hub);
	net_fixture_remove(&fix);
}

static int open_here(void *ctx, struct err *e)
{
	return netlink_open(NETLINK_ROUTE, ctx, e);
}

/* A box with lo alone; *ret leads into it. */
static int make_box(struct nl_sock **ret)
{
	AUTO_FREE char *path = net_path(&fix, "box");
	ck_assert_msg(netns_make(path, open_here, ret, &err) == 0, "%s", err.msg);
	int ns = open_netns(path);
	net_let_go(path);
	return ns;
}

static int joined(int number, int member)
{
	struct nl_sock *sock = NULL;
	int ns = make_box(&sock);
	ck_assert_msg(peers_join(hub, number, CARDS, member, sock, &err) == 0, "%s", err.msg);
	netlink_close(&sock);
	return ns;
}

START_TEST(addresses)
{
	ck_assert_uint_eq(peers_address(CARDS, 0), IP(10, 213, 255, 1));
	ck_assert_uint_eq(peers_address(CARDS, 1), IP(10, 213, 255, 2));
	ck_assert_uint_eq(peers_address(IP(172, 31, 0, 0), 3), IP(172, 31, 255, 4));
}
END_TEST

START_TEST(a_switch_alone)
{
	net_enter_path(hub);
	ck_shown("route/link", "peers ");
	ck_shown("route/link", "lo ");
	struct if_nameindex *all = if_nameindex();
	ck_assert_uint_ne(all[1].if_index, 0);
	ck_assert_uint_eq(all[2].if_index, 0);
	if_freenameindex(all);
	ck_not_shown("route/addr", "dev peers");
	net_enter(fix.ns);
	ck_not_shown("route/link", "peers");
}
END_TEST

START_TEST(one_reaches_the_other)
{
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	AUTO_FD int a = joined(3, 0), b = joined(4095, 1);
	net_enter(b);
	AUTO_FD int server = net_serve(SOCK_STREAM, PEER(1), 80);
	net_enter(a);
	AUTO_FD int client = net_connect(PEER(1), 80);
	ck_assert_msg(client >= 0, "%s", strerror(-client));
	AUTO_FD int came = accept4(server, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	ck_assert_int_ge(came, 0);
	ck_assert_uint_eq(ntohl(from.sin_addr.s_addr), PEER(0));
	/* And the other way round. */
	AUTO_FD int other = net_serve(SOCK_STREAM, PEER(0), 81);
	(void)other;
	net_enter(b);
	ck_assert_int_eq(net_try(PEER(0), 81), 0);
	/* Who is not there is missed, and nothing else is known. */
	ck_assert_int_eq(net_send(HOST_END, 80), ENETUNREACH);
	ck_assert_int_eq(net_send(IP(8, 8, 8, 8), 80), ENETUNREACH);
}
END_TEST

START_TEST(what_each_has)
{
	AUTO_FD int a = joined(3, 0), b = joined(4095, 1);
	net_enter(a);
	ck_shown("route/addr", "10.213.255.1/24 inet dev eth1 ");
	ck_shown("route/link", "eth1 ether 02:6d:6f:02:00:03 <broadcast,multicast,up,");
	ck_not_shown("route/link", "eth0");
	ck_not_shown("route/route", "default");
	net_enter(b);
	ck_shown("route/addr", "10.213.255.2/24 inet dev eth1 ");
	ck_shown("route/link", "eth1 ether 02:6d:6f:02:0f:ff ");
	net_enter_path(hub);
	ck_shown("route/link",
		 "port3 ether 02:6d:6f:03:00:03 master peers <broadcast,multicast,up,");
	ck_shown("route/link", "port4095 ether 02:6d:6f:03:0f:ff ");
	ck_not_shown("route/addr", "dev port"); /* frames pass; the switch itself is nobody */
	ck_not_shown("route/addr", "dev peers");
	ck_not_shown("route/route", "unicast via dev peers");
	net_enter(fix.ns);
	ck_not_shown("route/link", "port");
	ck_not_shown("route/addr", "10.213");
}
END_TEST

/* Two tests at once have the same addresses, on two switches. */
START_TEST(switches_do_not_meet)
{
	AUTO_FREE char *first = hub;
	AUTO_FD int a = joined(3, 0), b = joined(4, 1);
	hub = net_path(&fix, "second");
	ck_assert_msg(peers_switch_make(hub, &err) == 0, "%s", err.msg);
	AUTO_FD int c = joined(3, 0);
	net_enter(b);
	AUTO_FD int server = net_serve(SOCK_STREAM, PEER(1), 80);
	(void)server;
	net_enter(a);
	ck_assert_int_eq(net_try(PEER(1), 80), 0);
	net_enter(c);
	ck_assert_int_ne(net_try(PEER(1), 80), 0);
	net_enter(fix.ns);
	net_let_go(first);
}
END_TEST

static const struct {
	const char *label, *below;
} nowhere[] = {
	{ "no such file", "no-such" },
	{ "a file that is no namespace", "plain" },
};

START_TEST(no_switch)
{
	struct nl_sock *sock = NULL;
	AUTO_FD int ns = make_box(&sock);
	AUTO_FREE char *path = net_path(&fix, nowhere[_i].below);
	AUTO_FREE char *plain = net_path(&fix, "plain");
	ck_assert_int_eq(file_write(AT_FDCWD, plain, ""), 0);
	ck_assert_msg(peers_join(path, 3, CARDS, 0, sock, &err) == -1, "%s", nowhere[_i].label);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	netlink_close(&sock);
	net_enter(ns);
	ck_not_shown("route/link", "eth1");
}
END_TEST

START_TEST(a_port_that_is_taken)
{
	struct nl_sock *sock = NULL;
	AUTO_FD int a = joined(3, 0), ns = make_box(&sock);
	ck_assert_int_ge(a, 0);
	ck_assert_int_eq(peers_join(hub, 3, CARDS, 1, sock, &err), -1);
	ck_assert_msg(strncmp(err.msg, "cannot make a network card: ", 28) == 0, "%s", err.msg);
	netlink_close(&sock);
	net_enter(ns);
	ck_not_shown("route/link", "eth1");
}
END_TEST

START_TEST(a_switch_that_cannot_be_made)
{
	AUTO_FREE char *path = net_path(&fix, "no/such");
	ck_assert_int_eq(peers_switch_make(path, &err), -1);
	ck_assert_int_eq(err.fault, FAULT_INFRA);
	ck_not_shown("route/link", "peers");
}
END_TEST

Suite *suite_network_peers(void)
{
	Suite *s = suite_create("network/peers");
	TCase *tc = tcase_create("peers");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, a_switch_alone);
	tcase_add_test(tc, one_reaches_the_other);
	tcase_add_test(tc, what_each_has);
	tcase_add_test(tc, switches_do_not_meet);
	tcase_add_loop_test(tc, no_switch, 0, ROWS(nowhere));
	tcase_add_test(tc, a_port_that_is_taken);
	tcase_add_test(tc, a_switch_that_cannot_be_made);
	suite_add_tcase(s, tc);
	return s;
}
