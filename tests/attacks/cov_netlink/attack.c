#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE 7777
#define PORT 123456

static int open_netlink(uint32_t port, uint32_t groups)
{
	const struct sockaddr_nl at = { .nl_family = AF_NETLINK,
					.nl_pid = port,
					.nl_groups = groups };
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	return s < 0 || bind(s, (const struct sockaddr *)&at, sizeof at) < 0 ? -1 : s;
}

/* Errors that are counted for the card of the way, here lo, before anything is sent. */
static void count(int family, const void *to, socklen_t len)
{
	int s = socket(family, SOCK_DGRAM, 0), t = socket(family, SOCK_DGRAM, 0);
	for (int i = 0; i < MESSAGE; i++) {
		sendto(s, (const void *)8, 100, MSG_DONTWAIT, to, len);
		connect(t, to, len);
	}
}

static int leave(void)
{
	const struct sockaddr_in lo = { AF_INET, htons(9), { htonl(INADDR_LOOPBACK) }, { 0 } };
	const struct sockaddr_in6 lo6 = { .sin6_family = AF_INET6,
					  .sin6_port = htons(9),
					  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in6 far6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	inet_pton(AF_INET6, "2001:db8::1", &far6.sin6_addr);
	count(AF_INET, &lo, sizeof lo);
	count(AF_INET6, &lo6, sizeof lo6);
	count(AF_INET6, &far6, sizeof far6);
	if (open_netlink(PORT, 1 /* links */) < 0)
		return 2;
	if (fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	return 0;
}

/* Every word of every list that is the number. */
static int told_by(int type, int family)
{
	static uint32_t text[16384];
	struct {
		struct nlmsghdr h;
		unsigned char body[28];
	} ask = { .h = { .nlmsg_len = sizeof ask,
			 .nlmsg_type = (uint16_t)type,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	int s = open_netlink(0, 0), bad = 0;
	ssize_t n;
	ask.body[0] = (unsigned char)family;
	if (type == RTM_GETLINK)
		ask.h.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	if (type == RTM_GETSTATS) {
		ask.h.nlmsg_len = NLMSG_LENGTH(12);
		memset(ask.body + 8, 0x1f, 1); /* all kinds */
	}
	send(s, &ask, ask.h.nlmsg_len, 0);
	while ((n = recv(s, text, sizeof text, MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *first = (const struct nlmsghdr *)text;
		for (ssize_t i = 0; i < n / 4; i++)
			if (text[i] >= MESSAGE && text[i] <= MESSAGE + 3)
				bad = printf("list %d of family %d: word %zd\n", type, family, i);
		if (first->nlmsg_type == NLMSG_ERROR || first->nlmsg_type == NLMSG_DONE)
			break;
	}
	close(s);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0;
	if (argc > 1 && strcmp(argv[1], "leave") == 0)
		return leave();
	for (int type = RTM_GETLINK; type < RTM_MAX; type += 4)
		/* The table of neighbours counts for the whole host. */
		for (int family = 0; type != RTM_GETNEIGHTBL && family < 30; family++)
			bad |= told_by(type, family);
	if (open_netlink(PORT, 0) < 0)
		bad |= printf("the port is taken\n");
	return bad != 0;
}
