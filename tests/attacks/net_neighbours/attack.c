#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bad;

static void tcp(const char *name, const struct sockaddr *to, socklen_t len)
{
	int s = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { s, POLLOUT, 0 };
	struct sockaddr_storage who;
	socklen_t n = sizeof who;
	connect(s, to, len);
	poll(&p, 1, 20);
	if (getpeername(s, (struct sockaddr *)&who, &n) == 0) {
		printf("connected: %s\n", name);
		bad = 1;
	}
	close(s);
}

static void udp(const char *name, const struct sockaddr *to, socklen_t len)
{
	int s = socket(to->sa_family, SOCK_DGRAM, 0), one = 1;
	setsockopt(s, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
	if (sendto(s, "x", 1, 0, to, len) == 1) {
		printf("sent: %s\n", name);
		bad = 1;
	}
	close(s);
}

static void both(const char *name, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM }, *a;
	if (getaddrinfo(name, port, &hints, &a) != 0) {
		printf("not an address: %s\n", name);
		bad = 1;
		return;
	}
	tcp(name, a->ai_addr, a->ai_addrlen);
	udp(name, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(a);
}

int main(void)
{
	static const char *const names[] = {
		"192.0.2.1",
		"192.0.2.2",
		"10.0.0.1",
		"10.0.0.53",
		"10.255.255.53",
		"172.16.0.1",
		"172.17.0.1",
		"192.168.0.1",
		"192.168.1.1",
		"192.168.122.1",
		"100.100.100.200",
		"169.254.169.254",
		"169.254.170.2",
		"1.1.1.1",
		"8.8.8.8",
		"9.9.9.9",
		"255.255.255.255",
		"224.0.0.1",
		"224.0.0.251",
		"239.255.255.250",
		"240.0.0.1",
		"fe80::1%eth0",
		"fe80::1%2",
		"ff02::1%eth0",
		"ff02::2%2",
		"2606:4700:4700::1111",
		"fd00::1",
		"fd00:ec2::254",
		"64:ff9b::808:808",
		"::ffff:8.8.8.8",
		"::ffff:169.254.169.254",
	};
	static const char *const ports[] = { "22", "53", "80", "8080" };
	struct in_addr host = { inet_addr(getenv("MOULETTE_HOST")) };
	char name[64];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t p = 0; p < 4; p++)
			if (strchr(names[i], '%') == NULL ||
			    access("/proc/self/net/if_inet6", F_OK) == 0)
				both(names[i], ports[p]);
	/* The cards' network: other boxes, other ends, their broadcast; the allowed port, too. */
	for (unsigned int i = 0; i < 0x10000; i += i < 0x180 || i >= 0xfefe ? 1 : 251) {
		struct in_addr at = { htonl((ntohl(host.s_addr) & 0xffff0000) | i) };
		struct sockaddr_in to = { AF_INET, htons(8080), at, { 0 } };
		struct sockaddr_in own = { AF_INET, htons(0), at, { 0 } };
		int s = socket(AF_INET, SOCK_DGRAM, 0);
		int ours = bind(s, (struct sockaddr *)&own, sizeof own) == 0;
		close(s);
		if (at.s_addr == host.s_addr || ours)
			continue;
		udp(inet_ntop(AF_INET, &at, name, sizeof name), (struct sockaddr *)&to, sizeof to);
	}
	snprintf(name, sizeof name, "::ffff:%s", getenv("MOULETTE_HOST"));
	both(name, "22");
	if (!bad)
		puts("held");
	return bad;
}
