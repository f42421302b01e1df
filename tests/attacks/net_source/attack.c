#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_TRANSPARENT
#define IP_TRANSPARENT 19
#endif

static int bad;

static void report(const char *how, const char *from, int sent)
{
	if (!sent)
		return;
	printf("%s: sent from %s\n", how, from);
	bad = 1;
}

static void bound(const char *how, int option, const char *from, const struct sockaddr_in *to,
		  int type)
{
	struct sockaddr_in own = { AF_INET, 0, { inet_addr(from) }, { 0 } }, who;
	socklen_t len = sizeof who;
	int s = socket(AF_INET, type | SOCK_NONBLOCK, 0), one = 1;
	if (option && setsockopt(s, IPPROTO_IP, option, &one, sizeof one) < 0) {
		close(s);
		return;
	}
	if (bind(s, (struct sockaddr *)&own, sizeof own) == 0) {
		struct pollfd p = { s, POLLOUT, 0 };
		if (type == SOCK_DGRAM) {
			report(how, from,
			       sendto(s, "x", 1, 0, (const struct sockaddr *)to, sizeof *to) == 1);
		} else if (connect(s, (const struct sockaddr *)to, sizeof *to) == 0 ||
			   errno == EINPROGRESS) {
			poll(&p, 1, 100);
			report(how, from, getpeername(s, (struct sockaddr *)&who, &len) == 0);
		}
	}
	close(s);
}

/* The source address of one datagram alone, by a control message. */
static void by_message(const char *from, const struct sockaddr_in *to)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} c;
	struct iovec io = { (void *)"x", 1 };
	struct msghdr m = { (void *)to, sizeof *to, &io, 1, &c, sizeof c, 0 };
	struct in_pktinfo info = { 0, { inet_addr(from) }, { 0 } };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	memset(&c, 0, sizeof c);
	c.h.cmsg_level = IPPROTO_IP;
	c.h.cmsg_type = IP_PKTINFO;
	c.h.cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(&c.h), &info, sizeof info);
	report("IP_PKTINFO", from, sendmsg(s, &m, 0) == 1);
	close(s);
}

int main(void)
{
	const char *host = getenv("MOULETTE_HOST");
	const struct sockaddr_in to = { AF_INET, htons(8080), { inet_addr(host) }, { 0 } };
	char neighbour[16];
	struct in_addr other = { htonl((ntohl(to.sin_addr.s_addr) & 0xffff0000) | 0x1123) };
	inet_ntop(AF_INET, &other, neighbour, sizeof neighbour);
	const char *const from[] = { host,        neighbour,  "127.0.0.1", "127.9.9.9",
				     "192.0.2.2", "10.0.0.1", "8.8.8.8" };
	for (size_t i = 0; i < sizeof from / sizeof *from; i++)
		for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
			bound("bind", 0, from[i], &to, type);
			bound("IP_FREEBIND", IP_FREEBIND, from[i], &to, type);
			bound("IP_TRANSPARENT", IP_TRANSPARENT, from[i], &to, type);
			if (type == SOCK_DGRAM)
				by_message(from[i], &to);
		}
	if (!bad)
		puts("held");
	return bad;
}
