#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef NETLINK_LISTEN_ALL_NSID
#define NETLINK_LISTEN_ALL_NSID 8
#endif

static int bad;

static void got(const char *what, long number, long answer)
{
	printf("%s %ld: %ld\n", what, number, answer);
	bad = 1;
}

struct request {
	struct nlmsghdr h;
	unsigned char body[64];
};

/* Return: the errno of the kernel's answer, 0: done, -1: none came. */
static int answer_to(int kind, struct request *r)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[256];
	} reply = { .h = { .nlmsg_type = 0 } };
	int s = socket(AF_NETLINK, kind, NETLINK_ROUTE);
	r->h.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	ssize_t n = send(s, r, r->h.nlmsg_len, 0) < 0 ? -1 :
							recv(s, &reply, sizeof reply, MSG_DONTWAIT);
	close(s);
	return n < (ssize_t)NLMSG_LENGTH(sizeof reply.e) || reply.h.nlmsg_type != NLMSG_ERROR ?
		       -1 :
		       -reply.e.error;
}

static struct request request(int type, size_t head)
{
	return (struct request){ .h = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(head),
					.nlmsg_type = (uint16_t)type,
					.nlmsg_flags = NLM_F_CREATE } };
}

static void add(struct request *r, int type, const void *data, size_t len)
{
	struct rtattr a = { (unsigned short)RTA_LENGTH(len), (unsigned short)type };
	memcpy((char *)r + r->h.nlmsg_len, &a, sizeof a);
	memcpy((char *)r + r->h.nlmsg_len + RTA_LENGTH(0), data, len);
	r->h.nlmsg_len += (uint32_t)RTA_SPACE(len);
}

/* What would be done if it were allowed. */
static void well_formed(int kind)
{
	static const unsigned char address[4] = { 127, 9, 9, 9 };
	const struct ifinfomsg link = { .ifi_index = 1, .ifi_change = IFF_UP };
	const struct ifaddrmsg addr = { .ifa_family = AF_INET,
					.ifa_prefixlen = 32,
					.ifa_index = 1 };
	const struct rtmsg route = { .rtm_family = AF_INET,
				     .rtm_dst_len = 32,
				     .rtm_table = RT_TABLE_MAIN,
				     .rtm_protocol = RTPROT_STATIC,
				     .rtm_scope = RT_SCOPE_LINK,
				     .rtm_type = RTN_UNICAST };
	const int one = 1, self = getpid();
	struct request all[] = { request(RTM_NEWLINK, sizeof link),
				 request(RTM_NEWADDR, sizeof addr),
				 request(RTM_NEWROUTE, sizeof route),
				 request(RTM_NEWNSID, sizeof(struct rtgenmsg)) };
	memcpy(all[0].body, &link, sizeof link);
	memcpy(all[1].body, &addr, sizeof addr);
	add(&all[1], IFA_LOCAL, address, sizeof address);
	memcpy(all[2].body, &route, sizeof route);
	add(&all[2], RTA_DST, address, sizeof address);
	add(&all[2], RTA_OIF, &one, sizeof one);
	all[3].h.nlmsg_len = NLMSG_SPACE(sizeof(struct rtgenmsg));
	add(&all[3], 1 /* NETNSA_NSID */, &one, sizeof one);
	add(&all[3], 2 /* NETNSA_PID */, &self, sizeof self);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		int answer = answer_to(kind, &all[i]);
		if (answer != EPERM)
			got("message", all[i].h.nlmsg_type, answer);
	}
}

static void every_change(int kind)
{
	for (int type = RTM_BASE; type <= RTM_MAX; type++) {
		struct request r = request(type, 28);
		if ((type & 3) == 2)
			continue; /* it asks */
		int answer = answer_to(kind, &r);
		if (answer != EPERM)
			got("type", type, answer);
	}
}

int main(void)
{
	const struct sockaddr_nl other = { .nl_family = AF_NETLINK, .nl_pid = 1 },
				 all = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	const int on = 1;
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (s < 0)
		got("socket", NETLINK_ROUTE, errno);
	for (int protocol = 1; protocol < 64; protocol++)
		for (int kind = 1; kind < 16; kind++)
			if (socket(AF_NETLINK, kind, protocol) >= 0)
				got("protocol", protocol, kind);
	well_formed(SOCK_RAW);
	well_formed(SOCK_DGRAM);
	every_change(SOCK_RAW);
	every_change(SOCK_DGRAM);
	if (setsockopt(s, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) == 0)
		got("listens to all namespaces", 0, 0);
	if (sendto(s, "x", 1, 0, (const struct sockaddr *)&other, sizeof other) >= 0 ||
	    sendto(s, "x", 1, 0, (const struct sockaddr *)&all, sizeof all) >= 0)
		got("sent to others", 0, 0);
	return bad;
}
