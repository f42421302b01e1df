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

static int connected(int port, const struct in_addr *at)
{
	struct sockaddr_in to = { AF_INET, htons((unsigned short)port), *at, { 0 } }, who;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { s, POLLOUT, 0 };
	socklen_t len = sizeof who;
	connect(s, (struct sockaddr *)&to, sizeof to);
	poll(&p, 1, 1000);
	int is = getpeername(s, (struct sockaddr *)&who, &len) == 0;
	close(s);
	return is;
}

int main(void)
{
	struct sockaddr_un name = { AF_UNIX, "\0teacher" };
	struct in_addr peer;
	struct hostent *h = gethostbyname("server");
	int bad = 0, s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (!h)
		return 2;
	memcpy(&peer, h->h_addr_list[0], sizeof peer);
	if (connect(s, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 8) == 0) {
		puts("an abstract name of the peer");
		bad = 1;
	}
	if (connected(7100, &peer)) {
		puts("the peer's loopback");
		bad = 1;
	}
	/* A flood of the link, from many ports, and then the peer has to be there still. */
	struct sockaddr_in to = { AF_INET, htons(9), peer, { 0 } };
	for (int i = 0; i < 20000; i++) {
		int d = socket(AF_INET, SOCK_DGRAM, 0);
		sendto(d, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
		close(d);
	}
	if (!connected(7000, &peer)) {
		puts("the peer does not answer any more");
		bad = 1;
	}
	if (!bad)
		puts("held");
	return bad;
}
