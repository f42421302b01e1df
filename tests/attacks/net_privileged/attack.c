#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int bad;

static void got(const char *what, const char *which)
{
	printf("%s %s\n", what, which);
	bad = 1;
}

static void sockets(void)
{
	static const struct {
		const char *name;
		int family, type, protocol;
	} all[] = {
		{ "packet", AF_PACKET, SOCK_RAW, 0x0300 },
		{ "packet, cooked", AF_PACKET, SOCK_DGRAM, 0x0300 },
		{ "raw", AF_INET, SOCK_RAW, 255 },
		{ "raw icmp", AF_INET, SOCK_RAW, 1 },
		{ "raw tcp", AF_INET, SOCK_RAW, 6 },
		{ "ping", AF_INET, SOCK_DGRAM, 1 },
		{ "ping6", AF_INET6, SOCK_DGRAM, 58 },
		{ "raw icmp6: router advertisements", AF_INET6, SOCK_RAW, 58 },
		{ "sock_diag", AF_NETLINK, SOCK_RAW, 4 },
		{ "nfnetlink", AF_NETLINK, SOCK_RAW, 12 },
		{ "xdp", 44, SOCK_RAW, 0 },
		{ "vsock", 40, SOCK_STREAM, 0 },
		{ "sctp", AF_INET, SOCK_STREAM, 132 },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (socket(all[i].family, all[i].type, all[i].protocol) >= 0)
			got("socket", all[i].name);
}

static void change(int s, const char *link)
{
	static const struct {
		const char *name;
		unsigned long call;
	} all[] = {
		{ "SIOCSIFADDR", SIOCSIFADDR },     { "SIOCSIFNETMASK", SIOCSIFNETMASK },
		{ "SIOCSIFFLAGS", SIOCSIFFLAGS },   { "SIOCSIFHWADDR", SIOCSIFHWADDR },
		{ "SIOCSIFMTU", SIOCSIFMTU },       { "SIOCSIFNAME", SIOCSIFNAME },
		{ "SIOCSIFTXQLEN", SIOCSIFTXQLEN }, { "SIOCETHTOOL", 0x8946 },
		{ "SIOCBRADDBR", 0x89a0 },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct ifreq r = { .ifr_flags = 0 };
		strcpy(r.ifr_name, link);
		if (ioctl(s, all[i].call, &r) == 0)
			got(link, all[i].name);
	}
}

static void tables(int s)
{
	struct arpreq arp = { .arp_pa = { AF_INET, { 0 } },
			      .arp_flags = ATF_PERM | ATF_COM,
			      .arp_dev = "eth0" };
	struct rtentry rt = { .rt_flags = RTF_UP };
	rt.rt_dst.sa_family = rt.rt_genmask.sa_family = AF_INET;
	if (ioctl(s, SIOCSARP, &arp) == 0 || ioctl(s, SIOCDARP, &arp) == 0)
		got("changed", "the table of neighbours");
	if (ioctl(s, SIOCADDRT, &rt) == 0 || ioctl(s, SIOCDELRT, &rt) == 0)
		got("changed", "the table of routes");
}

/* The kernel refuses these before it reads them; in a plain box esc_netlink sends what is well formed. */
static void links(void)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[256];
	} reply;
	for (int type = RTM_BASE; type <= RTM_MAX; type++) {
		struct {
			struct nlmsghdr h;
			char body[28];
		} r = { .h = { sizeof r, (unsigned short)type, NLM_F_REQUEST | NLM_F_ACK, 0, 0 } };
		int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
		if ((type & 3) != 2 /* it asks */ &&
		    (send(s, &r, sizeof r, 0) < 0 ||
		     recv(s, &reply, sizeof reply, MSG_DONTWAIT) < 0 ||
		     reply.h.nlmsg_type != NLMSG_ERROR || reply.e.error != -EPERM))
			got("not refused", "a change by netlink");
		close(s);
	}
}

static void settings(void)
{
	static const char *const all[] = {
		"/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/net/ipv4/conf/all/accept_local",
		"/proc/sys/net/ipv4/conf/eth0/proxy_arp",
		"/proc/sys/net/ipv4/ping_group_range",
		"/proc/sys/net/ipv6/conf/lo/disable_ipv6",
		"/proc/sys/net/ipv6/conf/all/disable_ipv6",
		"/proc/sys/net/netfilter/nf_conntrack_max",
		"/proc/self/net/xt_recent/x",
		"/sys/class/net/eth0/mtu",
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (open(all[i], O_WRONLY) >= 0)
			got("opened", all[i]);
	if (open("/proc/self/net/nf_conntrack", O_RDONLY) >= 0)
		got("opened", "nf_conntrack");
}

int main(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), mark = 1;
	sockets();
	change(s, "eth0");
	change(s, "lo");
	tables(s);
	links();
	settings();
	if (setsockopt(s, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0 ||
	    setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &mark, sizeof mark) == 0)
		got("set", "an option that needs CAP_NET_ADMIN");
	if (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
		got("made", "a network namespace");
	if (setns(open("/proc/self/ns/net", O_RDONLY), CLONE_NEWNET) == 0 ||
	    setns(open("/proc/1/ns/net", O_RDONLY), 0) == 0)
		got("entered", "a network namespace");
	if (!bad)
		puts("held");
	return bad;
}
