#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bad;
static char big[65000];

static void got(const char *what)
{
	puts(what);
	bad = 1;
}

static struct sockaddr_in at(const char *host, int port)
{
	struct sockaddr_in a = { AF_INET, htons((unsigned short)port), { inet_addr(host) }, { 0 } };
	return a;
}

static void connects(const char *what, int s, const struct sockaddr_in *to)
{
	struct pollfd p = { s, POLLOUT, 0 };
	struct sockaddr_in who;
	socklen_t len = sizeof who;
	connect(s, (const struct sockaddr *)to, sizeof *to);
	poll(&p, 1, 100);
	if (getpeername(s, (struct sockaddr *)&who, &len) == 0)
		got(what);
	close(s);
}

/* By way of an allowed host, and by way of the neighbour, to a port that is not allowed. */
static void routed(const char *host)
{
	for (int kind = 131; kind <= 137; kind += 6) /* loose, strict */
		for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
			unsigned char o[12] = { (unsigned char)kind, 11, 4 };
			const struct sockaddr_in first = at(host, 22), last = at("8.8.8.8", 22);
			int s = socket(AF_INET, type | SOCK_NONBLOCK, 0);
			memcpy(o + 3, &first.sin_addr, 4);
			memcpy(o + 7, &last.sin_addr, 4);
			if (setsockopt(s, IPPROTO_IP, IP_OPTIONS, o, 11) < 0) {
				close(s);
				continue;
			}
			if (type == SOCK_STREAM)
				connects("connected by a source route", s, &last);
			else if (sendto(s, "x", 1, 0, (const struct sockaddr *)&last,
					sizeof last) == 1)
				got("sent by a source route");
		}
}

static void opens_fast(const struct sockaddr_in *to)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
	if (sendto(s, "x", 1, MSG_FASTOPEN, (const struct sockaddr *)to, sizeof *to) == 1)
		got("sent by MSG_FASTOPEN");
	close(s);
	s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(s, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one);
	connect(s, (const struct sockaddr *)to, sizeof *to);
	send(s, "x", 1, MSG_NOSIGNAL);
	connects("connected by TCP_FASTOPEN_CONNECT", s, to);
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (setsockopt(s, IPPROTO_TCP, TCP_REPAIR, &one, sizeof one) == 0)
		got("TCP_REPAIR");
	close(s);
}

/* In pieces: large, cut by the kernel's segmentation, gathered; fragments made to fit a small path. */
static void pieces(const struct sockaddr_in *to)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), n = 8, one = 1, off = IP_PMTUDISC_DONT;
	setsockopt(s, IPPROTO_IP, IP_MTU_DISCOVER, &off, sizeof off);
	if (sendto(s, big, sizeof big, 0, (const struct sockaddr *)to, sizeof *to) > 0)
		got("sent in fragments");
	setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &n, sizeof n);
	if (sendto(s, big, 64, 0, (const struct sockaddr *)to, sizeof *to) > 0)
		got("sent in segments");
	close(s);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	connect(s, (const struct sockaddr *)to, sizeof *to);
	setsockopt(s, IPPROTO_UDP, UDP_CORK, &one, sizeof one);
	send(s, big, 4, 0);
	n = 0;
	setsockopt(s, IPPROTO_UDP, UDP_CORK, &n, sizeof n); /* what left is counted by the runner */
	close(s);
}

/* Past the table of routes: a link by name, no gateway, the lowest life. */
static void straight(const struct sockaddr_in *to)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
	setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5);
	setsockopt(s, SOL_SOCKET, SO_DONTROUTE, &one, sizeof one);
	if (sendto(s, "x", 1, MSG_DONTROUTE, (const struct sockaddr *)to, sizeof *to) == 1)
		got("sent without a route");
	setsockopt(s, IPPROTO_IP, IP_TTL, &one, sizeof one);
	if (sendto(s, "x", 1, MSG_CONFIRM, (const struct sockaddr *)to, sizeof *to) == 1)
		got("sent with a life of 1");
	close(s);
}

int main(void)
{
	const char *host = getenv("MOULETTE_HOST");
	const struct sockaddr_in to[] = { at(host, 22), at("192.0.2.2", 8080), at("8.8.8.8", 53) };
	routed(host);
	for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
		opens_fast(&to[i]);
		pieces(&to[i]);
		straight(&to[i]);
	}
	if (!bad)
		puts("held");
	return bad;
}
