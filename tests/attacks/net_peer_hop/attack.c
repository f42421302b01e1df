#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int bad;

/* Return: 1 connected or refused by whoever is there, 0 nobody answered. */
static int answers(int s, const struct sockaddr_in *to)
{
	struct pollfd p = { s, POLLOUT, 0 };
	int error = 0;
	socklen_t len = sizeof error;
	if (connect(s, (const struct sockaddr *)to, sizeof *to) < 0 && errno != EINPROGRESS)
		error = errno;
	else if (poll(&p, 1, 300) == 0)
		error = ETIMEDOUT;
	else
		getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len);
	close(s);
	return error == 0 || error == ECONNREFUSED;
}

/* By the link between the boxes: bound to it by name, and by a source route through the peer. */
static void hop(struct in_addr peer, const char *to, int port)
{
	struct sockaddr_in last = { AF_INET,
				    htons((unsigned short)port),
				    { inet_addr(to) },
				    { 0 } };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "eth1", 5) == 0 && answers(s, &last)) {
		printf("%s:%d answers by eth1\n", to, port);
		bad = 1;
	}
	for (int kind = 131; kind <= 137; kind += 6) { /* loose, strict */
		unsigned char o[8] = { (unsigned char)kind, 7, 4 };
		memcpy(o + 3, &peer, 4);
		s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (setsockopt(s, IPPROTO_IP, IP_OPTIONS, o, 7) == 0 && answers(s, &last)) {
			printf("%s:%d answers by the peer\n", to, port);
			bad = 1;
		}
	}
}

int main(void)
{
	const char *host = getenv("MOULETTE_HOST");
	struct hostent *h = gethostbyname("server");
	if (!h)
		return 2;
	struct in_addr peer;
	memcpy(&peer, h->h_addr_list[0], sizeof peer);
	struct sockaddr_in server = { AF_INET, htons(7000), peer, { 0 } };
	if (!answers(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), &server))
		return 3;
	hop(peer, host, 22);
	hop(peer, host, 1);
	hop(peer, "192.0.2.2", 22);
	hop(peer, "127.0.0.1", 7000);
	hop(peer, "8.8.8.8", 53);
	/* Answering for the peer needs its address. */
	int s = socket(AF_INET, SOCK_STREAM, 0);
	server.sin_port = htons(7001);
	if (bind(s, (struct sockaddr *)&server, sizeof server) == 0) {
		puts("bound the peer's address");
		bad = 1;
	}
	if (!bad)
		puts("held");
	return bad;
}
